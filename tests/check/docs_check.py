#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""docs_check.py links|width|commands: names what is wrong in the Markdown files below the current
folder; exit code 1 if anything is. Pages of docs/reference are generated: only their links count.
"""
import os
import re
import sys

WIDTH = 110
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
SHOWN = re.compile(r"^(?:.*\| )?(?:sudo )?(?:dokku|ssh (?:-t )?dokku@\S+(?: --)?)((?: --[a-z-]+)*)"
                   r" ([a-z][a-z0-9-]*(?::[a-z][a-z:-]*)?)", re.M)
HEADING = re.compile(r"^### `([^ `]+)", re.M)
# Of the plugin that plugins.md makes up.
MADE_UP = {"hello", "hello:greet"}


def documents():
    """Paths of all documents."""
    for folder, folders, names in sorted(os.walk(".")):
        folders[:] = sorted(f for f in folders if f != ".git" and not f.startswith("build"))
        for name in sorted(names):
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
    if path.startswith("docs/reference/"):
        return
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) > WIDTH:
            yield f"{path}:{number}: {len(line)} columns"


def check_commands(path, text):
    """Command lines with a command that the reference does not have."""
    if path.startswith("docs/reference/") or path == "docs/dev/add-a-command.md":
        return
    known = set(MADE_UP)
    for name in os.listdir("docs/reference"):
        verb = name.removesuffix(".md")
        known.update([verb, f"{verb}:help"] + HEADING.findall(read(f"docs/reference/{name}")))
    for _, command in SHOWN.findall(code(text)):
        if command not in known:
            yield f"{path}: {command} is not in docs/reference"


def main():
    """Runs one of the checks on all documents."""
    check = {"links": check_links, "width": check_width, "commands": check_commands}[sys.argv[1]]
    found = [problem for path in documents() for problem in check(path, read(path))]
    print("\n".join(sorted(set(found))))
    return 1 if found or not list(documents()) else 0


sys.exit(main())
