#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What properties of an app do to its deploys: what runs it, how many at once, what is checked, how
# long old containers stay, what comes back after the machine was down.

bats_require_minimum_version 1.5.0
load ../lab/helpers
load ../lab/apps

setup_file() {
	setup_instance
	"$LAB" images busybox http
	lab_domain
	lab_shell
	# The app that most tests share.
	export DIR=$BATS_FILE_TMPDIR/app
	http_app "$DIR" v1
	printf 'web: /bin/http-server\nworker: sleep 1000\nother: sleep 1000\n' >"$DIR/Procfile"
	git_commit "$DIR" processes
	dokku apps:create shared
	dokku checks:skip shared
	git_push "$DIR" shared >/dev/null 2>&1
}

teardown_file() {
	teardown_instance
}

# short_checks: the uptime check of process types without checks of their own takes a second.
short_checks() {
	as_dokku mkdir -p "$INST/lib/config/checks/--global"
	echo 1 | as_dokku tee "$INST/lib/config/checks/--global/default-wait" >/dev/null
}

# checked_before WHAT NEXT: in the output, WHAT was checked before NEXT was started.
checked_before() {
	[[ $output == *"All checks successful ($1)"*"Deploying $2 "* ]]
}

# proves effect: property scheduler-docker-local/parallel-schedule-count
@test "parallel-schedule-count: how many process types are deployed at once" {
	dokku checks:enable shared
	short_checks
	run dokku ps:scale shared worker=1 other=1
	assert_success
	checked_before worker.1 other
	for scope in --global shared; do
		dokku scheduler-docker-local:set "$scope" parallel-schedule-count 2
		run dokku ps:restart shared
		assert_success
		# web is always first.
		checked_before web.1 worker
		[[ $output == *'Deploying worker '*'Deploying other '*'(worker.1)'*'(other.1)'* ]]
		dokku scheduler-docker-local:set "$scope" parallel-schedule-count
	done
	dokku checks:skip shared
	dokku ps:scale shared worker=0 other=0
}

# proves effect: property scheduler/shell
@test "shell: what enter starts" {
	in_it() {
		dokku enter shared web <<<'echo "this is $0"' 2>/dev/null | tr -d '\r' | grep '^this is'
	}
	assert_equal "$(in_it)" 'this is /bin/sh'
	dokku scheduler:set shared shell /bin/ash
	assert_equal "$(in_it)" 'this is /bin/ash'
	dokku scheduler:set shared shell
	assert_equal "$(in_it)" 'this is /bin/sh'
}

# proves effect: property scheduler/selected
@test "selected: what runs the app's containers" {
	dokku apps:create elsewhere
	dokku checks:skip elsewhere
	dokku scheduler:set elsewhere selected null
	git_push "$DIR" elsewhere
	assert_equal "$(containers_of elsewhere)" ''
	dokku scheduler:set elsewhere selected
	dokku scheduler:set --global selected null
	dokku ps:rebuild elsewhere
	assert_equal "$(containers_of elsewhere)" ''
	dokku scheduler:set --global selected
	dokku ps:rebuild elsewhere
	assert_equal "$(containers_of elsewhere)" 'elsewhere.web.1 running'
	dokku --force apps:destroy elsewhere
}

# proves effect: property checks/default-wait, property checks/skipped, property checks/disabled
@test "default-wait, skipped, disabled: what is checked before the switch" {
	dokku apps:create checked
	git_push "$DIR" checked >/dev/null 2>&1
	dokku app-json:set checked appjson-path none.json
	short_checks
	as_dokku mkdir -p "$INST/lib/config/checks/checked"
	# Dokku reads these, and does nothing with them.
	for name in wait timeout attempts; do
		echo 0 | as_dokku tee "$INST/lib/config/checks/checked/$name" >/dev/null
	done
	run dokku ps:rebuild checked
	assert_success
	assert_output --regexp 'uptime.*=.?1[^0-9]'
	refute_output --partial 'Zero downtime is disabled'
	dokku checks:skip checked web
	run dokku ps:rebuild checked
	assert_success
	refute_output --partial uptime
	assert_output --partial 'checks have been skipped (web.1)'
	dokku checks:enable checked
	old=$(web_container checked)
	dokku checks:disable checked web
	run dokku ps:rebuild checked
	assert_success
	assert_output --partial 'Zero downtime is disabled'
	assert_output --partial "Stopping $old"
	rm "$INST/lib/config/checks/--global/default-wait"
	dokku --force apps:destroy checked
}

# proves effect: property ps/skip-deploy
@test "skip-deploy: what is built is not started" {
	image() {
		docker_lab image inspect -f '{{.Id}}' "$(image_of shared)"
	}
	for scope in --global shared; do
		old=$(web_container shared)
		built=$(image)
		dokku ps:set "$scope" skip-deploy true
		set_version "$DIR" "skip$scope"
		run git_push "$DIR" shared
		assert_success
		assert_output --partial 'Skipping deployment'
		assert_equal "$(web_container shared)" "$old"
		[ "$(image)" != "$built" ]
		assert_http "$(host_of shared)" / 200 v1
		dokku ps:set "$scope" skip-deploy
	done
	set_version "$DIR" v1
	git_push "$DIR" shared
	[ "$(web_container shared)" != "$old" ]
	assert_http "$(host_of shared)" / 200 v1
}

# proves effect: property ps/scale, property ps/can-scale
@test "scale, can-scale: how many run, and who says so" {
	# What is current; old ones go a little later.
	units() {
		local file
		for file in "$INST"/home/shared/CONTAINER.*; do
			state_is "$(cat "$file")" running && echo "${file##*CONTAINER.}"
		done | tr '\n' ' '
	}
	dokku ps:scale shared web=2 worker=1
	assert_file_is "$INST/lib/config/ps/shared/scale" $'web=2\nworker=1\nother=0'
	assert_equal "$(units)" 'web.1 web.2 worker.1 '
	# Types that are gone from the Procfile are stopped by the deploy, and forgotten.
	dokku ps:scale shared worker=0
	printf 'web: /bin/http-server\nother: sleep 1000\n' >"$DIR/Procfile"
	git_commit "$DIR" 'no worker'
	git_push "$DIR" shared
	refute_file_exists "$INST/lib/config/ps/shared/scale.old"
	run dokku ps:scale shared
	refute_output --partial worker
	# app.json takes over.
	printf '{ "formation": { "web": { "quantity": 1 }, "other": { "quantity": 1 } } }\n' >"$DIR/app.json"
	git_commit "$DIR" formation
	git_push "$DIR" shared
	assert_equal "$(units)" 'other.1 web.1 '
	assert_file_is "$INST/lib/config/ps/shared/can-scale" false
	run dokku ps:scale shared web=2
	assert_failure
	lab_git -C "$DIR" revert --no-edit HEAD HEAD~1
	git_push "$DIR" shared
	assert_file_is "$INST/lib/config/ps/shared/can-scale" true
	dokku ps:scale shared web=1 other=0
	assert_equal "$(units)" 'web.1 '
}

# A request that is under way keeps the worker of nginx that knows the old container.
# proves effect: property checks/wait-to-retire
@test "wait-to-retire: how long an old container may go on with its requests" {
	dokku ps:set shared stop-timeout-seconds 1
	for scope in --global shared; do
		dokku checks:set "$scope" wait-to-retire 1
		old=$(web_container shared)
		http_get "$(host_of shared)" '/slow?ms=200000' --max-time 200 >"$BATS_TEST_TMPDIR/answer" 2>&1 3>&- &
		wait_until 60 is_asked "$old"
		dokku ps:restart shared
		# Before the 60 s that are the default.
		wait_until 40 has_ended "$old"
		wait || true
		[ "$(cat "$BATS_TEST_TMPDIR/answer")" != slow ]
		dokku checks:set "$scope" wait-to-retire
	done
	dokku ps:set shared stop-timeout-seconds
}

# A connection to the port 5000 in it.
is_asked() {
	docker_lab exec "$1" cat /proc/net/tcp | grep -q ':1388 .* 01 '
}

state_is() {
	[ "$(docker_lab inspect -f '{{.State.Status}}' "$1")" = "$2" ]
}

has_ended() {
	state_is "$1" exited
}

# --- what survives ---

# proves effect: property ps/restore, command ps:restore
@test "restore: what comes back after the machine was down" {
	for app in back stays; do
		dokku apps:create "$app"
		dokku checks:skip "$app"
		git_push "$DIR" "$app" >/dev/null 2>&1
	done
	dokku ps:set stays restore false
	for app in back stays; do
		docker_lab stop -t 0 "$(web_container "$app")" >/dev/null
	done
	# What an earlier deploy had renamed, and the machine has ended.
	docker_lab create --name "$LABEL.back.web.1.1700000000" --label dokku --label com.dokku.app-name=back \
		--label com.dokku.container-type=deploy --label "com.moorage.instance=$LABEL" \
		moorage-lab/busybox:1 true >/dev/null
	run dokku ps:restore --parallel 2
	assert_success
	run containers_of back
	refute_output --partial .1700000000
	assert_equal "$(running_of back)" back.web.1
	assert_http "$(host_of back)" / 200 v1
	assert_equal "$(containers_of stays)" 'stays.web.1 exited'
	# Its route is gone meanwhile, as whoever has its address now is not asked for it.
	refute_file_exists "$INST/home/stays/nginx.conf"
	dokku ps:set stays restore
	run dokku ps:restore stays
	assert_success
	assert_equal "$(running_of stays)" stays.web.1
	assert_http "$(host_of stays)" / 200 v1
	dokku --force apps:destroy back
	dokku --force apps:destroy stays
}
