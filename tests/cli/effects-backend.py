#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""effects-backend.py FILE: an app for tests of what nginx does with requests; its port stands in FILE.

GET /hold      "first", and "last" once FILE.go is there
GET /slow      nothing before FILE.go is there
GET /head      an answer with a header of 6000 bytes
POST /unread   does not read the body before FILE.go is there
anything else  the headers that came, and the port they came from
"""
import http.server
import os
import sys
import time

FILE = sys.argv[1]


def wait_for_go():
    while not os.path.exists(FILE + ".go"):
        time.sleep(0.02)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, text, **headers):
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text.encode())

    def do_GET(self):
        if self.path == "/hold":
            self.send_response(200)
            self.send_header("Content-Length", "11")
            self.end_headers()
            self.wfile.write(b"first\n")
            self.wfile.flush()
            wait_for_go()
            self.wfile.write(b"last\n")
            return
        if self.path == "/slow":
            wait_for_go()
        if self.path == "/head":
            self.answer("head", Long="x" * 6000)
        else:
            self.answer(f"{self.headers}Peer: {self.client_address[1]}\n")

    def do_POST(self):
        self.close_connection = True
        if self.path == "/unread":
            wait_for_go()
        else:
            self.rfile.read(int(self.headers["Content-Length"]))
        self.answer("taken")

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
with open(FILE + ".tmp", "w", encoding="ascii") as file:
    file.write(str(server.server_address[1]))
os.rename(FILE + ".tmp", FILE)
server.serve_forever()
