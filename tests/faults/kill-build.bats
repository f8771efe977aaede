#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A push is killed around the steps that depend on its builder, and in the middle of the build. Those
# of every push are kill-push.bats's.

# shellcheck disable=SC2317,SC2034,SC2030,SC2031 # called by and read in what faults.bash does
load faults
load builders

setup_file() {
	faults_instance
	dokku apps:create app
	# What is killed is over before anything would be started.
	dokku ps:set app skip-deploy true
}

teardown_file() {
	remove_caches
	teardown_instance
}

prepare() {
	VICTIM=app
	OLD=$(image_id)
	VERSION=$((VERSION + 1))
	source_of "$BUILDER" "v$VERSION"
}

attempt() {
	git_push "$SOURCE" app
}

image_id() {
	docker_lab image inspect -f '{{.Id}}' "$(image_of app)"
}

# All of these steps are before the point of no return: nothing of the new release stays.
verify() {
	recovered app "$1"
	expect 'the image is another' assert_equal "$(image_id)" "$OLD"
	expect 'something is left or lost' same_as "$BATS_TEST_TMPDIR/base"
}

# killed_around BUILDER: before and after the effect of each step of it, then while it builds.
killed_around() {
	BUILDER=$1
	VERSION=1
	builder_ready "$BUILDER"
	dokku builder:set app selected "$(selected_for "$BUILDER")" >/dev/null
	source_of "$BUILDER" v1
	attempt
	dokku cleanup app # of what the test before has left without a name
	base_snapshot
	journal=$(journal_of deploy)
	steps_of "$journal" | grep -E ' (builder:|source:remove|release:label)' >"$BATS_TEST_TMPDIR/steps"
	grep -q ' builder:build' "$BATS_TEST_TMPDIR/steps"
	kill_everywhere deploy "$BATS_TEST_TMPDIR/steps" before effect
	assert_equal "$KILLED" $((2 * $(wc -l <"$BATS_TEST_TMPDIR/steps")))
	killed_in_between
	expect 'the next push fails' attempt
	[ "$(image_id)" != "$OLD" ] || found 'the next push has made no image'
	nothing_found
}

killed_in_between() {
	local push
	AT='while it builds'
	prepare
	source_of "$BUILDER" "v$VERSION" slow
	attempt >"$BATS_TEST_TMPDIR/push" 2>&1 3>&- &
	push=$!
	wait_until 60 grep -q "$(building_text "$BUILDER" "v$VERSION")" "$BATS_TEST_TMPDIR/push" || found "does not build: $(cat "$BATS_TEST_TMPDIR/push")"
	kill -KILL "$(dokku builds:list app --format json | jq -r '.[0].pid')"
	! wait "$push" || found 'the push went well'
	verify 1
	wait_until 30 nothing_builds || found 'still builds'
	VERSION=$((VERSION + 1))
	source_of "$BUILDER" "v$VERSION"
}

@test "a push that is built in a container of herokuish's kind, killed around and in its build" {
	killed_around herokuish
}

@test "a push that is built by buildpacks, killed around and in its build" {
	killed_around pack
}
