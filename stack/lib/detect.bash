# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# For bin/detect of buildpacks that would take much for their own.

# Sources of a language that the stack has no buildpack for: better none than the wrong one.
foreign_sources() { # DIR
	local pattern
	for pattern in pom.xml build.gradle build.gradle.kts build.sbt project.clj mix.exs rebar.config Cargo.toml \
		pubspec.yaml stack.yaml shard.yml Package.swift deno.json dub.json '*.cabal' '*.csproj' '*.fsproj' '*.sln'; do
		! compgen -G "$1/$pattern" >/dev/null || return 0
	done
	return 1
}
