#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Records of builds.

bats_require_minimum_version 1.5.0
load push.bash

setup() {
	push_setup
}

teardown() {
	push_teardown
}

# record ID STARTED STATUS PID [MORE]
record() {
	mkdir -p "$inst/lib/data/builds/hello"
	printf '{"id":"%s","app":"hello","kind":"build","pid":%s,"started_at":"%s","status":"%s","source":"git-hook"%s}' \
		"$1" "$4" "$2" "$3" "${5-}" > "$inst/lib/data/builds/hello/$1.json"
	printf 'log of %s\n' "$1" > "$inst/lib/data/builds/hello/$1.log"
}

make_app() {
	mkdir -p "$inst/home/hello"
}

# proves effect: command builds:output
@test "a push is recorded with all that it printed" {
	app_without_deploy
	push
	run -0 dokku builds:list hello --format json
	[ "$(jq -r '.[0] | [.app, .kind, .status, .source, .exit_code, .display_status] | join(" ")' <<< "$output")" \
		= "hello build succeeded git-hook 0 succeeded" ]
	id=$(jq -r '.[0].id' <<< "$output")
	[[ "$id" =~ ^[0-9a-z]{14}$ ]]
	run -0 dokku builds:output hello "$id"
	[[ "$output" == *"-----> Building hello from Dockerfile"* ]]
	[[ "$output" == *"-----> Skipping deployment"* ]]
}

@test "a push that fails is recorded with its message and exit code" {
	app_without_deploy
	commit Dockerfile 'FROM scratch\nCOPY missing /\n'
	run ! push
	run -0 dokku builds:list hello --status failed --format json
	[ "$(jq -r '.[0].exit_code' <<< "$output")" = 1 ]
	run -0 dokku builds:output hello "$(jq -r '.[0].id' <<< "$output")"
	[[ "$output" == *"App build failed"* ]]
}

# proves golden: command builds:list
@test "newest first, dead ones as abandoned, unfiltered no more than are kept" {
	make_app
	record aaaaaaaaaaaaa1 2026-01-01T10:00:00Z succeeded 1 ',"finished_at":"2026-01-01T10:01:05Z","exit_code":0'
	record aaaaaaaaaaaaa2 2026-01-01T10:00:00.5Z running 999999999
	record aaaaaaaaaaaaa3 2026-01-01T09:00:00Z failed 1 ',"finished_at":"2026-01-01T09:00:01Z","exit_code":7'
	run -0 dokku builds:list hello --format json
	[ "$(jq -r '[.[] | .id + ":" + .display_status + ":" + .duration] | .[1:] | join(" ")' <<< "$output")" \
		= "aaaaaaaaaaaaa1:succeeded:1m5s aaaaaaaaaaaaa3:failed:1s" ]
	[ "$(jq -r '.[0] | .id + " " + .status + " " + .display_status' <<< "$output")" \
		= "aaaaaaaaaaaaa2 running abandoned" ]
	property builds hello retention 1
	run -0 dokku builds:list hello --format json
	[ "$(jq length <<< "$output")" = 1 ]
	run -0 dokku builds:list hello --status failed --format json
	[ "$(jq -r '.[0].id' <<< "$output")" = aaaaaaaaaaaaa3 ]
}

# proves effect: command builds:prune
@test "prune ends abandoned records and removes what is beyond the retention" {
	make_app
	record aaaaaaaaaaaaa1 2026-01-01T10:00:00Z succeeded 1
	record aaaaaaaaaaaaa2 2026-01-01T11:00:00Z running 999999999
	record aaaaaaaaaaaaa3 2026-01-01T09:00:00Z failed 1
	property builds hello retention 2
	run -0 dokku builds:prune hello
	[ "$(ls "$inst/lib/data/builds/hello" | tr '\n' ' ')" \
		= "aaaaaaaaaaaaa1.json aaaaaaaaaaaaa1.log aaaaaaaaaaaaa2.json aaaaaaaaaaaaa2.log " ]
	[ "$(jq -r '.status + " " + (.exit_code | tostring)' "$inst/lib/data/builds/hello/aaaaaaaaaaaaa2.json")" \
		= "failed -1" ]
}

# proves golden: command builds:info
@test "info shows one record" {
	make_app
	record aaaaaaaaaaaaa1 2026-01-01T10:00:00.25Z succeeded 12 ',"finished_at":"2026-01-01T12:03:04Z","exit_code":0'
	run -0 dokku builds:info hello aaaaaaaaaaaaa1
	[ "${lines[0]}" = "Build ID:   aaaaaaaaaaaaa1" ]
	[ "${lines[6]}" = "Started:    2026-01-01T10:00:00Z" ]
	[ "${lines[8]}" = "Duration:   2h3m4s" ]
	run -1 dokku builds:info hello
	[[ "$output" == *"Please specify a build id"* ]]
	run -1 dokku builds:info hello nope
	[[ "$output" == *"No build record found for hello/nope"* ]]
	run -1 dokku builds:info hello ../../../etc/passwd
	[[ "$output" == *"No build record found"* ]]
}

@test "an empty table says so, wrong filters are refused" {
	make_app
	run -0 dokku builds:list hello
	[ "$output" = "No builds recorded for this app" ]
	run -0 dokku builds:list
	[ "$output" = "No builds currently running" ]
	run -1 dokku builds:list hello --kind x
	[[ "$output" == *'Invalid --kind value "x" (allowed: build, deploy)'* ]]
	run -1 dokku builds:list hello --status x
	[[ "$output" == *'Invalid --status value "x"'* ]]
}

@test "cancel without a deploy says so and succeeds" {
	make_app
	run -0 dokku builds:cancel hello
	[ "$output" = "-----> App not currently deploying" ]
}

@test "cancel stops a build, which leaves nothing" {
	app_without_deploy
	mkdir -p "$inst/lib/plugins/enabled/zz"
	printf '#!/bin/sh\necho waiting\nexec sleep 60\n' > "$inst/lib/plugins/enabled/zz/post-extract"
	chmod +x "$inst/lib/plugins/enabled/zz/post-extract"
	push > "$inst/push.out" 2>&1 3>&- &
	pusher=$!
	for _ in $(seq 100); do
		[ ! -e "$inst/lib/data/apps/hello/.deploy.lock" ] || ! grep -qs waiting "$inst"/lib/data/builds/hello/*.log || break
		sleep 0.1
	done
	run -0 dokku builds:cancel hello
	[ "$output" = "-----> Killing app deploy" ]
	run ! wait "$pusher"
	run -0 dokku builds:list hello --format json
	[ "$(jq -r '.[0].status' <<< "$output")" = canceled ]
	for _ in $(seq 50); do
		[ -e "$inst/lib/data/apps/hello/.deploy.lock" ] || break
		sleep 0.1
	done
	[ ! -e "$inst/lib/data/apps/hello/.deploy.lock" ]
	[ -z "$(ls "$inst/lib/data/moorage/operations")" ]
}

@test "retention must be a positive integer" {
	make_app
	run -1 dokku builds:set hello retention 0
	[[ "$output" == *"Invalid retention 0: must be >= 1"* ]]
	run -1 dokku builds:set hello retention x
	[[ "$output" == *'Invalid retention "x": must be a positive integer'* ]]
	run -0 dokku builds:set hello retention 5
	run -0 dokku builds:report hello --builds-computed-retention
	[ "$output" = 5 ]
}
