#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Commands that no other test runs for what they are there for, on an app that was pushed.

bats_require_minimum_version 1.5.0
load ../lab/helpers
load ../lab/apps

setup_file() {
	setup_instance --libexec "${TOOLS:-$BUILD/src/tools}"
	"$LAB" images busybox http
	lab_domain
	lab_shell
	http_app "$BATS_FILE_TMPDIR/app" v1
	git_push "$BATS_FILE_TMPDIR/app" app
}

teardown_file() {
	teardown_instance
}

# through_ssh COMMAND: what a client of git sends.
through_ssh() {
	in_instance ssh -F "$INST/keys/ssh_config" lab -- "$@"
}

# proves effect: command deploy
@test "deploy starts new containers of an image that is there, of one process type if asked to" {
	before=$(web_container app)
	run dokku deploy app latest
	assert_success
	[ "$(web_container app)" != "$before" ]
	before=$(web_container app)
	run dokku deploy app latest worker
	assert_success
	assert_equal "$(web_container app)" "$before"
	assert_http "$(host_of app)" / 200 v1
}

# proves effect: command checks:run
@test "checks:run asks the running containers, and says when one does not answer" {
	run dokku checks:run app
	assert_success
	assert_output --partial '-----> Running checks for app (app.web.1)'
	assert_output --partial "Healthcheck succeeded name='path /health'"
	run -1 dokku checks:run app nothing
	assert_output --partial 'Invalid process type specified (app.nothing)'
	run -1 dokku checks:run app web.7
	assert_output --partial 'Invalid container index specified (app.web.7)'
	stored=$INST/lib/data/app-json/app/app.json
	cp "$stored" "$BATS_TEST_TMPDIR/kept"
	sed -i 's,"/health","/status?code=500",; s/"attempts": 10/"attempts": 1/' "$stored"
	run dokku checks:run app
	cat "$BATS_TEST_TMPDIR/kept" >"$stored"
	assert_failure
	assert_output --partial '500'
}

# proves effect: command domains:setup
@test "domains:setup gives the default names where there are none" {
	rm "$INST/home/app/VHOST"
	run dokku domains:setup app
	assert_success
	assert_output --partial '-----> Setup domains for app'
	assert_file_is "$INST/home/app/VHOST" "$(host_of app)"
	assert_http "$(host_of app)" / 200 v1
}

# proves effect: command git-hook
@test "git-hook deploys the line of git's pre-receive hook that is about the deploy branch" {
	rev=$(git -C "$BATS_FILE_TMPDIR/app" rev-parse HEAD)
	before=$(web_container app)
	dokku git:set app deploy-branch master
	run as_dokku sh -c "echo $rev $rev refs/heads/other | '$INST/bin/dokku' git-hook app"
	assert_success
	assert_output --partial 'WARNING: deploy did not complete, you must push to master.'
	assert_equal "$(web_container app)" "$before"
	run as_dokku sh -c "echo $rev $rev refs/heads/master | '$INST/bin/dokku' git-hook app"
	assert_success
	assert_output --partial '=====> Application deployed:'
	[ "$(web_container app)" != "$before" ]
}

# proves effect: command git-receive-pack
@test "git-receive-pack makes the repository of a new app and says what it has" {
	run --separate-stderr through_ssh "git-receive-pack 'fresh'" <<<0000
	assert_output --regexp '^[0-9a-f]{4}0{40} capabilities\^\{\}'
	assert_file_exists "$INST/home/fresh/hooks/pre-receive"
	run dokku apps:exists fresh
	assert_success
	dokku --force apps:destroy fresh
}

# proves effect: command git-upload-pack
@test "git-upload-pack lists the branches of an app" {
	rev=$(git -C "$BATS_FILE_TMPDIR/app" rev-parse HEAD)
	run --separate-stderr through_ssh "git-upload-pack 'app'" <<<0000
	assert_output --partial "$rev refs/heads/master"
}

# proves effect: command git:initialize
@test "git:initialize makes the repository and the hook of an app that has none" {
	dokku apps:create later
	rm -rf "$INST/home/later"/{HEAD,config,hooks,objects,refs}
	run dokku git:initialize later
	assert_success
	assert_output '-----> Initializing git repository for later'
	assert_equal "$(git -c safe.directory='*' -C "$INST/home/later" rev-parse --is-bare-repository)" true
	grep -q 'git-hook' "$INST/home/later/hooks/pre-receive"
	run git_push "$BATS_FILE_TMPDIR/app" later
	assert_success
	assert_http "$(host_of later)" / 200 v1
	dokku --force apps:destroy later
}

# proves golden: command git:status
@test "git:status prints what git says of the app's repository, which has no work tree" {
	run dokku git:status app
	assert_failure
	assert_output --partial 'this operation must be run in a work tree'
	run -20 dokku git:status nothing
}

# proves effect: command network:rebuild, command network:rebuildall
@test "network:rebuild and network:rebuildall write the addresses that the containers have" {
	ip=$(docker_lab inspect -f '{{.NetworkSettings.IPAddress}}' "$(web_container app)")
	for command in 'network:rebuild app' network:rebuildall; do
		echo 192.0.2.9 >"$INST/home/app/IP.web.1"
		# shellcheck disable=SC2086 # words
		run dokku $command
		assert_success
		assert_file_is "$INST/home/app/IP.web.1" "$ip"
	done
}

# proves effect: command nginx:error-logs
# proves golden: command nginx:validate
@test "nginx:error-logs prints the app's log, nginx:validate is nginx:validate-config" {
	run dokku nginx:error-logs app
	assert_success
	echo 'a line of an error' >>"$INST/logs/nginx/app-error.log"
	run dokku nginx:error-logs app
	assert_line 'a line of an error'
	run dokku nginx:validate app
	assert_success
	cp "$INST/home/app/nginx.conf" "$BATS_TEST_TMPDIR/kept"
	echo 'server { no_such_directive; }' >"$INST/home/app/nginx.conf"
	run dokku nginx:validate app
	cat "$BATS_TEST_TMPDIR/kept" >"$INST/home/app/nginx.conf"
	assert_failure
	assert_output --partial no_such_directive
}

@test "deploys within one second each leave their container its name" {
	for _ in 1 2 3 4; do
		dokku deploy app latest >"$BATS_TEST_TMPDIR/said" 2>&1
		run cat "$BATS_TEST_TMPDIR/said"
		refute_output --partial 'Failed to rename'
		assert_equal "$(running_of app | grep -c '^app.web.1$')" 1
	done
}

# proves effect: command ps:restore
@test "ps:restore starts what should run and does not, as after a boot" {
	docker_lab stop -t 1 "$(web_container app)" >/dev/null
	assert_equal "$(docker_lab inspect -f '{{.State.Running}}' "$(web_container app)")" false
	run dokku ps:restore app
	assert_success
	assert_http "$(host_of app)" / 200 v1
}

# proves effect: command ps:retire
@test "ps:retire removes replaced containers that are due, and no others" {
	dokku checks:set app wait-to-retire 600
	dokku ps:restart app
	dokku checks:set app wait-to-retire
	[ "$(containers_of app | wc -l)" -gt 1 ]
	run dokku ps:retire
	assert_success
	[ "$(containers_of app | wc -l)" -gt 1 ]
	# Their time has come: the last column is when.
	sed -i 's/[0-9]*$/1/' "$INST/lib/data/scheduler-docker-local/dead-containers"
	run dokku ps:retire
	assert_success
	assert_equal "$(containers_of app)" 'app.web.1 running'
}

# proves effect: command run:logs, command run:retire
@test "run:logs prints what a container has said, run:retire stops those whose time is over" {
	dokku ps:set app stop-timeout-seconds 1
	run dokku run:detached app sh -c 'echo said-by-run; exec busybox sleep 1000'
	assert_success
	stays=${lines[-1]}
	run dokku run:detached --ttl-seconds 1 app busybox sleep 1000
	assert_success
	goes=${lines[-1]}
	wait_until 20 said_by "$stays"
	wait_until 60 retired "$goes"
	assert_equal "$(docker_lab inspect -f '{{.State.Running}}' "$stays")" true
	run dokku run:stop app --container "$stays"
	assert_success
}

said_by() {
	dokku run:logs --container "$1" 2>&1 | grep -q said-by-run
}

retired() {
	dokku run:retire
	! docker_lab inspect "$1"
}
