#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2154,SC2002,SC2012,SC1003 # texts for other shells; variables of bats
# Apps come, are copied, renamed and go, wholly; nothing of them is left anywhere.

bats_require_minimum_version 1.5.0
load ../lab/helpers

setup_file() {
	setup_instance --libexec "$BUILD/src/tools"
}

teardown_file() {
	teardown_instance
}

teardown() {
	local app
	rm -rf "$INST/lib/plugins"
	for app in $(dokku --quiet apps:list 2>/dev/null); do
		dokku --force apps:destroy "$app" >/dev/null
	done
}

# Everything there is but what outlives an app by intention: locks, history, empty folders.
snapshot() {
	(cd "$INST" && find home lib -type f ! -path 'lib/data/moorage/*' ! -name '.*.lock' | sort)
}

plugin_file() {
	local file=$INST/lib/plugins/enabled/$1/$2
	as_dokku mkdir -p "${file%/*}"
	cat >"$file"
	chmod 755 "$file"
}

# proves effect: command apps:create, command apps:exists
@test "apps:create makes the folder, the settings and default domains" {
	echo example.com | as_dokku tee "$INST/home/VHOST" >/dev/null
	run dokku apps:create one
	rm "$INST/home/VHOST"
	assert_success
	assert_line '-----> Creating one...'
	assert_file_is "$INST/home/one/VHOST" one.example.com
	assert_equal "$(stat -c %U "$INST/home/one")" "$(stat -c %U "$INST/home")"
	run dokku apps:exists one
	assert_success
	refute_output
	run -1 dokku apps:create one
	assert_output ' !     Name is already taken'
	run dokku --quiet apps:list
	assert_output one
	run dokku apps:list --format json
	assert_output '["one"]'
}

@test "bad names make nothing" {
	local name before
	before=$(snapshot)
	for name in '' . .. ../x a/b -x .x Upper under_score 'a b' $'a\nb' 'a"b' "a'b" 'a$(id)' 'a`id`' $'a\x01' $'a\xff' ä "$(printf 'x%.0s' {1..300})"; do
		run dokku apps:create -- "$name"
		assert_failure 1
		[[ $output != *$'\x01'* ]]
		run dokku apps:exists -- "$name"
		assert_failure
	done
	dokku apps:create good >/dev/null
	for name in .. Upper 'a b' $'a\nb'; do
		run -1 dokku apps:clone good "$name"
		run -1 dokku apps:rename good "$name"
	done
	dokku --force apps:destroy good >/dev/null
	assert_equal "$(snapshot)" "$before"
}

# proves golden: command apps:list
@test "no apps: a warning, exit code 0, and [] as json" {
	run dokku apps:list
	assert_success
	assert_line " !     You haven't deployed any applications yet"
	run dokku apps:list --format json
	assert_output '[]'
	run -20 dokku apps:exists nothing
	assert_output ' !     App nothing does not exist'
}

@test "apps:destroy asks for the name; a wrong answer or none changes nothing" {
	local before
	dokku apps:create one >/dev/null
	before=$(snapshot)
	run -1 bash -c 'echo other | "$@"' - "$LAB" exec "$LAB_NAME" "$INST/bin/dokku" apps:destroy one
	assert_line ' !     WARNING: Potentially Destructive Action'
	assert_line ' !     This command will destroy app one.'
	assert_line ' !     To proceed, type "one"'
	assert_output --partial 'Confirmation did not match test. Aborted.'
	run -1 bash -c '"$@" </dev/null' - "$LAB" exec "$LAB_NAME" "$INST/bin/dokku" apps:destroy one
	assert_equal "$(snapshot)" "$before"
	run bash -c 'echo one | "$@"' - "$LAB" exec "$LAB_NAME" "$INST/bin/dokku" apps:destroy one
	assert_success
	assert_output --partial '-----> Destroying one (including all add-ons)'
	run -20 dokku apps:exists one
}

# proves effect: command apps:destroy
@test "apps:destroy leaves nothing, forced in any of three ways" {
	local before
	before=$(snapshot)
	dokku apps:create one >/dev/null
	dokku config:set one A=1 >/dev/null
	dokku apps:lock one >/dev/null
	as_dokku mkdir -p "$INST/lib/data/builds/one" "$INST/lib/data/app-json/one" "$INST/lib/data/nginx-vhosts/app-one"
	as_dokku touch "$INST/lib/data/builds/one/x.json" "$INST/lib/data/app-json/one/app.json" "$INST/lib/data/nginx-vhosts/app-one/nginx.conf.sigil"
	run dokku --force apps:destroy one
	assert_success
	assert_equal "$(snapshot)" "$before"
	dokku apps:create one >/dev/null
	run dokku apps:destroy one --force
	assert_success
	dokku apps:create one >/dev/null
	run in_instance DOKKU_APPS_FORCE_DELETE=1 "$INST/bin/dokku" apps:destroy one
	assert_success
	assert_equal "$(snapshot)" "$before"
	run find "$INST/home/one" "$INST/lib/config" "$INST/lib/data" -name 'one*' ! -path '*/moorage/*'
	refute_output --partial "$INST/home/one/"
}

@test "apps:destroy of an app that is a link removes what it leads to" {
	as_dokku mkdir "$INST/home/.elsewhere"
	dokku apps:create one >/dev/null
	as_dokku mv "$INST/home/one" "$INST/home/.elsewhere/one"
	as_dokku ln -s "$INST/home/.elsewhere/one" "$INST/home/one"
	run dokku --force apps:destroy one
	assert_success
	refute_file_exists "$INST/home/.elsewhere/one"
	[ ! -L "$INST/home/one" ]
}

@test "a failing pre-delete keeps the app as it was; a failing post-delete does not keep it" {
	local before
	dokku apps:create one >/dev/null
	before=$(snapshot | grep -v ^lib/plugins)
	plugin_file p pre-delete <<<$'#!/bin/sh\nexit 3'
	run -3 dokku --force apps:destroy one
	assert_equal "$(snapshot | grep -v ^lib/plugins)" "$before"
	rm "$INST/lib/plugins/enabled/p/pre-delete"
	plugin_file p post-delete <<<$'#!/bin/sh\nexit 3'
	run dokku --force apps:destroy one
	assert_failure
	run -20 dokku apps:exists one
}

# proves effect: command apps:clone
@test "apps:clone copies code and settings, not domains, certificates, containers" {
	dokku apps:create one >/dev/null
	dokku config:set one A='x y' >/dev/null
	as_dokku git init -q --bare "$INST/home/one"
	as_dokku mkdir "$INST/home/one/tls" "$INST/home/one/nginx.conf.d"
	as_dokku touch "$INST/home/one"/{VHOST,CONTAINER.web.1,IP.web.1,PORT.web.1,nginx.conf,tls/server.crt,nginx.conf.d/a.conf,mine}
	run dokku apps:clone --skip-deploy one two
	assert_success
	assert_line '-----> Cloning one to two'
	assert_equal "$(dokku config:get two A)" 'x y'
	assert_file_exists "$INST/home/two/HEAD"
	assert_file_exists "$INST/home/two/nginx.conf.d/a.conf"
	assert_file_exists "$INST/home/two/mine"
	for file in VHOST CONTAINER.web.1 IP.web.1 PORT.web.1 nginx.conf tls; do
		refute_file_exists "$INST/home/two/$file"
	done
	run -1 dokku apps:clone one two
	assert_output ' !     Name is already taken'
	run dokku apps:clone --ignore-existing one two
	assert_success
	run -1 dokku apps:clone one
	assert_output ' !     Please specify an new app name'
	run -20 dokku apps:clone nothing three
}

@test "a clone whose set-up fails leaves nothing behind" {
	local before
	dokku apps:create one >/dev/null
	before=$(snapshot | grep -v ^lib/plugins)
	plugin_file p post-app-clone-setup <<<$'#!/bin/sh\nexit 4'
	run -4 dokku apps:clone one two
	assert_equal "$(snapshot | grep -v ^lib/plugins)" "$before"
}

# proves effect: command apps:rename
@test "apps:rename keeps settings, certificates and custom domains, and renames default ones" {
	echo example.com | as_dokku tee "$INST/home/VHOST" >/dev/null
	dokku apps:create one >/dev/null
	dokku config:set one A=1 >/dev/null
	printf 'one.example.com\nwww.shop.test\nxone.example.com\n' | as_dokku tee "$INST/home/one/VHOST" >/dev/null
	as_dokku mkdir "$INST/home/one/tls"
	as_dokku touch "$INST/home/one/tls/server.key"
	run dokku apps:rename one two
	rm "$INST/home/VHOST"
	assert_success
	assert_line '-----> Renaming one to two'
	run -20 dokku apps:exists one
	assert_file_is "$INST/home/two/VHOST" 'two.example.com
www.shop.test
xone.example.com'
	assert_file_exists "$INST/home/two/tls/server.key"
	assert_equal "$(dokku config:get two A)" 1
	run find "$INST/home" "$INST/lib/config" "$INST/lib/data" -name one ! -path '*/moorage/*'
	refute_output
}

@test "a rename whose set-up fails leaves the old app as it was and nothing of the new one" {
	local before
	dokku apps:create one >/dev/null
	before=$(snapshot | grep -v ^lib/plugins)
	plugin_file p post-app-rename-setup <<<$'#!/bin/sh\nexit 4'
	run -4 dokku apps:rename one two
	assert_equal "$(snapshot | grep -v ^lib/plugins)" "$before"
	run dokku --quiet apps:list
	assert_output one
}

# proves golden: trigger post-create, trigger pre-delete, trigger post-delete
# proves golden: trigger post-app-clone-setup, trigger post-app-clone, trigger post-app-rename-setup
# proves golden: trigger post-app-rename
@test "triggers come at Dokku's moments with Dokku's arguments" {
	local trigger
	for trigger in post-create pre-delete post-delete post-app-clone-setup post-app-clone post-app-rename-setup post-app-rename; do
		plugin_file p "$trigger" <<-SH
			#!/bin/sh
			echo "$trigger \$*" >>$INST/home/said
		SH
	done
	dokku apps:create one >/dev/null
	dokku apps:clone one two >/dev/null
	dokku apps:rename two three >/dev/null
	dokku --force apps:destroy one >/dev/null
	run cat "$INST/home/said"
	rm "$INST/home/said"
	assert_output 'post-create one
post-create two
post-app-clone-setup one two
post-app-clone one two
post-create three
post-app-rename-setup two three
pre-delete two latest
post-delete two latest
post-app-rename two three
pre-delete one latest
post-delete one latest'
}

@test "--dry-run prints the steps and changes nothing" {
	local before
	dokku apps:create one >/dev/null
	before=$(snapshot)
	run dokku apps:create two --dry-run
	assert_line '       1. create the app two with its folder and default domains'
	run dokku apps:destroy one --dry-run
	assert_line '       2. decide to destroy one: no way back'
	run dokku apps:clone one two --dry-run
	assert_line '       2. copy the code and settings of one to two'
	run dokku apps:rename one two --dry-run
	assert_output --partial 'lead requests from one to two'
	assert_equal "$(snapshot)" "$before"
}

# proves golden: command apps:locked
@test "apps:lock, locked and unlock" {
	dokku apps:create one >/dev/null
	run -1 dokku apps:locked one
	assert_output ' !     Deploy lock does not exist'
	run dokku apps:lock one
	assert_output '-----> Deploy lock created'
	run dokku apps:locked one
	assert_output 'Deploy lock exists'
	run dokku apps:report one --app-locked
	assert_output true
	run dokku apps:unlock one
	assert_line '-----> Deploy lock removed'
	run -1 dokku apps:unlock one
	assert_output ' !     Unable to remove deploy lock'
}

# proves effect: trigger app-create, trigger app-exists, trigger app-maybe-create, trigger app-list
# proves effect: trigger deploy-source-set, trigger app-destroy
@test "triggers that third-party scripts fire" {
	plugn() { as_dokku "$INST/bin/plugn" "$@"; }
	run plugn trigger app-create one
	assert_success
	run plugn trigger app-exists one
	assert_success
	run -20 plugn trigger app-exists none
	run plugn trigger app-maybe-create two
	assert_success
	run plugn trigger app-maybe-create two
	assert_success
	assert_equal "$(plugn trigger app-list)" "one
two"
	run plugn trigger deploy-source-set one docker-image repo/image:1
	assert_success
	assert_equal "$(dokku apps:report one --app-deploy-source-metadata)" repo/image:1
	dokku apps:set --global disable-autocreation true >/dev/null
	run -1 plugn trigger app-maybe-create three
	dokku apps:set --global disable-autocreation >/dev/null
	run as_dokku DOKKU_APPS_FORCE_DELETE=1 "$INST/bin/plugn" trigger app-destroy two
	assert_success
	assert_equal "$(plugn trigger app-list)" one
}
