#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A rebuild is killed at every step, a deploy whose check fails while it takes everything back, and
# the first push of an app.

# shellcheck disable=SC2317,SC2034,SC2030,SC2031 # called by and read in what faults.bash does
load faults

setup_file() {
	faults_instance
}

teardown_file() {
	teardown_instance
}

# The same commit: what tells the releases apart is a variable that the server answers with.
prepare_rebuild() {
	VICTIM=app
	OLD=$(served app)
	VERSION=$((VERSION + 1))
	dokku config:set --no-restart app VERSION="v$VERSION"
}

verify_rebuild() {
	local number=$1 now want=$OLD
	now=$(served app)
	case $now in
	"$OLD" | "v$VERSION") ;;
	*) found "serves '$now', neither $OLD nor v$VERSION" ;;
	esac
	recovered app "$number"
	[ "$number" -lt "$COMMIT" ] || want=v$VERSION
	expect 'the wrong release serves' assert_equal "$(served app)" "$want"
	expect 'something is left or lost' same_as "$BATS_TEST_TMPDIR/base"
}

@test "a rebuild killed at any step leaves the old or the new release, and the next command repairs" {
	prepare() { prepare_rebuild; }
	attempt() { dokku ps:rebuild app; }
	verify() { verify_rebuild "$@"; }
	deploy_app app
	VERSION=1
	prepare
	attempt
	base_snapshot
	journal=$(journal_of deploy)
	steps_of "$journal" >"$BATS_TEST_TMPDIR/steps"
	COMMIT=$(commit_step "$journal")
	load_start app "$(host_of app)"
	load_start neighbour "$(host_of neighbour)"
	kill_everywhere deploy "$BATS_TEST_TMPDIR/steps" before effect
	expect 'requests to the app failed' load_end app
	expect 'requests to the neighbour failed' load_end neighbour
	nothing_found
	assert_equal "$KILLED" $((2 * $(wc -l <"$BATS_TEST_TMPDIR/steps")))
}

@test "a failed deploy killed while it is taken back leaves the old release" {
	deploy_app failing
	dir=$BATS_FILE_TMPDIR/failing
	health_check "$dir" '{ "type": "startup", "path": "/status?code=503", "attempts": 1, "wait": 0, "timeout": 2 }'
	git_commit "$dir"
	run git_push "$dir" failing
	assert_failure
	# A deploy that failed keeps the log of its container; what else there is now is the measure.
	base_snapshot
	records "$(journal_of deploy)" | jq -r 'select(.t == "undone") | .n' | sort -n |
		sed 's/$/ undo/' >"$BATS_TEST_TMPDIR/steps"
	[ -s "$BATS_TEST_TMPDIR/steps" ]
	prepare() {
		VICTIM=failing
		VERSION=$((${VERSION:-100} + 1))
		set_version "$dir" "v$VERSION"
	}
	attempt() { git_push "$dir" failing; }
	verify() {
		expect 'the old release does not serve' serves failing v1
		recovered failing "$1"
		expect 'the old release does not serve after recovery' serves failing v1
		expect 'something is left or lost' same_as "$BATS_TEST_TMPDIR/base"
	}
	load_start failing "$(host_of failing)"
	kill_everywhere deploy "$BATS_TEST_TMPDIR/steps" undo-before undo-effect
	expect 'requests failed' load_end failing
	nothing_found
	[ "$KILLED" -ge 10 ] || fail "only $KILLED kills"
}

@test "a first push killed at any step can be repeated" {
	dir=$BATS_FILE_TMPDIR/first
	http_app "$dir" v1
	base_snapshot
	mv "$BATS_TEST_TMPDIR/base" "$BATS_TEST_TMPDIR/without"
	git_push "$dir" first
	wait_until 10 serves first v1
	base_snapshot
	steps_of "$(journal_of deploy)" >"$BATS_TEST_TMPDIR/all-steps"
	# Every third step: the others are those of any push.
	awk 'NR % 3 == 1' "$BATS_TEST_TMPDIR/all-steps" >"$BATS_TEST_TMPDIR/steps"
	dokku --force apps:destroy first
	expect 'destroying it leaves something' same_as "$BATS_TEST_TMPDIR/without"
	prepare() {
		VICTIM=first
		[ ! -d "$INST/home/first" ] || dokku --force apps:destroy first
	}
	attempt() { git_push "$dir" first; }
	verify() {
		recovered first "$1"
		# Deployed after the route switch: then there is nothing to push.
		expect 'the push cannot be repeated' attempt
		expect 'it does not serve' wait_until 10 serves first v1
		expect 'something is left or lost' same_as "$BATS_TEST_TMPDIR/base"
	}
	kill_everywhere deploy "$BATS_TEST_TMPDIR/steps" effect
	nothing_found
}
