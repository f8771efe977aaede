# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Sentences that several packs say when the stack has not what an app asks for.

other_ways() { # LANGUAGE
	printf '%s\n' "Other ways: a newer Debian (stack:build --suite trixie, buildpacks:set-property <app> stack moorage/stack:debian-13)," \
		"a Dockerfile, Cloud Native Buildpacks (builder:set <app> selected pack)," \
		"or a buildpack that brings its own $1 (buildpacks:set <app> <git url>)"
}

package_hint() { # DEBIAN-PACKAGE...
	printf 'Debian has it: stack:build --packages "%s"\n' "$*"
}
