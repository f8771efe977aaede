#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""bench.py [--quick]: measures the release build against its budgets and prints one table.

As root, alone on the machine. Everything that is compared is measured in the same run, by turns.
A budget that is not met is marked and is no failure (a busy machine would make it one); exit code
1 means that something could not be measured. --quick takes fewer rounds, to see that it works.
"""
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

TOP = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
LAB = os.path.join(TOP, "tests/lab/lab")
BUILD = os.environ.get("MOORAGE_RELEASE_BUILD", os.path.join(TOP, "build-release"))
DOCKER = os.environ.get("MOORAGE_TEST_DOCKER", "/usr/bin/docker")
NAME = os.environ.get("MOORAGE_LAB_RUN", "hand") + "-bench"
QUICK = "--quick" in sys.argv[1:]


def run(*argv, check=True, **options):
    done = subprocess.run(argv, capture_output=True, text=True, stdin=subprocess.DEVNULL, **options)
    if check and done.returncode:
        raise RuntimeError(f"{' '.join(argv[:6])}: exit code {done.returncode}: {done.stdout}{done.stderr}")
    return done


def rounds(count):
    return max(3, count // 10) if QUICK else count


class Table:
    """Rows of what, figure, budget. MET is None where there is no budget."""

    def __init__(self):
        self.rows = []
        self.unmeasured = 0

    def add(self, what, figure, budget="", met=None):
        mark = "" if met is None else "ok" if met else "OVER"
        self.rows.append((what, figure, budget, mark))

    def measure(self, what, function, *args):
        print(f"measuring {what} ...", file=sys.stderr, flush=True)
        try:
            function(self, *args)
        except (RuntimeError, OSError, ValueError, IndexError) as error:
            self.unmeasured += 1
            self.rows.append((what, "not measured", str(error)[:600].replace("\n", " | "), "FAILED"))

    def show(self):
        widths = [max([len(row[i]) for row in self.rows if row[3] != "FAILED"] + [8]) for i in range(3)]
        for row in self.rows:
            print("  ".join(text.ljust(width) for text, width in zip(row, widths)) + "  " + row[3])


class Lab:
    """The instance, with the release build in it."""

    def __init__(self):
        run(LAB, "images", "busybox", "http")
        run(LAB, "down", NAME, check=False)
        run(LAB, "up", NAME, "--binary", os.path.join(BUILD, "src/moorage"))
        for line in run(LAB, "env", NAME).stdout.splitlines():
            key, value = line.split("=", 1)
            setattr(self, key, value)
        self.program = os.path.join(self.INST, "prog/moorage")
        self.tools = os.path.join(self.INST, "bench")
        os.mkdir(self.tools)
        for tool, libraries in (("empty", ["-ljansson"]), ("stopwatch", [])):
            run("cc", "-O2", "-D_GNU_SOURCE", "-o", os.path.join(self.tools, tool),
                os.path.join(TOP, "tests/bench", tool + ".c"), "-Wl,--no-as-needed", *libraries)
        self.conf = "MOORAGE_INSTANCE=" + os.path.join(self.INST, "instance.conf")
        with open(self.INST + "/holder.pid", encoding="utf-8") as file:
            self.holder = file.read().split()[0]
        self.owner = os.stat(os.path.join(self.INST, "home")).st_uid
        with open(self.INST + "/home/VHOST", "w", encoding="utf-8") as file:
            file.write("example.test\n")

    def down(self):
        run(LAB, "down", NAME, check=False)

    def user(self, *argv, check=True):
        """As the user dokku, whose environment holds nothing else. Not through the lab's script,
        which takes longer than what is measured."""
        return run("nsenter", "-t", self.holder, "-m", "--", "setpriv", "--reuid", str(self.owner), "--regid",
                   str(self.owner), "--init-groups", "env", "-i", self.conf, "PATH=/usr/sbin:/usr/bin:/bin",
                   "HOME=" + self.INST + "/home", "USER=dokku", *argv, check=check)

    def nginx(self, *argv):
        return self.user("/usr/sbin/nginx", "-e", self.INST + "/logs/nginx/error.log", "-c",
                         self.INST + "/nginx/nginx.conf", *argv)

    def dokku(self, *argv):
        return self.user(os.path.join(self.INST, "prog/dokku"), *argv)

    def strace(self, traced, *argv):
        """The calls of TRACED that argv and its children make: lines 'pid time call'."""
        file = os.path.join(self.INST, "logs", "strace")
        self.user("strace", "-f", "--seccomp-bpf", "-ttt", "-s", "300", "-e", "trace=" + traced, "-o", file, *argv)
        with open(file, encoding="utf-8", errors="replace") as lines:
            return lines.read().splitlines()

    def copy_apps(self, model, count, first=1):
        """COUNT apps like MODEL: files are the truth, so copies of files are apps."""
        parents = list(self.parents_of(model))
        for number in range(first, first + count):
            name = f"app{number:04d}"
            for parent in parents:
                copy_as(os.path.join(parent, model), model, name)
        run("chown", "-R", "--reference", self.INST + "/home", self.INST + "/home", self.INST + "/lib")

    def parents_of(self, app):
        """The folders in which an app has one of its own."""
        for top in ("home", "lib"):
            for folder, folders, _ in os.walk(os.path.join(self.INST, top)):
                if app in folders:
                    yield folder
                # Nothing of an app lies in another app's folder.
                folders[:] = [name for name in folders if not name.startswith("app0")]


def copy_as(folder, model, name):
    target = os.path.join(os.path.dirname(folder), name)
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(folder, target, symlinks=True)
    for at, _, files in os.walk(target):
        for file in files:
            path = os.path.join(at, file)
            if os.path.islink(path):
                continue
            with open(path, encoding="utf-8", errors="surrogateescape") as old:
                text = old.read()
            if model in text:
                with open(path, "w", encoding="utf-8", errors="surrogateescape") as new:
                    new.write(text.replace(model, name))


def milliseconds(us):
    return f"{us / 1000:.2f} ms"


# --- read commands ---

def stopwatch(lab, count, commands):
    argv = [os.path.join(lab.tools, "stopwatch"), str(count)]
    for command in commands:
        argv += ["--", *command]
    return [[int(word) for word in line.split()] for line in lab.user(*argv).stdout.splitlines()]


def processes_started(lab, *argv):
    lines = lab.strace("execve,fork,vfork,clone,clone3", *argv)
    return sum(1 for line in lines if " resumed>" not in line and not line.split()[2].startswith("---")
               and re.search(r"(execve|fork|clone3?)\(", line)) - 1


def read_commands(table, lab):
    lab.dokku("apps:create", "app0001")
    lab.dokku("config:set", "--no-restart", "app0001", "KEY=value", "OTHER=thing")
    lab.copy_apps("app0001", 99, 2)
    if len(lab.dokku("--quiet", "apps:list").stdout.split()) != 100:
        raise RuntimeError("there are not 100 apps")
    commands = [("apps:list",), ("config:get", "app0050", "KEY"), ("domains:report", "app0050"),
                ("domains:report",)]
    dokku = os.path.join(lab.INST, "prog/dokku")
    times = stopwatch(lab, rounds(300), [(os.path.join(lab.tools, "empty"),), *((dokku, *c) for c in commands)])
    empty = times[0][0]
    table.add("an empty program", milliseconds(empty))
    for command, (median, _, _) in zip(commands, times[1:]):
        started = processes_started(lab, dokku, *command)
        all_apps = command == ("domains:report",)
        what = " ".join(command) + (" (all 100)" if all_apps else "")
        table.add(what, f"{milliseconds(median)}, {median / empty:.1f} x empty, {started} processes",
                  "" if all_apps else "< 5 ms, < 3 x, 0 processes",
                  None if all_apps else median < 5000 and median < 3 * empty and not started)


def report_of_500(table, lab):
    lab.copy_apps("app0001", 400, 101)
    dokku = os.path.join(lab.INST, "prog/dokku")
    median = stopwatch(lab, rounds(30), [(dokku, "apps:report")])[0][0]
    calls = len([line for line in lab.strace("connect", dokku, "apps:report") if "docker" in line or "d.sock" in line])
    table.add("apps:report of 500 apps", f"{milliseconds(median)}, {calls} engine connections", "< 50 ms",
              median < 50000 and not calls)


# --- deploys ---

class Deploys:
    """The same image built and started by hand and by the program."""

    def __init__(self, lab):
        self.lab = lab
        self.source = tempfile.mkdtemp(prefix="moorage-bench-")
        self.version = 0
        self.write("Dockerfile", "FROM moorage-lab/http:1\nCOPY VERSION /app/VERSION\n")
        self.git("init", "-q")
        self.environment = {**os.environ, "GIT_CONFIG_GLOBAL": lab.INST + "/keys/gitconfig",
                            "GIT_SSH_COMMAND": f"ssh -F {lab.INST}/keys/ssh_config"}
        lab.dokku("apps:create", "deployed")
        lab.dokku("checks:skip", "deployed")
        lab.dokku("checks:set", "deployed", "wait-to-retire", "0")
        self.change()
        self.push()

    def write(self, name, text):
        with open(os.path.join(self.source, name), "w", encoding="utf-8") as file:
            file.write(text)

    def git(self, *argv):
        run("git", "-c", "user.name=Lab", "-c", "user.email=lab@example.com", "-c", "init.defaultBranch=master",
            "-C", self.source, *argv)

    def change(self):
        self.version += 1
        self.write("VERSION", f"v{self.version}\n")
        self.git("add", "-A")
        self.git("commit", "-q", "-m", f"v{self.version}")

    def push(self):
        run("nsenter", "-t", self.lab.holder, "-m", "--", "git", "-C", self.source, "push", "-q",
            "ssh://dokku@lab/deployed", "master:master", env=self.environment)

    def rebuild(self):
        self.lab.dokku("ps:rebuild", "deployed")

    def by_hand(self):
        environment = {**os.environ, "DOCKER_BUILDKIT": "1"}
        engine = [DOCKER, "-H", "unix://" + self.lab.ENGINE_SOCKET]
        label = "com.moorage.instance=" + self.lab.LABEL
        run(*engine, "build", "-q", "--label", label, "-t", NAME + "-by-hand", self.source, env=environment)
        run(*engine, "run", "-d", "--label", label, "--name", NAME + "-by-hand", NAME + "-by-hand", env=environment)
        self.lab.nginx("-s", "reload")

    def remove_by_hand(self):
        run(DOCKER, "-H", "unix://" + self.lab.ENGINE_SOCKET, "rm", "-f", NAME + "-by-hand")

    def down(self):
        shutil.rmtree(self.source)


def timed(function):
    start = time.monotonic()
    function()
    return (time.monotonic() - start) * 1000


def deploys(table, lab):
    d = Deploys(lab)
    times = {"hand cached": [], "hand": [], "rebuild": [], "push": []}
    try:
        for _ in range(rounds(12)):
            times["hand cached"].append(timed(d.by_hand))
            d.remove_by_hand()
            times["rebuild"].append(timed(d.rebuild))
            d.change()
            times["push"].append(timed(d.push))
            d.change()
            times["hand"].append(timed(d.by_hand))
            d.remove_by_hand()
            lab.dokku("ps:retire")
    finally:
        d.down()
        lab.dokku("--force", "apps:destroy", "deployed")
    med = {key: statistics.median(values) for key, values in times.items()}
    cached, rebuild, fresh = med["hand cached"], med["rebuild"], med["hand"]
    table.add("build, run, reload by hand (cached build)", f"{cached:.0f} ms")
    table.add("ps:rebuild, checks skipped", f"{rebuild:.0f} ms, {rebuild - cached:+.0f} ms over by hand",
              "< 150 ms over", rebuild - cached < 150)
    table.add("build, run, reload by hand (new layer)", f"{fresh:.0f} ms")
    table.add("git push over ssh, checks skipped", f"{med['push']:.0f} ms, {med['push'] - fresh:+.0f} ms over by hand")


# --- a full machine: 500 apps, 50 of them running ---

RUNNING = 50


def restore_of_50(table, lab):
    """All 50 down, as after a boot; the floor is creating and starting as many containers by hand."""
    engine = [DOCKER, "-H", "unix://" + lab.ENGINE_SOCKET]
    label = "com.moorage.instance=" + lab.LABEL
    for number in range(1, RUNNING + 1):
        app = f"app{number:04d}"
        run(*engine, "tag", "moorage-lab/http:1", f"dokku-{lab.LABEL}/{app}:latest")
        for name, value in (("common/%s/deployed", "true"), ("checks/%s/skipped", "_all_"),
                            ("checks/%s/wait-to-retire", "0")):
            path = os.path.join(lab.INST, "lib/config", name % app)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as file:
                file.write(value)
    run("chown", "-R", "--reference", lab.INST + "/home", lab.INST + "/lib/config")

    def by_hand():
        for number in range(RUNNING):
            run(*engine, "run", "-d", "--label", label, "--name", f"{NAME}-floor-{number}", "moorage-lab/http:1")

    hand = timed(by_hand)
    run(*engine, "rm", "-f", *(f"{NAME}-floor-{number}" for number in range(RUNNING)))
    # The first time images get their labels; after a boot they have them.
    lab.dokku("ps:restore", "--parallel", "auto")
    run(*engine, "kill", *run(*engine, "ps", "-q", "--filter", "label=" + label).stdout.split())
    took = timed(lambda: lab.dokku("ps:restore", "--parallel", "auto"))
    ids = run(*engine, "ps", "-q", "--filter", "label=" + label).stdout.split()
    if len(ids) != RUNNING:
        raise RuntimeError(f"{len(ids)} containers run")
    table.add(f"{RUNNING} containers by hand, one after the other", f"{hand / 1000:.1f} s")
    table.add(f"ps:restore of {RUNNING} apps among 500", f"{took / 1000:.1f} s, {(took - hand) / RUNNING:+.0f} ms each",
              "< 150 ms over, each", (took - hand) / RUNNING < 150)


def full_machine(table, lab):
    dokku = os.path.join(lab.INST, "prog/dokku")
    commands = [("apps:list",), ("apps:report",), ("ps:report", "app0040"), ("domains:report", "app0400")]
    times = stopwatch(lab, rounds(30), [(dokku, *command) for command in commands])
    for command, (median, _, _) in zip(commands, times):
        whole = command == ("apps:report",)
        engine = command[0] == "ps:report"
        table.add(" ".join(command) + f" ({500} apps, {RUNNING} running)", milliseconds(median),
                  "" if engine else "< 50 ms" if whole else "< 5 ms",
                  None if engine else median < (50000 if whole else 5000))
    before = [route_milliseconds(lab, dokku, "app0300", f"full{number}.example.org")[0] for number in range(rounds(10))]
    median = statistics.median(before)
    table.add(f"one route change among 500 apps, {RUNNING} running", f"{median:.0f} ms before the reload", "< 100 ms",
              median < 100)


# --- one route among many ---

def route_milliseconds(lab, dokku, app, name):
    """From the start of domains:add to its reload; with it the calls that were seen."""
    lines = lab.strace("execve,kill,rename,renameat,renameat2", dokku, "domains:add", app, name)
    at = [float(line.split()[1]) for line in lines if is_reload(line)]
    if not at:
        raise RuntimeError("no reload was seen")
    return (at[0] - float(lines[0].split()[1])) * 1000, len(at), lines


def route_change(table, lab):
    dokku = os.path.join(lab.INST, "prog/dokku")
    # Names enough that the text nginx reads is that of 1000 apps in use.
    lab.dokku("domains:add", "app0001", "app0001.example.org")
    if not os.path.exists(os.path.join(lab.INST, "home", "app0001", "nginx.conf")):
        raise RuntimeError("domains:add made no nginx.conf")
    lab.copy_apps("app0001", 999, 2)
    lab.nginx("-t")
    lab.nginx("-s", "reload")
    before, reloads, written = [], 0, 0
    for number in range(rounds(10)):
        took, reloads, lines = route_milliseconds(lab, dokku, "app0500", f"more{number}.example.org")
        before.append(took)
        written = len([line for line in lines if re.search(r"rename(at2?)?\(", line)
                       and re.search(r'/home/[^"]*nginx\.conf"', line) and line.rstrip().endswith("= 0")])
    median = statistics.median(before)
    table.add("one route change among 1000 apps",
              f"{median:.0f} ms before the reload, {written} nginx.conf written, {reloads} reload",
              "< 100 ms, 1 file, 1 reload", median < 100 and written == 1 and reloads == 1)


def is_reload(line):
    return re.search(r"kill\(\d+, SIGHUP\)", line) or ("execve(" in line and '"reload"' in line)


# --- sizes ---

def sizes(table, lab):
    with tempfile.TemporaryDirectory() as folder:
        stripped = os.path.join(folder, "moorage")
        run("strip", "-o", stripped, lab.program)
        size = os.stat(stripped).st_size
        table.add("binary, stripped", f"{size / 1e6:.2f} MB", "< 2 MB", size < 2e6)
        root = os.path.join(folder, "root")
        run("meson", "install", "-C", BUILD, "--no-rebuild", "--destdir", root)
        size = int(run("du", "-s", "--apparent-size", "-B1", root).stdout.split()[0])
        table.add("installed", f"{size / 1e6:.2f} MB", "< 10 MB", size < 10e6)


def main():
    if not os.path.exists(os.path.join(BUILD, "build.ninja")):
        run("meson", "setup", BUILD, os.path.join(TOP), "--native-file", os.path.join(TOP, "meson/release.ini"), cwd=TOP)
    run("ninja", "-C", BUILD)
    table = Table()
    lab = Lab()
    try:
        table.measure("deploys", deploys, lab)
        table.measure("read commands", read_commands, lab)
        table.measure("report of 500", report_of_500, lab)
        table.measure("restore of 50", restore_of_50, lab)
        table.measure("full machine", full_machine, lab)
        table.measure("route change", route_change, lab)
        table.measure("sizes", sizes, lab)
    finally:
        lab.down()
    table.show()
    return 1 if table.unmeasured else 0


sys.exit(main())
