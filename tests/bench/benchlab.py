# SPDX-License-Identifier: MIT
"""What the benches share: an instance with the release build in it, tables, clocks."""
import os
import shutil
import subprocess
import sys
import time

TOP = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
LAB = os.path.join(TOP, "tests/lab/lab")
BUILD = os.environ.get("MOORAGE_RELEASE_BUILD", os.path.join(TOP, "build-release"))
DOCKER = os.environ.get("MOORAGE_TEST_DOCKER", "/usr/bin/docker")
NAME = os.environ.get("MOORAGE_LAB_RUN", "hand") + "-bench"
QUICK = "--quick" in sys.argv[1:]


def run(*argv, check=True, **options):
    options.setdefault("stdin", subprocess.DEVNULL)
    done = subprocess.run(argv, capture_output=True, text=True, **options)
    if check and done.returncode:
        raise RuntimeError(f"{' '.join(argv[:6])}: exit code {done.returncode}: {done.stdout}{done.stderr}")
    return done


def rounds(count):
    return max(3, count // 10) if QUICK else count


def timed(function, *args):
    start = time.monotonic()
    function(*args)
    return (time.monotonic() - start) * 1000


def build():
    """The release build, if it is not there yet."""
    if not os.path.exists(os.path.join(BUILD, "build.ninja")):
        run("meson", "setup", BUILD, os.path.join(TOP), "--native-file", os.path.join(TOP, "meson/release.ini"), cwd=TOP)
    run("ninja", "-C", BUILD)


class Table:
    """Rows of what, figure, budget. MET is None where there is no budget."""

    def __init__(self):
        self.rows = []
        self.failed = False

    def add(self, what, figure, budget="", met=None):
        mark = "" if met is None else "ok" if met else "OVER"
        self.rows.append((what, figure, budget, mark))

    def measure(self, what, function, *args):
        print(f"measuring {what} ...", file=sys.stderr, flush=True)
        try:
            function(self, *args)
        except (RuntimeError, OSError, ValueError, IndexError) as error:
            self.fail(what, "not measured: " + str(error)[:600].replace("\n", " | "))

    def fail(self, what, why):
        self.failed = True
        self.rows.append((what, why, "", "FAILED"))

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
