#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The proxy haproxy: what it asks the engine for, and the labels of apps. What it has in common with
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
	APP=h$BATS_TEST_NUMBER
}

teardown() {
	local name
	for name in letsencrypt-email letsencrypt-server log-level refresh-conf image; do
		dokku haproxy:set --global "$name"
	done
	dokku haproxy:stop
	remove_plugin zz-haproxy
	free_ports
}

# proves golden: command haproxy:start
@test "haproxy:start asks for the container that Dokku's compose file describes" {
	assert_request haproxy/start.txt haproxy:start
}

# proves golden: property haproxy/image, property haproxy/letsencrypt-email, property haproxy/letsencrypt-server, property haproxy/log-level, property haproxy/refresh-conf
@test "image, log-level, refresh-conf and certificates (letsencrypt-email, letsencrypt-server) change that" {
	dokku haproxy:set --global image example/haproxy:1
	dokku haproxy:set --global log-level info
	dokku haproxy:set --global refresh-conf 3
	dokku haproxy:set --global letsencrypt-email admin@example.test
	dokku haproxy:set --global letsencrypt-server https://acme.example.test/directory
	assert_request haproxy/start-acme.txt haproxy:start
}

# proves golden: command haproxy:show-config
@test "haproxy:show-config prints the compose file" {
	dokku haproxy:set --global refresh-conf 3
	run dokku haproxy:show-config
	assert_success
	assert_line '    image: "byjg/easy-haproxy:6.1.1"'
	assert_line '      - "EASYHAPROXY_REFRESH_CONF=3"'
	refute_output --partial 443
	refute_output --partial LETSENCRYPT
}

# proves stand-in: command haproxy:start, command haproxy:stop, command haproxy:logs, trigger haproxy-template-source
@test "a stand-in for haproxy starts, shows its log (haproxy:logs), and stops" {
	stand_in haproxy-template-source "$(claim_port)"
	dokku haproxy:set --global image moorage-lab/http:1
	dokku haproxy:start
	is_up haproxy
	# haproxy:logs shows the end, and goes on with -t until the container ends.
	dokku haproxy:logs -t >"$BATS_TEST_TMPDIR/log" 3>&- &
	wait_until 60 grep -q "listening on port 5000" "$BATS_TEST_TMPDIR/log"
	dokku haproxy:stop
	wait $!
	is_gone haproxy
}

# proves effect: property haproxy/letsencrypt-email
@test "an app has a definition for plain requests, and one for TLS with letsencrypt-email" {
	APP=demo
	app_with_image "$APP"
	dokku proxy:set "$APP" type haproxy
	dokku domains:set "$APP" a.example.test b.example.test
	run dokku ps:restart "$APP"
	assert_success
	assert_line "-----> Routing app via haproxy"
	assert_labels "$APP" haproxy haproxy/plain.labels
	dokku haproxy:set --global letsencrypt-email admin@example.test
	dokku ps:restart "$APP"
	assert_labels "$APP" haproxy haproxy/acme.labels
}

@test "mappings of other ports are used with a warning; without one for http there is no definition" {
	app_with_image "$APP"
	dokku proxy:set "$APP" type haproxy
	dokku ports:set "$APP" http:8080:3000 https:8443:3443
	run dokku ps:restart "$APP"
	assert_output --partial "Warning: http:80 port mapping not found"
	assert_output --partial "Utilizing first http port mapping, http:8080:3000"
	assert_output --partial "Warning: https:443 port mapping not found"
	assert_output --partial "Utilizing first https port mapping, http:8443:3443"
	assert_equal "$(labels_of "$APP" 'haproxy.*localport')" "haproxy.$APP-web-https.localport=3443
haproxy.$APP-web.localport=3000"
	dokku ports:set "$APP" tcp:25:2525
	dokku ps:restart "$APP"
	assert_equal "$(labels_of "$APP" haproxy)" "haproxy.$APP-web.redirect_ssl=false"
}

# proves effect: command haproxy:labels:add, command haproxy:labels:remove, command haproxy:labels:show
@test "haproxy:labels:add, haproxy:labels:remove and haproxy:labels:show keep labels for the next deploy" {
	app_with_image "$APP"
	dokku proxy:set "$APP" type haproxy
	dokku haproxy:labels:add "$APP" haproxy.x.balance leastconn
	dokku ps:restart "$APP"
	assert_equal "$(labels_of "$APP" haproxy.x)" haproxy.x.balance=leastconn
	run dokku haproxy:labels:show "$APP"
	assert_output "=====> $APP haproxy labels
       haproxy.x.balance=leastconn"
	dokku haproxy:labels:remove "$APP" haproxy.x.balance
	dokku ps:restart "$APP"
	run labels_of "$APP" haproxy.x
	assert_output ""
	run dokku haproxy:labels:show "$APP"
	assert_output " !     No haproxy labels set for $APP"
}
