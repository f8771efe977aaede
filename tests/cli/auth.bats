#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2154,SC2002,SC2012,SC1003 # texts for other shells; variables of bats
# Who may do what: keys, key admins, root, and the plugins that narrow it.

bats_require_minimum_version 1.5.0
load ../lab/helpers

setup_file() {
	setup_instance --no-nginx
	"$LAB" authorize "$LAB_NAME" other "$INST/keys/other.pub"
	ssh-keygen -q -t ed25519 -N '' -f "$INST/keys/new"
	dokku apps:create mine >/dev/null
	dokku apps:create hidden >/dev/null
}

teardown_file() {
	teardown_instance
}

teardown() {
	rm -rf "$INST/lib/plugins"
}

# plugin_file NAME FILE: an executable of an enabled third-party plugin, from stdin.
plugin_file() {
	as_dokku mkdir -p "$INST/lib/plugins/enabled/$1"
	cat >"$INST/lib/plugins/enabled/$1/$2"
	chmod 755 "$INST/lib/plugins/enabled/$1/$2"
}

# Hides the app `hidden` from everybody but root.
hide() {
	plugin_file filter user-auth-app <<-'SH'
		#!/bin/bash
		user=$1
		shift 2
		for app; do [ "$app" = hidden ] && [ "$user" != root ] || echo "$app"; done
	SH
}

ssh_piped() {
	in_instance ssh -F "$INST/keys/$1" lab "${@:2}" <"$INST/keys/new.pub"
}

@test "a key may use apps, but not manage keys" {
	run ssh_other apps:list
	assert_success
	run -1 ssh_piped ssh_config-other ssh-keys:add intruder
	assert_output ' !     This command must be run as root'
	run -1 ssh_other ssh-keys:remove admin
	run dokku ssh-keys:list intruder
	assert_failure
}

@test "a key whose name says admin may manage keys" {
	run ssh_piped ssh_config ssh-keys:add newcomer
	assert_success
	run dokku ssh-keys:list newcomer
	assert_success
	run ssh_dokku ssh-keys:remove newcomer
	assert_success
	run -1 dokku ssh-keys:list newcomer
}

@test "the instance's user cannot take the word admin by itself" {
	run -1 as_dokku NAME=admin "$INST/bin/dokku" ssh-keys:remove other
	assert_output ' !     This command must be run as root'
}

@test "variables that sudo brings along make nobody a key admin" {
	run -1 as_dokku SUDO_UID=1234 NAME=admin SSH_ORIGINAL_COMMAND='ssh-keys:remove other' "$INST/bin/dokku" ssh-keys:remove other
	run dokku ssh-keys:list other
	assert_success
}

# proves effect: trigger user-auth
@test "user-auth can refuse, and hears who asks for what" {
	plugin_file acl user-auth <<-SH
		#!/bin/bash
		printf '%s|' "\$@" >$INST/home/asked
		[[ \$2 != other ]]
	SH
	run -1 ssh_other config:show mine
	assert_output ' !     Access denied'
	assert_file_is "$INST/home/asked" 'dokku|other|config:show|mine|'
	run ssh_dokku apps:list
	assert_success
}

@test "user-auth cannot allow what the rules deny" {
	plugin_file acl user-auth <<<'#!/bin/sh'
	run -1 ssh_piped ssh_config-other ssh-keys:add intruder
	assert_output ' !     This command must be run as root'
}

# proves effect: trigger user-auth-app
@test "a hidden app is a missing app, everywhere" {
	hide
	run ssh_other apps:list
	assert_line mine
	refute_output --partial hidden
	local missing=' !     App hidden does not exist' words
	for words in 'apps:exists hidden' 'config:show hidden' 'config:set hidden A=1' 'apps:lock hidden' \
		'-- --app hidden config:show' 'config:show --app hidden' 'apps:report hidden' 'apps:destroy --force hidden' \
		'apps:clone hidden copy' 'apps:rename hidden copy' 'nginx:report hidden' 'apps:set hidden deploy-source x'; do
		# shellcheck disable=SC2086 # words
		run ssh_other $words
		assert_equal "$words: $output" "$words: $missing"
		assert_failure 20
	done
	# The same words as for one that is really missing.
	run -20 ssh_other apps:exists nothing-there
	assert_output ' !     App nothing-there does not exist'
	run ssh_other apps:report
	refute_output --partial hidden
	run -0 dokku apps:exists hidden
	run as_dokku "$INST/bin/plugn" trigger app-list
	assert_output mine
	run as_dokku "$INST/bin/plugn" trigger app-list false
	assert_line hidden
	run -20 as_dokku "$INST/bin/plugn" trigger app-exists hidden
	# Its name is taken all the same: nobody may build over it.
	run -1 ssh_other apps:create hidden
	run -1 ssh_other apps:clone mine hidden
	rm -rf "$INST/lib/plugins"
	run dokku apps:exists hidden
	assert_success
}

@test "a filter that fails or says nothing shows no app" {
	plugin_file filter user-auth-app <<<$'#!/bin/sh\nexit 1'
	run ssh_other apps:list
	assert_success
	assert_output --partial "You haven't deployed any applications yet"
	run -20 ssh_other config:show mine
}

@test "a filter cannot make up apps" {
	plugin_file filter user-auth-app <<<$'#!/bin/sh\necho nothing-there; echo ../home; echo mine'
	run --separate-stderr ssh_other apps:list
	assert_output "=====> My Apps
mine"
}
