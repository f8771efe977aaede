#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Commands without a plugin of their own: deploy, report, help; and git archive --remote.

bats_require_minimum_version 1.5.0
load ../lab/helpers
load ../lab/apps

setup_file() {
	setup_instance
	"$LAB" images busybox
	lab_domain
}

teardown_file() {
	teardown_instance
}

setup() {
	APP=s$BATS_TEST_NUMBER
}

teardown() {
	rm -rf "$INST"/lib/plugins/enabled/* "$INST"/lib/plugins/available/*
}

# released APP TAG COMMAND...: an image of it, as a release leaves one.
released() {
	local app=$1 tag=$2
	shift 2
	printf 'FROM moorage-lab/busybox:1\nCMD %s\n' "$(jq -cn '$ARGS.positional' --args "$@")" |
		docker_lab build -q -t "dokku-$LABEL/$app:$tag" --label "com.moorage.instance=$LABEL" \
			--label com.dokku.image-stage=release --label "com.dokku.app-name=$app" - >/dev/null
}

# runs_alone CONTAINER: what it replaced has ended.
runs_alone() {
	[ "$(running_of "${1%%.*}")" = "$1" ]
}

# proves effect: command deploy
@test "deploy starts an image that the app has: the latest, a tag, one process type" {
	dokku apps:create "$APP"
	dokku checks:skip "$APP"
	dokku checks:set "$APP" wait-to-retire 1
	dokku ps:set "$APP" stop-timeout-seconds 1
	dokku proxy:disable "$APP"
	released "$APP" latest sleep 1000
	released "$APP" v2 sleep 2000
	run dokku deploy "$APP"
	assert_success
	refute_output --partial "Building"
	refute_output --partial "Releasing"
	assert_equal "$(docker_lab inspect -f '{{json .Config.Cmd}}' "$(web_container "$APP")")" '["sleep","1000"]'
	run dokku deploy "$APP" v2
	assert_success
	assert_equal "$(docker_lab inspect -f '{{json .Config.Cmd}}' "$(web_container "$APP")")" '["sleep","2000"]'
	old=$(web_container "$APP")
	run dokku deploy "$APP" v2 web
	assert_success
	[ "$(web_container "$APP")" != "$old" ]
	run dokku deploy nosuch
	assert_failure 20
	run dokku deploy "$APP" no-such-tag
	assert_failure
	wait_until 60 runs_alone "$APP.web.1"
	run dokku help --all
	refute_output --regexp '^ +deploy '
}

# proves golden: command report
@test "report: the machine's lines in order; the apps' only when asked" {
	dokku apps:create "$APP"
	run dokku report
	assert_success
	assert_equal "$(sed -n 's/^-----> \([a-z ]*\):.*/\1/p' <<<"$output")" "uname
memory
disk utilization
disk inode utilization
docker version
docker daemon info
dokku version
moorage version
git version
dokku plugins"
	assert_line "-----> dokku version: 0.38.27"
	assert_line "-----> git version: $(git --version)"
	assert_output --regexp ' +MemTotal: +[0-9]+ kB'
	assert_output --partial " Version: $(docker_lab version -f '{{.Server.Version}}')"
	assert_output --regexp " +OperatingSystem: [A-Z]"
	refute_output --partial "information"
	for args in "" --all; do
		run dokku report ${args:-$APP}
		for plugin in app builder builds checks cron docker-options domains git logs network nginx ports proxy ps scheduler; do
			assert_line "=====> $APP $plugin information"
		done
	done
	run dokku report nosuch
	assert_failure 20
	assert_output " !     App nosuch does not exist"
}

@test "report: what plugins add, and an engine that does not answer is said in its place" {
	dokku apps:create "$APP"
	install_plugin zz report <<-'SH'
		#!/bin/sh
		echo "=====> $1 zz information"
	SH
	run dokku report "$APP"
	assert_success
	assert_equal "${lines[-1]}" "=====> $APP zz information"
	cp "$INST/instance.conf" "$INST/instance.conf.kept"
	sed -i "s,^engine_socket=.*,engine_socket=$INST/run/none.sock," "$INST/instance.conf"
	run dokku report
	mv "$INST/instance.conf.kept" "$INST/instance.conf"
	assert_success
	assert_output --partial " !     docker does not answer: "
	assert_output --partial "-----> dokku plugins: "
}

# proves effect: command git-upload-archive
@test "git archive --remote (git-upload-archive) gives the files of a revision" {
	mkdir -p "$BATS_TEST_TMPDIR/app"
	printf 'FROM moorage-lab/busybox:1\nCMD ["sleep", "1000"]\n' >"$BATS_TEST_TMPDIR/app/Dockerfile"
	git_app "$BATS_TEST_TMPDIR/app"
	dokku apps:create "$APP"
	dokku ps:set "$APP" skip-deploy true
	git_push "$BATS_TEST_TMPDIR/app" "$APP"
	in_instance GIT_SSH_COMMAND="$GIT_SSH_COMMAND" git archive "--remote=ssh://dokku@lab/$APP" master >"$BATS_TEST_TMPDIR/tar"
	run tar -xOf "$BATS_TEST_TMPDIR/tar" Dockerfile
	assert_output "$(cat "$BATS_TEST_TMPDIR/app/Dockerfile")"
	run ssh_dokku git-upload-archive "'nosuch'"
	assert_failure 20
	assert_output --partial "App nosuch does not exist"
}

# proves golden: command version, command help
@test "help and version: short and long forms" {
	run dokku
	assert_success
	plain=$output
	run dokku help
	assert_equal "$output" "$plain"
	for verb in cron events shell trace; do
		assert_output --regexp "(^|"$'\n'") +$verb  +[A-Z]"
	done
	refute_output --partial cron:list
	run dokku help --all
	for verb in cron:list cron:suspend events:on shell trace:off report; do
		assert_output --regexp $'\n'" +$verb( |$)"
	done
	run dokku help:help
	assert_success
	assert_output --regexp ' help \[--all\]'
	for alias in cleanup url urls version; do
		assert_equal "$(dokku $alias:help)" "$output"
	done
	for form in version -v --version; do
		run dokku $form
		assert_output "dokku version 0.38.27"
	done
}
