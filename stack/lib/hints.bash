# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Sentences that several packs say when the stack has not what an app asks for.

other_ways() { # LANGUAGE
	printf '%s\n' "Other ways: a Dockerfile, Cloud Native Buildpacks (builder:set <app> selected pack)," \
		"or a buildpack that brings its own $1 (buildpacks:set <app> <git url>)"
}

package_hint() { # DEBIAN-PACKAGE...
	printf 'Debian has it: put %s into the stack (see stack:build)\n' "$*"
}
