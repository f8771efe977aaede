#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# docker-options: flags for the containers of an app.

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

# proves golden: command docker-options:add, command docker-options:list
@test "options are stored one per line, sorted, in every phase that is named" {
	run dokku docker-options:add "$app" build,deploy "-v /b:/b --link a"
	assert_success
	refute_output
	dokku docker-options:add "$app" deploy -v /a:/a
	dokku docker-options:add "$app" deploy -v /a:/a
	assert_file_is "$INST/lib/config/docker-options/$app/_default_.deploy" "--link a
-v /a:/a
-v /b:/b"
	run dokku docker-options:list "$app" --phase build
	assert_output "--link a
-v /b:/b"
	run dokku docker-options:report "$app"
	assert_output "=====> $app docker-options information
       Docker options build:          --link a -v /b:/b
       Docker options deploy:         --link a -v /a:/a -v /b:/b
       Docker options run:            "
}

@test "values keep their quotes and nothing is expanded" {
	dokku docker-options:add "$app" run "--label 'rule=Host(\`x\`)' --env A=\$HOME"
	assert_file_is "$INST/lib/config/docker-options/$app/_default_.run" "--env 'A=\$HOME'
--label 'rule=Host(\`x\`)'"
	run dokku docker-options:add "$app" run "--env 'A"
	assert_failure 1
	assert_output --partial " !     Unable to parse docker option"
}

# proves golden: report docker-options:report/build-list, report docker-options:report/deploy-list
# proves golden: report docker-options:report/run-list
# proves golden: report docker-options:report/deploy.<proc>-list
# proves golden: report docker-options:report/--docker-options-deploy.<proc>
@test "options of a process type are for deploys" {
	dokku docker-options:add --process web --process worker "$app" deploy --cpus 2
	dokku docker-options:add "$app" deploy --init --process clock
	run dokku docker-options:list "$app" --phase deploy --process web
	assert_output "--cpus 2"
	run dokku docker-options:list "$app" --phase deploy
	refute_output
	run dokku docker-options:report "$app" --format json
	assert_output '{"build":"","build-list":[],"deploy":"","deploy-list":[],"deploy.clock":"--init","deploy.clock-list":["--init"],"deploy.web":"--cpus 2","deploy.web-list":["--cpus 2"],"deploy.worker":"--cpus 2","deploy.worker-list":["--cpus 2"],"docker-options-build":"","docker-options-deploy":"","docker-options-deploy.clock":"--init","docker-options-deploy.web":"--cpus 2","docker-options-deploy.worker":"--cpus 2","docker-options-run":"","run":"","run-list":[]}'
	run dokku docker-options:add --process web "$app" build --cpus 2
	assert_failure 1
	assert_output ' !     --process is only supported for the deploy phase, got "build"'
	run dokku docker-options:add --process _default_ "$app" deploy --cpus 2
	assert_failure 1
	assert_output ' !     "_default_" is reserved and cannot be used as a --process value'
	run dokku docker-options:add --process ../x "$app" deploy --cpus 2
	assert_failure 1
}

# proves effect: command docker-options:remove
@test "an option is removed by what it means" {
	dokku docker-options:add "$app" deploy "-v /a:/a -v /b:/b"
	run dokku docker-options:remove "$app" deploy "-v '/a:/a'"
	assert_success
	run dokku docker-options:list "$app" --phase deploy
	assert_output "-v /b:/b"
}

# proves effect: command docker-options:clear
@test "clear takes all phases, some, or those of a process type" {
	dokku docker-options:add "$app" build,deploy,run --init
	dokku docker-options:add --process web "$app" deploy --init
	run dokku docker-options:clear "$app" build,run
	assert_success
	assert_output "-----> Clearing docker-options for $app on phase build
-----> Clearing docker-options for $app on phase run"
	run dokku docker-options:clear "$app"
	assert_output "-----> Clearing docker-options for $app on all phases"
	assert_equal "$(ls "$INST/lib/config/docker-options/$app")" web.deploy
	run dokku docker-options:clear --process web "$app"
	assert_output "-----> Clearing docker-options for $app on phase deploy for process web"
	assert_equal "$(ls -A "$INST/lib/config/docker-options/$app")" ""
}

@test "phases and options are required" {
	run dokku docker-options:add "$app" start -v /a:/a
	assert_failure 1
	assert_output " !     Phase(s) must be one of [build deploy run]"
	run dokku docker-options:add "$app" build
	assert_failure 1
	assert_output " !     Please specify docker options to add to the phase"
	run dokku docker-options:remove "$app" build
	assert_output " !     Please specify docker options to remove from the phase"
	run dokku docker-options:list "$app"
	assert_output " !     --phase is required"
	run dokku docker-options:list "$app" --phase start
	assert_output " !     Phase must be one of [build deploy run]"
}

@test "legacy files are read, and drained by a change" {
	printf '# old\n-v /a:/a --link b\n' | as_dokku tee "$INST/home/$app/DOCKER_OPTIONS_DEPLOY" >/dev/null
	run dokku docker-options:list "$app" --phase deploy
	assert_output "-v /a:/a
--link b"
	dokku docker-options:add "$app" deploy --init
	assert_file_is "$INST/lib/config/docker-options/$app/_default_.deploy" "--init
--link b
-v /a:/a"
	refute_file_exists "$INST/home/$app/DOCKER_OPTIONS_DEPLOY"
}

@test "a process type that the Procfile lacks is worth a warning" {
	as_dokku mkdir -p "$INST/lib/data/ps/$app"
	echo 'web: x' | as_dokku tee "$INST/lib/data/ps/$app/Procfile" >/dev/null
	run dokku docker-options:add --process worker "$app" deploy --init
	assert_success
	assert_output " !     Process type \"worker\" is not declared in the Procfile for $app"
}
