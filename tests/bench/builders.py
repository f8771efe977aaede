#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""builders.py [KIND...]: what a push takes with each builder, beside the same steps by hand.

As root, alone on the machine. By hand means the docker program and a reload of nginx: the source
into a container of the stack with a volume for its cache, /build, a commit, a new container; or a
docker build. Three times: cold (a new app: nothing of it is on the machine), cached (one line is
another one) and again (ps:rebuild; nothing is another one). Health checks are skipped.

A figure over its budget is marked and fails nothing. What fails, with exit code 1, is what cannot be
measured, and a median that is no longer of the size of the work by hand.
"""
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True

from benchlab import DOCKER, LAB, NAME, TOP, Lab, Table, build, run, timed  # noqa: E402

# What a push may take, as a multiple of the work by hand and a constant for ssh, git and bookkeeping
# on a slow machine, before it is a failure.
LIMIT = (3, 3000)
BUDGET_MS = 150 # of ps:rebuild; a push has ssh and git on top

HTTP = "moorage-lab/http:1"
STACK = "moorage-lab/stack:12"
BUILDER = "moorage-lab/cnb-builder:1"
PACK_FILES = {"kind": "app\n", "deps.txt": "one\n", "project.toml": '[_]\nschema-version = "0.2"\n'}
STAND_IN = "moorage-lab/contract:1"

COMPILE = """#!/bin/sh
set -e
[ -e "$2/list" ] || { sleep 1; cp list "$2/list"; }
echo 'web: /bin/http-server' >Procfile
"""


class Engine:
    def __init__(self, lab):
        self.program = [DOCKER, "-H", "unix://" + lab.ENGINE_SOCKET]
        self.label = "com.moorage.instance=" + lab.LABEL

    def __call__(self, *argv, **options):
        return run(*self.program, *argv, **options).stdout.strip()


class Source:
    """A repository; each change is a line of one file."""

    def __init__(self, lab, files, changing):
        self.lab = lab
        self.changing = changing
        self.version = 0
        self.dir = tempfile.mkdtemp(prefix="moorage-bench-")
        self.environment = {**os.environ, "GIT_CONFIG_GLOBAL": lab.INST + "/keys/gitconfig",
                            "GIT_SSH_COMMAND": f"ssh -F {lab.INST}/keys/ssh_config"}
        if isinstance(files, str):
            shutil.copytree(files, self.dir, dirs_exist_ok=True)
            files = {}
        for name, text in files.items():
            path = os.path.join(self.dir, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            os.chmod(path, 0o755 if text.startswith("#!") else 0o644)
        self.git("init", "-q")
        self.change()

    def git(self, *argv):
        run("git", "-c", "user.name=Lab", "-c", "user.email=lab@example.com", "-c", "init.defaultBranch=master",
            "-C", self.dir, *argv)

    def change(self):
        self.version += 1
        with open(os.path.join(self.dir, self.changing), "a", encoding="utf-8") as file:
            file.write(f"{'// ' if self.changing.endswith('.c') else ''}v{self.version} {os.getpid()}\n")
        self.git("add", "-A")
        self.git("commit", "-q", "-m", f"v{self.version}")

    def push(self, app):
        run("nsenter", "-t", self.lab.holder, "-m", "--", "git", "-C", self.dir, "push", "-q",
            "ssh://dokku@lab/" + app, "master:master", env=self.environment)

    def down(self):
        shutil.rmtree(self.dir)


class Dockerfile:
    """A layer on a base image."""
    builder = "dockerfile"
    rounds = 3
    same_work = True
    changing = "VERSION"
    files = {"Dockerfile": f"FROM {HTTP}\nCOPY VERSION /app/VERSION\n"}

    def prepare(self, lab, engine):
        pass

    def new_app(self, engine, lab, app):
        pass

    def image_by_hand(self, engine, source, name):
        engine("build", "-q", "--label", engine.label, "-t", name, source.dir,
               env={**os.environ, "DOCKER_BUILDKIT": "1"})

    def command(self):
        return []


class Null(Dockerfile):
    """No build: the image is there."""
    builder = "null"
    files = {"README": "The image is made elsewhere.\n"}
    changing = "README"

    def new_app(self, engine, lab, app):
        engine("tag", HTTP, f"dokku-{lab.LABEL}/{app}:latest")

    def image_by_hand(self, engine, source, name):
        engine("tag", HTTP, name)


class Herokuish(Dockerfile):
    """A build in a container of a stack: seconds each time."""
    builder = "herokuish"
    rounds = 2

    def __init__(self, stack, files, changing):
        self.stack = stack
        self.files = files
        self.changing = changing

    def new_app(self, engine, lab, app):
        lab.dokku("buildpacks:set-property", app, "stack", self.stack)

    def image_by_hand(self, engine, source, name):
        engine("create", "--name", name + "-build", "--label", engine.label, "-v", name + ":/cache",
               "-e", "CACHE_PATH=/cache", "-e", "USER=herokuishuser", "--mount", "type=volume,target=/tmp/env", "-w", "/app", self.stack,
               "/bin/bash", "-c", "touch /app/.env; /build; code=$?; rm -f /app/.env; exit $code")
        with subprocess.Popen(["git", "-C", source.dir, "archive", "HEAD"], stdout=subprocess.PIPE) as archive:
            engine("cp", "-", name + "-build:/app", stdin=archive.stdout)
        engine("start", "-a", name + "-build")
        engine("commit", name + "-build", name)
        engine("rm", "-v", name + "-build")

    def command(self):
        return ["/start", "web"]


class Pack(Herokuish):
    """The phases of a stand-in for the lifecycle, a container each; by hand these do nothing."""
    builder = "pack"
    same_work = False
    phases = 5

    def image_by_hand(self, engine, source, name):
        for _ in range(self.phases):
            engine("run", "--rm", "--label", engine.label, "-v", name + ":/cache", "--entrypoint", "/bin/true",
                   self.stack)
        engine("tag", HTTP, name)

    def command(self):
        return []


def kinds():
    example = os.path.join(TOP, "examples")
    found = {"dockerfile": Dockerfile(), "null": Null()}
    if run(LAB, "images", "stack", check=False).returncode == 0:
        found["herokuish, a site"] = Herokuish(STACK, example + "/static", "site/about.html")
        found["herokuish, C"] = Herokuish(STACK, example + "/c", "main.c")
    else:
        run(LAB, "images", "contract")
        found["herokuish, a stand-in stack"] = Herokuish(
            STAND_IN, {"bin/compile": COMPILE, "list": "one\n", "VERSION": ""}, "VERSION")
    run(LAB, "images", "cnb")
    found["pack, a stand-in lifecycle"] = Pack(BUILDER, PACK_FILES, "VERSION")
    return found


class Race:
    """One kind: the same by hand and by the program, by turns."""

    def __init__(self, lab, kind):
        self.lab = lab
        self.kind = kind
        self.engine = Engine(lab)
        self.source = Source(lab, kind.files, kind.changing)
        self.name = NAME + "-by-hand"
        self.times = {what: ([], []) for what in ("cold", "cached", "again")}
        self.number = 0

    def by_hand(self):
        self.kind.image_by_hand(self.engine, self.source, self.name)
        self.engine("run", "-d", "--label", self.engine.label, "--name", self.name, self.name, *self.kind.command())
        self.lab.nginx("-s", "reload")

    def remove_container(self):
        self.engine("rm", "-f", "-v", self.name, self.name + "-build", check=False)

    def forget(self):
        self.remove_container()
        self.engine("rmi", "-f", self.name, check=False)
        self.engine("volume", "rm", "-f", self.name, check=False)

    def hand(self, what):
        self.times[what][0].append(timed(self.by_hand))
        self.remove_container()

    def mine(self, what, function, *args):
        self.times[what][1].append(timed(function, *args))

    def round(self):
        """Before each push a change, so that it finds nothing in the engine's cache of builds."""
        self.number += 1
        app = f"raced{self.number}"
        dokku = self.lab.dokku
        dokku("apps:create", app)
        dokku("builder:set", app, "selected", self.kind.builder)
        dokku("checks:skip", app)
        dokku("checks:set", app, "wait-to-retire", "0")
        self.kind.new_app(self.engine, self.lab, app)
        try:
            self.source.change()
            self.hand("cold")
            self.source.change()
            self.mine("cold", self.source.push, app)
            self.source.change()
            self.hand("cached")
            self.hand("again")
            self.source.change()
            self.mine("cached", self.source.push, app)
            self.mine("again", dokku, "ps:rebuild", app)
        finally:
            dokku("--force", "apps:destroy", app)
            self.forget()

    def down(self):
        self.forget()
        self.source.down()


WORDS = {"cold": "first push", "cached": "push of one changed line", "again": "ps:rebuild"}


def race(table, lab, name, kind):
    r = Race(lab, kind)
    try:
        for _ in range(kind.rounds):
            r.round()
    finally:
        r.down()
    for what, (hand, mine) in r.times.items():
        floor, took = statistics.median(hand), statistics.median(mine)
        budget = what == "again" and kind.same_work
        table.add(f"{name}: {WORDS[what]}", f"{took:.0f} ms, by hand {floor:.0f} ms, {took - floor:+.0f} ms",
                  f"< {BUDGET_MS} ms over" if budget else "", took - floor < BUDGET_MS if budget else None)
        if took > LIMIT[0] * floor + LIMIT[1]:
            table.fail(f"{name}: {WORDS[what]}", f"{took:.0f} ms against {floor:.0f} ms by hand")


def main():
    build()
    wanted = [word for word in sys.argv[1:] if not word.startswith("-")]
    table = Table()
    lab = Lab()
    try:
        for name, kind in kinds().items():
            if not wanted or any(word in name for word in wanted):
                table.measure(name, race, lab, name, kind)
    finally:
        lab.down()
    table.show()
    return 1 if table.failed else 0


sys.exit(main())
