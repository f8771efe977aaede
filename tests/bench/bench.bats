#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Everything that has a budget can be measured; the table goes to the report. That a figure is over
# its budget is shown there and fails nothing: the machine may be busy.

load ../lab/helpers

@test "measurements" {
	run "$TOP/tests/bench/bench.py"
	printf '# %s\n' "${lines[@]}" >&3
	assert_success
}
