# SPDX-License-Identifier: MIT
"""Answers GET / with a greeting and GET /ready with "ready". Listens on $PORT."""
import http.server
import os
import signal
import sys


class Handler(http.server.BaseHTTPRequestHandler):
    """One request."""

    def do_GET(self):
        """The two pages there are."""
        if self.path == "/ready":
            self.answer(200, "ready")
        elif self.path == "/":
            self.answer(200, os.environ.get("GREETING", "Hello") + " from " + os.environ.get("DYNO", "python"))
        else:
            self.answer(404, "nothing here")

    def answer(self, status, text):
        """Sends a short text."""
        body = (text + "\n").encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


# Old containers are told to stop with SIGTERM once no new requests reach them.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
port = int(os.environ.get("PORT", "5000"))
print(f"listening on port {port}")
http.server.ThreadingHTTPServer(("", port), Handler).serve_forever()
