#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A real engine that takes its time: hands on what comes in at SOCKET to TARGET, every piece of a
request SECONDS late.

usage: slow-engine.py SOCKET TARGET SECONDS

Prints "ready" once it listens, and runs until its standard input ends.
"""
import os
import socket
import sys
import threading
import time

AT, TARGET, LATE = sys.argv[1], sys.argv[2], float(sys.argv[3])


def hand_on(source, sink, late):
    try:
        while data := source.recv(65536):
            time.sleep(late)
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def serve(client):
    engine = socket.socket(socket.AF_UNIX)
    with client, engine:
        engine.connect(TARGET)
        answer = threading.Thread(target=hand_on, args=(engine, client, 0), daemon=True)
        answer.start()
        hand_on(client, engine, LATE)
        answer.join()


def main():
    server = socket.socket(socket.AF_UNIX)
    server.bind(AT)
    os.chmod(AT, 0o666)
    server.listen(64)
    print("ready", flush=True)
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    while True:
        client, _ = server.accept()
        threading.Thread(target=serve, args=(client,), daemon=True).start()


main()
