#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# ps: scale, settings, reports. What needs running containers is in tests/system.
# shellcheck disable=SC2016 # what is in single quotes is for the app

load ../lab/helpers

setup_file() {
	setup_instance --no-nginx --no-sshd
}

teardown_file() {
	teardown_instance
}

setup() {
	app=app-$BATS_TEST_NUMBER
	as_dokku mkdir -p "$INST/home/$app" "$INST/lib/data/ps/$app" "$INST/lib/config/ps/$app"
	scale=$INST/lib/config/ps/$app/scale
}

# procfile TYPE...: a stored Procfile with these process types
procfile() {
	printf '%s: true\n' "$@" | as_dokku tee "$INST/lib/data/ps/$app/Procfile" >/dev/null
}

@test "an app without a scale runs one web" {
	run dokku ps:scale "$app"
	assert_success
	assert_output "-----> Scaling for $app
proctype: qty
--------: ---
web:  1"
	run dokku --quiet ps:scale "$app"
	assert_output "web:  1"
	run dokku ps:scale --format json "$app"
	assert_output '[{"process_type":"web","quantity":1}]'
}

@test "scaling an app that is not deployed stores the quantities" {
	procfile web worker clock
	run dokku ps:scale "$app" worker=3 web=2
	assert_success
	assert_output "-----> Scaling $app processes: worker=3 web=2"
	assert_file_is "$scale" "worker=3
web=2
clock=0"
	run dokku --quiet ps:scale "$app"
	assert_output "clock: 0
web:  2
worker: 3"
}

@test "process types that the Procfile lacks can only go to zero" {
	procfile web
	run dokku ps:scale "$app" web=2 worker=1
	assert_failure 1
	assert_line " !     worker is not a valid process name to scale up"
	refute_file_exists "$scale"
	run dokku ps:scale --skip-deploy "$app" worker=0
	assert_success
	assert_file_is "$scale" "web=1"
	assert_file_is "$scale.old" "worker=0"
}

@test "quantities that are none are refused" {
	run dokku ps:scale "$app" web
	assert_failure 1
	assert_line " !     Missing count for process type web"
	run dokku ps:scale "$app" web=many
	assert_failure 1
	assert_line " !     Invalid count for process type web"
	refute_file_exists "$scale"
}

@test "an app whose app.json has a formation cannot be scaled" {
	echo false | as_dokku tee "$INST/lib/config/ps/$app/can-scale" >/dev/null
	run dokku ps:scale "$app" web=2
	assert_failure 1
	assert_output " !     App $app contains an app.json file with a formations key and cannot be manually scaled"
	run dokku ps:scale "$app"
	assert_success
}

@test "--dry-run prints the steps and stores nothing" {
	run dokku ps:scale --dry-run "$app" web=4
	assert_success
	assert_output --partial "1. store the scale of $app: web=4"
	refute_file_exists "$scale"
}

@test "a legacy DOKKU_SCALE file is read and drained by the first change" {
	printf 'web=2\nworker=1\n' | as_dokku tee "$INST/home/$app/DOKKU_SCALE" >/dev/null
	run dokku --quiet ps:scale "$app"
	assert_output "web:  2
worker: 1"
	run dokku ps:scale "$app" worker=0
	assert_success
	assert_file_is "$scale" "web=2"
	refute_file_exists "$INST/home/$app/DOKKU_SCALE"
}

@test "restart policies are checked" {
	for policy in no always unless-stopped on-failure on-failure:5; do
		run dokku ps:set "$app" restart-policy "$policy"
		assert_success
		assert_output "=====> Setting restart-policy to $policy"
	done
	for policy in never on-failure: on-failure:x; do
		run dokku ps:set "$app" restart-policy "$policy"
		assert_failure 1
		assert_output " !     Invalid restart-policy specified"
	done
	run dokku ps:set "$app" restart-policy
	assert_output "=====> Unsetting restart-policy"
}

@test "some properties are an app's alone" {
	run dokku ps:set --global start-cmd "run me"
	assert_failure 1
	assert_output " !     Property cannot be specified globally"
	run dokku ps:set "$app" colour red
	assert_failure 1
	assert_output " !     Invalid property specified, valid properties include: dockerfile-start-cmd, procfile-path, restart-policy, restore, skip-deploy, start-cmd, stop-timeout-seconds"
}

@test "the report has Dokku's rows" {
	dokku ps:set "$app" start-cmd "npm start"
	run dokku ps:report "$app" --format json
	assert_success
	echo "$output" >"$BATS_TEST_TMPDIR/report"
	assert_equal "$(jq -r 'keys[]' "$BATS_TEST_TMPDIR/report" | grep -v ^ps- | tr '\n' ' ')" \
		"can-scale computed-dockerfile-start-cmd computed-procfile-path computed-restart-policy computed-skip-deploy computed-start-cmd computed-stop-timeout-seconds deployed dockerfile-start-cmd global-procfile-path global-restart-policy global-skip-deploy global-stop-timeout-seconds processes procfile-path restart-policy restore running skip-deploy start-cmd stop-timeout-seconds "
	assert_json '.["ps-computed-restart-policy"]' on-failure:10 "$BATS_TEST_TMPDIR/report"
	assert_json '.["computed-start-cmd"]' "npm start" "$BATS_TEST_TMPDIR/report"
	assert_json '.["computed-stop-timeout-seconds"]' 30 "$BATS_TEST_TMPDIR/report"
	assert_json .running false "$BATS_TEST_TMPDIR/report"
	run dokku ps:report "$app" --restore
	assert_line true
}

@test "the global report has the global rows" {
	run dokku ps:report --global --format json
	assert_success
	assert_output '{"computed-procfile-path":"Procfile","computed-restart-policy":"on-failure:10","computed-skip-deploy":"false","computed-stop-timeout-seconds":"30","global-procfile-path":"","global-restart-policy":"","global-skip-deploy":"","global-stop-timeout-seconds":"","ps-computed-procfile-path":"Procfile","ps-computed-restart-policy":"on-failure:10","ps-computed-skip-deploy":"false","ps-computed-stop-timeout-seconds":"30","ps-global-procfile-path":"","ps-global-restart-policy":"","ps-global-skip-deploy":"","ps-global-stop-timeout-seconds":""}'
}

@test "nothing happens to an app that is not deployed" {
	for command in restart start stop; do
		run dokku "ps:$command" "$app"
		assert_success
		assert_output " !     App $app has not been deployed"
	done
}

@test "commands for one or all apps need to be told which" {
	for command in rebuild restart start stop; do
		run dokku "ps:$command"
		assert_failure 1
		assert_output " !     Please specify an app to run the command on"
	done
	run dokku ps:restart --all app-1 web
	assert_failure 1
	assert_output " !     Unable to restart all apps when specifying a process name"
	run dokku ps:start nobody
	assert_failure 20
	assert_output " !     App nobody does not exist"
}

@test "--all goes through all apps, several at once when asked to" {
	as_dokku mkdir -p "$INST/home/also"
	run dokku ps:stop --all
	assert_success
	assert_line " !     Running stop in serial mode"
	assert_line "-----> Running stop against app $app"
	assert_line "-----> Running stop against app also"
	assert_line " !     App also has not been deployed"
	run dokku ps:stop --all --parallel 3
	assert_success
	assert_line "-----> Running command against also"
	refute_output --partial "serial mode"
	run dokku ps:stop --all --parallel -1
	assert_success
	assert_output --partial "Setting --parallel=-1 value to CPU count of "
	for n in -2 x; do
		run dokku ps:stop --all --parallel "$n"
		assert_failure
	done
}

@test "one app that fails does not keep the others from their turn" {
	as_dokku mkdir -p "$INST/home/zoo" "$INST/lib/config/common/$app" \
		"$INST/lib/config/scheduler/$app"
	echo true | as_dokku tee "$INST/lib/config/common/$app/deployed" >/dev/null
	echo nowhere | as_dokku tee "$INST/lib/config/scheduler/$app/selected" >/dev/null
	run dokku ps:stop --all
	assert_failure 1
	assert_line " !     Error running stop against app $app: exit code 1"
	assert_line "-----> Running stop against app zoo"
	assert_line " !     stop command returned 1 errors"
	run dokku ps:stop --all --parallel 2
	assert_failure 1
	assert_line " !     Encountered 1 errors during parallel run"
	as_dokku rm -r "$INST/lib/config/common/$app"
}

@test "restore without an app means all, and leaves stopped apps stopped" {
	as_dokku mkdir -p "$INST/lib/config/common/$app"
	echo true | as_dokku tee "$INST/lib/config/common/$app/deployed" >/dev/null
	dokku ps:set "$app" restore false
	run dokku ps:restore
	assert_success
	assert_line " !     Restore specified without app, assuming --all"
	assert_line " !     Skipping ps:restore for $app as restore property is false"
	run dokku ps:restore "$app"
	assert_success
	assert_line "-----> Clearing potentially invalid proxy configuration"
	assert_line " !     Skipping ps:restore for $app as restore property is false"
	as_dokku rm -r "$INST/lib/config/common/$app"
}

# proves golden: trigger ps-current-scale, trigger procfile-get-command, trigger procfile-exists
# proves golden: trigger ps-get-property, trigger ps-set-scale, trigger ps-can-scale
@test "scripts get the scale, commands and properties through triggers" {
	procfile web
	printf 'web: serve -p $PORT\n' | as_dokku tee "$INST/lib/data/ps/$app/Procfile" >/dev/null
	dokku ps:scale "$app" web=2
	run in_instance "$INST/bin/plugn" trigger ps-current-scale "$app"
	assert_output "web=2"
	run in_instance "$INST/bin/plugn" trigger procfile-get-command "$app" web 8080
	assert_output "serve -p 8080"
	run in_instance "$INST/bin/plugn" trigger procfile-get-command "$app" worker 8080
	assert_success
	refute_output
	run in_instance "$INST/bin/plugn" trigger procfile-exists "$app"
	assert_success
	run in_instance "$INST/bin/plugn" trigger ps-get-property "$app" stop-timeout-seconds
	assert_output 30
	run in_instance "$INST/bin/plugn" trigger ps-get-property "$app" colour
	assert_failure 1
	run in_instance "$INST/bin/plugn" trigger ps-set-scale "$app" true false web=5
	assert_success
	assert_file_is "$scale" "web=5"
	run in_instance "$INST/bin/plugn" trigger ps-can-scale "$app" false
	assert_success
	run dokku ps:scale "$app" web=2
	assert_failure 1
}
