#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the named archive to stdout: honest ones and such as an attacker would send."""
import io
import stat
import sys
import tarfile
import zipfile





def tar(*members, fmt=tarfile.PAX_FORMAT, mode="w"):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode, format=fmt) as t:
        for name, kind, value in members:
            info = tarfile.TarInfo(name)
            data = None
            if kind == "file":
                data = value.encode()
                info.size = len(data)
                info.mode = 0o644
            elif kind == "mode":
                info.mode = value
            elif kind == "dir":
                info.type, info.mode = tarfile.DIRTYPE, value
            elif kind == "sym":
                info.type, info.linkname = tarfile.SYMTYPE, value
            elif kind == "hard":
                info.type, info.linkname = tarfile.LNKTYPE, value
            elif kind == "dev":
                info.type, info.devmajor, info.devminor = tarfile.CHRTYPE, 1, 3
            elif kind == "fifo":
                info.type = tarfile.FIFOTYPE
            t.addfile(info, io.BytesIO(data) if data is not None else None)
    return out.getvalue()


def zipped(*members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        for name, mode, data in members:
            info = zipfile.ZipInfo(name)
            info.create_system = 3
            info.external_attr = mode << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            z.writestr(info, data)
    return out.getvalue()


PLAIN = (
    ("proj", "dir", 0o755),
    ("proj/Procfile", "file", "web: run\n"),
    ("proj/bin", "dir", 0o755),
    ("proj/bin/run", "mode", 0o4775),
    ("proj/bin/up", "sym", "../Procfile"),
    ("proj/again", "hard", "proj/Procfile"),
    ("proj/läden", "file", "x"),
)
SYM = stat.S_IFLNK | 0o777
REG = stat.S_IFREG | 0o644

A = {
    "plain": lambda: tar(*PLAIN),
    "plain_gz": lambda: tar(*PLAIN, mode="w:gz"),
    "plain_xz": lambda: tar(*PLAIN, mode="w:xz"),
    "gnu": lambda: tar(*PLAIN, ("proj/" + "l" * 150, "file", "long"), fmt=tarfile.GNU_FORMAT),
    "dotslash": lambda: tar(("./", "dir", 0o755), ("./a", "file", "a"), ("./b/c", "file", "c")),
    "deep_common": lambda: tar(("h/me/app/x", "file", "x"), ("h/me/app/y/z", "file", "z")),
    "same_name": lambda: tar(("p/p", "file", "inner"), ("p/.strip-0", "file", "s")),
    "two_tops": lambda: tar(("a/x", "file", "x"), ("b/x", "file", "x")),
    "empty": lambda: tar(),
    "climb": lambda: tar(("ok", "file", "ok"), ("a/../../evil", "file", "x")),
    "absolute": lambda: tar(("ok", "file", "ok"), ("/tmp/evil", "file", "x")),
    "sym_absolute": lambda: tar(("l", "sym", "/etc/passwd")),
    "sym_climb": lambda: tar(("d/l", "sym", "../../evil")),
    "sym_middle": lambda: tar(("p/q/up", "sym", "../.."), ("m", "sym", "p/q/up/../evil")),
    "sym_through": lambda: tar(("d", "dir", 0o755), ("l", "sym", "d"), ("l/x", "file", "x")),
    "sym_swap": lambda: tar(("d", "dir", 0o755), ("d", "sym", "."), ("d/x", "file", "x")),
    "sym_then_file": lambda: tar(("l", "sym", "x"), ("l", "file", "through")),
    "sym_strip": lambda: tar(("top/x", "file", "x"), ("top/l", "sym", "../top/x")),
    "hard_outside": lambda: tar(("h", "hard", "../../../etc/passwd")),
    "hard_absolute": lambda: tar(("h", "hard", "/etc/passwd")),
    "hard_to_sym": lambda: tar(("a/b/l", "sym", "../../x"), ("h", "hard", "a/b/l")),
    "device": lambda: tar(("null", "dev", None)),
    "fifo": lambda: tar(("pipe", "fifo", None)),
    "control": lambda: tar(("a\x1b[31m\nb", "file", "x")),
    "many": lambda: tar(*((f"f{i}", "file", "") for i in range(10001))),
    "many_ok": lambda: tar(*((f"f{i}", "file", "") for i in range(10000))),
    "deep": lambda: tar(("/".join("d" * 101), "file", "x")),
    "readonly": lambda: tar(("ro", "dir", 0o555), ("ro/x", "file", "x"), ("../e", "file", "x")),
    "bomb_gz": lambda: tar(("zeros", "file", "\0" * (64 << 20)), mode="w:gz"),
    "truncated": lambda: tar(("big", "file", "x" * 100000))[:50000],
    "certs": lambda: tar(("server.crt", "file", "c"), ("server.key", "file", "k")),
    "zip": lambda: zipped(("proj/a", REG, "a"), ("proj/run", stat.S_IFREG | 0o755, "r"),
                          ("proj/l", SYM, "a"), ("proj/läden", REG, "x")),
    "zip_climb": lambda: zipped(("ok", REG, "ok"), ("../evil", REG, "x")),
    "zip_absolute": lambda: zipped(("/tmp/evil", REG, "x")),
    "zip_sym": lambda: zipped(("l", SYM, "/etc"), ("l/evil", REG, "x")),
    "zip_bomb": lambda: zipped(("zeros", REG, "\0" * (64 << 20))),
    "garbage": lambda: bytes((i * 7 + 3) % 251 for i in range(5000)),
    "nothing": lambda: b"",
}


def sparse_lie():
    """A header that promises a petabyte."""
    raw = bytearray(tar(("huge", "file", "x"), fmt=tarfile.GNU_FORMAT))
    info = tarfile.TarInfo("huge")
    info.size = 1 << 50
    return info.tobuf(tarfile.GNU_FORMAT) + bytes(raw[512:])


A["size_lie"] = sparse_lie
sys.stdout.buffer.write(A[sys.argv[1]]())
