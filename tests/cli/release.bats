#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# From a push to a release: what is printed, what HEAD says, how a build is called off, and builds
# and scripts that need a docker program without BuildKit.

bats_require_minimum_version 1.5.0
load ../lab/helpers
load ../lab/apps

setup_file() {
	setup_instance
	"$LAB" images busybox http
	lab_domain
	lab_shell
}

teardown_file() {
	teardown_instance
}

setup() {
	DIR=$BATS_TEST_TMPDIR/app
	APP=r$BATS_TEST_NUMBER
}

# slow_build SECONDS: the next build takes that long, after it has printed now-building.
slow_build() {
	printf 'FROM moorage-lab/http:1\nRUN echo now-building && sleep %s\nCOPY VERSION /app/VERSION\n' "$1" >"$DIR/Dockerfile"
}

# start_push: in the background, as a leader of a group of its own; its output in $BATS_TEST_TMPDIR/push
start_push() {
	in_instance GIT_CONFIG_GLOBAL="$GIT_CONFIG_GLOBAL" GIT_SSH_COMMAND="$GIT_SSH_COMMAND" setsid \
		git -C "$DIR" push "ssh://dokku@lab/$APP" master:master </dev/null >"$BATS_TEST_TMPDIR/push" 2>&1 3>&- &
	PUSH=$!
}

not_busy() {
	[ ! -e "$INST/lib/data/moorage/operations/$APP.journal" ]
}

nothing_builds() {
	! pgrep -f "com.dokku.app-name=$APP " >/dev/null
}

@test "a push prints the steps of the build, what they print, and no housekeeping" {
	http_app "$DIR" v1
	slow_build "0 && : $RANDOM$RANDOM" # not out of a cache
	set_version "$DIR" v1b
	run git_push "$DIR" "$APP"
	assert_success
	assert_output --partial 'RUN echo now-building'
	assert_output --regexp 'remote: #[0-9]+ [0-9.]+ now-building'
	refute_output --partial sha256:
	refute_output --partial '[internal]'
	refute_output --partial 'transferring'
	# The only blank line ends the addresses.
	assert_equal "$(grep -c '^remote: *$' <<<"$output")" 1
	[ "$(grep -c '^remote' <<<"$output")" -lt 45 ] || fail "$output"
}

@test "a failed build shows its error and names the program" {
	http_app "$DIR" v1
	git_push "$DIR" "$APP"
	printf 'FROM moorage-lab/http:1\nRUN echo reason-of-failure && false\n' >"$DIR/Dockerfile"
	set_version "$DIR" v2
	run git_push "$DIR" "$APP"
	assert_failure
	assert_output --partial reason-of-failure
	assert_output --partial 'exit code: 1'
	assert_output --partial ' !     App build failed'
	assert_http "$(host_of "$APP")" / 200 v1
}

@test "HEAD follows the deploy branch, and with it the sha of git:report" {
	http_app "$DIR" v1
	git_push "$DIR" "$APP" master:main
	run dokku git:report "$APP" --git-sha
	assert_output "$(git -C "$DIR" rev-parse master)"
	assert_file_is "$INST/home/$APP/HEAD" 'ref: refs/heads/main'
	dokku git:set "$APP" deploy-branch other
	assert_file_is "$INST/home/$APP/HEAD" 'ref: refs/heads/other'
	run dokku git:report "$APP" --git-sha
	assert_output ''
	git_push "$DIR" "$APP" master:other
	run dokku git:report "$APP" --git-sha
	assert_output "$(git -C "$DIR" rev-parse master)"
	dokku git:set "$APP" deploy-branch
	assert_file_is "$INST/home/$APP/HEAD" 'ref: refs/heads/master'
}

@test "PORT in a Procfile command is the port that the container gets" {
	http_app "$DIR" v1
	printf 'EXPOSE 8123\n' >>"$DIR/Dockerfile"
	printf 'web: sh -c "echo command-port=$PORT env-port=$(env | sed -n s/^PORT=//p); exec /bin/http-server"\n' >"$DIR/Procfile"
	set_version "$DIR" v2
	git_push "$DIR" "$APP"
	run dokku logs "$APP" --quiet
	assert_line 'command-port=8123 env-port=8123'
}

@test "a pusher who breaks off ends the build, and the old release stays" {
	http_app "$DIR" v1
	git_push "$DIR" "$APP"
	slow_build 30
	set_version "$DIR" v2
	start_push
	wait_until 20 grep -q now-building "$BATS_TEST_TMPDIR/push"
	kill -INT -- "-$(pgrep -f "git -C $DIR push" | tail -n 1)"
	wait_until 15 not_busy
	wait_until 5 nothing_builds
	assert_http "$(host_of "$APP")" / 200 v1
	assert_equal "$(containers_of "$APP")" "$APP.web.1 running"
	run dokku builds:list "$APP" --format json
	assert_equal "$(jq -r '.[0].status' <<<"$output")" canceled
}

# proves effect: command builds:cancel
@test "builds:cancel ends the build, the push fails, and the old release stays" {
	http_app "$DIR" v1
	git_push "$DIR" "$APP"
	slow_build 30
	set_version "$DIR" v2
	start_push
	wait_until 20 grep -q now-building "$BATS_TEST_TMPDIR/push"
	run dokku builds:cancel "$APP"
	assert_success
	run ! wait "$PUSH"
	wait_until 10 not_busy
	wait_until 5 nothing_builds
	assert_http "$(host_of "$APP")" / 200 v1
	assert_equal "$(containers_of "$APP")" "$APP.web.1 running"
	git -C "$DIR" reset -q --hard HEAD~1
	run push_version "$DIR" "$APP" v3
	assert_success
	assert_http "$(host_of "$APP")" / 200 v3
}

@test "builds:cancel while the checks wait: the new container goes, the old release stays" {
	http_app "$DIR" v1
	git_push "$DIR" "$APP"
	health_check "$DIR" '{ "type": "startup", "uptime": 40 }'
	set_version "$DIR" v2
	start_push
	wait_until 30 grep -q "type='uptime'" "$BATS_TEST_TMPDIR/push"
	dokku builds:cancel "$APP"
	wait_until 10 not_busy
	assert_http "$(host_of "$APP")" / 200 v1
	assert_equal "$(containers_of "$APP")" "$APP.web.1 running"
}

@test "a postdeploy that fails makes the push end with an error, and the old container still retires" {
	http_app "$DIR" v1
	git_push "$DIR" "$APP"
	old=$(web_container "$APP")
	printf '{ "scripts": { "dokku": { "postdeploy": "echo after-all; exit 3" } } }\n' >"$DIR/app.json"
	dokku checks:skip "$APP"
	set_version "$DIR" v2
	run git_push "$DIR" "$APP"
	assert_output --partial after-all
	assert_output --partial 'Execution of postdeploy task failed'
	assert_http "$(host_of "$APP")" / 200 v2
	grep -q "$old" "$INST/lib/data/scheduler-docker-local/dead-containers"
	run dokku ps:rebuild "$APP"
	assert_failure
	assert_output --partial 'Execution of postdeploy task failed'
	wait_until 10 not_busy
	assert_http "$(host_of "$APP")" / 200 v2
}

@test "keep-git-dir gives the build its revision" {
	http_app "$DIR" v1
	printf 'FROM moorage-lab/http:1\nCOPY . /src\nRUN mkdir -p /app && cp -r /src/.git /app/git\nCOPY VERSION /app/VERSION\n' >"$DIR/Dockerfile"
	set_version "$DIR" v2
	run git_push "$DIR" "$APP"
	assert_failure
	dokku git:set "$APP" keep-git-dir true
	run git_push "$DIR" "$APP"
	assert_success
	run dokku run "$APP" grep -rl "$(git -C "$DIR" rev-parse master)" /app/git
	assert_output --partial /app/git/
}

# proves effect: command ps:rebuild, command ps:restart
@test "rebuild and restart make new containers; --dry-run says what would be done and does nothing" {
	http_app "$DIR" v1
	git_push "$DIR" "$APP"
	old=$(web_container "$APP")
	for command in ps:rebuild ps:restart; do
		run dokku "$command" --dry-run "$APP"
		assert_success
		assert_output --partial '1. '
		assert_output --partial "start 1 new container(s) of $APP: web.1"
		assert_equal "$(web_container "$APP")" "$old"
	done
	for command in ps:rebuild ps:restart; do
		run dokku "$command" "$APP"
		assert_success
		[ "$(web_container "$APP")" != "$old" ]
		old=$(web_container "$APP")
		assert_http "$(host_of "$APP")" / 200 v1
	done
}

@test "without BuildKit the classic builder builds, and prints no more" {
	printf '#!/bin/sh\ncase "$DOCKER_BUILDKIT$*" in 1*build*) echo no buildkit here >&2; exit 1;; esac\nexec /usr/bin/docker "$@"\n' >"$INST/classic-docker"
	chmod 755 "$INST/classic-docker"
	sed -i.orig "s#^docker_bin=.*#docker_bin=$INST/classic-docker#" "$INST/instance.conf"
	http_app "$DIR" v1
	slow_build "0 && : $RANDOM$RANDOM" # not out of a cache
	set_version "$DIR" v2
	run git_push "$DIR" "$APP"
	mv "$INST/instance.conf.orig" "$INST/instance.conf"
	assert_success
	assert_output --partial 'Step 2/'
	assert_output --partial now-building
	refute_output --partial 'Sending build context'
	refute_output --partial DEPRECATED
	assert_http "$(host_of "$APP")" / 200 v2
}

@test "a script's container is made by the docker program when an option needs it" {
	http_app "$DIR" v1
	dokku apps:create "$APP"
	printf 'made-by=file\n' >"$INST/labels"
	chmod 644 "$INST/labels"
	dokku docker-options:add "$APP" deploy "--label-file $INST/labels"
	dokku config:set --no-restart "$APP" SECRET="two words"
	printf '{ "scripts": { "dokku": { "predeploy": "echo predeploy-says $SECRET" } } }\n' >"$DIR/app.json"
	dokku checks:skip "$APP"
	set_version "$DIR" v2
	run git_push "$DIR" "$APP"
	assert_success
	assert_output --partial 'predeploy-says two words'
	assert_equal "$(docker_lab inspect -f '{{index .Config.Labels "made-by"}}' "$(web_container "$APP")")" file
	assert_equal "$(app_env "$APP" SECRET)" 'two words'
}
