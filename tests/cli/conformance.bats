#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Commands, properties and reports are those of tests/spec/*.tsv, which say what Dokku 0.38 has.

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

# first_words FILE: of every row, up to a colon; without plugins that are not there yet.
first_words() {
	tail -n +2 "$BATS_TEST_DIRNAME/../spec/$1.tsv" | cut -f1 | cut -d: -f1 | sort -u |
		grep -vxFf "$BATS_TEST_DIRNAME/../spec/later"
}

# conform AREA: what differs, if anything does. Plugins come on standard input.
conform() {
	local area=$1 plugins
	plugins=$(cat)
	[ "$plugins" ]
	xargs -P 3 -I '{}' python3 "$BATS_TEST_DIRNAME/conformance.py" "$area" '{}' "$inst/bin/dokku" \
		<<<"$plugins"
}

@test "every command is there, is in its help, and takes the arguments of the table" {
	run -0 conform commands < <(first_words commands)
	[ -z "$output" ] || { echo "$output"; return 1; }
}

@test "every property is set, shown, cleared and refused as the table says" {
	# Of these, and of storage and of several proxies at once, other commands write what the table lists.
	run conform properties < <(first_words properties |
		grep -vxE 'common|config|docker-options|domains|ports|resource|.*[/ ].*')
	[ -z "$output" ] || { echo "$output"; return 1; }
}

@test "every report has the rows, flags and JSON keys of the table" {
	run conform reports < <(first_words reports | grep -vx report)
	[ -z "$output" ] || { echo "$output"; return 1; }
}

@test "a computed value is the app's, else the global one, else the default" {
	run -0 dokku ps:report subject --ps-computed-restart-policy
	[ "$output" = on-failure:10 ]
	dokku ps:set --global restart-policy always
	run -0 dokku ps:report subject --ps-computed-restart-policy
	[ "$output" = always ]
	dokku ps:set subject restart-policy no
	run -0 dokku ps:report subject --ps-computed-restart-policy
	[ "$output" = no ]
	run -0 dokku ps:report --global --ps-computed-restart-policy
	[ "$output" = always ]
	dokku ps:set subject restart-policy
	dokku ps:set --global restart-policy
	run -0 dokku ps:report subject --ps-computed-restart-policy
	[ "$output" = on-failure:10 ]
}
