#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""effects-life.py DOKKU LIB_ROOT: all properties of an app, through apps:rename and apps:clone.

Every property of tests/spec/properties.tsv that an app can have is set for the app "subject"; what is
set by other commands, or only by the program itself, too. The app is renamed and then cloned: files
below config/ and all reports have to be the same but for the name. What is not taken over is named
here with its reason. Every difference is one line on stdout.
"""

import json
import os
import sys

import conformance

APP = conformance.APP
PLUGINS = {
    "app-json", "apps", "builder", "builder-dockerfile", "builds", "certs", "checks", "config",
    "docker-options", "domains", "git", "logs", "network", "nginx", "ports", "proxy", "ps",
    "scheduler", "scheduler-docker-local",
}
VALUES = {
    # Networks of an app differ; its scheduler and proxy are ones that do nothing for it.
    ("network", "attach-post-create"): "one,two", ("network", "attach-post-deploy"): "three",
    ("network", "initial-network"): "four",
    ("scheduler", "selected"): "null", ("proxy", "type"): "nginx",
}
# Names first: virtual hosts that are turned on make an app forget its ports.
COMMANDS = (
    ("domains:set", APP, "own.example.test", "*.own.example.test"),
    ("checks:skip", APP, "worker"), ("checks:disable", APP, "web"),
    ("ports:set", APP, "http:80:3000", "http:8080:3001", "https:443:3000"),
    ("ps:scale", "--skip-deploy", APP, "web=2", "worker=3"),
    ("docker-options:add", APP, "build,deploy,run", "--label a=b"),
    ("docker-options:add", "--process", "web", APP, "deploy", "--memory 1g"),
    ("config:set", "--no-restart", APP, "KEY=two words"),
)
BY_COMMANDS = {"config", "docker-options", "domains"}
# What the program writes by itself, in its file.
INTERNAL = {
    ("app-json", "appjson-env-processed"): "executed", ("app-json", "heroku.postdeploy"): "executed",
    ("apps", "created-at"): "1700000000", ("builder", "detected"): "dockerfile",
    ("ports", "map-detected"): "http:80:9000\n", ("ps", "can-scale"): "true",
    ("ps", "scale.old"): "gone=0\n",
}
# A clone is as old as it is, has names of its own, and no certificate, so no port for it either.
# That old variables were taken over is noted when they are looked at first.
NOTES = {"config/env-migrated"}
NOT_CLONED = NOTES | {"apps/created-at", "proxy/proxy-ssl-port", "config/ENV"}
NOT_CLONED_REPORTS = {
    "apps": {"created-at", "app-created-at", "dir", "app-dir"},
    "certs": None, "domains": None,
    "proxy": {"ssl-port", "proxy-ssl-port", "computed-proxy-ssl-port", "proxy-computed-proxy-ssl-port",
              "proxy-proxy-ssl-port"},
    "ports": {"map", "map-json", "ports-map", "ports-map-json"},
}


def expect(*words):
    result = conformance.dokku(*words)
    if result.returncode:
        conformance.differ(*words, conformance.said(result))


def set_all(lib):
    count = 0
    for row in conformance.rows("properties"):
        plugin, name = row["plugin"], row["property"].split(" ")[0]
        if plugin not in PLUGINS - BY_COMMANDS or row["app/global"] == "global" \
                or " / " in row["property"]:
            continue
        count += 1
        if conformance.is_internal(plugin, row):
            continue
        value = VALUES.get((plugin, name)) or conformance.value_for(name)
        expect(f"{plugin}:set", APP, name, *(value.split(",") if plugin == "network" else [value]))
    for words in COMMANDS:
        expect(*words)
    for (plugin, name), value in INTERNAL.items():
        folder = os.path.join(lib, "config", plugin, APP)
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(value)
    if count < 75:
        conformance.differ("only", count, "properties in the table")


def files_of(lib, app):
    """ {"plugin/name": text} of what is stored for APP. """
    seen = {}
    config = os.path.join(lib, "config")
    for plugin in sorted(os.listdir(config)):
        # The variables of an app are in a folder of its own.
        folder = os.path.join(config, plugin) if plugin == app else os.path.join(config, plugin, app)
        for name in os.listdir(folder) if os.path.isdir(folder) else []:
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                seen[("config" if plugin == app else plugin) + "/" + name] = file.read()
    return seen


def reports_of(app):
    plugins = PLUGINS & {row["report"].split(":")[0] for row in conformance.rows("reports")}
    seen = {}
    for plugin in sorted(plugins):
        result = conformance.dokku(f"{plugin}:report", app, "--format", "json")
        try:
            seen[plugin] = json.loads(result.stdout)
        except ValueError:
            conformance.differ(f"{plugin}:report", app, conformance.said(result))
    return seen


def compare(what, before, after, old, new, left_out=()):
    for key in sorted(set(before) | set(after)):
        if key in left_out:
            continue
        wanted = json.loads(json.dumps(before.get(key)).replace(old, new))
        if wanted != after.get(key):
            conformance.differ(f"{what}: {key} was {wanted!r}, is {after.get(key)!r}")


def compare_reports(what, before, after, old, new, left_out):
    for plugin, rows in before.items():
        skip = left_out.get(plugin, ())
        if skip is not None:
            compare(f"{what}: {plugin}:report", rows, after.get(plugin, {}), old, new, skip)


def main(lib):
    set_all(lib)
    files, reports = files_of(lib, APP), reports_of(APP)
    for (plugin, name) in INTERNAL:
        if f"{plugin}/{name}" not in files:
            conformance.differ(plugin, name, "is not there")
    expect("apps:rename", "--skip-deploy", APP, "renamed")
    if files_of(lib, APP):
        conformance.differ("left behind by apps:rename:", sorted(files_of(lib, APP)))
    compare("renamed", files, files_of(lib, "renamed"), APP, "renamed", NOTES)
    compare_reports("renamed", reports, reports_of("renamed"), APP, "renamed", {})
    expect("apps:clone", "--skip-deploy", "renamed", "cloned")
    compare("original", files, files_of(lib, "renamed"), APP, "renamed", NOTES)
    compare("cloned", files, files_of(lib, "cloned"), APP, "cloned", NOT_CLONED | {"ports/map"})
    compare_reports("cloned", reports, reports_of("cloned"), APP, "cloned", NOT_CLONED_REPORTS)
    cloned = files_of(lib, "cloned")
    if sorted(cloned.get("ports/map", "").split()) != ["http:8080:3001", "http:80:3000"]:
        conformance.differ("cloned: ports/map is", cloned.get("ports/map"))
    expect("--force", "apps:destroy", "cloned")
    if files_of(lib, "cloned"):
        conformance.differ("left behind by apps:destroy:", sorted(files_of(lib, "cloned")))


if __name__ == "__main__":
    conformance.DOKKU = sys.argv[1]
    main(sys.argv[2])
    if conformance.differences:
        print("\n".join(conformance.differences))
        sys.exit(1)
