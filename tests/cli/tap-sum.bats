#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The sum that decides whether a run has failed.

bats_require_minimum_version 1.5.0
load ../lab/helpers

# sum_of TEXT...: each text is one report.
sum_of() {
	local files=() text
	for text; do
		files+=("$BATS_TEST_TMPDIR/${#files[@]}.tap")
		printf '%b' "$text" >"${files[-1]}"
	done
	run --separate-stderr "$TOP/tests/lab/tap-sum" "${files[@]}"
	assert_success
}

@test "tap-sum adds up reports" {
	sum_of '1..2\nok 1 - a\nnot ok 2 - b\n' '1..1\nok 1\n'
	assert_output '2 1'
}

@test "tap-sum takes a plan at the end" {
	sum_of 'ok 1 - a\nok 2 - b\n1..2\n'
	assert_output '2 0'
}

@test "tap-sum counts a skip and a todo as failed" {
	sum_of '1..3\nok 1 - a # skip no network\nnot ok 2 - b # todo later\nok 3 - c # SKIP\n'
	assert_output '0 3'
}

@test "tap-sum counts tests that never reported" {
	sum_of '1..5\nok 1 - a\nok 2 - b\n'
	assert_output '2 3'
}

@test "tap-sum counts a report without a plan, and an empty one" {
	sum_of 'ok 1 - a\n' ''
	assert_output '1 2'
}

@test "tap-sum counts a plan of no tests" {
	sum_of '1..0\n'
	assert_output '0 1'
}

@test "tap-sum counts a bail-out" {
	sum_of '1..1\nok 1 - a\nBail out! no engine\n'
	assert_output '1 1'
}

@test "tap-sum leaves subtests to their parents" {
	sum_of '1..1\n    1..2\n    ok 1 - x\n    not ok 2 - y\nnot ok 1 - parent\n'
	assert_output '0 1'
}

@test "tap-sum shows what failed and why" {
	sum_of '1..2\nnot ok 1 - broken\n# because\nok 2 - fine\n# not this\n'
	# shellcheck disable=SC2154 # set by run
	output=$stderr
	assert_output --partial 'not ok 1 - broken'
	assert_output --partial '# because'
	refute_output --partial 'not this'
}
