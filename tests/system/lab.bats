#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The lab with an engine: the test app, routes to containers, clean-up by label, an own engine.

load ../lab/helpers

setup_file() {
	"$LAB" images busybox http
	cat >"$BATS_FILE_TMPDIR/stand-in" <<-'SH'
		#!/bin/sh
		echo "stand-in $*"
	SH
	setup_instance --binary "$BATS_FILE_TMPDIR/stand-in"
}

teardown_file() {
	teardown_instance
}

# start_app NAME DOCKER-OPTIONS...: prints the container's address.
start_app() {
	local name=$LAB_NAME-$1
	shift
	docker_lab run -d --name "$name" --label "com.moorage.instance=$LABEL" "$@" moorage-lab/http:1 >/dev/null
	docker_lab inspect -f '{{.NetworkSettings.IPAddress}}' "$name"
}

# route HOST ADDRESS
route() {
	mkdir -p "$INST/home/$1"
	echo "server { listen $HTTP_PORT; server_name $1; location / { proxy_pass http://$2:5000; } }" \
		>"$INST/home/$1/nginx.conf"
	"$LAB" nginx "$LAB_NAME" -s reload
}

@test "nginx reaches an app in a container" {
	address=$(start_app web -e VERSION=v1)
	route web.example "$address"
	wait_until 10 http_body_is web.example / v1
	assert_http web.example /health 200
}

@test "a request that a container has begun is finished after docker stop" {
	address=$(start_app slow)
	wait_until 10 curl -sf "http://$address:5000/"
	curl -s "http://$address:5000/slow?ms=1500" >"$BATS_TEST_TMPDIR/slow" 3>&- &
	wait_until 5 established "$address"
	run docker_lab stop -t 10 "$LAB_NAME-slow"
	assert_success
	wait $!
	assert_file_is "$BATS_TEST_TMPDIR/slow" slow
	assert_equal "$(docker_lab inspect -f '{{.State.ExitCode}}' "$LAB_NAME-slow")" 0
}

established() {
	[ -n "$(ss -Hnt state established dst "$1" dport = 5000)" ]
}

@test "an app that listens on loopback only is not reached" {
	docker_lab run -d --name "$LAB_NAME-local" --label "com.moorage.instance=$LABEL" \
		moorage-lab/http:1 /bin/http-server --ipv4-local >/dev/null
	address=$(docker_lab inspect -f '{{.NetworkSettings.IPAddress}}' "$LAB_NAME-local")
	wait_until 10 docker_lab exec "$LAB_NAME-local" busybox nc 127.0.0.1 5000 -e /bin/true
	run curl -s --max-time 2 "http://$address:5000/"
	assert_failure 7
}

@test "removing an instance removes what carries its label and nothing else" {
	other=$LAB_NAME-2
	"$LAB" up "$other" --no-sshd --no-nginx >/dev/null
	docker_lab create --name "$other-c" --label "com.moorage.instance=lab-$other" moorage-lab/busybox:1 >/dev/null
	docker_lab create --name "$LAB_NAME-keep" --label "com.moorage.instance=$LABEL" moorage-lab/busybox:1 >/dev/null
	docker_lab network create --label "com.moorage.instance=lab-$other" "$other-n" >/dev/null
	docker_lab volume create --label "com.moorage.instance=lab-$other" "$other-v" >/dev/null
	printf 'FROM moorage-lab/busybox:1\nLABEL com.moorage.instance=lab-%s\n' "$other" |
		DOCKER_BUILDKIT=0 docker_lab build -q -t "$other-i" - >/dev/null
	"$LAB" down "$other"
	assert_equal "$(docker_lab ps -aq --filter "label=com.moorage.instance=lab-$other")" ''
	assert_equal "$(docker_lab network ls -q --filter "label=com.moorage.instance=lab-$other")" ''
	assert_equal "$(docker_lab volume ls -q --filter "label=com.moorage.instance=lab-$other")" ''
	assert_equal "$(docker_lab images -q --filter "label=com.moorage.instance=lab-$other")" ''
	run docker_lab inspect "$LAB_NAME-keep"
	assert_success
	run docker_lab image inspect moorage-lab/busybox:1
	assert_success
}

@test "containers live through a kill of an engine of the test's own" {
	own=$LAB_NAME-own
	dir=$("$LAB" up "$own" --own-engine --live-restore --no-sshd)
	"$LAB" images --into "$own" http
	docker_own() { /usr/bin/docker -H "unix://$dir/engine/d.sock" "$@"; }
	docker_own run -d --name web -e VERSION=own moorage-lab/http:1 >/dev/null
	address=$(docker_own inspect -f '{{.NetworkSettings.IPAddress}}' web)
	wait_until 10 "$LAB" exec "$own" curl -sf "http://$address:5000/"
	started=$(docker_own inspect -f '{{.State.StartedAt}}' web)
	"$LAB" engine kill "$own"
	run docker_own version
	assert_failure
	assert_equal "$("$LAB" exec "$own" curl -s "http://$address:5000/")" own
	"$LAB" engine start "$own"
	assert_equal "$(docker_own inspect -f '{{.State.StartedAt}}' web)" "$started"
	assert_equal "$("$LAB" exec "$own" curl -s "http://$address:5000/")" own
	"$LAB" down "$own"
	refute_file_exists "$dir"
	# The machine's own engine still has its network.
	run docker_lab run --rm moorage-lab/busybox:1 ip route
	assert_output --partial default
}
