#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What is set for an app stays with it.

bats_require_minimum_version 1.5.0
load push.bash

setup_file() {
	push_setup
	export inst label
	dokku apps:create subject
}

teardown_file() {
	push_teardown
}

@test "every property survives apps:rename and apps:clone, and goes with apps:destroy" {
	run python3 "$BATS_TEST_DIRNAME/effects-life.py" "$inst/bin/dokku" "$inst/lib"
	echo "$output"
	[ "$status" -eq 0 ]
	[ -z "$output" ]
}
