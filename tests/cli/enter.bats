#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# enter: what is refused before a container is touched.

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

@test "only what runs can be entered" {
	run dokku enter "$app" web
	assert_failure 1
	assert_output " !     App $app has not been deployed"
	run dokku enter "$app" --container-id
	assert_failure 1
	run dokku enter nobody
	assert_failure 20
	run dokku enter
	assert_failure 1
	assert_output " !     Please specify an app to run the command on"
}
