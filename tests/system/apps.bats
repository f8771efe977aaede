#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2154 # variables of bats
# Running apps that are renamed, cloned and destroyed: who asks meanwhile always gets an answer, and
# the engine keeps nothing.

bats_require_minimum_version 1.5.0
load ../lab/helpers
load ../lab/apps

setup_file() {
	"$LAB" images busybox http
	setup_instance --libexec "$BUILD/src/tools"
	# A proxy that is there from the start.
	echo example.com | as_dokku tee "$INST/home/VHOST" >/dev/null
}

teardown_file() {
	teardown_instance
}

teardown() {
	local app
	for app in $(dokku --quiet apps:list 2>/dev/null); do
		dokku --force apps:destroy "$app" >/dev/null
	done
	rm -rf "$INST/lib/plugins"
}

# push APP: a Dockerfile app that answers with its variable VERSION.
push() {
	local dir=$BATS_TEST_TMPDIR/src-$1
	mkdir -p "$dir"
	printf 'FROM moorage-lab/http:1\nENV X=1\nEXPOSE 5000\n' >"$dir/Dockerfile"
	health_check "$dir" '{ "type": "startup", "path": "/health", "attempts": 10, "wait": 1 }'
	git_app "$dir"
	dokku apps:create "$1" >/dev/null
	dokku config:set --no-restart "$1" VERSION=v1 >/dev/null
	dokku ports:set "$1" "http:$HTTP_PORT:5000" >/dev/null
	printf '%s\n' "$1.example.com" www.shop.test | as_dokku tee "$INST/home/$1/VHOST" >/dev/null
	dokku config:unset --no-restart "$1" NO_VHOST >/dev/null
	run git_push "$dir" "$1"
	assert_success
	wait_until 10 http_body_is www.shop.test / v1
}

# What the engine has of this instance.
engine_snapshot() {
	docker_lab ps -a --filter "label=com.moorage.instance=$LABEL" --format '{{.Names}}' | sort
	docker_lab images --filter "label=com.moorage.instance=$LABEL" --format '{{.Repository}}:{{.Tag}}' | grep -v '<none>' | sort
}

@test "apps:destroy of a running app leaves no container, image, file or route" {
	push one
	run dokku --force apps:destroy one
	assert_success
	assert_equal "$(engine_snapshot)" ''
	refute_file_exists "$INST/home/one"
	run find "$INST/lib/config" "$INST/lib/data" "$INST/home" -name one ! -path '*/moorage/*'
	refute_output
	[ "$(http_status www.shop.test /)" != 200 ]
}

@test "a custom domain answers every request while its app is renamed" {
	push one
	probe_start "$BATS_TEST_TMPDIR/load" -r 100 -H www.shop.test "127.0.0.1:$HTTP_PORT"
	run dokku apps:rename one two
	assert_success
	wait_until 10 http_body_is www.shop.test / v1
	probe_stop || cat "$BATS_TEST_TMPDIR/load"
	assert_json .failed 0 "$BATS_TEST_TMPDIR/load"
	assert_http two.example.com / 200 v1
	run grep -rl one.example.com "$INST/home" --include=nginx.conf
	refute_output
	run engine_snapshot
	assert_line "$LABEL.two.web.1"
	refute_output --partial one
	run docker_lab inspect -f '{{index .Config.Labels "com.dokku.app-name"}}' "$LABEL.two.web.1"
	assert_output two
	# It is an app like any other.
	run dokku config:set two VERSION=v2
	assert_success
	wait_until 10 http_body_is www.shop.test / v2
}

@test "a rename that cannot start the app leaves the old one serving and nothing of the new one" {
	push one
	before=$(engine_snapshot)
	as_dokku mkdir -p "$INST/lib/plugins/enabled/p"
	printf '#!/bin/sh\nexit 5\n' >"$INST/lib/plugins/enabled/p/check-deploy"
	chmod 755 "$INST/lib/plugins/enabled/p/check-deploy"
	run dokku apps:rename one two
	assert_failure
	assert_http www.shop.test / 200 v1
	run -20 dokku apps:exists two
	assert_equal "$(engine_snapshot)" "$before"
}

@test "apps:clone deploys the copy, which has its own image and containers" {
	push one
	run dokku apps:clone one two
	assert_success
	run engine_snapshot
	assert_line "$LABEL.one.web.1"
	assert_line "$LABEL.two.web.1"
	assert_http two.example.com / 200 v1
	assert_http www.shop.test / 200 v1
}

@test "config:set deploys a running app, --no-restart does not, a failure is a warning" {
	push one
	run dokku config:set one VERSION=v2
	assert_success
	assert_line '-----> Restarting app one'
	wait_until 10 http_body_is www.shop.test / v2
	run dokku config:set --no-restart one VERSION=v3
	refute_output --partial Restarting
	assert_http www.shop.test / 200 v2
	as_dokku mkdir -p "$INST/lib/plugins/enabled/p"
	printf '#!/bin/sh\nexit 5\n' >"$INST/lib/plugins/enabled/p/check-deploy"
	chmod 755 "$INST/lib/plugins/enabled/p/check-deploy"
	run dokku config:set one VERSION=v4
	assert_success
	assert_output --partial 'Failure while restarting app'
	assert_http www.shop.test / 200 v2
}
