# SPDX-License-Identifier: MIT
# Ports of apps, against an nginx that listens on them.
load routes

setup() {
	routes_begin
	make_app web web.test
	moorage proxy:build-config web
}

teardown() {
	routes_end
}

# proves effect: command ports:add, command ports:set
@test "ports:add keeps what is there and is served at once" {
	port=$(free_port)
	moorage ports:set web "http:$HTTP:$BACKEND"
	moorage ports:add web "http:$port:$BACKEND"
	[ "$(answer web.test "$port")" = 200 ]
	[ "$(answer web.test)" = 200 ]
}

# proves golden: command ports:list
@test "ports:list shows a table, or only its rows" {
	moorage ports:set web http:8080:5000 grpc:50051:6000
	run moorage ports:list web
	[ "${lines[0]}" = "-----> Port mappings for web" ]
	[ "${lines[1]}" = "    -----> scheme  host port  container port" ]
	[ "${lines[2]}" = "    grpc           50051      6000" ]
	[ "${lines[3]}" = "    http           8080       5000" ]
	run moorage --quiet ports:list web
	[ "${lines[0]}" = "    grpc  50051  6000" ]
	[ "${lines[1]}" = "    http  8080   5000" ]
}

@test "ports:list of an app without a map of its own fails" {
	run moorage ports:list web
	[ "$status" -eq 1 ]
	[[ "$output" == *"No port mappings configured for app"* ]]
}

@test "the same scheme and host port twice is refused and changes nothing" {
	moorage ports:set web http:8080:5000
	before=$(snapshot)
	run moorage ports:add web http:8080:6000
	[ "$status" -eq 1 ]
	[[ "$output" == *"Error validating all port mappings: The same scheme:host-port is being reused: http:8080"* ]]
	run moorage ports:set web http:81:1 http:81:2
	[ "$status" -eq 1 ]
	[[ "$output" == *"The same scheme:host-port is being reused: http:81"* ]]
	[ "$(snapshot)" = "$before" ]
}

@test "bad mappings are refused" {
	for map in http http:80 http:0:5000 http:80:65536 http:80:x 'a;b:80:5000' http:80:5000:1; do
		run moorage ports:add web "$map"
		[ "$status" -eq 1 ] || { echo "taken: $map"; false; }
		[[ "$output" == *"Invalid port map"* ]]
	done
	run moorage ports:add web
	[[ "$output" == *"No port mapping specified"* ]]
}

# proves effect: command ports:remove
@test "ports:remove takes a mapping or a host port" {
	moorage ports:set web http:8080:5000 http:8081:5000 http:8082:5000
	moorage ports:remove web http:8080:5000 8082
	[ "$(cat "$INST/lib/config/ports/web/map")" = http:8081:5000 ]
	moorage ports:remove web 8081
	[ ! -e "$INST/lib/config/ports/web/map" ]
}

# proves effect: command ports:clear
@test "ports:clear drops both lists" {
	moorage ports:set web http:8080:5000
	moorage ports:clear web
	[ ! -e "$INST/lib/config/ports/web/map" ]
	[ ! -e "$INST/lib/config/ports/web/map-detected" ]
}

@test "the report has both maps as text and as JSON" {
	run moorage ports:report web
	[ "${lines[0]}" = "=====> web ports information" ]
	[ "${lines[1]}" = "       Ports map:                     " ]
	[ "${lines[2]}" = "       Ports map detected:            http:$HTTP:$BACKEND" ]
	[ "${lines[3]}" = "       Ports map detected json:       [{\"container_port\":$BACKEND,\"host_port\":$HTTP,\"scheme\":\"http\"}]" ]
	[ "${lines[4]}" = "       Ports map json:                null" ]
}

# proves effect: trigger post-proxy-ports-update
@test "third-party handlers hear of the change" {
	handler other post-proxy-ports-update <<-'SH'
		#!/bin/sh
		echo "heard $*"
	SH
	run moorage ports:add web http:8080:5000
	[[ "$output" == *"heard web add"* ]]
}

@test "a port that something else has leaves the old ports in use" {
	port=$(free_port)
	python3 -m http.server "$port" --bind 0.0.0.0 >/dev/null 2>&1 3>&- 4>&- &
	other=$!
	for _ in $(seq 100); do
		curl -s -o /dev/null "http://127.0.0.1:$port/" && break
		sleep 0.05
	done
	before=$(snapshot)
	run moorage ports:set web "http:$port:$BACKEND"
	kill "$other"
	[ "$status" -ne 0 ]
	[[ "$output" == *"error log says why"* ]]
	[ "$(snapshot)" = "$before" ]
	[ "$(answer web.test)" = 200 ]
}

@test "a change that is killed anywhere is undone by the next command on the app" {
	for at in "1 before" "1 after" "2 before" "2 effect" "2 after" "3 before" "3 effect"; do
		before=$(snapshot)
		mkdir -p "$INST/lib/data/moorage"
		echo "ports-set $at" >"$INST/lib/data/moorage/fault"
		run moorage ports:set web "http:$(free_port):$BACKEND"
		[ "$status" -eq 137 ]
		moorage proxy:set web proxy-port "$HTTP"
		[ "$(snapshot)" = "$before" ] || { echo "different after $at"; false; }
		[ "$(answer web.test)" = 200 ]
	done
}
