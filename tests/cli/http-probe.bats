#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The load generator that later tests believe: each kind of failure is seen as what it is.

load ../lab/helpers

setup() {
	DIR=$BATS_TEST_TMPDIR
	PORT=$(claim_port)
}

teardown() {
	[ ! "${SERVER:-}" ] || kill "$SERVER" 2>/dev/null || true
	free_ports
}

# start_server K=V...: the fixture server outside of any container.
start_server() {
	env PORT="$PORT" "$@" "$BUILD/tests/lab/http-server" >"$DIR/server.log" 2>&1 3>&- &
	SERVER=$!
	wait_until 10 grep -q listening "$DIR/server.log"
}

# A server that treats every connection the same way: reads a little, says TEXT, closes or resets.
start_rude_server() {
	python3 - "$PORT" "$1" "$2" >"$DIR/server.log" 2>&1 3>&- <<-'PY' &
		import socket, struct, sys
		port, text, how = int(sys.argv[1]), sys.argv[2].encode().decode("unicode_escape"), sys.argv[3]
		s = socket.socket()
		s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
		s.bind(("127.0.0.1", port))
		s.listen(100)
		print("listening", flush=True)
		while True:
		    c, _ = s.accept()
		    c.recv(4096)
		    c.send(text.encode())
		    if how == "reset":
		        c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
		    c.close()
	PY
	SERVER=$!
	wait_until 10 grep -q listening "$DIR/server.log"
}

probe() {
	"$HTTP_PROBE" "$@" "127.0.0.1:$PORT" >"$DIR/json" 2>/dev/null
}

@test "http-probe sends as many requests as rate and time say" {
	start_server VERSION=v1
	probe -r 500 -t 2
	assert_json .sent 1000 "$DIR/json"
	assert_json .ok 1000 "$DIR/json"
	assert_json .failed 0 "$DIR/json"
	assert_json '.bodies[0].text' v1 "$DIR/json"
	assert_json '.bodies[0].count' 1000 "$DIR/json"
}

@test "http-probe keeps connections alive when asked to" {
	start_server VERSION=v1
	probe -r 200 -t 1 -k 4
	assert_json .ok 200 "$DIR/json"
	assert_json .mode keep-alive "$DIR/json"
}

@test "http-probe fails on a status other than 200" {
	start_server VERSION=v1
	run probe -r 20 -t 1 -p '/status?code=503'
	assert_failure 1
	assert_json .bad_status 20 "$DIR/json"
	assert_json '.status."503"' 20 "$DIR/json"
	assert_json '.bodies | length' 0 "$DIR/json"
}

@test "http-probe counts refused connections" {
	run probe -r 20 -t 1
	assert_failure 1
	assert_json .connect_errors 20 "$DIR/json"
	assert_json .failed 20 "$DIR/json"
}

@test "http-probe counts time-outs and goes on sending meanwhile" {
	start_server VERSION=v1
	run probe -r 20 -t 1 -T 300 -p '/slow?ms=5000'
	assert_failure 1
	assert_json .sent 20 "$DIR/json"
	assert_json .timeouts 20 "$DIR/json"
	assert_json '.late_max_ms < 200' true "$DIR/json"
}

@test "http-probe counts resets" {
	start_rude_server '' reset
	run probe -r 20 -t 1
	assert_failure 1
	assert_json .resets 20 "$DIR/json"
}

@test "http-probe counts connections that are closed without an answer" {
	start_rude_server '' close
	run probe -r 20 -t 1
	assert_failure 1
	assert_json .resets 20 "$DIR/json"
}

@test "http-probe counts answers that are cut short" {
	start_rude_server 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc' close
	run probe -r 20 -t 1
	assert_failure 1
	assert_json .short_answers 20 "$DIR/json"
	assert_json .ok 0 "$DIR/json"
}

@test "http-probe tells when one release took over from another" {
	start_server VERSION=v1
	"$HTTP_PROBE" -r 100 "127.0.0.1:$PORT" >"$DIR/json" 2>"$DIR/log" 3>&- &
	PROBE_PID=$!
	wait_until 10 grep -q 'first answer' "$DIR/log"
	kill "$SERVER" && wait "$SERVER"
	start_server VERSION=v2
	wait_until 10 curl -sf "127.0.0.1:$PORT/"
	kill "$PROBE_PID"
	run wait "$PROBE_PID"
	assert_json '.bodies | map(.text) | join(" ")' 'v1 v2' "$DIR/json"
	assert_json '.bodies[0].last_ms < .bodies[1].first_ms' true "$DIR/json"
	# Whatever was refused in between is counted, and nothing else went wrong.
	assert_json '.sent == .ok + .connect_errors + .resets' true "$DIR/json"
}

@test "http-probe refuses what is not an address" {
	run "$HTTP_PROBE" -r 10 localhost
	assert_failure 2
	assert_output --partial "'localhost' is not ADDRESS:PORT"
}
