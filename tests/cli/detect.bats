#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Which builder a push uses, and how that is said. All combinations of files are in
# tests/unit/test-detect.c; here is what comes before: build-dir, other paths, other plugins.

bats_require_minimum_version 1.5.0
load sources.bash

setup_file() {
	sources_begin
	property builder-herokuish --global allowed true
	# It stands in the way of every build, and shows what was chosen.
	mkdir -p "$inst/lib/plugins/enabled/zz"
	printf '#!/bin/sh\necho "chosen: $2."\nls -A "$3" | grep -v git | sort >%s/tree\n' "$inst" >"$inst/lib/plugins/enabled/zz/pre-receive-app"
	printf '#!/bin/sh\nexit 3\n' >"$inst/lib/plugins/enabled/zz/builder-build"
	chmod +x "$inst/lib/plugins/enabled/zz"/*
}

teardown_file() {
	sources_end
}

setup() {
	make_app "d$BATS_TEST_NUMBER"
	work=$inst/src/$APP
	git init -q "$work"
}

# source FILE...: the whole source
source_is() {
	git -C "$work" rm -qrf --ignore-unmatch .
	local file
	for file; do
		mkdir -p "$work/$(dirname "$file")"
		echo "# $file $RANDOM" >"$work/$file"
	done
	git -C "$work" add -A
	git -C "$work" commit -q --allow-empty -m change
}

# chooses BUILDER REASON: what a push says, and what plugins are told
chooses() {
	run git -C "$work" push "dokku@test:$APP" main
	# shellcheck disable=SC2154 # run sets it
	[[ "$output" == *"chosen: $1."* && "$output" == *"-----> Detected $1 because $2"* ]] ||
		{ echo "$output"; return 1; }
}

# proves effect: trigger builder-detect
@test "a push says which builder it uses, and why" {
	source_is Dockerfile lambda.yml railpack.json
	chooses dockerfile 'of Dockerfile'
	source_is Dockerfile .buildpacks
	echo heroku/go >"$work/.buildpacks"
	git -C "$work" commit -qam buildpack
	chooses herokuish 'of .buildpacks'
	source_is index.html
	chooses herokuish 'nothing in the source asks for another builder'
	[ "$(dokku builder:report "$APP" --builder-detected)" = '' ] # what was not built is not deployed
	source_is Dockerfile
	dokku buildpacks:add "$APP" heroku/go
	chooses herokuish 'of .buildpacks'
	dokku buildpacks:clear "$APP"
	dokku config:set --no-restart "$APP" BUILDPACK_URL=heroku/go
	chooses herokuish 'of BUILDPACK_URL in the config'
	dokku config:unset --no-restart "$APP" BUILDPACK_URL
	dokku builder:set "$APP" selected "null"
	chooses null 'of builder:set selected'
	dokku builder:set "$APP" selected
	# As scripts ask: every one that would build it, the first one counts.
	source_is lambda.yml nixpacks.toml railpack.json
	run -0 plugn trigger builder-detect "$APP" "$work"
	[ "$output" = $'lambda\nnixpacks\nrailpack' ]
	source_is .buildpacks project.toml
	run -0 plugn trigger builder-detect "$APP" "$work"
	[ "$output" = $'herokuish\npack' ]
}

@test "build-dir and the paths of files are looked at first" {
	source_is Dockerfile sub/lambda.yml sub/other.json sub/nixpacks.toml
	chooses dockerfile 'of Dockerfile'
	dokku builder:set "$APP" build-dir sub
	chooses lambda 'of lambda.yml'
	dokku builder-lambda:set "$APP" lambdayml-path none.yml
	chooses nixpacks 'of nixpacks.toml'
	dokku builder-nixpacks:set --global nixpackstoml-path none.toml
	chooses herokuish 'nothing in the source asks for another builder'
	dokku builder-railpack:set "$APP" railpackjson-path other.json
	chooses railpack 'of railpack.json'
	[ "$(cat "$inst/tree")" = railpack.json ]
	dokku builder-nixpacks:set --global nixpackstoml-path
}

@test "other plugins are asked in the order of names" {
	local dir=$inst/lib/plugins/enabled
	plugin() {
		mkdir -p "$dir/$1"
		printf '#!/bin/sh\n[ "$1" = %s ] && echo from-%s\n' "$APP" "$1" >"$dir/$1/builder-detect"
		chmod +x "$dir/$1/builder-detect"
	}
	source_is lambda.yml
	plugin zz
	chooses lambda 'of lambda.yml'
	plugin builder-dinghy
	chooses from-builder-dinghy "plugin 'builder-dinghy' says so"
	dokku builder:set "$APP" selected "null"
	chooses null 'of builder:set selected'
	plugin aa
	chooses from-aa "plugin 'aa' says so"
	rm -r "$dir"/{aa,builder-dinghy,zz/builder-detect}
}
