#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""docs_check.py links|width|commands|instance: names what is wrong in the documents below the current
folder; exit code 1 if anything is. Of generated pages only their links count.
"""
import os
import re
import sys

WIDTH = 110
GENERATED = ("docs/reference/", "docs/conformance.md")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
SHOWN = re.compile(r"^(?:.*\| )?(?:sudo )?(?:dokku|ssh (?:-t )?dokku@\S+(?: --)?)((?: --[a-z-]+)*)"
                   r" ([a-z][a-z0-9-]*(?::[a-z][a-z:-]*)?)", re.M)
HEADING = re.compile(r"^### `([^ `]+)", re.M)
# Of the plugin that plugins.md makes up; and those that help leaves out, since no person types them.
MADE_UP = {"hello", "hello:greet"}
HIDDEN = {"git-hook", "nginx:setup", "nginx:unsetup", "ps:retire"}


def documents():
    """Paths of all documents."""
    for folder, folders, names in os.walk("."):
        folders[:] = [f for f in folders if f != ".git" and not f.startswith("build")]
        for name in names:
            if name.endswith(".md"):
                yield os.path.normpath(os.path.join(folder, name))


def read(path):
    """The text of a file."""
    with open(path, encoding="utf-8") as file:
        return file.read()


def anchors(text):
    """Names of the headings, as they are linked to."""
    found = set()
    for line in text.splitlines():
        if line.startswith("#"):
            title = line.lstrip("#").strip().lower()
            found.add(re.sub(r"[^\w\- ]", "", title).replace(" ", "-"))
    return found


def code(text):
    """The indented lines and what stands in backticks, a line each."""
    blocks = [line.strip() for line in text.splitlines() if line.startswith("    ")]
    return "\n".join(blocks + re.findall(r"`([^`]+)`", text.replace("\n", " ")))


def check_links(path, text):
    """Relative links that lead nowhere."""
    for target in LINK.findall(text):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        there = os.path.normpath(os.path.join(os.path.dirname(path), name)) if name else path
        if not os.path.exists(there):
            yield f"{path}: no file for the link {target}"
        elif anchor and anchor not in anchors(read(there)):
            yield f"{path}: no heading for the link {target}"


def check_width(path, text):
    """Lines that are too long."""
    if path.startswith(GENERATED):
        return
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) > WIDTH:
            yield f"{path}:{number}: {len(line)} columns"


def check_commands(path, text):
    """Command lines with a command that the reference does not have."""
    if path.startswith(GENERATED) or path == "docs/dev/add-a-command.md":
        return
    known = MADE_UP | HIDDEN
    for name in os.listdir("docs/reference"):
        verb = name.removesuffix(".md")
        known.update([verb, f"{verb}:help"] + HEADING.findall(read(f"docs/reference/{name}")))
    missing = text.partition("\n## Not there yet\n")[2]
    for command in re.findall(r"`([a-z0-9:-]+)`", missing):
        if command in known:
            yield f"{path}: {command} is there by now"
    for _, command in SHOWN.findall(code(text)):
        if command not in known:
            yield f"{path}: {command} is not in docs/reference"


def instance():
    """Keys of instance.conf and their defaults, where docs/instance.conf and the program differ."""
    rows = re.findall(r'^\tKEY\((\w+), "([^"]*)"', read("src/core/instance.c"), re.M)
    lines = [line for line in read("docs/instance.conf").splitlines() if line and line[0] != "#"]
    wanted = [f"{name}={value}" for name, value in rows]
    return [f"docs/instance.conf: no line {row}" for row in wanted if row not in lines] + \
        [f"docs/instance.conf: the program does not have {line}" for line in lines if line not in wanted]


def main():
    """Runs one of the checks."""
    if sys.argv[1] == "instance":
        found = instance()
        print("\n".join(found))
        return 1 if found else 0
    check = {"links": check_links, "width": check_width, "commands": check_commands}[sys.argv[1]]
    found = [problem for path in documents() for problem in check(path, read(path))]
    print("\n".join(sorted(set(found))))
    return 1 if found or not list(documents()) else 0


sys.exit(main())
