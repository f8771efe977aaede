#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""conformance_table.py tags|rows|fresh|write|missing: which test proves which row of tests/spec/*.tsv.

tags      says which "proves" comments name no row, or stand above a test that never mentions it
rows      says which rows no test proves
fresh     says how docs/conformance.md differs from what is written now
write     writes it
missing   prints the rows without a test, one a line (for people; always succeeds)

A comment directly above a bats test or a cmocka test function says what it proves:

    # proves effect: command storage:mount, property network/tld, trigger docker-args-deploy

The kinds are effect, golden and stand-in. Help, bare plugin names and reports are compared with the
tables by tests/cli/conformance.bats. docs/dev/tests.md has the rules.
"""

import collections
import csv
import difflib
import glob
import importlib.util
import re
import sys

KINDS = ("effect", "golden", "stand-in")
PAGE = "docs/conformance.md"
TAG = re.compile(r"^\s*(?:#|/?\*)\s*proves ([\w-]+): (.*?)(?:\s*\*/)?$")
COMMENT = re.compile(r"^\s*(?:#|/\*|\*)")
# Triggers go with the plugin or command that they belong to; most names begin with it.
BELONGS = {
    "git-from-archive": "git:from-archive", "git-from-image": "git:from-image",
    "post-registry-login": "registry", "scheduler-cron-write": "cron",
    "scheduler-storage-exec": "storage", "scheduler-uses-host-cron": "cron",
    "vector-template-source": "logs:vector-start",
}
# Commands of this name that set something else than a property.
OTHER_SETS = {"buildpacks:set", "config:set", "domains:set", "ports:set"}
HEAD = """# Conformance

What Dokku 0.38 has, and which test shows that Moorage has it. This page is made from the tables in
`tests/spec` and from comments in the tests (`tests/check/conformance --write`); `./test.sh gates` fails
when a row has no test.

| proof | the test |
| --- | --- |
| effect | observes what it is for: the container's option, the line of nginx, the file, the timing |
| golden | compares with a text that was written from the interface's description |
| stand-in | does so with a substitute program in the real one's part |
| absent | shows that it fails, as it does in Dokku |
| later | there is none; most of these are [not there yet](differences.md#not-there-yet) |
"""

Row = collections.namedtuple("Row", "kind name args owner note")
Test = collections.namedtuple("Test", "path name body proofs")


def table(name):
    """The rows of a table, each a dictionary."""
    with open(f"tests/spec/{name}.tsv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def lines_of(path):
    """The lines of a file."""
    with open(path, encoding="utf-8") as file:
        return file.read().splitlines()


def plain(name):
    """Without what the tables explain in brackets."""
    return re.sub(r" \([^)]*\)", "", name)


def report_name(row):
    """How a report's row is called: by its flag, else its JSON key, else its label."""
    for name in (row["flag"], row["json_key"], row["label"]):
        if name != "-":
            return f"{row['report']}/{plain(name)}"
    raise ValueError(row)


def all_rows():
    """Every row of every table."""
    for row in table("commands"):
        yield Row("command", row["command"], row["args_and_flags"], row["plugin"], "")
    for row in table("properties"):
        yield Row("property", plain(f"{row['plugin']}/{row['property']}"), row["app/global"], row["plugin"],
                  row["effect"])
    for row in table("reports"):
        yield Row("report", report_name(row), row["label"], row["report"].rpartition(":")[0], row["flag"])
    for row in table("triggers"):
        yield Row("trigger", row["trigger"], row["args"], BELONGS.get(row["trigger"], ""), "")


# --- what is not there yet ---

def later_names(name):
    """The lines of a list of what is not there yet; no list: nothing."""
    try:
        return set(lines_of(f"tests/spec/{name}"))
    except FileNotFoundError:
        return set()


def conformance_module():
    """tests/cli/conformance.py, for its lists of commands."""
    spec = importlib.util.spec_from_file_location("conformance", "tests/cli/conformance.py")
    module = importlib.util.module_from_spec(spec)
    sys.dont_write_bytecode = True
    spec.loader.exec_module(module)
    return module


class Later:
    """Which rows nobody asks for yet."""

    def __init__(self, commands):
        self.names = later_names("later") | later_names("later-issues") | set(commands)

    def has(self, row):
        """Whether the row, or what it belongs to, is listed."""
        if row.kind == "trigger":
            return f"trigger {row.name}" in self.names or row.owner in self.names or \
                any(row.name.startswith(name + "-") for name in self.names)
        if row.kind == "report" and row.owner.partition(":")[0] in self.names:
            return True
        # A row of several plugins, or of a part of one: "storage (per app)", "caddy/haproxy".
        owners = set(plain(row.owner).split("/"))
        return bool(owners & self.names) or row.name in self.names


# --- tests ---

def functions(path, seen=None):
    """Names and texts of the functions and long texts of a bats file and of the files it loads."""
    seen = seen if seen is not None else set()
    found = {}
    if path in seen:
        return found
    seen.add(path)
    text = "\n".join(line for line in lines_of(path) if not line.lstrip().startswith("#"))
    folder = path.rpartition("/")[0]
    for name in re.findall(r"^load (\S+)$", text, re.M):
        name = f"{folder}/{name}" if name.endswith(".bash") else f"{folder}/{name}.bash"
        found.update(functions(name, seen))
    found.update(re.findall(r"^([a-z_][a-z0-9_]*)\(\) \{\n(.*?)^\}$", text, re.M | re.S))
    found.update(re.findall(r"^([A-Z][A-Z0-9_]*)='([^']*)'$", text, re.M))
    return found


def with_called(body, known):
    """The text of a test and of the functions it calls, and of those that these call."""
    texts, left = [], [body]
    known = dict(known)
    while left:
        text = left.pop()
        texts.append(text)
        for name in set(re.findall(r"\w+", text)) & set(known):
            left.append(known.pop(name))
    return "\n".join(texts)


def golden_texts(body):
    """The golden files that a test names."""
    for name in set(re.findall(r"[\w./-]+\.(?:txt|log|json|conf|yml)\b", body)):
        for path in glob.glob(f"tests/golden/{name.rpartition('golden/')[2]}"):
            yield "\n" + "\n".join(lines_of(path))


def tags_above(lines, index):
    """(kind, item) of the comment lines that end above line INDEX."""
    found = []
    while index > 0 and COMMENT.match(lines[index - 1]):
        index -= 1
        match = TAG.match(lines[index])
        if match:
            found += [(match[1], item.strip()) for item in match[2].split(",")]
    return found


def body_below(lines, index):
    """The lines of a test up to the bracket in the first column, without comments."""
    body = []
    for line in lines[index + 1:]:
        if line == "}":
            break
        if not line.lstrip().startswith(("#", "/*", "*")):
            body.append(line)
    return "\n".join(body)


def tests_of(path, starts, known):
    """The tests of a file; STARTS matches their first lines, group 1 is the name, which counts as text."""
    lines = lines_of(path)
    for index, line in enumerate(lines):
        match = starts.match(line)
        if match:
            body = with_called(f"{match[1]}\n{body_below(lines, index)}", known)
            body += "".join(golden_texts(body))
            yield Test(path, match[1].replace('\\"', '"'), body, tags_above(lines, index))


def all_tests():
    """Every test of the tree."""
    found = []
    for path in sorted(glob.glob("tests/*/*.bats")):
        found += tests_of(path, re.compile(r'^@test "(.*)" \{$'), functions(path))
    for path in sorted(glob.glob("tests/unit/*.c")):
        found += tests_of(path, re.compile(r"^static void (\w+)\(void \*\*"), {})
    return found


# --- which proves what ---

def words_of(row):
    """Regular expressions of what a test of the row has to contain."""
    if row.kind == "command":
        if ":" in row.name or row.name.startswith("git-"):
            return [re.escape(row.name)]
        return [rf'(?:dokku|moorage|MOORAGE"|dokku")\s+(?:--?\S+\s+)*{re.escape(row.name)}']
    if row.kind == "trigger":
        return [re.escape(word) for word in row.name.split()]
    name = re.sub(r"<[^>]*>|\([^)]*\)", " ", row.name.rpartition("/")[2])
    pieces = re.findall(r"[\w][\w-]*\w", name) or [row.name.partition("/")[0]]
    return [re.escape(piece) for piece in (pieces[:1] if " file " in name else pieces)]


def mentions(body, row, written_otherwise=()):
    """Whether the text contains all of the row's words as whole words. Properties that no `:set`
    sets count as mentioned where a command of their plugin is."""
    plugin, _, name = row.name.rpartition("/")
    if (plugin, name) in written_otherwise and f"{plugin}:" in body:
        return True
    # Flags of reports have the property's name behind that of the plugin; a helper that several
    # plugins share may put the first part of a trigger's name in front of the rest.
    before = r"(?<!\w)" if row.kind in ("property", "report") else r"(?<![\w-])"
    behind = "" if row.kind == "report" else r"(?![\w:]|-\w)"
    first, dash, rest = row.name.partition("-")
    if row.kind == "trigger" and dash and re.search(rf"\$\w+-{re.escape(rest)}\b", body):
        return bool(re.search(rf"\b{first}\b", body))
    return all(re.search(rf"{before}{word}{behind}", body) for word in words_of(row))


class Proofs:
    """Rows, tests, and which belong together."""

    def __init__(self):
        module = conformance_module()
        self.absent = module.ABSENT
        self.not_settable = getattr(module, "NOT_SETTABLE", ())
        self.later = Later(module.LATER)
        self.rows = {f"{row.kind} {row.name}": row for row in all_rows()}
        self.tests = all_tests()
        self.found = collections.defaultdict(list)
        for test in self.tests:
            for kind, item in test.proofs:
                self.found[plain(item)].append((KINDS.index(kind) if kind in KINDS else len(KINDS), test))

    def wrong_tags(self):
        """What is wrong with the comments."""
        for test in self.tests:
            for kind, item in test.proofs:
                where, row = f'{test.path}: "{test.name}"', self.rows.get(plain(item))
                if kind not in KINDS:
                    yield f"{where}: '{kind}' is no kind of proof"
                if not row:
                    yield f"{where}: no row '{item}' in tests/spec"
                elif not mentions(test.body, row, self.not_settable):
                    yield f"{where} proves '{item}', but never mentions it"

    def comparison(self, area):
        """The test that compares a whole table with the program."""
        for test in self.tests:
            if test.path == "tests/cli/conformance.bats" and f"conform {area} <" in test.body:
                return test
        return None

    def compared_with(self, command):
        """The table whose comparison runs `x:report` and `x:set` through, "" for other commands."""
        verb, _, what = command.partition(":")
        of_table = {"report": ("report", verb), "set": ("property", verb)}.get(what)
        if of_table and any((row.kind, row.owner) == of_table for row in self.rows.values()) and \
                command not in OTHER_SETS:
            return "reports" if what == "report" else "properties"
        return ""

    def is_compared(self, row):
        """The table that conformance.bats compares this row by, "" if it does not."""
        if row.kind == "command":
            bare = ":" not in row.name and f"command {row.name}:help" in self.rows
            if row.name.endswith(":help") or bare and not row.args or row.name in self.absent:
                return "commands"
            return self.compared_with(row.name)
        if row.kind == "report" and "<" not in row.note and row.note != "-":
            return "reports"
        if row.kind == "property" and (row.note.startswith("Internal") or " / " in row.name) and \
                f"command {row.owner}:set" in self.rows:
            return "properties"
        return ""

    def proof(self, row):
        """(kind, test) of the row; None: there is no test."""
        found = self.found.get(f"{row.kind} {row.name}")
        if found:
            kind, test = min(found, key=lambda pair: pair[0])
            return KINDS[min(kind, len(KINDS) - 1)], test
        if self.later.has(row):
            return "later", None
        area = self.is_compared(row)
        test = self.comparison(area) if area else None
        return ("absent" if row.name in self.absent else "golden", test) if test else None

    def missing(self):
        """Rows without a test."""
        return [name for name, row in self.rows.items() if not self.proof(row)]

    def line(self, row):
        """A row of the page."""
        proof, test = self.proof(row) or ("none", None)
        where = f"`{test.path}`: {test.name}" if test else ""
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in (f"`{row.name}`", proof, where)) + " |"

    def page(self):
        """The text of the page."""
        lines, titles = HEAD.splitlines(), {"command": "Commands", "property": "Properties",
                                            "report": "Reports", "trigger": "Triggers"}
        for kind, title in titles.items():
            lines += ["", f"## {title}", "", f"| {kind} | proof | test |", "| --- | --- | --- |"]
            lines += [self.line(row) for row in self.rows.values() if row.kind == kind]
        return "\n".join(lines) + "\n"


def fresh(proofs):
    """How the page differs from what it should be."""
    try:
        now = lines_of(PAGE)
    except FileNotFoundError:
        now = []
    found = list(difflib.unified_diff(now, proofs.page().splitlines(), PAGE, "as it should be",
                                      lineterm="", n=0))
    return found + ["to renew it: tests/check/conformance --write"] if found else []


def main():
    """Runs one of the checks, or writes the page."""
    proofs, what = Proofs(), sys.argv[1]
    if what == "write":
        with open(PAGE, "w", encoding="utf-8") as file:
            file.write(proofs.page())
        return 0
    if what == "missing":
        print("\n".join(proofs.missing()))
        return 0
    found = {"tags": lambda: list(proofs.wrong_tags()), "fresh": lambda: fresh(proofs),
             "rows": lambda: [f"no test proves: {name}" for name in proofs.missing()]}[what]()
    print("\n".join(found))
    return 1 if found else 0


sys.exit(main())
