# SPDX-License-Identifier: MIT
# The proxy plugin.
load routes

setup() {
	routes_begin
	make_app web web.test
}

teardown() {
	routes_end
}

# proves effect: command proxy:build-config, command proxy:clear-config
@test "build-config serves the app, clear-config stops that" {
	moorage proxy:build-config web
	[ "$(answer web.test)" = 200 ]
	moorage proxy:clear-config web
	[ ! -e "$INST/home/web/nginx.conf" ]
	run answer web.test
	[ "$output" != 200 ]
}

@test "--all builds every app and reports the one that fails" {
	make_app two two.test
	run moorage proxy:build-config --all
	[ "$status" -eq 0 ]
	[ "$(answer web.test)" = 200 ]
	[ "$(answer two.test)" = 200 ]
	moorage proxy:set two no-such-proxy
	run moorage proxy:build-config --all --parallel 2
	[ "$status" -ne 0 ]
	[[ "$output" == *"no-such-proxy"* ]]
	moorage proxy:clear-config --all
	[ ! -e "$INST/home/web/nginx.conf" ]
}

@test "one test and one reload clear all apps" {
	make_app two two.test
	moorage proxy:build-config --all
	before=$(reloads)
	moorage proxy:clear-config --all
	[ "$(reloads)" = $((before + 1)) ]
}

@test "an app is needed" {
	run moorage proxy:build-config
	[ "$status" -eq 1 ]
	[[ "$output" == *"Please specify an app to run the command on"* ]]
}

# proves effect: command proxy:disable, command proxy:enable
@test "disable takes the configuration away, enable brings it back" {
	moorage domains:set-global example.com
	moorage proxy:build-config web
	run moorage proxy:disable web
	[ "$status" -eq 0 ]
	[[ "$output" == *"-----> Disabling proxy for app"* ]]
	[ ! -e "$INST/home/web/nginx.conf" ]
	[ "$(moorage proxy:report web --proxy-enabled)" = false ]
	run moorage proxy:disable web
	[[ "$output" == *"Proxy is already disable for app"* ]]
	run moorage proxy:enable web
	[[ "$output" == *"-----> Enabling proxy for app"* ]]
	[ "$(cat "$INST/home/web/VHOST")" = web.example.com ]
	grep -q 'server_name web.example.com;' "$INST/home/web/nginx.conf"
	# As in Dokku, switching domains on forgets what the build had detected.
	[ "$(moorage ports:report web --ports-map-detected)" = "http:$HTTP:5000" ]
	moorage ports:set web "http:$HTTP:$BACKEND"
	[ "$(answer web.example.com)" = 200 ]
}

# proves golden: command proxy:set
@test "set knows the short form and refuses what looks like a port" {
	moorage proxy:set web caddy
	[ "$(moorage proxy:report web --proxy-computed-type)" = caddy ]
	moorage proxy:set web type
	[ "$(moorage proxy:report web --proxy-computed-type)" = nginx ]
	moorage proxy:set --global type haproxy
	[ "$(moorage proxy:report web --proxy-computed-type)" = haproxy ]
	run moorage proxy:set web http:80:5000
	[ "$status" -eq 1 ]
	[[ "$output" == *"Consider using ports:set command"* ]]
}

# proves effect: trigger proxy-build-config
@test "a proxy that only third-party handlers know is theirs" {
	moorage proxy:set web mine
	run moorage proxy:build-config web
	[ "$status" -eq 1 ]
	[[ "$output" == *"selects the proxy 'mine', which does not exist here"* ]]
	handler mine proxy-build-config <<-'SH'
		#!/bin/sh
		echo "mine builds $1"
	SH
	run moorage proxy:build-config web
	[ "$status" -eq 0 ]
	[[ "$output" == *"mine builds web"* ]]
}

@test "an app that gets another proxy is nginx's no more" {
	handler mine proxy-build-config <<-'SH'
		#!/bin/sh
	SH
	moorage proxy:build-config web
	moorage proxy:set web mine
	moorage proxy:build-config web
	[ ! -e "$INST/home/web/nginx.conf" ]
}

@test "the old ports commands fail as they always do" {
	for name in ports ports-add ports-clear ports-remove ports-set; do
		run moorage "proxy:$name" web
		[ "$status" -eq 1 ]
		[[ "$output" == *"Invalid plugin subcommand call"* ]]
	done
}

@test "the report has Dokku's rows in order" {
	run moorage proxy:report web
	expected="=====> web proxy information
Proxy computed disabled:
Proxy computed proxy port:
Proxy computed proxy ssl port:
Proxy computed type:
Proxy disabled:
Proxy enabled:
Proxy global proxy port:
Proxy global proxy ssl port:
Proxy global type:
Proxy proxy port:
Proxy proxy ssl port:
Proxy type:"
	[ "$(sed -E 's/^ {7}([^:]*:).*/\1/' <<<"$output")" = "$expected" ]
}
