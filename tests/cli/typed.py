#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""typed.py COMMAND...: runs it on a terminal and plays the person in front of it.

Standard input says what to do: `expect TEXT` waits until TEXT has appeared behind what was matched
before, `type TEXT` types it; both take Python's escapes. Prints all that was seen, and ends with
the command's exit code, or 99 when something was expected in vain for a minute.
"""

import ast
import os
import pty
import select
import sys
import time

SECONDS = 60


def look(terminal, seen, seconds):
    """Appends what appears within SECONDS; False at the end."""
    if not select.select([terminal], [], [], seconds)[0]:
        return True
    try:
        data = os.read(terminal, 65536)
    except OSError:
        return False
    seen += data
    return bool(data)


def expect(terminal, seen, at, text):
    end = time.monotonic() + SECONDS
    while seen.find(text, at) < 0:
        if time.monotonic() > end or not look(terminal, seen, 0.5):
            raise TimeoutError(f"not seen: {text!r}")
    return seen.find(text, at) + len(text)


def play(terminal, seen):
    at = 0
    for line in sys.stdin:
        verb, _, rest = line.rstrip("\n").partition(" ")
        text = ast.literal_eval('"""' + rest.replace('"', '\\"') + '"""').encode()
        if verb == "expect":
            at = expect(terminal, seen, at, text)
        elif verb == "type":
            os.write(terminal, text)
    while look(terminal, seen, SECONDS):
        pass


def main():
    pid, terminal = pty.fork()
    if not pid:
        os.execvp(sys.argv[1], sys.argv[1:])
    seen = bytearray()
    try:
        play(terminal, seen)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    except TimeoutError as error:
        seen += f"\n{error}\n".encode()
        os.close(terminal)
        os.kill(pid, 9)
        os.waitpid(pid, 0)
        code = 99
    sys.stdout.write(seen.decode(errors="replace").replace("\r\n", "\n"))
    sys.exit(code)


main()
