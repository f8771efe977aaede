#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The engine is killed and started again in the middle of a push. Containers live on (live-restore).

# shellcheck disable=SC2317,SC2034,SC2030,SC2031 # called by and read in what faults.bash does
load faults

setup_file() {
	faults_instance --own-engine --live-restore
	lab_shell
}

teardown_file() {
	teardown_instance
}

# A push that stays for some seconds in each of its phases, and says so.
setup() {
	DIR=$BATS_FILE_TMPDIR/app
	if [ ! -d "$DIR" ]; then
		http_app "$DIR" v1
		git_push "$DIR" app
		dokku checks:set app wait-to-retire 0
		wait_until 10 serves app v1
	fi
	http_app_plain
}

teardown() {
	# For the tests after one that ended too soon.
	"$LAB" engine start "$LAB_NAME"
}

# slow_build SECONDS: not one that the engine has done before.
slow_build() {
	printf 'FROM moorage-lab/http:1\nRUN echo now-building %s && sleep %s\nCOPY VERSION /app/VERSION\n' \
		"$RANDOM$RANDOM" "$1" >"$DIR/Dockerfile"
}

http_app_plain() {
	printf 'FROM moorage-lab/http:1\nCOPY VERSION /app/VERSION\n' >"$DIR/Dockerfile"
	health_check "$DIR" '{ "type": "startup", "path": "/health", "attempts": 10, "wait": 1, "timeout": 2 }'
}

# killed_when TEXT NEW: pushes NEW, kills the engine when the push says TEXT, starts it again.
killed_when() {
	local text=$1 new=$2 old push
	old=$(served app)
	settle
	set_version "$DIR" "$new"
	load_start app "$(host_of app)"
	load_start neighbour "$(host_of neighbour)"
	git_push "$DIR" app >"$BATS_TEST_TMPDIR/push" 2>&1 3>&- &
	push=$!
	wait_until 60 grep -q -- "$text" "$BATS_TEST_TMPDIR/push" || found "never said $text: $(cat "$BATS_TEST_TMPDIR/push")"
	"$LAB" engine kill "$LAB_NAME"
	case $(served app) in
	"$old" | "$new") ;;
	*) found 'serves neither while the engine is dead' ;;
	esac
	PUSH_CODE=0
	wait "$push" || PUSH_CODE=$?
	case $(served app) in
	"$old" | "$new") ;;
	*) found 'serves neither after the push' ;;
	esac
	"$LAB" engine start "$LAB_NAME"
	expect 'requests to the app failed' load_end app
	expect 'requests to the neighbour failed' load_end neighbour
}

# The next push repairs what is left, and afterwards all is as after any push.
repaired_by_push() {
	http_app_plain
	expect 'the next push fails' push_version "$DIR" app "$1"
	expect 'the next push does not serve' wait_until 10 serves app "$1"
	expect 'containers are left over' only_one_container
	expect 'a journal is left' fails pending app
	nothing_found
}

only_one_container() {
	wait_until 20 one_container && return 0
	containers_of app
	return 1
}

one_container() {
	settle >/dev/null 2>&1
	[ "$(containers_of app)" = 'app.web.1 running' ]
}

@test "the engine dies during a build: the push says so and the old release stays" {
	slow_build 20
	old=$(served app)
	killed_when now-building v20
	[ "$PUSH_CODE" != 0 ] || found 'the push went well without an engine'
	expect 'the old release is gone' serves app "$old"
	repaired_by_push v21
}

@test "the engine dies during health checks: the old release stays" {
	health_check "$DIR" '{ "type": "startup", "path": "/health", "initialDelay": 8, "attempts": 2, "wait": 1, "timeout": 2 }'
	old=$(served app)
	killed_when "Deploying app via" v30
	case $PUSH_CODE in
	0) expect 'the push went well but did not switch' serves app v30 ;;
	*) expect 'the old release is gone' serves app "$old" ;;
	esac
	repaired_by_push v31
}

@test "the engine dies after the switch: the new release stays" {
	printf '{ "scripts": { "dokku": { "postdeploy": "echo in-postdeploy && sleep 8" } }, %s }\n' \
		'"healthchecks": { "web": [ { "type": "startup", "path": "/health", "attempts": 10, "wait": 1 } ] }' >"$DIR/app.json"
	killed_when in-postdeploy v40
	expect 'the new release is gone' serves app v40
	repaired_by_push v41
}

@test "a command without an engine says what is missing" {
	"$LAB" engine kill "$LAB_NAME"
	run dokku ps:restart app
	"$LAB" engine start "$LAB_NAME"
	assert_failure
	assert_output --partial "$ENGINE_SOCKET"
	repaired_by_push v51
}
