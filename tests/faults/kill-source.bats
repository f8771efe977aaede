#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# git:sync and git:from-archive are killed before and after the effect of their own steps; those of
# the deploy behind them are kill-push.bats's.

# shellcheck disable=SC2317,SC2034,SC2030,SC2031 # called by and read in what faults.bash does
bats_require_minimum_version 1.5.0
load faults

setup_file() {
	setup_instance --libexec "$BUILD/src/tools"
	"$LAB" images --into "$LAB_NAME" busybox http
	lab_domain
}

teardown_file() {
	teardown_instance
}

head_of_app() {
	git -C "$INST/home/app" -c safe.directory='*' rev-parse --verify -q refs/heads/master
}

# Refs that wait, and folders that a fetch works in.
nothing_left() {
	assert_equal "$(git -C "$INST/home/app" -c safe.directory='*' for-each-ref refs/moorage)" ''
	local dir
	for dir in $(grep -oh '/tmp/dokku-[^"]*' "$INST"/lib/data/moorage/history/*); do
		[ ! -e "$dir" ] || fail "$dir is left"
	done
}

# verify NUMBER: the branch is where it was, or from the point of no return on where it shall be.
verify() {
	local number=$1 want=$OLD
	expect 'the branch has moved too early or elsewhere' assert_contains "$OLD $NEW" "$(head_of_app)"
	recovered app "$number"
	[ "$number" -lt "$COMMIT" ] || want=$NEW
	expect 'the branch is elsewhere' assert_equal "$(head_of_app)" "$want"
	expect 'something is left' nothing_left
}

# assert_contains WORDS WORD
assert_contains() {
	[[ " $1 " == *" $2 "* ]] || fail "'$2' is none of '$1'"
}

# remote_change: another commit in the repository that is followed.
remote_change() {
	echo "$RANDOM$RANDOM" >"$REMOTE/VERSION"
	git_commit "$REMOTE"
	chown -R --reference "$INST/home" "$REMOTE"
}

@test "a sync killed at any step leaves the old or the new branch, and the next command repairs" {
	REMOTE=$INST/remote
	http_app "$REMOTE" v1
	chown -R --reference "$INST/home" "$REMOTE"
	dokku apps:create app
	dokku git:sync app "$REMOTE" master
	git config --global --add safe.directory '*'
	prepare() {
		VICTIM=app
		remote_change
		OLD=$(head_of_app)
		NEW=$(git -C "$REMOTE" rev-parse master)
	}
	attempt() {
		dokku git:sync app "$REMOTE" master
	}
	# The first one set the deploy branch as well; its journal may be of the same second.
	rm "$INST"/lib/data/moorage/history/*
	prepare
	attempt
	journal=$(journal_of sync)
	steps_of "$journal" >"$BATS_TEST_TMPDIR/steps"
	COMMIT=$(awk '$2 == "git:move-branch" { print $1 }' "$BATS_TEST_TMPDIR/steps")
	[ "$COMMIT" -gt 1 ]
	kill_everywhere sync "$BATS_TEST_TMPDIR/steps" before effect
	expect 'the next one fails' attempt
	nothing_found
	assert_equal "$KILLED" $((2 * $(wc -l <"$BATS_TEST_TMPDIR/steps")))
}

@test "from-archive killed in its own steps leaves the branch and no folder" {
	dokku ps:set app skip-deploy true
	mkdir "$BATS_TEST_TMPDIR/tree"
	cp "$INST/remote"/{Dockerfile,app.json,VERSION} "$BATS_TEST_TMPDIR/tree"
	prepare() {
		VICTIM=app
		echo "$RANDOM$RANDOM" >"$BATS_TEST_TMPDIR/tree/VERSION"
		OLD=$(head_of_app)
		NEW=none
	}
	attempt() {
		tar -C "$BATS_TEST_TMPDIR/tree" -c . | dokku git:from-archive app --
	}
	prepare
	attempt
	steps_of "$(journal_of deploy)" | grep -v 'git:move-branch' | grep ' git:' >"$BATS_TEST_TMPDIR/steps"
	COMMIT=1000
	kill_everywhere deploy "$BATS_TEST_TMPDIR/steps" before effect
	expect 'the next one fails' attempt
	nothing_found
	assert_equal "$KILLED" 8
}
