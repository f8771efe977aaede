#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""git-server.py FOLDER NAME:PASSWORD: a host of repositories; its port stands in FOLDER/port.

FOLDER/repos/* are served by git's own http-backend to whoever has the password (for POST and GET),
FOLDER/files/* to anybody, /endless without an end, /moved/* by a redirect to /files/*. Every
request line goes to FOLDER/requests.
"""
import base64
import http.server
import os
import subprocess
import sys

FOLDER, LOGIN = sys.argv[1], sys.argv[2]
WANTED = "Basic " + base64.b64encode(LOGIN.encode()).decode()


class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self, status, headers, body):
        self.send_response(status)
        for key, value in headers:
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        with open(FOLDER + "/requests", "a", encoding="utf-8") as file:
            file.write(self.requestline + "\n")
        path = self.path.partition("?")[0]
        if path == "/endless":
            self.endless()
        elif path.startswith("/moved/"):
            self.answer(302, [("Location", "/files/" + path[len("/moved/"):])], b"")
        elif path.startswith("/files/"):
            self.file(FOLDER + path)
        elif self.headers.get("Authorization") != WANTED:
            self.answer(401, [("WWW-Authenticate", 'Basic realm="repositories"')], b"")
        else:
            self.git()

    do_POST = do_GET

    def endless(self):
        self.send_response(200)
        self.end_headers()
        try:
            while True:
                self.wfile.write(bytes(65536))
        except OSError:
            pass

    def file(self, path):
        if not os.path.exists(path):
            self.answer(404, [], b"")
            return
        with open(path, "rb") as file:
            self.answer(200, [], file.read())

    def git(self):
        path, _, query = self.path.partition("?")
        environ = dict(
            os.environ, GIT_PROJECT_ROOT=FOLDER + "/repos", GIT_HTTP_EXPORT_ALL="1",
            PATH_INFO=path, QUERY_STRING=query, REQUEST_METHOD=self.command,
            CONTENT_TYPE=self.headers.get("Content-Type", ""),
            HTTP_CONTENT_ENCODING=self.headers.get("Content-Encoding", ""),
            HTTP_GIT_PROTOCOL=self.headers.get("Git-Protocol", ""), REMOTE_USER="somebody",
            GIT_CONFIG_COUNT="1", GIT_CONFIG_KEY_0="safe.directory", GIT_CONFIG_VALUE_0="*")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        said = subprocess.run(
            ["git", "http-backend"], input=body, env=environ, stdout=subprocess.PIPE, check=False)
        head, _, rest = said.stdout.partition(b"\r\n\r\n")
        status, headers = 200, []
        for line in head.decode().splitlines():
            key, _, value = line.partition(": ")
            if key == "Status":
                status = int(value.split()[0])
            else:
                headers.append((key, value))
        self.answer(status, headers, rest)

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
with open(FOLDER + "/port.tmp", "w", encoding="ascii") as port:
    port.write(str(server.server_address[1]))
os.rename(FOLDER + "/port.tmp", FOLDER + "/port")
server.serve_forever()
