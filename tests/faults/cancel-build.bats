#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A build is called off, in every way there is and with every kind of builder: nothing of it is left,
# and the old release serves.

# shellcheck disable=SC2317,SC2034,SC2030,SC2031 # called by and read in what faults.bash does
load faults
load builders

setup_file() {
	faults_instance
	dokku apps:create app
	dokku checks:set app wait-to-retire 0
	dokku builds:set app timeout 4
}

teardown_file() {
	remove_caches
	teardown_instance
}

# In the background, as the leader of a group of its own: what a terminal's keys reach.
start_push() {
	in_instance GIT_CONFIG_GLOBAL="$GIT_CONFIG_GLOBAL" GIT_SSH_COMMAND="$GIT_SSH_COMMAND" setsid \
		git -C "$SOURCE" push "ssh://dokku@lab/app" master:master </dev/null >"$BATS_TEST_TMPDIR/push" 2>&1 3>&- &
	PUSH=$!
}

says() {
	grep -q -- "$1" "$BATS_TEST_TMPDIR/push"
}

not_busy() {
	! pending app && [ ! -e "$INST/lib/data/apps/app/.deploy.lock" ]
}

# The newest record.
record() {
	dokku builds:list app --format json | jq -r ".[0].$1"
}

# stop_build WAY
stop_build() {
	case $1 in
	builds:cancel) dokku builds:cancel app ;;
	pusher) kill -INT -- "-$(pgrep -f "git -C $SOURCE push" | tail -n 1)" ;;
	limit) ;;
	*) kill -s "$1" "$(record pid)" ;;
	esac
}

# called_off BUILDER WAY...
called_off() {
	local builder=$1 way version=v2
	shift
	dokku builds:set app timeout 0 >/dev/null
	builder_is "$builder"
	dokku builds:set app timeout 4 >/dev/null
	base_snapshot
	for way; do
		AT="$builder, $way"
		source_of "$builder" "$version" slow
		[ "$way" = limit ] || dokku builds:set app timeout 0 >/dev/null
		start_push
		# The time limit counts from the builder's start, wherever the build is then.
		[ "$way" = limit ] || wait_until 60 says "$(building_text "$builder" "$version")" || found "does not build: $(cat "$BATS_TEST_TMPDIR/push")"
		[ "$way" != builds:cancel ] || expect 'a second push was let in' fails git_push "$SOURCE" app
		stop_build "$way" >/dev/null || found 'cannot be stopped'
		! wait "$PUSH" || found 'the push went well'
		wait_until 60 not_busy || found 'goes on'
		wait_until 30 nothing_builds || found 'still builds'
		[ "$way" != limit ] || says_limit
		[ "$way" = limit ] || expect 'the record says otherwise' assert_equal "$(record status)" canceled
		dokku builds:set app timeout 4 >/dev/null
		expect 'the old release does not serve' serves app v1
		[ "$builder" != herokuish ] || expect 'the cache is not that of the build before' assert_equal "$(cached)" 'of v1'
		expect 'something is left or lost' same_as "$BATS_TEST_TMPDIR/base"
		version=v$((${version#v} + 1))
	done
	AT=$builder
	dokku builds:set app timeout 0 >/dev/null
	source_of "$builder" v99
	expect 'the next push fails' git_push "$SOURCE" app
	expect 'the next push does not serve' serves app v99
	nothing_found
}

# What the last build that was done has kept.
cached() {
	docker_lab run --rm -v "$LABEL.cache-app:/c" moorage-lab/busybox:1 cat /c/whole
}

says_limit() {
	expect 'the record says otherwise' assert_equal "$(record status)" failed
	says 'The build took longer than its time limit of 4 seconds and was stopped' &&
		says "Run 'dokku builds:set app timeout <time>'" || found "does not name the limit: $(cat "$BATS_TEST_TMPDIR/push")"
}

# proves effect: command builds:cancel
@test "a build by a Dockerfile is called off: builds:cancel, the pusher, a signal, its time limit" {
	called_off dockerfile builds:cancel pusher HUP limit
}

@test "a build in a container of herokuish's kind is called off, and its cache stays" {
	called_off herokuish builds:cancel pusher TERM limit
	assert_equal "$(cached)" 'of v99'
}

@test "a build by buildpacks is called off, and nothing of its phases stays" {
	called_off pack pusher limit
}

@test "a build by a program of the machine is called off; stand-in: nixpacks" {
	called_off nixpacks INT limit
}

@test "a build by a third-party plugin is called off, with what its scripts have started" {
	called_off plugin builds:cancel QUIT limit
}
