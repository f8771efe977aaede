#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # variables of bats
# What the stack's Node.js buildpack makes of logs and names, without a container and without Node.js.

bats_require_minimum_version 1.5.0
load ../lab/helpers

setup() {
	PACK=$TOP/stack/buildpacks/02_nodejs
	A=$BATS_TEST_TMPDIR/app
	mkdir "$A"
	cd "$A" || return
	LOCK=package-lock.json MANAGER=npm WITH_DEV=yes
	# shellcheck source=../../stack/buildpacks/02_nodejs/lib/explain.bash
	source "$PACK/lib/explain.bash"
	# shellcheck source=../../stack/lib/tool.bash
	source "$TOP/stack/lib/tool.bash"
}

# explained EXPECTED: of the log on standard input.
explained() {
	cat >log
	run -0 explain_node log 1
	assert_output "$1"
}

@test "nodejs: an app with a package.json is detected" {
	run -1 "$PACK/bin/detect" "$A"
	touch package.json
	run -0 "$PACK/bin/detect" "$A"
	assert_output Node.js
}

@test "nodejs: packages that are not there are named with their line" {
	printf '{\n  "dependencies": {\n    "@own/thing": "^1.0.0",\n    "left-pad": "^99.0.0"\n  }\n}\n' >package.json
	hint='Is its name right, does that version exist, and is it in the registry (NPM_CONFIG_REGISTRY, .npmrc, NPM_TOKEN)?'
	explained "Package not found: @own/thing@^1.0.0 (line 3 of package.json)
$hint" <<-'LOG'
		npm ERR! code E404
		npm ERR! 404  '@own/thing@^1.0.0' is not in this registry.
	LOG
	explained "Package not found: left-pad@^99.0.0 (line 4 of package.json)
$hint" <<<'npm ERR! notarget No matching version found for left-pad@^99.0.0.'
	explained "Package not found: left-pad (line 4 of package.json)
$hint" <<<"error Couldn't find any versions for \"left-pad\" that matches \"^99.0.0\""
}

@test "nodejs: a lock file that is out of date, an install script, a program and a module that are missing" {
	explained 'package-lock.json is out of date (Missing: a@1.0.0 from lock file): run "npm install" and commit package-lock.json' <<-'LOG'
		npm ERR! `npm ci` can only install packages when your package.json and package-lock.json or npm-shrinkwrap.json are in sync.
		npm ERR! Missing: a@1.0.0 from lock file
	LOG
	explained 'Package whose install script failed: bcrypt' <<<'npm ERR! path /app/node_modules/bcrypt'
	explained 'No program tsc: the package that has it must be in dependencies or devDependencies' <<<'sh: 1: tsc: not found'
	WITH_DEV=
	explained 'No module webpack: is it in dependencies or devDependencies (NPM_CONFIG_PRODUCTION=true leaves the latter out)?' \
		<<<"Error: Cannot find module 'webpack'"
}

@test "stack: passwords in addresses are hidden, what is common is explained" {
	assert_equal "$(hide_passwords <<<'from https://bob:s3cret@host/simple, https://token@host/x and https://host/y@1')" \
		'from https://bob:****@host/simple, https://****@host/x and https://host/y@1'
	echo 'x.c:1:10: fatal error: vips/vips8: No such file or directory' >log
	run -0 explain_common log 1
	refute_output
	echo 'x.c:1:10: fatal error: vips/vips.h: No such file or directory' >log
	run -0 explain_common log 1
	assert_output --partial 'A C header is missing: vips/vips.h'
	echo "ModuleNotFoundError: No module named 'x'" >log
	run -0 explain_common log 1
	refute_output
	run -0 explain_common /dev/null 137
	assert_output --partial 'The build ran out of memory'
}
