#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# logs: settings and refusals; what containers print is in tests/system.

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

# proves golden: trigger logs-get-property
@test "max-size is a number with a unit, or unlimited" {
	for size in 10m 5k 2g unlimited; do
		run dokku logs:set "$app" max-size "$size"
		assert_success
		assert_output "=====> Setting max-size to $size"
	done
	run dokku logs:set "$app" max-size 10
	assert_failure 1
	assert_output " !     Invalid max-size unit measure, value must end in any of [k, m, g]"
	run dokku logs:set "$app" max-size m
	assert_failure 1
	assert_output --partial " !     Invalid max-size value"
	run dokku logs:set "$app" max-size
	assert_output "=====> Unsetting max-size"
	run in_instance "$INST/bin/plugn" trigger logs-get-property "$app" max-size
	assert_output 10m
}

@test "a sink is a DSN, and its credentials are not for onlookers" {
	run dokku logs:set "$app" vector-sink 'http://?uri=https%3A%2F%2Fu:secret@x&encoding[codec]=json'
	assert_success
	run dokku logs:report "$app"
	assert_line "       Logs vector sink:               http://redacted"
	refute_output --partial secret
	run dokku logs:report "$app" --logs-vector-sink
	assert_output 'http://?uri=https%3A%2F%2Fu:secret@x&encoding[codec]=json'
	for sink in nothing 'console://' '://?a=b' 'console://?sinks=x' 'console://?a=%zz' 'console://?a=base64enc:***'; do
		run dokku logs:set "$app" vector-sink "$sink"
		assert_failure 1
	done
	run dokku logs:set "$app" vector-sink 'console://?a=base64enc:YQ=='
	assert_success
}

@test "some properties are for all apps only" {
	run dokku logs:set "$app" vector-image x
	assert_failure 1
	run dokku logs:set --global vector-image x/y:1
	assert_success
	run dokku logs:report "$app" --logs-computed-vector-image
	assert_output x/y:1
	run dokku logs:set --global vector-networks host,bridge
	assert_failure 1
	assert_output --partial '"bridge" is not a valid entry'
}

@test "a label's name is checked" {
	run dokku logs:set "$app" app-label-alias my.app_name
	assert_success
	for label in -x "a b" "a;b"; do
		run dokku logs:set "$app" app-label-alias -- "$label"
		assert_failure 1
	done
}

@test "an app that is not deployed has no logs" {
	run dokku logs "$app"
	assert_failure 1
	assert_output " !     App $app has not been deployed"
	run dokku logs
	assert_failure 1
	assert_output " !     Please specify an app to run the command on"
	run dokku logs "$app" -n many
	assert_failure 2
	run dokku logs -h
	assert_success
	assert_output --partial "Usage: dokku logs[:COMMAND]"
	run dokku logs:failed "$app"
	assert_success
	assert_line "=====> $app failed deploy logs"
}
