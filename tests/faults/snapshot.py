#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""snapshot.py INST SOCKET LABEL [APP=NAME ...]: everything an instance owns, one line a thing.

Containers, images, networks and volumes with the label, the files of home, lib and run, and the
scratch folders of its user in /tmp. What differs between two deploys of the same app (ids,
addresses, times, revisions, versions of the fixture app) is replaced by a word, so that two
snapshots of the same state are equal. APP=NAME shows APP as NAME.
"""
import hashlib
import os
import re
import subprocess
import sys

DOCKER = os.environ.get("MOORAGE_TEST_DOCKER", "/usr/bin/docker")

# Grows with every deploy, or is the lab's own.
PASSED_OVER = re.compile(
    r"^(home/[^/]+/objects/|home/[^/]+/logs/|home/\.ssh|home/\.sshcommand|home/\.docker"
    r"|lib/data/moorage/(history|locks|cache|refs)/|lib/data/builds/|lib/data/scheduler-docker-local/\.dead\.lock$|run/nginx\.pid|lib/data/moorage/fault$"
    r"|home/[^/]+/(packed-refs|info/refs|gc\.log|ORIG_HEAD|FETCH_HEAD)$"
    r"|lib/config/common/[^/]+/(deploy-source-metadata|build-id)$)")

CHANGING = [
    (re.compile(rb"\b[0-9a-f]{64}\b"), b"ID"),
    (re.compile(rb"\b[0-9a-f]{40}\b"), b"REV"),
    (re.compile(rb"\b\d{1,3}(\.\d{1,3}){3}\b"), b"IP"),
    (re.compile(rb"\b\d{10}(\.\d+)?\b"), b"EPOCH"),
    (re.compile(rb"\bv[0-9]+\b"), b"VERSION"),
]


def normal(data, names):
    for pattern, word in CHANGING:
        data = pattern.sub(word, data)
    for app, name in names:
        data = re.sub(rb"(?<![a-z0-9])" + re.escape(app) + rb"(?![a-z0-9])", name, data)
    return data


def docker(socket, *args):
    out = subprocess.run([DOCKER, "-H", "unix://" + socket, *args], check=True, capture_output=True)
    return out.stdout.decode().splitlines()


def engine_lines(socket, label):
    filters = ["--filter", "label=com.moorage.instance=" + label]
    for line in docker(socket, "ps", "-a", *filters, "--format", "{{.Names}} {{.State}}"):
        yield "container " + line
    # A build leaves its old image without a name; how many there are counts.
    for line in docker(socket, "images", *filters, "--format", "{{.Repository}}:{{.Tag}}"):
        yield "image " + line
    for line in docker(socket, "network", "ls", *filters, "--format", "{{.Name}}"):
        yield "network " + line
    for line in docker(socket, "volume", "ls", *filters, "--format", "{{.Name}}"):
        yield "volume " + line


def file_line(path, shown, names):
    st = os.lstat(path)
    # Lists of what waits for removal: made when first needed, empty when nothing waits.
    if os.path.basename(path).startswith("dead-") and not st.st_size:
        return None
    about = f"{st.st_mode:o} {st.st_uid}"
    if os.path.islink(path):
        return f"file {shown} {about} -> {os.readlink(path)}"
    # Git writes its own files as it likes, and so do we where nobody else reads.
    if re.match(r"home/[^/]+/(index|packed-refs|config|info/|hooks/|description|logs/)|lib/data/moorage/", shown):
        return f"file {shown}"
    with open(path, "rb") as file:
        data = normal(file.read(1 << 20), names)
    return f"file {shown} {about} {hashlib.sha256(data).hexdigest()[:12]}"


def file_lines(inst, names):
    for top in ("home", "lib", "run"):
        for folder, folders, files in os.walk(os.path.join(inst, top)):
            inside = os.path.relpath(folder, inst)
            for name in list(folders):
                path = os.path.join(inside, name)
                if PASSED_OVER.match(path + "/") or os.path.islink(os.path.join(folder, name)):
                    folders.remove(name)
                elif not re.match(r"home/[^/]+/(refs|branches|info)(/|$)", path):
                    yield "folder " + path
            for name in files:
                path = os.path.join(inside, name)
                line = None if PASSED_OVER.match(path) else file_line(os.path.join(folder, name), path, names)
                if line:
                    yield line


def scratch_lines(inst):
    """What the instance left in /tmp: told from others' by the id of an operation of its own."""
    work = os.path.join(inst, "lib/data/moorage")
    own = []
    for folder in ("history", "operations"):
        try:
            names = os.listdir(os.path.join(work, folder))
        except FileNotFoundError:
            continue
        for name in names:
            with open(os.path.join(work, folder, name), "rb") as file:
                own.append(file.read(1 << 16))
    for name in os.listdir("/tmp"):
        if name.startswith("dokku-") and any(name.split(".")[1].encode() in text for text in own if "." in name):
            yield "scratch " + re.sub(r"-[0-9]+-|\.[0-9a-z]{14}", "-", name)


def main():
    inst, socket, label = sys.argv[1:4]
    names = [tuple(part.encode() for part in arg.split("=", 1)) for arg in sys.argv[4:]]
    lines = [*engine_lines(socket, label), *file_lines(inst, names), *scratch_lines(inst)]
    for line in sorted(normal(line.encode(), names) for line in lines):
        sys.stdout.buffer.write(line + b"\n")


main()
