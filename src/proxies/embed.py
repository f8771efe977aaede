#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""embed.py OUT NAME FILE [NAME FILE ...]: writes the files as C strings called NAME."""
import sys


def c_lines(text):
    for line in text.splitlines(keepends=True):
        escaped = line.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        yield '\t"' + escaped.replace("\t", "\\t") + '"'


def main():
    pairs = list(zip(sys.argv[2::2], sys.argv[3::2]))
    with open(sys.argv[1], "w", encoding="ascii") as out:
        for name, path in pairs:
            with open(path, encoding="ascii") as file:
                body = "\n".join(c_lines(file.read()))
            out.write(f"extern const char {name}[];\nconst char {name}[] =\n{body};\n")


main()
