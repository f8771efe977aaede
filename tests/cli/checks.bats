#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# checks: which process types are checked.

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

# lists DISABLED SKIPPED: what the report says
lists() {
	run dokku checks:report "$app" --checks-disabled-list
	assert_output "$1"
	run dokku checks:report "$app" --checks-skipped-list
	assert_output "$2"
}

@test "lists are none at first" {
	lists none none
	run dokku checks:report "$app"
	assert_output "=====> $app checks information
       Checks computed wait to retire: 60
       Checks disabled list:           none
       Checks global wait to retire:   
       Checks skipped list:            none
       Checks wait to retire:          "
}

# proves golden: command checks:disable, command checks:skip, command checks:enable
@test "without process types a command is about all of them" {
	run dokku checks:disable "$app"
	assert_success
	assert_output "-----> Disabling zero downtime for app ($app)"
	lists _all_ none
	run dokku checks:skip "$app"
	assert_output "-----> Skipping zero downtime for app ($app)"
	lists none _all_
	run dokku checks:enable "$app"
	assert_output "-----> Enabling zero downtime for app's ($app)"
	lists none none
	assert_equal "$(ls -A "$INST/lib/config/checks/$app")" ""
}

@test "a process type is on one list at a time" {
	run dokku checks:disable "$app" web,worker
	assert_output "-----> Disabling zero downtime for app's ($app) proctypes (web,worker)"
	dokku checks:skip "$app" web
	lists worker web
	dokku checks:enable "$app" worker
	lists none web
}

@test "naming types ends all, and a name is not part of another one" {
	dokku checks:disable "$app"
	dokku checks:disable "$app" web2,web
	lists web2,web none
	dokku checks:enable "$app" web
	lists web2 none
}

# proves golden: trigger checks-get-property
@test "wait-to-retire is a number of seconds, for an app or all" {
	run dokku checks:set "$app" wait-to-retire 5
	assert_success
	assert_output "=====> Setting wait-to-retire to 5"
	run dokku checks:set --global wait-to-retire 7
	assert_success
	run in_instance "$INST/bin/plugn" trigger checks-get-property "$app" wait-to-retire
	assert_output 5
	run dokku checks:set "$app" wait-to-retire
	assert_output "=====> Unsetting wait-to-retire"
	run in_instance "$INST/bin/plugn" trigger checks-get-property "$app" wait-to-retire
	assert_output 7
	run dokku checks:set "$app" wait-to-retire soon
	assert_failure 1
	run dokku checks:set "$app" timeout 5
	assert_failure 1
	run in_instance "$INST/bin/plugn" trigger checks-get-property "$app" timeout
	assert_failure 1
}

@test "what does not run cannot be checked" {
	run dokku checks:run "$app"
	assert_failure 1
	assert_output "-----> Running pre-flight checks
 !     App $app has not been deployed"
}
