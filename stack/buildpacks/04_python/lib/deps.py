# SPDX-License-Identifier: MIT
"""What an app's dependency files say.

  deps.py kind DIR           the file that counts, and what it is: uv.lock, poetry.lock, ...
  deps.py files DIR KIND     the files whose content decides what is installed
  deps.py key DIR KIND       a checksum of what decides it
  deps.py python DIR         the Python that is asked for: "FILE WANTED", an exact version or a range
  deps.py lists DIR KIND OUT writes OUT/hashed.txt, OUT/plain.txt and OUT/project for pip

Lists of other tools become lists for pip with every version and hash that the lock file has, so that
pip is the only program that installs. Errors are one line on stderr, exit code 1.
"""
import hashlib
import json
import pathlib
import re
import sys
import tomllib

# In the order in which they count.
KINDS = ("Pipfile.lock", "requirements.txt", "poetry.lock", "uv.lock", "pyproject.toml", "setup.py")
# Parts of pyproject.toml that decide what is installed; settings of linters do not.
INSTALL_TOOLS = ("poetry", "setuptools", "hatch", "flit", "pdm", "uv")


class Problem(Exception):
    """Something that whoever pushed has to put right."""


def normal(name):
    """A package's name as it is compared."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_toml(path):
    """The file's content, {} when there is none."""
    if not path.is_file():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Problem(f"{path.name} is not TOML: {error}") from None


def read_json(path):
    """The file's content."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise Problem(f"{path.name} is not JSON: {error}") from None


# --- which file counts, and what belongs to it ---


def is_project(top):
    """Whether pyproject.toml is more than settings of tools."""
    data = read_toml(top / "pyproject.toml")
    return "project" in data or "build-system" in data or "poetry" in data.get("tool", {})


def kinds(top):
    """All that are there, the one that counts first."""
    return [kind for kind in KINDS if (top / kind).is_file() and (kind != "pyproject.toml" or is_project(top))]


def tree(path):
    """The files below a folder that are part of its source."""
    skip = {".git", ".venv", "__pycache__", "node_modules"}
    found = (file for file in path.rglob("*") if file.is_file() and not skip & set(file.parts))
    return sorted(file for file in found if ".egg-info" not in str(file))


def project_files(path):
    """What decides the metadata of a project in a folder."""
    return [path / name for name in ("pyproject.toml", "setup.py", "setup.cfg") if (path / name).is_file()]


def joined_lines(path):
    """Logical lines of a list for pip, without comments."""
    text = path.read_text(encoding="utf-8", errors="replace").replace("\\\n", " ")
    for line in text.splitlines():
        line = re.sub(r"(^|\s)#.*$", "", line).strip()
        if line:
            yield line


def local_path(line):
    """The folder or file that a line of a list installs, None when it is not a local one."""
    match = re.match(r"(?:-e|--editable)[ =]+(.+)", line)
    word = re.sub(r"\[.*\]$", "", (match.group(1) if match else line).split(";")[0].strip())
    if word == "." or word.startswith(("./", "../", "/")) or word.endswith((".whl", ".tar.gz", ".zip")):
        return (word, bool(match)) if "://" not in word else None
    return None


def requirement_files(path, top, seen):
    """A list and all that it names, each once."""
    if path in seen or not path.is_file():
        return
    seen.append(path)
    for line in joined_lines(path):
        match = re.match(r"(?:-r|-c|--requirement|--constraint)[ =]*(\S+)", line)
        if match and "://" not in match.group(1):
            requirement_files((path.parent / match.group(1)).resolve(), top, seen)
            continue
        local = local_path(line)
        if local:
            target = (top / local[0]).resolve()
            found = project_files(target) if local[1] else tree(target) if target.is_dir() else [target]
            seen.extend(file for file in found if file not in seen)


def files(top, kind):
    """The files whose content decides what is installed."""
    if kind == "requirements.txt":
        seen = []
        requirement_files((top / kind).resolve(), top, seen)
        return seen
    extra = ["Pipfile"] if kind == "Pipfile.lock" else ["pyproject.toml", "setup.py", "setup.cfg"]
    return [top / name for name in [kind] + [name for name in extra if name != kind] if (top / name).is_file()]


def content(path):
    """What of a file counts."""
    if path.name == "pyproject.toml":
        data = read_toml(path)
        data["tool"] = {name: value for name, value in data.get("tool", {}).items() if name in INSTALL_TOOLS}
        return json.dumps(data, sort_keys=True, default=str).encode()
    return path.read_bytes()


def key(top, kind):
    """A checksum over names and contents."""
    total = hashlib.sha256()
    for path in files(top, kind):
        body = content(path)
        total.update(f"{path}\0{len(body)}\0".encode())
        total.update(body)
    return total.hexdigest()


# --- which Python is asked for ---


def first_word(path):
    """The first line that is not a comment."""
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else []
    return next((line.strip() for line in lines if line.strip() and not line.startswith("#")), "")


def python_wanted(top):
    """(file, version or range); exact ones win over ranges."""
    for name in (".python-version", "runtime.txt"):
        word = first_word(top / name)
        if word:
            return name, re.sub(r"^(python|cpython)-", "", word)
    if (top / "Pipfile.lock").is_file():
        requires = read_json(top / "Pipfile.lock").get("_meta", {}).get("requires", {})
        word = requires.get("python_full_version") or requires.get("python_version")
        if word:
            return "Pipfile.lock", word
    data = read_toml(top / "pyproject.toml")
    word = data.get("project", {}).get("requires-python")
    if word:
        return "pyproject.toml", word
    word = data.get("tool", {}).get("poetry", {}).get("dependencies", {}).get("python")
    if isinstance(word, dict):
        word = word.get("version")
    return ("pyproject.toml", pep440(word)) if word else None


def pep440(text):
    """A range as Poetry writes it, as everybody else does: ^3.9 -> >=3.9,<4, and so on."""
    out = []
    for part in (part.strip() for part in text.split(",")):
        match = re.match(r"([\^~])\s*(\d+(?:\.\d+)*)$", part)
        if match:
            numbers = [int(number) for number in match.group(2).split(".")]
            keep = 1 if match.group(1) == "^" or len(numbers) == 1 else 2
            above = numbers[:keep]
            above[-1] += 1
            out.append(f">={match.group(2)},<{'.'.join(map(str, above))}")
        elif re.match(r"\d", part):
            out.append(f"=={part}")
        elif part and part != "*":
            out.append(part)
    return ",".join(out)


def packaging():
    """Comparison of versions: pip has it, wherever it is; else the package itself."""
    try:
        from pip._vendor.packaging import markers, requirements, specifiers
    except ImportError:
        from packaging import markers, requirements, specifiers
    return markers, requirements, specifiers


def python_fits(wanted, version):
    """Whether `version` is in a range, or has the first two numbers of an exact version."""
    if re.match(r"\d+(\.\d+)*$", wanted):
        return wanted.split(".")[:2] == version.split(".")[: len(wanted.split(".")[:2])]
    specifiers = packaging()[2]
    try:
        return any(specifiers.SpecifierSet(part).contains(version) for part in wanted.split("||"))
    except specifiers.InvalidSpecifier:
        return True


# --- lock files to lists for pip ---


class Lists:
    """What pip is given."""

    def __init__(self):
        self.hashed, self.plain, self.indexes = {}, {}, []
        self.project = False

    def add(self, name, line, hashes=()):
        """One package; what has no hash comes in the second list."""
        hashes = sorted(set(hashes))
        if hashes:
            self.hashed[normal(name)] = line + "".join(f" \\\n    --hash={value}" for value in hashes)
        else:
            self.plain[normal(name)] = line

    def index(self, url):
        """Where else packages come from."""
        if url and "pypi.org" not in url and url not in self.indexes:
            self.indexes.append(url)

    def write(self, out):
        """The files."""
        head = [f"--extra-index-url {url}" for url in self.indexes]
        for name, lines in (("hashed.txt", self.hashed), ("plain.txt", self.plain)):
            body = [line for _, line in sorted(lines.items())]
            (out / name).write_text("".join(line + "\n" for line in head + body) if body else "", encoding="utf-8")
        (out / "project").write_text("yes\n" if self.project else "", encoding="utf-8")


def applies(marker, extras=()):
    """Whether a marker is true here, for one of the extras."""
    if not marker:
        return True
    compiled = packaging()[0].Marker(marker)
    return any(compiled.evaluate({"extra": extra}) for extra in (list(extras) or [""]))


def git_line(name, url, commit, folder=None):
    """A package from a repository."""
    url = re.sub(r"^git@([^:]+):", r"ssh://git@\1/", url)
    return f"{name} @ git+{url}@{commit}" + (f"#subdirectory={folder}" if folder else "")


def pipfile_lists(top):
    """Pipfile.lock: all is said there."""
    lock = read_json(top / "Pipfile.lock")
    lists = Lists()
    for source in lock.get("_meta", {}).get("sources", []):
        lists.index(source.get("url", ""))
    missing = {normal(name) for name in read_toml(top / "Pipfile").get("packages", {})}
    missing -= {normal(name) for name in lock.get("default", {})}
    if missing:
        raise Problem(f"Pipfile.lock is out of date: it lacks {', '.join(sorted(missing))}. Run: pipenv lock")
    for name, entry in lock.get("default", {}).items():
        if not applies(entry.get("markers")):
            continue
        if "git" in entry:
            lists.add(name, git_line(name, entry["git"], entry.get("ref", "HEAD"), entry.get("subdirectory")))
        elif "path" in entry or "file" in entry:
            lists.add(name, ("-e " if entry.get("editable") else "") + (entry.get("path") or entry["file"]))
        else:
            lists.add(name, normal(name) + entry.get("version", ""), entry.get("hashes", ()))
    return lists


class Walk:
    """From the app's own dependencies to all that they need, by the packages of a lock file."""

    def __init__(self, tool, packages):
        self.tool = tool
        self.packages = {}
        self.seen = set()
        for package in packages:
            self.packages.setdefault(normal(package["name"]), []).append(package)

    def find(self, name, fits):
        """The one package of that name that fits."""
        found = [package for package in self.packages.get(normal(name), []) if fits(package)]
        if not found:
            raise Problem(f"{self.tool}.lock is out of date: it lacks {name}. Run: {self.tool} lock")
        if len(found) > 1:
            versions = ", ".join(str(package.get("version")) for package in found)
            raise Problem(f"{self.tool}.lock has several versions of {name} for this Python: {versions}")
        return found[0]

    def visit(self, roots, fits, needs):
        """Yields each package once. `roots`: (name, extras, more); `needs(package, extras)` gives the same."""
        todo = list(roots)
        while todo:
            name, extras, more = todo.pop()
            package = self.find(name, lambda candidate, more=more: fits(candidate, more))
            new = (frozenset(extras) | {None}) - {extra for seen, extra in self.seen if seen == id(package)}
            if not new:
                continue
            if None in new:
                yield package
            self.seen |= {(id(package), extra) for extra in new}
            todo.extend(needs(package, {extra for extra in new if extra}, None in new))


def uv_line(lists, package):
    """One package of uv.lock."""
    name, source = package["name"], package.get("source", {})
    archives = package.get("wheels", []) + ([package["sdist"]] if "sdist" in package else [])
    hashes = [archive["hash"] for archive in archives if archive.get("hash")]
    if "git" in source:
        url, _, commit = source["git"].partition("#")
        url, _, query = url.partition("?")
        folder = re.search(r"(?:^|&)subdirectory=([^&]+)", query)
        lists.add(name, git_line(name, url, commit, folder and folder.group(1)))
    elif "url" in source:
        lists.add(name, f"{name} @ {source['url']}", hashes)
    elif "editable" in source:
        lists.add(name, f"-e ./{source['editable']}")
    elif "directory" in source or "path" in source:
        lists.add(name, "./" + (source.get("directory") or source["path"]))
    elif "virtual" not in source:
        lists.index(source.get("registry", ""))
        lists.add(name, f"{name}=={package['version']}", hashes)


def uv_lists(top):
    """uv.lock: the app is a package there."""
    lock = read_toml(top / "uv.lock")
    packages = lock.get("package", [])
    root = next((p for p in packages if "." in (p.get("source", {}).get(k) for k in ("virtual", "editable"))), None)
    if root is None:
        raise Problem("uv.lock has no package for this folder. Run: uv lock")
    wanted = {requirement_name(line) for line in read_toml(top / "pyproject.toml").get("project", {}).get("dependencies", [])}
    missing = wanted - {normal(dependency["name"]) for dependency in root.get("dependencies", [])}
    if missing:
        raise Problem(f"uv.lock is out of date: it lacks {', '.join(sorted(missing))}. Run: uv lock")
    lists = Lists()
    lists.project = "editable" in root["source"]

    def fits(package, want):
        return all(package.get(field) == want[field] for field in ("version", "source") if field in want)

    def needs(package, extras, first):
        found = list(package.get("dependencies", [])) if first else []
        for extra in extras:
            found += package.get("optional-dependencies", {}).get(extra, [])
        return [(d["name"], d.get("extra", []), d) for d in found if applies(d.get("marker"), extras)]

    for package in Walk("uv", packages).visit(needs(root, (), True), fits, needs):
        uv_line(lists, package)
    return lists


def requirement_name(line):
    """flask of flask[async]>=2; python_version > "3"."""
    return normal(re.match(r"\s*([A-Za-z0-9._-]+)", line).group(1))


def poetry_dependency(name, entry):
    """Entries of a table in Poetry's manner as (name, extras, more), those that apply here."""
    for one in entry if isinstance(entry, list) else [entry]:
        one = one if isinstance(one, dict) else {"version": one}
        here = ".".join(map(str, sys.version_info[:3]))
        if one.get("optional") or not applies(one.get("markers")) or not python_fits(pep440(one.get("python", "*")), here):
            continue
        yield name, one.get("extras", []), one


def poetry_roots(data):
    """What the app itself asks for."""
    requirements = packaging()[1]
    roots = {}
    for line in data.get("project", {}).get("dependencies", []):
        requirement = requirements.Requirement(line)
        if not requirement.marker or requirement.marker.evaluate({"extra": ""}):
            roots[normal(requirement.name)] = (requirement.name, list(requirement.extras), {})
    for name, entry in data.get("tool", {}).get("poetry", {}).get("dependencies", {}).items():
        if normal(name) != "python":
            for root in poetry_dependency(name, entry):
                roots.setdefault(normal(name), root)
    return list(roots.values())


def poetry_line(lists, package, old_files):
    """One package of poetry.lock."""
    name, source = package["name"], package.get("source", {})
    archives = package.get("files") or old_files.get(name, [])
    hashes = [archive["hash"] for archive in archives]
    where = source.get("type")
    if where == "git":
        lists.add(name, git_line(name, source["url"], source["resolved_reference"], source.get("subdirectory")))
    elif where == "url":
        lists.add(name, f"{name} @ {source['url']}", hashes)
    elif where in ("directory", "file"):
        lists.add(name, ("-e " if package.get("develop") else "") + "./" + source["url"])
    else:
        lists.index(source.get("url", ""))
        lists.add(name, f"{name}=={package['version']}", hashes)


def poetry_packaged(top, data):
    """Whether the app itself is a package that can be installed."""
    poetry = data.get("tool", {}).get("poetry", {})
    if "build-system" not in data or poetry.get("package-mode") is False:
        return False
    name = data.get("project", {}).get("name") or poetry.get("name") or ""
    folder = re.sub(r"[-.]+", "_", name)
    places = [top / folder, top / "src" / folder, top / f"{folder}.py", top / "src" / f"{folder}.py"]
    return bool(folder) and ("packages" in poetry or any(place.exists() for place in places))


def poetry_lists(top):
    """poetry.lock: what the app asks for is in pyproject.toml."""
    lock, data = read_toml(top / "poetry.lock"), read_toml(top / "pyproject.toml")
    if not data:
        raise Problem("there is a poetry.lock but no pyproject.toml")
    here = ".".join(map(str, sys.version_info[:3]))
    lists = Lists()
    lists.project = poetry_packaged(top, data)

    def fits(package, _):
        marker = package.get("markers")
        marker = marker.get("main") if isinstance(marker, dict) else marker
        return applies(marker) and python_fits(pep440(package.get("python-versions", "*")), here)

    def needs(package, extras, first):
        found = [d for n, e in package.get("dependencies", {}).items() for d in poetry_dependency(n, e)] if first else []
        for extra in extras:
            found += [(requirement_name(line), [], {}) for line in package.get("extras", {}).get(extra, [])]
        return found

    old_files = lock.get("metadata", {}).get("files", {})
    for package in Walk("poetry", lock.get("package", [])).visit(poetry_roots(data), fits, needs):
        poetry_line(lists, package, old_files)
    return lists


def project_lists(top):
    """pyproject.toml or setup.py alone: pip finds the versions."""
    data = read_toml(top / "pyproject.toml")
    lists = Lists()
    if data.get("tool", {}).get("poetry", {}).get("package-mode") is False:
        raise Problem("pyproject.toml is for Poetry without a package: poetry.lock must be committed too")
    lists.project = "build-system" in data or (top / "setup.py").is_file()
    if not lists.project:
        if "project" not in data:
            raise Problem("pyproject.toml names no dependencies that pip can read: commit poetry.lock or requirements.txt")
        for line in data["project"].get("dependencies", []):
            lists.plain[line] = line
    return lists


def lists_of(top, kind):
    """For every kind but requirements.txt, which pip reads itself."""
    return {
        "Pipfile.lock": pipfile_lists,
        "uv.lock": uv_lists,
        "poetry.lock": poetry_lists,
    }.get(kind, project_lists)(top)


def main(argv):
    """One of the commands."""
    command, top = argv[1], pathlib.Path(argv[2])
    if command == "kind":
        print("\n".join(kinds(top)))
    elif command == "files":
        print("\n".join(str(path) for path in files(top, argv[3])))
    elif command == "key":
        print(key(top, argv[3]))
    elif command == "python":
        wanted = python_wanted(top)
        if wanted:
            fits = python_fits(wanted[1], ".".join(map(str, sys.version_info[:3])))
            print(wanted[0], "yes" if fits else "no", wanted[1])
    elif command == "lists":
        lists_of(top, argv[3]).write(pathlib.Path(argv[4]))


try:
    main(sys.argv)
except Problem as problem:
    print(problem, file=sys.stderr)
    sys.exit(1)
