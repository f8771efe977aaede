#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Commands over ssh, with and without a terminal, on an app that runs; run, enter, logs.

load ../lab/helpers
load ../lab/apps

setup_file() {
	setup_instance
	"$LAB" images busybox http
	lab_domain
	lab_shell
	http_app "$BATS_FILE_TMPDIR/app" v1
	git_push "$BATS_FILE_TMPDIR/app" app
}

teardown_file() {
	teardown_instance
}

# ssh_tty ARGS...: with a terminal on the other side.
ssh_tty() {
	in_instance ssh -tt -F "$INST/keys/ssh_config" lab -- "$@" </dev/null
}

@test "a read command over ssh, with and without a terminal: a heading, unless --quiet" {
	run ssh_dokku apps:list
	assert_success
	assert_output $'=====> My Apps\napp'
	run ssh_dokku --quiet apps:list
	assert_success
	assert_output app
	run ssh_tty apps:list
	assert_success
	assert_output --partial '=====> My Apps'
	run ssh_tty --quiet apps:list
	assert_success
	refute_output --partial 'My Apps'
	assert_output --partial app
}

@test "--app names the app in front of the command" {
	run ssh_dokku --app app config:set --no-restart 'FROM_SSH=yes'
	assert_success
	run ssh_dokku --app app config:get FROM_SSH
	assert_success
	assert_output yes
}

@test "quoted words arrive as they were meant" {
	run ssh_dokku "config:set --no-restart app TWO='a  b'"
	assert_success
	run ssh_dokku config:get app TWO
	assert_output 'a  b'
}

@test "what the client's shell or ours might expand is left alone" {
	run ssh_dokku 'config:set --no-restart app STAR=* DOLLAR=$HOME TICK=`id` SEMI="a;id"'
	assert_equal "$(dokku config:get app SEMI)" 'a;id'
	assert_equal "$(dokku config:get app TICK)" '`id`'
}

@test "exit codes are Dokku's" {
	run ssh_dokku config:show nosuchapp
	assert_failure 20
	run ssh_dokku not:a-command
	assert_failure 1
	run ssh_dokku run app sh -c '"exit 7"'
	assert_failure 7
}

@test "no command shows the help" {
	run ssh_dokku
	assert_success
	assert_output --partial apps
}

@test "the user's shell cannot be had" {
	run ssh_dokku 'sh -c "id"'
	assert_failure
	refute_output --partial 'uid='
	run ssh_dokku 'apps:list; id'
	refute_output --partial 'uid='
	run ssh_dokku 'apps:list $(id >&2)'
	refute_output --partial 'uid='
}

@test "run gives a process of the app with its environment and takes its exit code" {
	ssh_dokku config:set --no-restart app RUN_ENV=here
	run ssh_dokku run app sh -c "'echo value-\$RUN_ENV'"
	assert_success
	assert_output --partial value-here
	run ssh_dokku --quiet run app false
	assert_failure 1
	assert_equal "$(containers_of app | grep -c 'app\.run\.')" 0
}

@test "run has a terminal exactly when the client has" {
	run ssh_tty run app sh -c "'test -t 0 && echo is-a-terminal'"
	assert_output --partial is-a-terminal
	run ssh_dokku run app sh -c "'test -t 0 || echo no-terminal'"
	assert_output --partial no-terminal
}

@test "run passes on its input and ends with it" {
	run in_instance bash -c "printf 'line one\nline two\n' | ssh -F '$INST/keys/ssh_config' lab run app busybox cat"
	assert_success
	assert_output --partial 'line two'
}

@test "run:detached leaves a container that can be listed and stopped" {
	# As process 1 sleep does not end by itself.
	dokku ps:set app stop-timeout-seconds 1
	run ssh_dokku run:detached app busybox sleep 1000
	assert_success
	name=${lines[-1]}
	wait_until 10 docker_lab inspect "$name"
	run ssh_dokku run:list app
	assert_output --partial "$name"
	run ssh_dokku run:stop app --container "$name"
	[ "$status" = 0 ] || run ssh_dokku run:stop --container "$name"
	assert_success
	wait_until 20 gone "$name"
}

gone() {
	! docker_lab inspect "$1"
}

@test "enter goes into the running process's container" {
	run ssh_dokku enter app web busybox hostname
	assert_success
	assert_output --partial "$(docker_lab inspect -f '{{.Config.Hostname}}' "$(web_container app)")"
	run ssh_dokku enter app web.1 sh -c "'exit 5'"
	assert_failure 5
	run ssh_dokku enter app nosuch busybox true
	assert_failure
}

@test "logs show what the processes say, with their names" {
	run ssh_dokku logs app
	assert_success
	plain=$(sed 's/\x1b\[[0-9;]*m//g' <<<"$output")
	[[ $plain == *' app[web.1]: listening on port 5000'* ]] || fail "$plain"
	run ssh_dokku logs app --num 1 --quiet
	assert_success
	assert_equal "${#lines[@]}" 1
}

@test "logs --tail ends with the connection" {
	in_instance timeout 3 ssh -F "$INST/keys/ssh_config" lab logs app --tail </dev/null >"$BATS_TEST_TMPDIR/logs" 2>&1 3>&- || :
	assert_output_of "$BATS_TEST_TMPDIR/logs" 'listening on port 5000'
	wait_until 15 no_logs_process
}

assert_output_of() {
	grep -q -- "$2" "$1" || fail "$(cat "$1")"
}

no_logs_process() {
	! pgrep -u "$(stat -c %u "$INST/home")" -f 'moorage.* logs app --tail|dokku.* logs app --tail'
}

@test "a key that nobody added is refused; added, it works; removed, it does not" {
	run ssh_other apps:list
	assert_failure 255
	run in_instance bash -c "cat '$INST/keys/other.pub' | '$INST/bin/dokku' ssh-keys:add other"
	assert_success
	assert_output "$(ssh-keygen -lf "$INST/keys/other.pub" | cut -d' ' -f2)"
	run ssh_other apps:list
	assert_success
	assert_line app
	run ssh_dokku ssh-keys:list
	assert_output --partial 'NAME="other"'
	run dokku ssh-keys:remove other
	assert_success
	run ssh_other apps:list
	assert_failure 255
	run ssh_dokku apps:list
	assert_success
}

@test "over ssh a key whose name has admin in it adds and removes keys, and no other does" {
	ssh-keygen -q -t ed25519 -N '' -f "$BATS_TEST_TMPDIR/third"
	add() { in_instance bash -c "ssh -F '$INST/keys/$1' lab -- ssh-keys:add '$2' <'$3'"; }
	run add ssh_config other "$INST/keys/other.pub"
	assert_success
	run add ssh_config-other third "$BATS_TEST_TMPDIR/third.pub"
	assert_failure
	run ssh_other ssh-keys:remove admin
	assert_failure
	run ssh_dokku --quiet apps:list
	assert_output app
	run ssh_dokku ssh-keys:list
	refute_output --partial third
	run ssh_dokku ssh-keys:remove other
	assert_success
	run ssh_other apps:list
	assert_failure 255
}

@test "the key's name is known to what a command runs" {
	install_plugin who user-auth <<-'SH'
		#!/bin/sh
		echo "$1 $2 $3" >>"$DOKKU_LIB_ROOT/who"
	SH
	run ssh_dokku apps:list
	assert_success
	remove_plugin who
	assert_output_of "$INST/lib/who" 'dokku admin apps:list'
}
