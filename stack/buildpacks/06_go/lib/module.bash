# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What go.mod says. In the app's folder.

module_path() {
	sed -nE 's/^module[[:space:]]+"?([^"[:space:]]+)"?.*/\1/p' go.mod | head -1
}

# How `go build` names the program at the module's top: a last part /v2 and so on does not count.
module_program() {
	local path
	path=$(module_path)
	[[ ! $path =~ ^(.+)/v[0-9]+$ ]] || path=${BASH_REMATCH[1]}
	printf '%s\n' "${path##*/}"
}

# The version of Go that the module asks for: "1.20", "1.21.3"; the toolchain line is only a wish.
module_go() {
	sed -nE 's/^go[[:space:]]+([0-9]+(\.[0-9]+)*)([a-z0-9]*)?[[:space:]]*(\/\/.*)?$/\1/p' go.mod | head -1
}

# "// +heroku WORD rest" in go.mod.
module_note() { # WORD
	sed -nE "s,^//[[:space:]]*\\+heroku[[:space:]]+$1[[:space:]]+(.*[^[:space:]])[[:space:]]*\$,\\1,p" go.mod | head -1
}
