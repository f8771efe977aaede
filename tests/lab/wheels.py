# SPDX-License-Identifier: MIT
"""A small package index for pip, made of Debian's packages: nothing is fetched from elsewhere.

  wheels.py TREE FILE...     FILE: a .deb with Python packages, or a wheel

TREE/simple is what PIP_INDEX_URL points at once a web server shows TREE.
"""
import base64
import hashlib
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile

# Where Debian's package has another name than its content.
OTHER_NAMES = {"tz": "pytz"}


def normal(name):
    """The folder's name in the index."""
    return re.sub(r"[-_.]+", "-", name).lower()


def depends(deb, others):
    """Requires-Dist lines. Debian takes the real ones out, its own dependencies stand for them."""
    text = subprocess.run(["dpkg-deb", "-f", deb, "Depends"], check=True, capture_output=True, text=True).stdout
    names = re.findall(r"(?:^|, )python3-([a-z0-9.-]+)", text)
    return [f"Requires-Dist: {OTHER_NAMES.get(name, name)}" for name in sorted(set(names) & others)]


def metadata(info, lines):
    """(METADATA, entry_points.txt or None) of a folder or file that Debian ships."""
    if info.is_file():
        text, points = info.read_text(), None
    else:
        text = (info / ("METADATA" if info.suffix == ".dist-info" else "PKG-INFO")).read_text()
        points = info / "entry_points.txt"
    head, _, rest = text.partition("\n\n")
    kept = [line for line in head.splitlines() if not line.startswith(("Requires-Dist", "Provides-Extra"))]
    return "\n".join(kept + lines) + f"\n\n{rest}", points.read_text() if points and points.is_file() else None


def field(text, name):
    """One field of METADATA."""
    return re.search(rf"^{name}: *(\S+)", text, re.M).group(1)


def write_wheel(site, info, simple, lines):
    """Everything in `site` as the wheel that `info` describes."""
    meta, points = metadata(info, lines)
    name, version = field(meta, "Name"), field(meta, "Version")
    stem = f"{re.sub(r'[-_.]+', '_', name)}-{version}"
    native = any(site.rglob("*.so"))
    # Debian 12 has one Python.
    tag = "cp311-cp311-linux_x86_64" if native else "py3-none-any"
    files = {
        str(path.relative_to(site)): path.read_bytes()
        for path in sorted(site.rglob("*"))
        if path.is_file() and not re.search(r"\.(dist|egg)-info(/|$)", str(path.relative_to(site)))
    }
    files[f"{stem}.dist-info/METADATA"] = meta.encode()
    files[f"{stem}.dist-info/WHEEL"] = f"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: {str(not native).lower()}\nTag: {tag}\n".encode()
    if points:
        files[f"{stem}.dist-info/entry_points.txt"] = points.encode()
    record = "".join(
        f"{path},sha256={base64.urlsafe_b64encode(hashlib.sha256(body).digest()).rstrip(b'=').decode()},{len(body)}\n" for path, body in files.items()
    )
    files[f"{stem}.dist-info/RECORD"] = (record + f"{stem}.dist-info/RECORD,,\n").encode()
    folder = simple / normal(name)
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / f"{stem}-{tag}.whl", "w", zipfile.ZIP_DEFLATED) as out:
        for path, body in files.items():
            out.writestr(zipfile.ZipInfo(path), body)


def from_deb(deb, simple, others):
    """The Python package in a .deb."""
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run(["dpkg-deb", "-x", deb, scratch], check=True)
        site = pathlib.Path(scratch, "usr/lib/python3/dist-packages")
        for info in [*site.glob("*.dist-info"), *site.glob("*.egg-info")]:
            write_wheel(site, info, simple, depends(deb, others))


def main(tree, *files):
    """All of them."""
    simple = pathlib.Path(tree, "simple")
    names = [re.match(r"python3-([^_]+)_.*\.deb$", pathlib.Path(file).name) for file in files]
    # What comes in a form that is compiled counts too.
    others = {name.group(1) for name in names if name} | {"markupsafe"}
    for file in files:
        if file.endswith(".whl"):
            folder = simple / normal(pathlib.Path(file).name.split("-")[0])
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, folder)
        else:
            from_deb(file, simple, others)


main(*sys.argv[1:])
