#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The prompt: on a terminal, over ssh, from a pipe.

bats_require_minimum_version 1.5.0
load ../lab/helpers
load ../lab/apps

setup_file() {
	setup_instance --no-nginx
}

teardown_file() {
	teardown_instance
}

setup() {
	APP=p$BATS_TEST_NUMBER
	rm -f "$INST/home/.dokku_history"
}

teardown() {
	rm -rf "$INST"/lib/plugins/enabled/* "$INST"/lib/plugins/available/*
}

# typed COMMAND...: on a terminal; what is typed comes on standard input.
typed() {
	in_instance TERM=xterm /usr/bin/python3 "$INST/bin/typed.py" "$@"
}

on_terminal() {
	cp "$BATS_TEST_DIRNAME/typed.py" "$INST/bin/typed.py"
	run typed "$@"
}

# proves effect: command shell
@test "shell: commands at a prompt, until exit" {
	on_terminal "$INST/bin/dokku" shell <<-TYPED
		expect dokku> 
		type apps:create $APP\r
		expect Creating $APP...
		expect dokku> 
		type   \r
		expect dokku> 
		type apps:destroy nosuch\r
		expect App nosuch does not exist
		expect dokku> 
		type echo \$HOME; touch $INST/home/made\r
		expect is not a dokku command
		expect dokku> 
		type exit\r
	TYPED
	assert_success
	[ -d "$INST/home/$APP" ]
	refute_file_exists "$INST/home/made"
	assert_file_is "$INST/home/.dokku_history" "apps:create $APP
apps:destroy nosuch
echo \$HOME; touch $INST/home/made
exit"
	assert_equal "$(stat -c '%a %u' "$INST/home/.dokku_history")" "600 $(stat -c %u "$INST/home")"
}

@test "shell: lines of before come back and can be changed; Ctrl-C drops a line, Ctrl-D ends" {
	echo "apps:create $APP-x" >"$INST/home/.dokku_history"
	chown --reference "$INST/home" "$INST/home/.dokku_history"
	on_terminal "$INST/bin/dokku" shell <<-TYPED
		expect dokku> 
		type apps:destroy everything\x03
		expect ^C
		expect dokku> 
		type \x1b[A\x7fy\r
		expect Creating $APP-y...
		expect dokku> 
		type quotes '
		expect quotes '
		type \r
		expect The command line cannot be read
		expect dokku> 
		type \x04
	TYPED
	assert_success
	[ -d "$INST/home/$APP-y" ]
	[ ! -d "$INST/home/$APP-x" ]
}

@test "shell: quotes hold words together, Ctrl-C ends what runs and not the prompt" {
	install_plugin zz-wait commands <<-'SH'
		#!/bin/sh
		[ "$1" = wait:here ] || exit 10
		echo "<$2>"
		exec sleep 1000
	SH
	on_terminal "$INST/bin/dokku" shell <<-TYPED
		expect dokku> 
		type wait:here "two  words"\r
		expect <two  words>
		type \x03
		expect dokku> 
		type version\r
		expect dokku version
		expect dokku> 
		type quit\r
	TYPED
	assert_success
}

@test "shell over ssh -t is the key's: each line is asked for" {
	install_plugin zz-auth user-auth <<-'SH'
		#!/bin/sh
		[ "$2" = admin ] || exit 0
		[ "$3" != apps:list ] || exit 1
	SH
	on_terminal ssh -tt -F "$INST/keys/ssh_config" lab shell <<-TYPED
		expect dokku> 
		type apps:list\r
		expect Access denied
		expect dokku> 
		type version\r
		expect dokku version
		expect dokku> 
		type plugn:nosuch\r
		expect is not a dokku command
		expect dokku> 
		type exit\r
	TYPED
	assert_success
}

@test "shell from a pipe: a command a line, the rest of the input is the command's" {
	run in_instance "$INST/bin/dokku" shell <<-LINES
		apps:create $APP
		config:set --no-restart $APP A="b c"
		apps:destroy $APP
		$APP
		apps:exists $APP
	LINES
	assert_success
	assert_output --partial "-----> Destroying $APP"
	assert_output --partial " !     App $APP does not exist"
	refute_output --partial "dokku> "
	refute_file_exists "$INST/home/.dokku_history"
	run in_instance "$INST/bin/dokku" shell </dev/null
	assert_success
	assert_output ""
}
