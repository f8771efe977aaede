#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Everything that has a budget can be measured; the table goes to the report. That a figure is over
# its budget is shown there and fails nothing: the machine may be busy.

load ../lab/helpers

shown() {
	run "$TOP/tests/bench/$1"
	printf '# %s\n' "${lines[@]}" >&3
	assert_success
}

@test "measurements" {
	shown bench.py
}

@test "a push with each builder takes what the same steps by hand take, and little more" {
	shown builders.py
}
