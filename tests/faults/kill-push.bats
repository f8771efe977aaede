#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A push is killed before and after the effect of every step.

# shellcheck disable=SC2317,SC2034,SC2030,SC2031 # called by and read in what faults.bash does
load faults

setup_file() {
	faults_instance
}

teardown_file() {
	teardown_instance
}

prepare() {
	VICTIM=app
	OLD=$(served app)
	VERSION=$((VERSION + 1))
	set_version "$BATS_FILE_TMPDIR/app" "v$VERSION"
}

attempt() {
	git_push "$BATS_FILE_TMPDIR/app" app
}

# Before the route switch the old release stays; from its start on, the new one is meant.
verify() {
	local number=$1 now want=$OLD
	now=$(served app)
	case $now in
	"$OLD" | "v$VERSION") ;;
	*) found "serves '$now', neither $OLD nor v$VERSION" ;;
	esac
	recovered app "$number"
	[ "$number" -lt "$COMMIT" ] || want=v$VERSION
	expect 'the wrong release serves' assert_equal "$(served app)" "$want"
	expect 'the branch is elsewhere' assert_equal "$(version_at_head)" "$want"
	expect 'something is left or lost' same_as "$BATS_TEST_TMPDIR/base"
}

version_at_head() {
	git -C "$INST/home/app" -c safe.directory='*' show master:VERSION
}

@test "a push killed at any step leaves the old or the new release, and the next command repairs" {
	deploy_app app
	VERSION=1
	base_snapshot
	journal=$(journal_of deploy)
	steps_of "$journal" >"$BATS_TEST_TMPDIR/steps"
	COMMIT=$(commit_step "$journal")
	[ "$COMMIT" -gt 1 ]
	load_start app "$(host_of app)"
	load_start neighbour "$(host_of neighbour)"
	kill_everywhere deploy "$BATS_TEST_TMPDIR/steps" before effect
	expect 'requests to the app failed' load_end app
	expect 'requests to the neighbour failed' load_end neighbour
	expect 'the next push fails' push_version "$BATS_FILE_TMPDIR/app" app v999
	expect 'the next push does not serve' serves app v999
	nothing_found
	assert_equal "$KILLED" $((2 * $(wc -l <"$BATS_TEST_TMPDIR/steps")))
}
