#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# ps:restore as at boot: nothing runs, the engine is slow or not there yet, and all comes up.

load ../lab/helpers

setup_file() {
	local app
	setup_instance --no-sshd
	"$LAB" images http
	echo example.test | as_dokku tee "$INST/home/VHOST" >/dev/null
	for app in one two three four off; do
		docker_lab tag moorage-lab/http:1 "dokku-$LABEL/$app:latest"
		dokku apps:create $app
		as_dokku mkdir -p "$INST/lib/config/common/$app" "$INST/lib/data/app-json/$app"
		echo true | as_dokku tee "$INST/lib/config/common/$app/deployed" >/dev/null
		printf '{"healthchecks":{"web":[{"type":"startup","path":"/","attempts":30,"wait":1}]}}\n' |
			as_dokku tee "$INST/lib/data/app-json/$app/app.json" >/dev/null
		dokku checks:set $app wait-to-retire 0
	done
	dokku ps:start off
	dokku ps:stop off
	cp "$INST/instance.conf" "$INST/instance.conf.fast"
}

teardown_file() {
	teardown_instance
}

setup() {
	docker_lab ps -q --filter "label=com.moorage.instance=$LABEL" | xargs -r docker -H "unix://$ENGINE_SOCKET" stop -t 1 >/dev/null
	cp "$INST/instance.conf.fast" "$INST/instance.conf"
}

teardown() {
	[ ! "${SLOW:-}" ] || kill "$SLOW" 2>/dev/null || true
	cp "$INST/instance.conf.fast" "$INST/instance.conf"
}

# slow_engine SECONDS: in front of the real one; the instance talks to it from then on.
slow_engine() {
	rm -f "$INST/slow.sock"
	sleep 1000 3>&- | python3 "$TOP/tests/fake-engine/slow-engine.py" "$INST/slow.sock" "$ENGINE_SOCKET" "$1" \
		>"$BATS_TEST_TMPDIR/slow" 3>&- &
	SLOW=$!
	wait_until 60 grep -q ready "$BATS_TEST_TMPDIR/slow"
	sed -i "s,^engine_socket=.*,engine_socket=$INST/slow.sock," "$INST/instance.conf"
}

all_serve() {
	local app
	for app in one two three four; do
		[ "$(http_status "$app.example.test" /)" = 200 ] || return 1
	done
}

running() {
	docker_lab ps --filter "label=com.moorage.instance=$LABEL" --format '{{.Names}}' | sed "s/^$LABEL\.//" | sort | xargs
}

@test "as many at a time as the machine bears: all that shall run do, what is off stays off" {
	run dokku ps:restore --parallel auto
	assert_success
	assert_line " !     Skipping ps:restore for off as restore property is false"
	wait_until 60 all_serve
	assert_equal "$(running)" "four.web.1 one.web.1 three.web.1 two.web.1"
}

@test "an engine that takes seconds for each answer only makes it longer" {
	slow_engine 1.5
	run dokku ps:restore --parallel auto
	assert_success
	cp "$INST/instance.conf.fast" "$INST/instance.conf"
	wait_until 60 all_serve
	assert_equal "$(running)" "four.web.1 one.web.1 three.web.1 two.web.1"
}

@test "an engine that is not up yet is waited for" {
	sed -i "s,^engine_socket=.*,engine_socket=$INST/late.sock," "$INST/instance.conf"
	dokku ps:restore --parallel auto >"$BATS_TEST_TMPDIR/restore" 2>&1 3>&- &
	restore=$!
	wait_until 60 grep -q 'waiting for up to 60 seconds' "$BATS_TEST_TMPDIR/restore"
	ln -s "$ENGINE_SOCKET" "$INST/late.sock"
	wait "$restore" || fail "$(cat "$BATS_TEST_TMPDIR/restore")"
	cp "$INST/instance.conf.fast" "$INST/instance.conf"
	wait_until 60 all_serve
}

# proves effect: trigger retire-container-failed
@test "an old container that cannot be stopped is told to plugins (retire-container-failed)" {
	local old dir=$INST/lib/plugins/enabled/told
	dokku ps:start one
	old=$(docker_lab inspect -f '{{.Id}}' "$LABEL.one.web.1")
	as_dokku mkdir -p "$dir"
	printf '#!/bin/sh\necho "$@" >>"%s"\n' "$INST/lib/told" >"$dir/retire-container-failed"
	chmod 755 "$dir/retire-container-failed"
	slow_engine 0
	dokku checks:set one wait-to-retire 10
	dokku ps:restart one
	# The process that waits for the end of the old one finds nobody there.
	pkill -f "$INST/slow.sock"
	rm -f "$INST/slow.sock"
	wait_until 60 grep -qx "one $old" "$INST/lib/told"
	rm -r "$dir"
}
