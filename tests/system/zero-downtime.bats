#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Twenty deploys under load: open loop, a new connection for every request, no retries.

load ../lab/helpers
load ../lab/apps

DEPLOYS=20
RATE=250

setup_file() {
	setup_instance
	"$LAB" images busybox http
	lab_domain
}

teardown_file() {
	teardown_instance
}

figures() {
	jq -r --arg what "$1" '"# \($what): \(.sent) requests, \(.failed) failures, ended by a closed kept-alive connection: \(.reused_closed // 0); latency ms p50 \(.latency_ms.p50 // 0), p99 \(.latency_ms.p99 // 0), max \(.latency_ms.max // 0)"' "$2"
}

@test "$DEPLOYS deploys under load without one failed request" {
	dir=$BATS_TEST_TMPDIR/app
	http_app "$dir" v0
	git_push "$dir" app
	dokku checks:set app wait-to-retire 5
	wait_until 10 serves app v0
	probe_start "$BATS_TEST_TMPDIR/kept" -r 50 -k 8 -H "$(host_of app)" "127.0.0.1:$HTTP_PORT"
	kept=$PROBE_PID
	probe_start "$BATS_TEST_TMPDIR/load" -r $RATE -H "$(host_of app)" "127.0.0.1:$HTTP_PORT"
	for ((n = 1; n <= DEPLOYS; n++)); do
		push_version "$dir" app "v$n"
		serves app "v$n" || fail "deploy $n does not serve"
	done
	# Until the last old container is retired, too.
	wait_until 60 only_one_runs
	probe_stop || true
	load=$(cat "$BATS_TEST_TMPDIR/load")
	PROBE_PID=$kept
	probe_stop || true
	figures 'new connections' "$BATS_TEST_TMPDIR/load" >&3
	figures 'kept alive' "$BATS_TEST_TMPDIR/kept" >&3
	assert_equal "$(jq '.bodies | length' <<<"$load")" $((DEPLOYS + 1))
	[ "$(jq .sent <<<"$load")" -ge $((RATE * DEPLOYS)) ] || [ "$(jq .ran_ms <<<"$load")" -gt 0 ]
	[ "$(jq .failed <<<"$load")" = 0 ] || fail "$load"
}

only_one_runs() {
	dokku ps:retire >/dev/null 2>&1
	[ "$(running_of app)" = app.web.1 ]
}
