#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# run: what is refused before a container is touched.

load ../lab/helpers

setup_file() {
	setup_instance --no-nginx --no-sshd
}

teardown_file() {
	teardown_instance
}

setup() {
	app=app-$BATS_TEST_NUMBER
	as_dokku mkdir -p "$INST/home/$app"
}

@test "flags of run are checked" {
	run dokku run --ttl-seconds x "$app" true
	assert_failure 1
	assert_output " !     --ttl-seconds must be a positive integer"
	run dokku run --no-tty --force-tty "$app" true
	assert_failure 1
	assert_output " !     Cannot specify both --force-tty and --no-tty"
	run dokku run -e KEY "$app" true
	assert_failure 1
	assert_output " !     --env takes KEY=VALUE"
	run dokku run --concurrency-policy never "$app" true
	assert_failure 1
	run dokku run nobody true
	assert_failure 20
	run dokku run
	assert_failure 1
	assert_output " !     Please specify an app to run the command on"
}

@test "containers are named by app, kind and number" {
	run dokku run:logs
	assert_failure 1
	assert_output " !     No container or app specified"
	run dokku run:stop
	assert_output " !     No container or app specified"
	run dokku run:logs --container "$app.run"
	assert_failure 1
	assert_output " !     Invalid container name specified: $app.run"
	run dokku run:logs --container "$app.web.1"
	assert_output " !     Specified container must be a run container"
	as_dokku mkdir -p "$INST/home/other"
	run dokku run:logs other --container "$app.run.1"
	assert_output " !     Specified app does not app in container name"
	run dokku run:stop --container "nobody.run.1"
	assert_failure 20
}

@test "there are no containers yet" {
	run dokku run:list "$app"
	assert_success
	assert_line "=====> $app run containers"
	run dokku run:list --format json "$app"
	assert_output "[]"
}
