#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""layers_check.py TOP: names every include in TOP/src that goes against the layers; exit code 1 if any.

base <- lib <- core <- plugins, builders, schedulers, proxies, dns, tools <- daemon, docgen, main. A folder of the
fourth layer is a room: it includes nothing of another room. A .c includes its own header first, a
header guards itself with #pragma once, and no include leaves the tree by "..".
"""
import os
import re
import sys

LAYERS = {"base": 0, "lib": 1, "core": 2, "plugins": 3, "builders": 3, "schedulers": 3,
          "proxies": 3, "dns": 3, "tools": 3, "daemon": 4, "docgen": 4}
ROOMS = 3
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.M)


def place(path):
    """Layer number and, among rooms, the room of a path below src; None for an unknown folder."""
    parts = path.split("/")
    if len(parts) == 1:
        return 4, None
    layer = LAYERS.get(parts[0])
    if layer is None:
        return None
    return layer, "/".join(parts[:2]) if layer == ROOMS and len(parts) > 2 else None


def problems_of(src, path):
    """Yields a sentence for each broken rule in one file."""
    with open(os.path.join(src, path), encoding="utf-8") as file:
        text = file.read()
    includes = INCLUDE.findall(text)
    mine = place(path)
    if mine is None:
        yield "is in a folder that belongs to no layer"
        return
    if path.endswith(".h") and not re.search(r"^#pragma once$", text, re.M):
        yield "has no #pragma once"
    own = path[:-2] + ".h"
    if path.endswith(".c") and os.path.exists(os.path.join(src, own)):
        first = re.search(r'^\s*#\s*include\s*[<"]([^">]+)[">]', text, re.M)
        if not first or first.group(1) not in (own, os.path.basename(own)):
            yield "does not include its own header first"
    for name in includes:
        beside = os.path.join(os.path.dirname(path), name)
        if ".." in name.split("/"):
            yield f'includes "{name}" by way of ..'
            continue
        if os.path.exists(os.path.join(src, name)):
            target = name
        elif os.path.exists(os.path.join(src, beside)):
            target = beside
        else:
            continue  # generated, or a mistake that the compiler finds
        theirs = place(target)
        if theirs is None:
            yield f'includes "{name}" of no layer'
        elif theirs[0] > mine[0]:
            yield f'includes "{name}" of a layer above'
        elif theirs[0] == ROOMS and mine[0] == ROOMS and theirs[1] != mine[1] and theirs[1]:
            yield f'includes "{name}" of another room'


def main():
    """Walks TOP/src."""
    src = os.path.join(sys.argv[1], "src")
    found = 0
    files = 0
    for folder, _, names in sorted(os.walk(src)):
        for name in sorted(names):
            if not name.endswith((".c", ".h")):
                continue
            files += 1
            path = os.path.relpath(os.path.join(folder, name), src)
            for problem in problems_of(src, path):
                print(f"src/{path} {problem}")
                found += 1
    if not files:
        print("no C files found")
    return 1 if found or not files else 0


sys.exit(main())
