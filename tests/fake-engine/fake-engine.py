#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A Docker Engine for tests: scripted answers on a Unix socket, requests recorded.

usage: fake-engine.py SOCKET SCRIPT RECORD

Prints "ready" once it listens, and runs until its standard input ends. SCRIPT is JSON:
    {"api": "1.41", "rules": [RULE, ...]}
The first rule that matches and is not used up answers; "/_ping" has one of its own unless a rule
names it, anything else gets 404. A RULE:
    "method": "GET"            default: any
    "path": "/containers/*"    shell pattern on the path without version and query; default: any
    "query": "all=1"           a text that the query must hold
    "times": 1                 how often it may be used; default: for ever
    "status": 200, "json": {}, "headers": {}, "close": false
or, instead of the last line, the bytes themselves:
    "steps": [{"send": "latin-1 text"}, {"sleep_ms": 5}, {"close": true}, {"read_to_end": true},
              {"echo": 3}, {"repeat": 10, "send": "x"}]
    "read_body": false         answer before the request's body has been read
RECORD gets a JSON line per request: {"conn", "method", "target", "headers", "body"}.
"""
import fnmatch
import json
import os
import re
import socketserver
import sys
import threading
import time

lock = threading.Lock()
connections = 0


class Closed(Exception):
    pass


class Connection(socketserver.StreamRequestHandler):
    def handle(self):
        global connections
        with lock:
            connections += 1
            self.number = connections
        try:
            while self.one_request():
                pass
        except (Closed, BrokenPipeError, ConnectionResetError):
            pass

    def one_request(self):
        line = self.rfile.readline()
        if not line:
            return False
        method, target, _ = line.decode("latin-1").split()
        headers = {}
        while True:
            line = self.rfile.readline().decode("latin-1").rstrip("\r\n")
            if not line:
                break
            name, value = line.split(":", 1)
            headers[name.lower()] = value.strip()
        rule = pick(method, target)
        body = b"" if rule.get("read_body") is False else self.body(headers)
        entry = {"conn": self.number, "method": method, "target": target, "headers": headers,
                 "body": body.decode("latin-1")}
        self.entry = entry
        # Recorded before it is answered, so that a client that has the answer finds it.
        if not any("read_to_end" in s for s in rule.get("steps", [])):
            record(entry)
        if "steps" in rule:
            for step in rule["steps"]:
                self.step(step)
            return True
        return self.plain(rule)

    def body(self, headers):
        if headers.get("transfer-encoding") == "chunked":
            parts = []
            while True:
                size = int(self.rfile.readline(), 16)
                parts.append(self.rfile.read(size))
                self.rfile.readline()
                if not size:
                    return b"".join(parts)
        return self.rfile.read(int(headers.get("content-length", "0")))

    def plain(self, rule):
        status = rule.get("status", 200)
        headers = dict(rule.get("headers", {}))
        body = b""
        if "json" in rule:
            body = json.dumps(rule["json"]).encode()
            headers.setdefault("Content-Type", "application/json")
        if rule.get("close"):
            headers["Connection"] = "close"
        if status not in (204, 304):
            headers["Content-Length"] = str(len(body))
        head = "".join("%s: %s\r\n" % h for h in headers.items())
        self.wfile.write(("HTTP/1.1 %d Fake\r\n%s\r\n" % (status, head)).encode("latin-1") + body)
        return not rule.get("close")

    def step(self, step):
        if "send" in step:
            for _ in range(step.get("repeat", 1)):
                self.wfile.write(step["send"].encode("latin-1"))
                self.wfile.flush()
        if "sleep_ms" in step:
            time.sleep(step["sleep_ms"] / 1000)
        if "echo" in step:
            self.wfile.write(self.rfile.read(step["echo"]))
        if step.get("read_to_end"):
            self.entry["body"] += self.rfile.read().decode("latin-1")
            record(self.entry)
        if step.get("close"):
            raise Closed


def pick(method, target):
    path, _, query = target.partition("?")
    path = re.sub(r"^/v1\.\d+", "", path)
    with lock:
        for rule in script["rules"]:
            if rule.get("method", method) != method or rule.get("times") == 0:
                continue
            if not fnmatch.fnmatchcase(path, rule.get("path", "*")):
                continue
            if rule.get("query", "") not in query:
                continue
            if "times" in rule:
                rule["times"] -= 1
            return rule
    if path == "/_ping":
        return {"headers": {"Api-Version": script.get("api", "1.41")}}
    return {"status": 404, "json": {"message": "fake engine: no rule for %s %s" % (method, path)}}


def record(entry):
    with lock, open(sys.argv[3], "a", encoding="utf-8") as out:
        out.write(json.dumps(entry) + "\n")


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    with open(sys.argv[2], encoding="utf-8") as f:
        script = json.load(f)
    server = Server(sys.argv[1], Connection)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print("ready", flush=True)
    sys.stdin.read()
    os.unlink(sys.argv[1])
