#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The log of events: switched, written, shown.

bats_require_minimum_version 1.5.0
load ../lab/helpers
load ../lab/apps

setup_file() {
	setup_instance
	"$LAB" images busybox
}

teardown_file() {
	teardown_instance
}

setup() {
	LOG=$INST/logs/events.log
	APP=e$BATS_TEST_NUMBER
}

teardown() {
	dokku events:off >/dev/null
	rm -f "$LOG" "$LOG.1"
	rm -rf "$INST"/lib/plugins/enabled/* "$INST"/lib/plugins/available/*
}

# proves effect: command events:on, command events:off
# proves golden: command events
@test "events:on logs triggers in Dokku's format, events:off ends it" {
	run dokku events
	assert_success
	refute_output
	dokku apps:create "$APP-before"
	refute_file_exists "$LOG"
	run dokku events:on
	assert_output "Enabling dokku events logger"
	assert_file_is "$INST/home/.dokkurc/DOKKU_EVENTS" "export DOKKU_EVENTS=1"
	dokku apps:create "$APP"
	run dokku events
	assert_success
	assert_equal "$output" "$(cat "$LOG")"
	output=$(tail -n 1 "$LOG")
	assert_output --regexp "^[A-Z][a-z]{2} [ 0-9][0-9] [0-9:]{8} $(hostname -s) dokku-event\[[0-9]+\]: INVOKED: post-create\( $APP \) NAME= FINGERPRINT= DOKKU_PID=[0-9]+$"
	assert_equal "$(stat -c %u "$LOG")" "$(stat -c %u "$INST/home")"
	before=$(cat "$LOG")
	run dokku events:off
	assert_output "Disabling dokku events logger"
	refute_file_exists "$INST/home/.dokkurc/DOKKU_EVENTS"
	dokku apps:create "$APP-after"
	assert_file_is "$LOG" "$before"
}

@test "who asks over ssh is in the line" {
	dokku events:on
	ssh_dokku apps:create "$APP"
	fingerprint=$(ssh-keygen -lf "$INST/keys/admin.pub" | cut -d' ' -f2)
	run dokku events
	assert_output --partial "INVOKED: post-create( $APP ) NAME=admin FINGERPRINT=$fingerprint DOKKU_PID="
}

# proves golden: command events:list
@test "events:list names what is logged, in columns, while it is on" {
	run --separate-stderr dokku events:list
	assert_success
	refute_output
	assert_equal "$stderr" "!     Events logger disabled"
	dokku events:on
	run dokku events:list
	assert_success
	assert_equal "${lines[0]}" "$(printf '%-6s %-18s %-25s %-25s %-25s' '=====>' 'Events currently logged' '' '' '')"
	assert_equal "${lines[1]}" "$(printf '%-25s %-25s %-25s %-25s' app-create '' '' '')"
	for name in check-deploy cron-entries docker-args-deploy post-deploy receive-app scheduler-run user-auth-app; do
		assert_output --regexp $'\n'"$name +"
	done
	assert_equal "$(tail -n +2 <<<"$output")" "$(tail -n +2 <<<"$output" | LC_ALL=C sort -u)"
	assert_equal "${#lines[@]}" 161
	run dokku --quiet events:list
	assert_equal "${#lines[@]}" 160
}

@test "a deploy, a run and a stop leave their traces; values of variables do not" {
	mkdir -p "$BATS_TEST_TMPDIR/app"
	printf 'FROM moorage-lab/busybox:1\nCMD ["sleep", "1000"]\n' >"$BATS_TEST_TMPDIR/app/Dockerfile"
	git_app "$BATS_TEST_TMPDIR/app"
	dokku apps:create "$APP"
	dokku checks:skip "$APP"
	dokku proxy:disable "$APP"
	dokku events:on
	dokku config:set --no-restart "$APP" TOKEN=hush-one
	run git_push "$BATS_TEST_TMPDIR/app" "$APP"
	assert_success
	dokku run -e SECRET=hush-two "$APP" echo "$(printf 'two\nlines')"
	dokku ps:stop "$APP"
	run dokku events
	for seen in "post-config-update( $APP set TOKEN )" "pre-receive-app( $APP dockerfile " \
		"post-extract( $APP " "docker-args-deploy( $APP latest web 1 )" "scheduler-deploy( docker-local $APP latest  )" \
		"core-post-deploy( $APP " "post-deploy( $APP " "cron-entries( docker-local )" \
		"scheduler-run( docker-local $APP 1 SECRET= -- echo two#012lines )" \
		"scheduler-post-run( docker-local $APP " "scheduler-stop( docker-local $APP )" "post-stop( $APP )"; do
		assert_output --partial "INVOKED: $seen"
	done
	refute_output --partial hush
	# The warning about a deprecated trigger is for plugins that have it, not for the log.
	refute_output --partial Deprecated
}

@test "what scripts of plugins trigger is logged, too" {
	install_plugin zz post-create <<-SH
		#!/bin/sh
		plugn trigger scheduler-stop null "\$1" >/dev/null
	SH
	dokku events:on
	dokku apps:create "$APP"
	run dokku events
	assert_output --regexp "INVOKED: post-create\( $APP \).*INVOKED: scheduler-stop\( null $APP \)"
}

# proves effect: command events
@test "events shows the last hundred lines; -t goes on, also behind a rotated file" {
	seq 1 150 >"$LOG"
	chown --reference "$INST/home" "$LOG"
	run dokku events
	assert_equal "${#lines[@]}" 100
	assert_equal "${lines[0]}" 51
	EXEC="exec" in_instance "$INST/bin/dokku" events -t >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
	tail_pid=$!
	wait_until 60 grep -qx 150 "$BATS_TEST_TMPDIR/out"
	echo appended >>"$LOG"
	wait_until 60 grep -qx appended "$BATS_TEST_TMPDIR/out"
	mv "$LOG" "$LOG.1"
	echo rotated >"$LOG"
	chown --reference "$INST/home" "$LOG"
	wait_until 60 grep -qx rotated "$BATS_TEST_TMPDIR/out"
	# As logrotate does with copytruncate.
	: >"$LOG"
	wait_until 60 sh -c "echo cut >>'$LOG'; grep -qx cut '$BATS_TEST_TMPDIR/out'"
	kill "$tail_pid"
	wait "$tail_pid" || true
}

@test "a log that cannot be written stops nothing" {
	dokku events:on
	mkdir "$LOG"
	run dokku apps:create "$APP"
	assert_success
	rmdir "$LOG"
}
