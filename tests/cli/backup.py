#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""backup.py CASE [APP]: a backup as moorage-backup would read it, written to stdout as .tar.gz. The case
says what is wrong with it; "good" has nothing wrong."""
import hashlib
import io
import json
import sys
import tarfile


def manifest(case, app):
    return {
        "kind": "something else" if case == "kind" else "moorage-backup",
        "format": 99 if case == "format" else 1,
        "id": "x", "version": "0", "label": "", "created": "2026-01-01T00:00:00Z",
        "apps": [{"name": app, "deployed": False}],
        "volumes": [{"kind": "storage", "name": "../evil"}] if case == "volume" else [],
        "plugins": [{"name": "../../evil", "enabled": True}] if case == "plugin" else [],
        "settings": True,
    }


def main():
    case = sys.argv[1]
    app = {"app": "../../evil", "app-dot": ".ssh"}.get(case, sys.argv[2] if len(sys.argv) > 2 else "web")
    files = {
        "manifest.json": json.dumps(manifest(case, app)).encode(),
        "networks.json": b"[]",
        "home/VHOST": b"example.test\n",
        f"apps/{'web' if case == 'app' else app}/environment/ENV": b"export A='1'\n",
    }
    sums = [{"name": n, "size": len(b), "sha256": hashlib.sha256(b).hexdigest()} for n, b in files.items()]
    if case == "sum":
        files["home/VHOST"] = b"evil.example\n\n"[:13]
    if case == "missing":
        del files["home/VHOST"]
    if case == "extra":
        files["home/dokkurc"] = b"export PATH=/evil\n"
    if case == "traversal":
        files["../../evil"] = b"x"
    if case == "absolute":
        files["/tmp/moorage-evil"] = b"x"
    if case != "unsummed":
        files["checksums.json"] = json.dumps({"members": sums}).encode()
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        if case == "link":
            link = tarfile.TarInfo("home/out")
            link.type, link.linkname = tarfile.SYMTYPE, "/etc"
            tar.addfile(link)
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
        if case == "twice":
            info = tarfile.TarInfo("home/VHOST")
            info.size = 5
            tar.addfile(info, io.BytesIO(b"evil\n"))
    data = out.getvalue()
    sys.stdout.buffer.write(data[:len(data) // 2] if case == "truncated" else data)


main()
