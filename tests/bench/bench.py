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
import sys
import tempfile

sys.dont_write_bytecode = True

from benchlab import BUILD, DOCKER, NAME, Lab, Table, build, rounds, run, timed  # noqa: E402


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
    return re.search(r"kill\(\d+, SIGHUP\b", line) or ("execve(" in line and '"reload"' in line)


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
    build()
    table = Table()
    lab = Lab()
    try:
        table.measure("read commands", read_commands, lab)
        table.measure("report of 500", report_of_500, lab)
        table.measure("restore of 50", restore_of_50, lab)
        table.measure("full machine", full_machine, lab)
        table.measure("route change", route_change, lab)
        table.measure("sizes", sizes, lab)
    finally:
        lab.down()
    table.show()
    return 1 if table.failed else 0


sys.exit(main())
