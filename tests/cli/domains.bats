# SPDX-License-Identifier: MIT
# Host names of apps, against an nginx that serves them.
load routes
bats_require_minimum_version 1.5.0

setup() {
	routes_begin
	make_app web web.test
	moorage proxy:build-config web
}

teardown() {
	routes_end
}

# proves effect: command domains:add
@test "domains:add serves the new name and keeps the old ones" {
	run moorage domains:add web a.test b.test
	[ "$status" -eq 0 ]
	[[ "$output" == *"-----> Added a.test to web"* ]]
	[ "$(cat "$INST/home/web/VHOST")" = $'web.test\na.test\nb.test' ]
	[ "$(answer a.test)" = 200 ]
	[ "$(answer web.test)" = 200 ]
}

@test "domains:add of a name that is there says so" {
	run moorage domains:add web web.test
	[ "$status" -eq 0 ]
	[[ "$output" == *"Skipping: web.test already added to web"* ]]
	[ "$(cat "$INST/home/web/VHOST")" = web.test ]
}

@test "an invalid name changes nothing" {
	before=$(snapshot)
	run moorage domains:add web good.test 'bad;name'
	[ "$status" -eq 1 ]
	[[ "$output" == *"bad;name is invalid. exiting..."* ]]
	[ "$(snapshot)" = "$before" ]
}

@test "no name is an error" {
	run moorage domains:add web
	[ "$status" -eq 1 ]
	[[ "$output" == *"Please specify a domain name"* ]]
}

# proves effect: command domains:remove
@test "domains:remove takes exactly the name: a dot is a dot" {
	moorage domains:add web webxtest
	moorage domains:remove web web.test
	[ "$(cat "$INST/home/web/VHOST")" = webxtest ]
	run answer web.test
	[ "$output" != 200 ]
}

# proves effect: command domains:set
@test "domains:set replaces the list" {
	moorage domains:set web x.test y.test z.test
	[ "$(cat "$INST/home/web/VHOST")" = $'x.test\ny.test\nz.test' ]
	[ "$(answer z.test)" = 200 ]
}

# proves effect: command domains:clear
@test "domains:clear removes the file" {
	run moorage domains:clear web
	[ "$status" -eq 0 ]
	[[ "$output" == *"Cleared domains in web"* ]]
	[ ! -e "$INST/home/web/VHOST" ]
}

@test "domains:clear without an app is refused" {
	run moorage domains:clear
	[ "$status" -eq 1 ]
	[[ "$output" == *"Please specify an app to run the command on"* ]]
}

# proves effect: command domains:reset, command domains:set-global
# proves effect: property domains/VHOST file lines
@test "domains:reset gives the default names" {
	moorage domains:set-global example.com example.org
	moorage domains:reset web
	[ "$(cat "$INST/home/web/VHOST")" = $'web.example.com\nweb.example.org' ]
}

@test "domains:reset without global names turns virtual hosts off" {
	moorage domains:reset web
	[ "$(moorage domains:report web --domains-app-enabled)" = false ]
}

# proves effect: command domains:disable, command domains:enable
@test "an app without virtual hosts is served on a port of its own, and back" {
	moorage domains:set-global example.com
	moorage domains:disable web
	[ ! -e "$INST/home/web/VHOST" ]
	port=$(cat "$INST/lib/config/proxy/web/proxy-port")
	[ "$port" -gt 1024 ]
	[ "$port" != "$HTTP" ]
	grep -q "listen $port;" "$INST/home/web/nginx.conf"
	run ! grep -q server_name "$INST/home/web/nginx.conf"
	run moorage domains:disable web
	[[ "$output" == *"already disabled for app (web)"* ]]
	moorage domains:enable web
	[ "$(cat "$INST/home/web/VHOST")" = web.example.com ]
	grep -q 'server_name web.example.com;' "$INST/home/web/nginx.conf"
	[ "$(cat "$INST/lib/config/proxy/web/proxy-port")" = "$HTTP" ]
}

@test "a name given to an app without virtual hosts turns them on and is kept" {
	moorage domains:set-global example.com
	moorage domains:disable web
	moorage domains:add web new.test
	[ "$(cat "$INST/home/web/VHOST")" = new.test ]
	[ "$(moorage domains:report web --domains-app-enabled)" = true ]
}

@test "--all reaches every app" {
	make_app two two.test
	run moorage domains:disable --all
	[ "$status" -eq 0 ]
	[ "$(moorage domains:report web --domains-app-enabled)" = false ]
	[ "$(moorage domains:report two --domains-app-enabled)" = false ]
}

# proves effect: command domains:add-global, command domains:remove-global
# proves effect: command domains:clear-global
@test "global names are listed, added once, removed and cleared" {
	moorage domains:set-global a.com
	run moorage domains:add-global a.com b.com
	[[ "$output" == *"Skipping a.com: already added"*"-----> Added b.com"* ]]
	[ "$(moorage domains:report --global --domains-global-vhosts)" = "a.com b.com" ]
	moorage domains:remove-global a.com
	[ "$(cat "$INST/home/VHOST")" = b.com ]
	moorage domains:clear-global
	[ "$(moorage domains:report --global --domains-global-enabled)" = false ]
}

@test "the report has Dokku's rows in order" {
	moorage domains:set-global a.com
	run moorage domains:report web
	[ "${lines[0]}" = "=====> web domains information" ]
	[ "${lines[1]}" = "       Domains app enabled:           true" ]
	[ "${lines[2]}" = "       Domains app vhosts:            web.test" ]
	[ "${lines[3]}" = "       Domains global enabled:        true" ]
	[ "${lines[4]}" = "       Domains global vhosts:         a.com" ]
	[ "${#lines[@]}" -eq 5 ]
}

@test "--dry-run prints the steps and changes nothing" {
	before=$(snapshot)
	run moorage domains:add web a.test --dry-run
	[ "$status" -eq 0 ]
	[[ "$output" == *"1. set the host names of web to web.test, a.test"* ]]
	[[ "$output" == *"2. lead requests for web"* ]]
	[ "$(snapshot)" = "$before" ]
}

# proves effect: trigger post-domains-update
@test "third-party handlers hear of the change with its names" {
	handler other post-domains-update <<-'SH'
		#!/bin/sh
		echo "heard $*"
	SH
	run moorage domains:add web a.test b.test
	[[ "$output" == *"heard web add a.test b.test"* ]]
}

@test "what nginx does not take leaves names and configuration as they were" {
	mkdir -p "$INST/home/web/nginx.conf.d"
	echo 'no_such_directive on;' >"$INST/home/web/nginx.conf.d/bad.conf"
	before=$(snapshot)
	run moorage domains:add web a.test
	[ "$status" -ne 0 ]
	[[ "$output" == *no_such_directive* ]]
	[ "$(snapshot)" = "$before" ]
	[ "$(answer web.test)" = 200 ]
}

@test "a change that is killed anywhere is undone by the next command on the app" {
	moorage domains:set-global example.com
	for at in "1 before" "1 after" "2 before" "2 effect" "2 after" "3 before" "3 effect"; do
		before=$(snapshot)
		mkdir -p "$INST/lib/data/moorage"
		echo "domains-add $at" >"$INST/lib/data/moorage/fault"
		run moorage domains:add web killed.test
		[ "$status" -eq 137 ] || { echo "not killed at $at: $output"; false; }
		run moorage ports:set web "http:$HTTP:$BACKEND"
		[ "$status" -eq 0 ]
		moorage ports:clear web
		echo "http:$HTTP:$BACKEND" >"$INST/lib/config/ports/web/map-detected"
		moorage proxy:build-config web
		[ "$(snapshot)" = "$before" ] || { echo "different after $at"; false; }
		[ "$(answer web.test)" = 200 ]
		run answer killed.test
		[ "$output" != 200 ]
	done
}

# proves golden: command urls, command url
@test "urls and url print where the app is" {
	moorage domains:add web a.test
	run moorage urls web
	[ "$output" = "http://a.test:$HTTP"$'\n'"http://web.test:$HTTP" ]
	[ "$(moorage url web)" = "http://web.test:$HTTP" ]
}

# proves effect: trigger app-urls
@test "a third-party app-urls handler replaces them" {
	handler other app-urls <<-'SH'
		#!/bin/sh
		echo "https://z.test http://a.test"
	SH
	run moorage urls web
	[ "$output" = $'http://a.test\nhttps://z.test' ]
}
