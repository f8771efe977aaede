#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The instance's own file system is full, from different moments of a push on.

# shellcheck disable=SC2317,SC2034,SC2030,SC2031 # called by and read in what faults.bash does
load faults

setup_file() {
	# Not among bats' files, which the instance's user may not see.
	SMALL=$(mktemp -d /tmp/moorage-lab-small-XXXXXX)
	export SMALL
	mount -t tmpfs -o size=192m,mode=755 tmpfs "$SMALL"
	# One list of claimed ports with the other instances.
	mkdir -p "${MOORAGE_LAB_ROOT:-/tmp/moorage-lab}/.ports" "$SMALL/lab"
	ln -s "${MOORAGE_LAB_ROOT:-/tmp/moorage-lab}/.ports" "$SMALL/lab/.ports"
	export MOORAGE_LAB_ROOT=$SMALL/lab
	# Or a push would be refused before it gets anywhere near a full disk.
	export LAB_DISK_RESERVE=0
	faults_instance
	lab_shell
	export DIR=$BATS_FILE_TMPDIR/app
	deploy_app app
}

teardown_file() {
	local rc=0
	teardown_instance || rc=1
	umount -l "$SMALL" || rc=1
	rmdir "$SMALL" || rc=1
	return $rc
}

# To the last byte, and what is freed meanwhile too, until space_back.
fill() {
	(
		exec 3>&- >/dev/null 2>&1
		while [ ! -e "$BATS_TEST_TMPDIR/enough" ]; do
			head -c 1M /dev/zero >>"$SMALL/filler" || sleep 0.05
		done
	) &
	FILLER=$!
	wait_until 20 full
}

full() {
	[ "$(stat -f -c %a "$SMALL")" = 0 ]
}

space_back() {
	touch "$BATS_TEST_TMPDIR/enough"
	[ ! "${FILLER:-}" ] || wait "$FILLER" || :
	rm -f "$SMALL/filler"
}

# says_full: the message names the cause, once said by us and not only by git.
says_full() {
	grep -qi 'no space left' "$BATS_TEST_TMPDIR/push" || {
		cat "$BATS_TEST_TMPDIR/push"
		return 1
	}
}

# full_when TEXT NEW: pushes NEW and fills the disk when the push says TEXT ('': before it).
full_when() {
	local text=$1 new=$2 push
	set_version "$DIR" "$new"
	load_start app "$(host_of app)"
	[ "$text" ] || fill
	git_push "$DIR" app >"$BATS_TEST_TMPDIR/push" 2>&1 3>&- &
	push=$!
	if [ "$text" ]; then
		wait_until 60 grep -q -- "$text" "$BATS_TEST_TMPDIR/push" || found "never said $text: $(cat "$BATS_TEST_TMPDIR/push")"
		fill
	fi
	PUSH_CODE=0
	wait "$push" || PUSH_CODE=$?
}

recovers() {
	expect 'requests failed' load_end app
	plain
	expect 'the next push fails' push_version "$DIR" app "$1"
	expect 'the next push does not serve' wait_until 10 serves app "$1"
	expect 'something is left or lost' same_as "$BATS_FILE_TMPDIR/base"
	nothing_found
}

# slow_build SECONDS: not one that the engine has done before.
slow_build() {
	printf 'FROM moorage-lab/http:1\nRUN echo now-building %s && sleep %s\nCOPY VERSION /app/VERSION\n' \
		"$RANDOM$RANDOM" "$1" >"$DIR/Dockerfile"
}

plain() {
	printf 'FROM moorage-lab/http:1\nCOPY VERSION /app/VERSION\n' >"$DIR/Dockerfile"
	health_check "$DIR" '{ "type": "startup", "path": "/health", "attempts": 10, "wait": 1, "timeout": 2 }'
}

setup() {
	[ -e "$BATS_FILE_TMPDIR/base" ] || {
		base_snapshot
		cp "$BATS_TEST_TMPDIR/base" "$BATS_FILE_TMPDIR/base"
	}
}

teardown() {
	[ -e "$BATS_TEST_TMPDIR/enough" ] || space_back
}

@test "a disk that is full before a push: it fails, the old release serves, later pushes work" {
	old=$(served app)
	full_when '' v20
	[ "$PUSH_CODE" != 0 ] || found 'the push went well'
	expect 'not said what is wrong' says_full
	expect 'the old release is gone' serves app "$old"
	space_back
	recovers v21
}

@test "a disk that fills during a build: it fails, the old release serves, later pushes work" {
	slow_build 5
	old=$(served app)
	full_when now-building v30
	[ "$PUSH_CODE" != 0 ] || found 'the push went well'
	expect 'not said what is wrong' says_full
	expect 'the old release is gone' serves app "$old"
	space_back
	recovers v31
}

@test "a disk that fills during the checks: it fails, the old release serves, later pushes work" {
	health_check "$DIR" '{ "type": "startup", "path": "/health", "initialDelay": 5, "attempts": 2, "wait": 1, "timeout": 2 }'
	old=$(served app)
	full_when "Deploying app via" v40
	[ "$PUSH_CODE" != 0 ] || found 'the push went well'
	expect 'not said what is wrong' says_full
	expect 'the old release is gone' serves app "$old"
	space_back
	recovers v41
}

@test "a disk that fills after the switch: the new release serves" {
	printf '{ "scripts": { "dokku": { "postdeploy": "echo in-postdeploy && sleep 5" } }, %s }\n' \
		'"healthchecks": { "web": [ { "type": "startup", "path": "/health", "attempts": 10, "wait": 1 } ] }' >"$DIR/app.json"
	full_when in-postdeploy v50
	expect 'the new release is gone' serves app v50
	space_back
	recovers v51
}

@test "a full disk does not lose a setting that is changed" {
	dokku config:set --no-restart app KEEP=before
	fill
	run dokku config:set --no-restart app KEEP=after
	space_back
	if [ "$status" = 0 ]; then
		assert_equal "$(dokku config:get app KEEP)" after
	else
		assert_output --partial 'No space left'
		assert_equal "$(dokku config:get app KEEP)" before
	fi
	dokku config:unset --no-restart app KEEP
}
