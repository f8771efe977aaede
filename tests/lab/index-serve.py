# SPDX-License-Identifier: MIT
"""index-serve.py TREE LOG PORT-FILE: shows TREE by HTTP on every address of the machine, on a port that
is written to PORT-FILE. Each request is a line of LOG: "GET /path 200"."""
import functools
import http.server
import os
import sys


class Handler(http.server.SimpleHTTPRequestHandler):
    """Files of the tree, and lines of the log."""

    def log_request(self, code="-", size="-"):
        with open(sys.argv[2], "a", encoding="ascii") as log:
            log.write(f"{self.command} {self.path} {int(code)}\n")

    def log_message(self, format, *args):  # pylint: disable=redefined-builtin
        """Only requests."""


server = http.server.ThreadingHTTPServer(("0.0.0.0", 0), functools.partial(Handler, directory=sys.argv[1]))
with open(sys.argv[3] + ".new", "w", encoding="ascii") as port:
    port.write(f"{server.server_port}\n")
os.rename(sys.argv[3] + ".new", sys.argv[3])
server.serve_forever()
