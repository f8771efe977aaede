#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""conformance.py AREA PLUGIN DOKKU: compares DOKKU with the rows of tests/spec/*.tsv for one plugin.

AREA is commands, properties or reports. DOKKU is a wrapper that runs the program in a throw-away
instance which has an app named "subject" and nothing else. Every difference is one line on stdout;
the exit code says whether there was any.
"""

import csv
import json
import os
import platform
import re
import subprocess
import sys

SPEC = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "spec")
APP = "subject"
# What images of this instance begin with.
IMAGES = f"dokku-{os.environ['label']}/" if os.environ.get("label") else "dokku/"

# Advertised by Dokku but never there, or answered by Dokku with nothing but a failure.
ABSENT = {
    "certs:chain", "certs:key", "certs:rollback",
    "proxy:ports", "proxy:ports-add", "proxy:ports-clear", "proxy:ports-remove", "proxy:ports-set",
}
# Not part of the program yet.
LATER = set()
# Left out of help by Dokku as well: protocol verbs, timers, old spellings.
UNLISTED = {
    "deploy", "domains:setup", "git-hook", "git-receive-pack", "git-upload-archive", "git-upload-pack", "nginx:show-conf",
    "nginx:validate", "ps:retire", "run:retire",
}
# Flags that only Dokku's own scheduler passes, or that stand for a whole family in the table.
OTHER_FLAGS = {"--cron-id", "--concurrency-policy"}
# Where the last argument is a whole command, everything behind it is its own.
RUNS_ANYTHING = {"run", "run:detached", "enter"}

# What a property of this name can be set to; every other one takes any word.
VALUES = {
    "archive-max-files": "100", "archive-max-size": "1000000", "keep-git-dir": "true",
    "skip-cleanup": "true", "retention": "7", "max-size": "20m", "wait-to-retire": "30",
    "vector-sink": "console://?encoding[codec]=json",
    "vector-cron-sink": "console://?encoding[codec]=json",
    "bind-all-interfaces": "true", "static-web-listener": "127.0.0.1:5000",
    "access-log-path": "off", "error-log-path": "off", "bind-address-ipv4": "127.0.0.1",
    "bind-address-ipv6": "::1", "client-max-body-size": "2m", "disable-custom-config": "true",
    "hsts": "false", "hsts-include-subdomains": "false", "hsts-max-age": "7",
    "hsts-preload": "true", "proxy-buffer-size": "8k", "proxy-buffering": "off",
    "proxy-buffers": "8 8k", "proxy-busy-buffers-size": "16k", "proxy-keepalive": "4",
    "underscore-in-headers": "on", "disabled": "true", "proxy-port": "8080",
    "proxy-ssl-port": "8443", "type": "caddy", "restart-policy": "always", "restore": "false",
    "skip-deploy": "true", "stop-timeout-seconds": "12", "init-process": "false",
    "parallel-schedule-count": "2", "disable-autocreation": "true", "x-forwarded-ssl": "on",
    "vector-networks": "host",
    "access-log-format": "combined", "push-on-release": "true", "server": "registry.example.test/",
    "nginx-service-command": "/bin/true", "tls-internal": "true", "refresh-conf": "20",
    "api-enabled": "true", "dashboard-enabled": "true", "challenge-mode": "http",
    "log-level": "WARN", "maintenance": "true",
}
# Not set with `:set`: other commands, or Dokku itself, write them.
NOT_SETTABLE = {
    ("apps", "created-at"), ("checks", "default-wait"), ("checks", "disabled"),
    ("checks", "skipped"), ("ports", "map"), ("ports", "map-detected"), ("ps", "can-scale"),
    ("ps", "scale"), ("builder", "detected"), ("buildpacks", "buildpacks"),
}
# Where another command is called `:set`.
SET_COMMANDS = {"buildpacks": "buildpacks:set-property"}
# What is said about an app's value of a property that is global.
ONLY_GLOBAL = {"cron": "Property cannot be specified on a per-app basis"}
# Plugins whose rows, for some scope, are named after what is stored; tests of their own know these.
NAMES_ROWS = {"resource", "storage"}
# Commands that make a row where there is none.
MAKES_ROW = {"resource": ("resource:limit", APP, "--memory", "64")}
# Plugins whose messages speak of keys.
KEY_PLUGINS = {"builder-dockerfile", "builder-herokuish", "builder-lambda", "builder-nixpacks", "builder-pack",
               "builder-railpack", "caddy", "checks", "git", "haproxy", "nginx", "openresty",
               "scheduler-docker-local", "traefik"}

# Properties that Dokku does not have, with what counts where none is set; see docs/differences.md.
OWN_PROPERTIES = {"builds": {"timeout": "0"}}

differences = []


def differ(*words):
    differences.append(" ".join(str(word) for word in words))


def rows(name):
    with open(os.path.join(SPEC, name + ".tsv"), encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def dokku(*words):
    return subprocess.run([DOKKU, *words], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, errors="replace", timeout=60, check=False)


def set_command(plugin):
    return SET_COMMANDS.get(plugin, plugin + ":set")


def said(result):
    return f"(exit {result.returncode}): {(result.stdout + result.stderr).strip()[:300]!r}"


def expect_failure(what, result, code, text):
    if result.returncode != code or text not in result.stderr:
        differ(what, f"should fail with {code} and say {text!r} on stderr,", said(result))


def duration_like(name):
    return name.endswith("-timeout")


def value_for(name):
    return VALUES.get(name, "77s" if duration_like(name) else "changed")


# --- commands ---

def required_words(args):
    """The words that must be there, in their order: without optional ones, of the first form."""
    while re.search(r"\[[^\[\]]*\]", args):
        args = re.sub(r"\[[^\[\]]*\](\.\.\.)?", "", args)
    first = re.split(r" (?:\|\|?|<) ", args + " ")[0]
    return re.sub(r"--[a-z-]+ <[a-z]+>", "", first).split()


def flags_of(args):
    for flag in re.findall(r"--[a-z][a-z-]*[a-z](?![a-z-]*\*)", args):
        if flag not in OTHER_FLAGS and flag not in ("--all", "--global"):
            yield flag


def check_exists(name):
    result = dokku(name, "--no-such-flag")
    absent = "is not a dokku command" in result.stderr
    if name in ABSENT:
        if not result.returncode:
            differ(name, "should fail", said(result))
    elif absent:
        differ(name, "is not there")


def check_listed(name, verb, listing):
    if name in ABSENT or name in UNLISTED or name.endswith(":help") or ":" not in name:
        return
    if not re.search(rf"^ *{re.escape(name)}( |,|$)", listing, re.MULTILINE):
        differ(f"{verb}:help does not list", name)


def check_app(name, args):
    """<app> first and needed: what is said without one, and about one that does not exist."""
    words = required_words(args)
    if " | -" in args or not words or words[0] not in ("<app>", "(<app>|--global)", "<app>|--global", "<old-app>"):
        return
    expect_failure(f"{name} without an app", dokku(name), 1,
                   "Please specify an app to run the command on")
    more = ["x" for word in words[1:]]
    if name == "apps:create":
        return
    result = dokku(name, "absent", *more)
    expect_failure(f"{name} of an unknown app", result, 20, "App absent does not exist")
    if result.stdout:
        differ(name, "of an unknown app prints to stdout", said(result))


def check_missing(name, args):
    """One word fewer than needed is a failure with a message."""
    words = required_words(args)
    if len(words) < 2 or "<app>" not in words[0]:
        return
    result = dokku(name, APP, *["x" for word in words[2:]])
    if not result.returncode or not result.stderr.strip():
        differ(name, "with an argument missing should fail and say so", said(result))


def check_flags(name, args):
    for flag in flags_of(args):
        result = dokku(name, flag)
        if "unknown" in result.stderr and "flag" in result.stderr:
            differ(name, "does not know", flag, said(result))


def check_unknown_flag(name, args):
    if name in RUNS_ANYTHING or "--" not in args and ":" not in name:
        return
    result = dokku(name, "--no-such-flag", APP)
    if not result.returncode:
        differ(name, "takes any flag", said(result))


def check_commands(plugin):
    mine = [row for row in rows("commands") if row["plugin"] == plugin
            and row["command"] not in LATER]
    assert mine, f"no commands of {plugin} in the table"
    listings = {}
    for row in mine:
        name, args = row["command"], row["args_and_flags"]
        verb = name.split(":")[0]
        if verb not in listings:
            listings[verb] = dokku(verb + ":help").stdout
        check_exists(name)
        check_listed(name, verb, listings[verb])
        if name in ABSENT or name.startswith("git-") or name.endswith(":help"):
            continue
        check_app(name, args)
        check_missing(name, args)
        check_flags(name, args)
        check_unknown_flag(name, args)


# --- properties ---

def report_type(plugin):
    return {"apps": "app", "certs": "ssl"}.get(plugin, plugin)


def follows(plugin, scope, key):
    """The row with this key shows what SCOPE has set."""
    kinds = ("raw ",) if not key.startswith("computed-") else ("app ", "same as", "global ")
    if key.startswith("computed-") and scope == APP:
        kinds = kinds[:2]
    return any(key in keys_of(row) and row["how_computed"].startswith(kinds)
               for row in table_of(plugin, scope))


def expect_values(plugin, scope, name, raw, computed):
    """What the report says of a property that was just set or cleared; None: not known."""
    data = json.loads(dokku(f"{plugin}:report", scope, "--format", "json").stdout or "{}")
    which = "global-" if scope == "--global" else ""
    for key, value in ((which + name, raw), ("computed-" + name, computed)):
        if value is not None and follows(plugin, scope, key) and data.get(key) != value:
            differ(f"{plugin}:report {scope}: {key} should be {value!r}, is {data.get(key)!r}")


def refusals(plugin, scope):
    """What is said about a property that does not exist, or may not be set there."""
    word = "key" if plugin in KEY_PLUGINS else "property"
    if scope == "--global" and word == "property":
        return "Property cannot be specified globally"
    return f"Invalid {word} specified, valid {'keys' if word == 'key' else 'properties'} include:"


def refused(plugin, scope, name, text):
    result = dokku(set_command(plugin), scope, name, "x")
    expect_failure(f"{plugin}:set {scope} {name}", result, 1, text)


def is_masked(plugin, name):
    return plugin == "traefik" and (name == "basic-auth-password" or name.startswith("dns-provider-"))


def check_set(plugin, scope, name, value):
    result = dokku(set_command(plugin), scope, name, value)
    shown = "*******" if is_masked(plugin, name) else re.sub("://.*", "://redacted", value)
    if result.returncode or f"Setting {name} to {shown}" not in result.stdout:
        return differ(f"{plugin}:set {scope} {name} {value}", said(result))
    expect_values(plugin, scope, name, value, value)
    if scope == "--global":
        expect_values(plugin, APP, name, None, value)
    result = dokku(set_command(plugin), scope, name)
    if result.returncode or f"Unsetting {name}" not in result.stdout:
        differ(f"{plugin}:set {scope} {name} without a value", said(result))
    expect_values(plugin, scope, name, "", None)


def check_property(plugin, row):
    name, scope = row["property"].split(" ")[0], row["app/global"]
    name = name.replace("<ENV_VAR>", "TOKEN")
    value = value_for(name)
    if scope in ("both", "app"):
        check_set(plugin, APP, name, value)
    else:
        refused(plugin, APP, name, ONLY_GLOBAL.get(plugin, f"The key '{name}' can only be set globally"
                if plugin in KEY_PLUGINS else "Property can only be specified globally"))
    if scope in ("both", "global"):
        check_set(plugin, "--global", name, value)
    elif plugin in KEY_PLUGINS:
        refused(plugin, "--global", name, f"The key '{name}' cannot be set globally")
    else:
        refused(plugin, "--global", name, "Property cannot be specified globally")


def is_internal(plugin, row):
    return row["effect"].startswith("Internal") or (plugin, row["property"].split(" ")[0]) in NOT_SETTABLE


def check_properties(plugin):
    for row in [row for row in rows("properties") if row["plugin"] == plugin]:
        if " / " in row["property"]:
            for name in row["property"].split(" / "):
                refused(plugin, APP, name, refusals(plugin, APP))
        elif (plugin, row["property"]) == ("builder", "detected"):
            if dokku("builder:set", APP, "detected", "x").returncode:
                differ("builder:set of detected should only warn")
        elif row["property"] == "maintenance.<cron-id>":
            refused(plugin, APP, "maintenance.x", "no matching task ID found: maintenance.x")
            refused(plugin, "--global", "maintenance.x", "cannot be set globally")
        elif is_internal(plugin, row):
            refused(plugin, APP, row["property"].split(" ")[0], refusals(plugin, APP))
        else:
            check_property(plugin, row)
    refused(plugin, APP, "no-such-property", refusals(plugin, APP))
    refused(plugin, "--global", "no-such-property", refusals(plugin, "--global"))
    word = "key" if plugin in KEY_PLUGINS else "property"
    expect_failure(f"{plugin}:set {APP}", dokku(set_command(plugin), APP), 1, f"No {word} specified")


# --- reports ---

def default_of(row, scope):
    """The computed value of an app that nothing was set for; None: the table does not say."""
    how = row["how_computed"]
    if how.startswith("raw ") or how in ("global value", "app value, else global value"):
        return ""
    if "true on amd64, else false" in how:
        return "true" if platform.machine() == "x86_64" else "false"
    match = re.search(r"else ([^\s,]+(?: \([^)]*\))?)$", how)
    if not match or scope == "--global" and "<app>" in how:
        return None
    value = match.group(1).replace("dokku/<app>", IMAGES + APP).replace("<app>", APP)
    return value if " " not in value and value != "empty" else None


def keys_of(row):
    """ "x (+ p-x)" -> x, p-x """
    match = re.match(r"(\S+)(?: \(\+ (\S+)\))?$", row["json_key"])
    return [key for key in match.groups() if key]


def own_rows(plugin):
    for name, default in OWN_PROPERTIES.get(plugin, {}).items():
        for kind, scope, how in (("computed-", "app", f"app value, else global value, else {default}"),
                                 ("global-", "app+global", "raw global value"), ("", "app", "raw app value")):
            flag = f"--{plugin}-{kind}{name}"
            yield {"report": f"{plugin}:report", "label": flag[2:].replace("-", " ").capitalize() + ":", "flag": flag,
                   "scope": scope, "json_key": f"{kind}{name} (+ {flag[2:]})", "how_computed": how}


def table_of(plugin, scope):
    wanted = [row for row in [*rows("reports"), *own_rows(plugin)] if row["report"] == plugin + ":report"
              and "<" not in row["flag"] and row["flag"] != "-"
              and (scope == APP or "global" in row["scope"])]
    return sorted(wanted, key=lambda row: row["flag"])


def check_text(plugin, scope, table):
    result = dokku(f"{plugin}:report", scope)
    lines = result.stdout.splitlines()
    if not table:
        if result.returncode:
            differ(f"{plugin}:report {scope}", said(result))
        return
    wanted = [row["label"] for row in table]
    width = max([31] + [len(row["flag"]) for row in table])
    got = [line[7:7 + width].rstrip() for line in lines if line.startswith("       ")]
    if got != wanted:
        differ(f"{plugin}:report {scope}: labels differ: wanted", sorted(set(wanted) - set(got)),
               "not wanted", sorted(set(got) - set(wanted)), "(or their order)")
    if not lines or lines[0] != f"=====> {scope} {report_type(plugin)} information":
        differ(f"{plugin}:report {scope}: heading", said(result))
    for row, line in zip(table, lines[1:]):
        default = default_of(row, scope)
        if line[:7 + width] != " " * 7 + row["label"].ljust(width) \
                or default is not None and line[7 + width:] != default:
            differ(f"{plugin}:report {scope}: row is not made as it should:", repr(line))


def check_flag_forms(plugin, scope, table, data):
    for row in table:
        result = dokku(f"{plugin}:report", scope, row["flag"])
        if result.returncode:
            differ(f"{plugin}:report {scope} {row['flag']}", said(result))
            continue
        value = result.stdout[:-1]
        default = default_of(row, scope)
        if default is not None and value != default:
            differ(f"{plugin}:report {scope} {row['flag']} should print {default!r}", said(result))
        for key in keys_of(row):
            if data.get(key) != value:
                differ(f"{plugin}:report {scope} --format json: {key} is {data.get(key)!r},",
                       f"its flag prints {value!r}")


def check_json(plugin, scope, table):
    result = dokku(f"{plugin}:report", scope, "--format", "json")
    try:
        data = json.loads(result.stdout)
    except ValueError:
        differ(f"{plugin}:report {scope} --format json prints no JSON", said(result))
        return {}
    wanted = {key for row in table for key in keys_of(row)}
    lists = {row["json_key"] for row in rows("reports")
             if row["report"] == plugin + ":report" and row["flag"] == "-"}
    if wanted - set(data):
        differ(f"{plugin}:report {scope} --format json lacks", sorted(wanted - set(data)))
    if set(data) - wanted - lists:
        differ(f"{plugin}:report {scope} --format json has more:", sorted(set(data) - wanted))
    return data


def check_reports(plugin):
    if plugin in MAKES_ROW:
        dokku(*MAKES_ROW[plugin])
    for scope in (APP, "--global"):
        table = table_of(plugin, scope)
        check_text(plugin, scope, table)
        if not table and plugin in NAMES_ROWS:
            continue
        data = check_json(plugin, scope, table)
        check_flag_forms(plugin, scope, table, data)
    expect_failure(f"{plugin}:report with a flag of no row",
                   dokku(f"{plugin}:report", APP, "--no-such-row"), 1, "Invalid flag passed, valid flags: --")
    flag = table_of(plugin, APP)[0]["flag"] if table_of(plugin, APP) else f"--{plugin}-row"
    expect_failure(f"{plugin}:report with a row and a format",
                   dokku(f"{plugin}:report", APP, flag, "--format", "json"), 1,
                   "--format flag cannot be specified when specifying an info flag")
    expect_failure(f"{plugin}:report with a format of no kind",
                   dokku(f"{plugin}:report", APP, "--format", "yaml"), 1, "Invalid format specified")
    expect_failure(f"{plugin}:report of an unknown app",
                   dokku(f"{plugin}:report", "absent"), 20, "App absent does not exist")


AREAS = {"commands": check_commands, "properties": check_properties, "reports": check_reports}

if __name__ == "__main__":
    DOKKU = sys.argv[3]
    AREAS[sys.argv[1]](sys.argv[2])
    if differences:
        print("\n".join(differences))
        sys.exit(1)
