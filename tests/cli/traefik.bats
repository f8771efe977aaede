#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The proxy traefik: what it asks the engine for, and the labels of apps. What it has in common with
# the other proxies of its kind is tested in caddy.bats.

bats_require_minimum_version 1.5.0
load proxies

setup_file() {
	proxy_setup --no-sshd --no-nginx
}

teardown_file() {
	teardown_instance
}

setup() {
	APP=t$BATS_TEST_NUMBER
}

teardown() {
	dokku traefik:stop
	rm -rf "$INST/lib/config/traefik/--global"
	remove_plugin zz-traefik
	free_ports
}

# proves golden: command traefik:start
@test "traefik:start asks for the container that Dokku's compose file describes" {
	assert_request traefik/start.txt traefik:start
	assert_equal "$(stat -c %a "$INST/lib/data/traefik/traefik-acme.json")" 600
}

# The salt of a password is made up once; here it is a known one.
# proves golden: property traefik/image, property traefik/log-level, property traefik/letsencrypt-email, property traefik/letsencrypt-server, property traefik/challenge-mode, property traefik/dns-provider, property traefik/dns-provider-<ENV_VAR>, property traefik/api-enabled, property traefik/api-vhost, property traefik/dashboard-enabled, property traefik/basic-auth-username, property traefik/basic-auth-password
@test "certificates by DNS, the API and its password change that" {
	dokku traefik:set --global image example/traefik:1
	dokku traefik:set --global log-level info
	dokku traefik:set --global letsencrypt-email admin@example.test
	dokku traefik:set --global letsencrypt-server https://acme.example.test/directory
	dokku traefik:set --global challenge-mode dns
	dokku traefik:set --global dns-provider cloudflare
	dokku traefik:set --global dns-provider-cf_dns_api_token 'a "b" $c\d'
	dokku traefik:set --global api-enabled true
	dokku traefik:set --global api-vhost api.example.test
	dokku traefik:set --global dashboard-enabled true
	dokku traefik:set --global basic-auth-username joe
	dokku traefik:set --global basic-auth-password password
	printf xxxxxxxx | as_dokku tee "$INST/lib/config/traefik/--global/basic-auth-salt"
	assert_request traefik/start-acme.txt traefik:start
}

# proves golden: property traefik/api-entry-point, property traefik/api-entry-point-address, property traefik/challenge-mode
@test "api-entry-point and api-entry-point-address give the API a port of its own; challenge-mode http" {
	dokku traefik:set --global letsencrypt-email admin@example.test
	dokku traefik:set --global challenge-mode http
	dokku traefik:set --global api-enabled true
	dokku traefik:set --global api-entry-point admin
	dokku traefik:set --global api-entry-point-address :8080
	assert_request traefik/start-api.txt traefik:start
}

@test "the same password gives the same container, another one another salt" {
	dokku traefik:set --global basic-auth-username joe
	dokku traefik:set --global basic-auth-password secret-one
	with_fake_engine "$image_rule, $make_rules" traefik:start
	first=$(dokku traefik:show-config | grep basicauth)
	[[ "$first" == *'joe:$$apr1$$'* ]]
	[[ "$first" != *secret-one* ]]
	with_fake_engine "$image_rule, $make_rules" traefik:start
	assert_equal "$(dokku traefik:show-config | grep basicauth)" "$first"
	salt=$(cat "$INST/lib/config/traefik/--global/basic-auth-salt")
	dokku traefik:set --global basic-auth-password secret-two
	with_fake_engine "$image_rule, $make_rules" traefik:start
	[ "$(cat "$INST/lib/config/traefik/--global/basic-auth-salt")" != "$salt" ]
}

# proves golden: report traefik:report/--traefik-global-dns-provider-<env_var>
@test "passwords and variables of the DNS provider are masked where somebody might look" {
	run dokku traefik:set --global basic-auth-password very-secret
	assert_output "=====> Setting basic-auth-password to *******"
	run dokku traefik:set --global dns-provider-TOKEN very-secret
	assert_output "=====> Setting dns-provider-TOKEN to *******"
	run dokku traefik:report --global
	refute_output --partial very-secret
	assert_output --regexp 'Traefik global dns provider TOKEN: +\*{7}'
	assert_output --regexp 'Traefik computed basic auth password: +\*{7}'
	row=traefik-global-dns-provider
	run dokku traefik:report --global "--$row-TOKEN"
	assert_output very-secret
	run dokku traefik:report --global --format json
	assert_output --partial '"global-basic-auth-password":"very-secret"'
	run dokku traefik:set --global dns-provider-../x y
	assert_failure 1
	assert_output --partial "Invalid key specified"
}

# proves golden: command traefik:show-config
@test "traefik:show-config prints the compose file" {
	dokku traefik:set --global log-level debug
	run dokku traefik:show-config
	assert_success
	assert_line '    image: "traefik:v3.7.10"'
	assert_line '      - "--log.level=DEBUG"'
	assert_line "      - \"$INST/lib/data/traefik:/data\""
	refute_output --partial 443
}

# proves stand-in: command traefik:start, command traefik:stop, command traefik:logs, trigger traefik-template-source
@test "a stand-in for traefik starts, shows its log (traefik:logs), and stops" {
	stand_in traefik-template-source "$(claim_port)"
	dokku traefik:set --global image moorage-lab/http:1
	dokku traefik:start
	is_up traefik
	logged() {
		[ "$(dokku traefik:logs --num 5)" = "listening on port 5000" ]
	}
	wait_until 60 logged
	dokku traefik:stop
	is_gone traefik
}

# proves effect: property traefik/letsencrypt-email, property traefik/http-entry-point, property traefik/https-entry-point
@test "an app has a router and a service, and those for TLS with letsencrypt-email; http-entry-point and https-entry-point name theirs" {
	APP=demo
	app_with_image "$APP"
	dokku proxy:set "$APP" type traefik
	dokku domains:set "$APP" a.example.test b.example.test
	run dokku ps:restart "$APP"
	assert_success
	assert_line "-----> Routing app via traefik"
	assert_labels "$APP" traefik traefik/plain.labels
	dokku traefik:set --global letsencrypt-email admin@example.test
	dokku traefik:set --global http-entry-point web
	dokku traefik:set --global https-entry-point websecure
	as_dokku mkdir -p "$INST/lib/data/app-json/$APP"
	as_dokku tee "$INST/lib/data/app-json/$APP/app.json" >/dev/null <<-'JSON'
		{"healthchecks": {"web": [
			{"type": "startup", "path": "/no"},
			{"type": "readiness", "command": ["no"]},
			{"type": "readiness", "path": "/health", "scheme": "http", "port": 5000, "timeout": 3, "wait": 7},
			{"type": "readiness", "path": "/second"}]}}
	JSON
	dokku ps:restart "$APP"
	assert_labels "$APP" traefik traefik/acme.labels
}

@test "mappings of other ports are used with a warning; without one for http there is no router" {
	app_with_image "$APP"
	dokku proxy:set "$APP" type traefik
	dokku ports:set "$APP" http:8080:3000
	run dokku ps:restart "$APP"
	assert_output --partial "Warning: http:80 port mapping not found"
	assert_equal "$(labels_of "$APP" 'traefik.*server.port')" "traefik.http.services.$APP-web-http.loadbalancer.server.port=3000"
	dokku ports:set "$APP" tcp:25:2525
	dokku ps:restart "$APP"
	assert_equal "$(labels_of "$APP" traefik)" traefik.enable=true
}

# proves effect: command traefik:labels:add, command traefik:labels:remove, command traefik:labels:show
@test "traefik:labels:add, traefik:labels:remove and traefik:labels:show keep labels for the next deploy" {
	app_with_image "$APP"
	dokku proxy:set "$APP" type traefik
	dokku traefik:labels:add "$APP" "traefik.http.routers.$APP-web-http.middlewares" one
	dokku ps:restart "$APP"
	assert_equal "$(labels_of "$APP" 'traefik.*middlewares')" "traefik.http.routers.$APP-web-http.middlewares=one"
	run dokku traefik:labels:show "$APP" "traefik.http.routers.$APP-web-http.middlewares"
	assert_output one
	dokku traefik:labels:remove "$APP" "traefik.http.routers.$APP-web-http.middlewares"
	dokku ps:restart "$APP"
	run labels_of "$APP" 'traefik.*middlewares'
	assert_output ""
}
