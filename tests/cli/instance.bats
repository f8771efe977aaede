#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Which instance a command works on.

load ../lab/helpers

setup_file() {
	setup_instance --no-sshd --no-nginx
}

teardown_file() {
	teardown_instance
}

@test "root's environment may name the instance" {
	mkdir "$INST/home/boat"
	run in_instance MOORAGE_INSTANCE="$INST/instance.conf" "$INST/prog/dokku" apps:report boat --app-dir
	assert_success
	assert_output "$INST/home/boat"
}

@test "after sudo from another user it is the installed one, whatever the environment says" {
	run in_instance SUDO_UID=1000 MOORAGE_INSTANCE=/nonexistent DOKKU_ROOT=/nonexistent \
		"$INST/prog/dokku" version
	assert_success
	assert_output --partial 'dokku version'
}
