#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""docs-examples.py PAGE: runs the examples of a page, the blocks that begin with ```console, in the
current folder, and says where the output is another one than the page shows.

docs/dev/tests.md says how an example is written. The surroundings are prepared by docs.bats; what
differs between its instance and an installed Moorage is put right here in both directions: ports,
names in the engine, folders.
"""

import os
import re
import subprocess
import sys

TIMEOUT = 120


def blocks(text):
    """Number of the first line and the lines of each console block."""
    for match in re.finditer(r"^( *)```console\n(.*?)^\1```$", text, re.M | re.S):
        first = text.count("\n", 0, match.start()) + 2
        yield first, [line.removeprefix(match[1]) for line in match[2].splitlines()]


def examples(text):
    """(line number, command, expected lines) of every example, in order."""
    for first, lines in blocks(text):
        found = []
        for number, line in enumerate(lines, first):
            if line.startswith("$ "):
                found.append((number, [line[2:]], []))
            elif not found:
                sys.exit(f"{number}: a console block begins with '$ '")
            elif line.startswith("> ") and not found[-1][2]:
                found[-1][1].append(line[2:])
            else:
                found[-1][2].append(line)
        yield from ((number, "\n".join(words), expected) for number, words, expected in found)


def exit_code(command):
    """What the command shall end with: 0, or N where the line ends in "# exit N"."""
    match = re.search(r"# exit (\d+)$", command.splitlines()[0])
    return int(match[1]) if match else 0


def folders():
    """(folder of the instance, folder of an installed Moorage)"""
    inst = os.environ["INST"]
    return ((f"{inst}/home", "/home/dokku"), (f"{inst}/lib", "/var/lib/dokku"),
            (f"{inst}/logs/nginx", "/var/log/nginx"), (f"{inst}/logs", "/var/log/dokku"))


def to_instance(command):
    """Folders are the instance's; 80 and 443 in port mappings are its ports."""
    for scheme, port, name in (("http", 80, "HTTP_PORT"), ("https", 443, "HTTPS_PORT")):
        command = re.sub(rf"\b{scheme}:{port}:", f"{scheme}:{os.environ[name]}:", command)
    for own, installed in folders():
        command = re.sub(re.escape(installed) + r"(?![\w-])", own, command)
    return command


def from_instance(text):
    """What an installed Moorage would have printed."""
    http, https, label = os.environ["HTTP_PORT"], os.environ["HTTPS_PORT"], os.environ["LABEL"]
    text = re.sub(rf"(\w)://([\w.-]+):({http}|{https})\b", r"\1://\2", text)
    for old, new in (*folders(), (f"dokku-{label}/", "dokku/"), (f"{label}.", ""), (http, "80"), (https, "443")):
        text = text.replace(old, new)
    return re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text)


def pattern(expected):
    """The expected lines as a regular expression; "..." is any lines, or any text inside a line."""
    whole = ""
    for line in expected:
        if line.strip() == "...":
            whole += r"(?:.*\n)*"
        else:
            whole += ".*".join(re.escape(part) for part in line.rstrip().split("...")) + r"\n"
    return re.compile(whole)


def trimmed(text):
    """Without blanks at the ends of lines and empty lines at the end."""
    lines = [line.rstrip() for line in text.splitlines()]
    while lines and not lines[-1]:
        lines.pop()
    return lines


def run(command):
    """Exit code and output of a command of the page."""
    try:
        result = subprocess.run(["bash", "-c", to_instance(command)], stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                errors="replace", timeout=TIMEOUT, check=False)
        return result.returncode, trimmed(from_instance(result.stdout))
    except subprocess.TimeoutExpired:
        return "timeout", []


def main():
    """Says every difference; exit code 1 if there was one, 2 if the page has no example."""
    page, number, bad = sys.argv[1], 0, 0
    with open(page, encoding="utf-8") as file:
        text = file.read()
    for number, command, expected in examples(text):
        code, seen = run(command)
        expected = trimmed("\n".join(expected))
        whole = "".join(line + "\n" for line in seen)
        if code == exit_code(command) and (not expected or pattern(expected).fullmatch(whole)):
            continue
        bad += 1
        print(f"{page}:{number}: $ {command}", f"exit code {code}, output:", whole, sep="\n")
    if not number:
        return 2
    return 1 if bad else 0


sys.exit(main())
