#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The proxy caddy; and, by its example, what all proxies that read labels have in common: the life of
# their container, their labels, and the way of an app from nginx to them and back.

bats_require_minimum_version 1.5.0
load proxies

setup_file() {
	proxy_setup --no-sshd
}

teardown_file() {
	teardown_instance
}

setup() {
	APP=c$BATS_TEST_NUMBER
}

teardown() {
	local name
	for name in letsencrypt-email letsencrypt-server log-level polling-interval image tls-internal; do
		dokku caddy:set --global "$name"
	done
	dokku caddy:stop
	remove_plugin zz-caddy
	free_ports
}

# --- its container ---

# proves golden: command caddy:start
@test "caddy:start asks for the container that Dokku's compose file describes" {
	assert_request caddy/start.txt caddy:start
}

# proves golden: property caddy/image, property caddy/letsencrypt-email, property caddy/letsencrypt-server, property caddy/log-level, property caddy/polling-interval
@test "image, log level, polling interval and certificates change what caddy:start asks for" {
	dokku caddy:set --global image example/caddy:1
	dokku caddy:set --global log-level debug
	dokku caddy:set --global polling-interval 9s
	dokku caddy:set --global letsencrypt-email admin@example.test
	dokku caddy:set --global letsencrypt-server https://acme.example.test/directory
	assert_request caddy/start-acme.txt caddy:start
}

# proves golden: command caddy:show-config
@test "caddy:show-config prints the compose file that is started" {
	dokku caddy:set --global log-level debug
	run dokku caddy:show-config
	assert_success
	assert_line '    image: "lucaslorentz/caddy-docker-proxy:2.13"'
	assert_line '      - "caddy.log.level=DEBUG"'
	assert_line '      - caddy.auto_https=off'
	assert_line "      - \"$INST/lib/data/caddy:/data\""
	refute_output --partial 443
	dokku caddy:set --global letsencrypt-email admin@example.test
	run dokku caddy:show-config
	assert_line '      - "443:443"'
	assert_line '      - "caddy.email=admin@example.test"'
	refute_output --partial auto_https
}

@test "an image that is not here and cannot be pulled is named" {
	dokku caddy:set --global image 127.0.0.1:1/none:1
	run dokku caddy:start
	assert_failure 1
	assert_output --partial "Unable to start caddy: Image 127.0.0.1:1/none:1 is not on this machine and could not be pulled"
	is_gone caddy
}

# proves stand-in: command caddy:start, command caddy:stop, command caddy:logs, trigger caddy-template-source, property caddy/haproxy/nginx/openresty/traefik/proxy-status
@test "a stand-in for caddy starts, shows its log, is left alone by a second caddy:start, and stops" {
	port=$(claim_port)
	stand_in caddy-template-source "$port"
	dokku caddy:set --global image moorage-lab/http:1
	run dokku caddy:start
	assert_success
	assert_output --partial "Container $LABEL-caddy-caddy-1 started"
	is_up caddy
	assert_file_is "$INST/lib/config/caddy/--global/proxy-status" started
	run docker_lab inspect -f '{{index .Config.Labels "com.docker.compose.project"}} {{index .Config.Labels "com.docker.compose.service"}}' "$(proxy_container caddy)"
	assert_output "$LABEL-caddy caddy"
	wait_until 60 curl -fsS -o /dev/null "http://127.0.0.1:$port/health"

	run dokku caddy:logs
	assert_success
	assert_output "listening on port 5000"
	run dokku caddy:logs -n 0
	assert_output ""

	before=$(proxy_id caddy)
	run dokku caddy:start
	assert_success
	assert_output --partial "Container $LABEL-caddy-caddy-1 is running"
	assert_equal "$(proxy_id caddy)" "$before"
	docker_lab stop -t 0 "$before"
	dokku caddy:start
	is_up caddy
	assert_equal "$(proxy_id caddy)" "$before"

	run dokku caddy:stop
	assert_success
	is_gone caddy
	assert_file_is "$INST/lib/config/caddy/--global/proxy-status" stopped
	run dokku caddy:stop
	assert_success
	run dokku caddy:logs
	assert_failure 1
	assert_output --partial "caddy has not been started"
}

@test "a changed setting replaces the stand-in's container; one that does not start leaves the old one" {
	port=$(claim_port)
	stand_in caddy-template-source "$port"
	dokku caddy:set --global image moorage-lab/http:1
	dokku caddy:start
	first=$(proxy_id caddy)
	dokku caddy:set --global log-level debug
	run dokku caddy:start
	assert_success
	assert_output --partial "Container $LABEL-caddy-caddy-1 replaced"
	second=$(proxy_id caddy)
	[ "$first" != "$second" ]
	run docker_lab inspect -f '{{json .Config.Env}}' "$(proxy_container caddy)"
	assert_output --partial LEVEL=DEBUG

	stand_in caddy-template-source "$port" "    command: [/no/such/program]"
	run dokku caddy:start
	assert_failure 1
	assert_output --partial "start container $LABEL-caddy-caddy-1"
	is_up caddy
	assert_equal "$(proxy_id caddy)" "$second"
	assert_equal "$(docker_lab ps -aq --filter "name=$LABEL-caddy" | wc -l)" 1
}

@test "a replacement that was cut off is put right by the next start" {
	port=$(claim_port)
	stand_in caddy-template-source "$port"
	dokku caddy:set --global image moorage-lab/http:1
	dokku caddy:start
	before=$(proxy_id caddy)
	# The moment between the two names: the old one aside, the new one not yet in place.
	docker_lab stop -t 0 "$before"
	docker_lab rename "$(proxy_container caddy)" "$(proxy_container caddy).old"
	docker_lab create --name "$(proxy_container caddy).new" \
		--label "com.docker.compose.project=$LABEL-caddy" moorage-lab/http:1
	dokku caddy:start
	is_up caddy
	assert_equal "$(proxy_id caddy)" "$before"
	dokku caddy:stop
	is_gone caddy
}

@test "a container of that name that compose did not make is left alone" {
	stand_in caddy-template-source "$(claim_port)"
	dokku caddy:set --global image moorage-lab/http:1
	id=$(docker_lab create --name "$(proxy_container caddy)" --label "com.moorage.instance=$LABEL" moorage-lab/http:1)
	run dokku caddy:start
	docker_lab rm "$id"
	[ "$status" -eq 1 ]
	assert_output --partial "does not belong to the compose project $LABEL-caddy"
}

# proves stand-in: trigger pre-restore, property caddy/haproxy/nginx/openresty/traefik/proxy-status
@test "ps:restore (pre-restore) starts a stand-in for caddy again if proxy-status says so" {
	stand_in caddy-template-source "$(claim_port)"
	dokku caddy:set --global image moorage-lab/http:1
	dokku caddy:start
	assert_file_is "$INST/lib/config/caddy/--global/proxy-status" started
	docker_lab rm -f "$(proxy_container caddy)"
	dokku ps:restore
	is_up caddy
	docker_lab rm -f "$(proxy_container caddy)"
	plugn trigger pre-restore
	is_up caddy
	dokku caddy:stop
	dokku ps:restore
	is_gone caddy
	# It fails: the apps are restored all the same.
	dokku caddy:set --global image 127.0.0.1:1/none:1
	run dokku caddy:start
	assert_failure
	run dokku ps:restore
	assert_success
	assert_output --partial "Failed to restore caddy proxy, requests may not route as expected"
}

@test "a compose file with what only docker compose knows is refused by name" {
	stand_in caddy-template-source "$(claim_port)" "    deploy: {}"
	run dokku caddy:start
	assert_failure 1
	assert_output --partial "services.caddy.deploy: this is not offered without docker compose"
}

# --- labels of apps ---

# proves effect: property caddy/letsencrypt-email, property caddy/tls-internal
@test "an app's containers carry a site for its domains, with TLS when letsencrypt-email is set" {
	app_with_image "$APP"
	dokku proxy:set "$APP" type caddy
	dokku domains:set "$APP" a.example.test b.example.test
	run dokku ps:restart "$APP"
	assert_success
	assert_line "-----> Routing app via caddy"
	assert_labels "$APP" caddy caddy/plain.labels
	dokku caddy:set --global letsencrypt-email admin@example.test
	dokku ps:restart "$APP"
	assert_labels "$APP" caddy caddy/acme.labels
	dokku caddy:set "$APP" tls-internal true
	run dokku ps:restart "$APP"
	assert_output --partial "Warning: using caddy's internal, locally-trusted CA to produce certificates for this site"
	assert_labels "$APP" caddy caddy/internal.labels
	dokku caddy:set "$APP" tls-internal false
	dokku caddy:set --global tls-internal true
	dokku ps:restart "$APP"
	assert_labels "$APP" caddy caddy/acme.labels
	dokku caddy:set --global letsencrypt-email
}

# proves effect: trigger proxy-disable, trigger proxy-enable
@test "another port than 80 is used with a warning; without domains or proxy there is no site" {
	app_with_image "$APP"
	dokku proxy:set "$APP" type caddy
	dokku ports:set "$APP" http:8080:3000 tcp:25:2525
	run dokku ps:restart "$APP"
	assert_output --partial "Warning: http:80 port mapping not found"
	assert_output --partial "Utilizing first http port mapping, http:8080:3000"
	assert_equal "$(labels_of "$APP" caddy.reverse_proxy)" "caddy.reverse_proxy={{ upstreams 3000 }}"
	printf '#!/bin/sh\necho "${0##*/} $*" >>%s\n' "$INST/lib/told" | install_plugin zz-told proxy-disable proxy-enable
	dokku proxy:disable "$APP"
	run labels_of "$APP" caddy
	assert_output ""
	dokku proxy:enable "$APP"
	assert_file_is "$INST/lib/told" "proxy-disable $APP
proxy-enable $APP"
	remove_plugin zz-told
	run labels_of "$APP" caddy
	[ "$output" ]
	dokku domains:disable "$APP"
	dokku ps:restart "$APP"
	run labels_of "$APP" caddy
	assert_output ""
}

@test "only processes of the type web are served" {
	app_with_image "$APP"
	dokku proxy:set "$APP" type caddy
	dokku ps:scale --skip-deploy "$APP" web=2
	dokku ps:restart "$APP"
	for n in 1 2; do
		run docker_lab inspect -f '{{index .Config.Labels "caddy"}}' "$(cat "$INST/home/$APP/CONTAINER.web.$n")"
		assert_output "$APP.example.test:80"
	done
	run plugn trigger docker-args-process-deploy "$APP" dockerfile latest worker 1
	assert_success
	refute_output --partial caddy
}

plugn() {
	in_instance "$INST/bin/plugn" "$@"
}

# proves effect: command caddy:labels:add, command caddy:labels:remove, command caddy:labels:show, property caddy/haproxy/openresty/traefik/labels (list)
@test "caddy:labels:add, :remove and :show keep labels that the next deploy puts on" {
	app_with_image "$APP"
	dokku proxy:set "$APP" type caddy
	run dokku caddy:labels:show "$APP"
	assert_success
	assert_output " !     No caddy labels set for $APP"
	dokku caddy:labels:add "$APP" caddy.header "X-One 'a b'"
	dokku caddy:labels:add "$APP" caddy.encode gzip
	dokku caddy:labels:add "$APP" caddy.encode zstd
	run dokku caddy:labels:show "$APP"
	assert_output "=====> $APP caddy labels
       caddy.encode=zstd
       caddy.header=X-One 'a b'"
	run dokku caddy:labels:show "$APP" caddy.encode
	assert_output zstd
	assert_file_is "$INST/lib/config/caddy/$APP/labels" "caddy.encode=zstd
caddy.header=X-One 'a b'"
	dokku ps:restart "$APP"
	assert_equal "$(labels_of "$APP" 'caddy\.(header|encode)')" "caddy.encode=zstd
caddy.header=X-One 'a b'"
	dokku caddy:labels:remove "$APP" caddy.header
	run dokku caddy:labels:show "$APP" caddy.header
	assert_output ""
	dokku ps:restart "$APP"
	assert_equal "$(labels_of "$APP" 'caddy\.(header|encode)')" caddy.encode=zstd
	run dokku caddy:labels:add "$APP"
	assert_failure 1
	assert_output " !     Please specify a container label for the app"
	run dokku caddy:labels:add "$APP" one
	assert_output " !     Please specify a value for the container label"
	run dokku caddy:labels:add "$APP" a=b c
	assert_failure 1
}

# proves golden: trigger docker-args-process-deploy
@test "docker-args-process-deploy gives scripts the labels behind what they had" {
	app_with_image "$APP"
	dokku proxy:set "$APP" type caddy
	run plugn trigger docker-args-process-deploy "$APP" dockerfile latest web 1
	assert_success
	assert_output --partial "--label=caddy=$APP.example.test:80 '--label=caddy.reverse_proxy={{ upstreams 5000 }}'"
}

# proves effect: trigger certs-force
# proves golden: trigger core-post-deploy
@test "certs-force and the app's ports say that the proxy ends TLS" {
	app_with_image "$APP"
	run plugn trigger certs-force "$APP"
	assert_output ""
	dokku proxy:set "$APP" type caddy
	dokku caddy:set --global letsencrypt-email admin@example.test
	run plugn trigger certs-force "$APP"
	assert_output true
	run dokku ports:report "$APP" --ports-map-detected
	assert_output "http:$HTTP_PORT:5000 https:$HTTPS_PORT:5000"
	run plugn trigger core-post-deploy "$APP" "" "" latest
	assert_output "-----> Routing app via caddy"
	dokku proxy:set "$APP" type nginx
	run dokku ports:report "$APP" --ports-map-detected
	assert_output "http:$HTTP_PORT:5000"
}

# --- from nginx and back ---

# proves effect: property proxy/type, command proxy:set, command proxy:build-config
@test "proxy:set type: nginx lets go of an app with the deploy that gives it labels, and the other way round" {
	app_with_image "$APP"
	dokku ps:restart "$APP"
	assert_http "$APP.example.test" / 200
	dokku proxy:set "$APP" type caddy
	# Nothing has its labels yet, so nginx stays.
	assert_http "$APP.example.test" / 200
	dokku ps:restart "$APP"
	run labels_of "$APP" caddy
	[ "$output" ]
	refute_file_exists "$INST/home/$APP/nginx.conf"
	[ "$(http_status "$APP.example.test" /)" != 200 ]
	run dokku proxy:build-config "$APP"
	assert_success
	refute_file_exists "$INST/home/$APP/nginx.conf"

	dokku proxy:set "$APP" type nginx
	dokku proxy:build-config "$APP"
	assert_http "$APP.example.test" / 200
	dokku ps:restart "$APP"
	run labels_of "$APP" caddy
	assert_output ""
	assert_http "$APP.example.test" / 200
}

@test "a renamed app, a clone and a destroyed one take their settings along, copy them, lose them" {
	dokku apps:create "$APP"
	dokku proxy:set "$APP" type caddy
	dokku caddy:set "$APP" tls-internal true
	dokku caddy:labels:add "$APP" caddy.encode gzip
	dokku apps:rename --skip-deploy "$APP" "$APP-new"
	run dokku caddy:labels:show "$APP-new" caddy.encode
	assert_output gzip
	run dokku caddy:report "$APP-new" --caddy-tls-internal
	assert_output true
	[ ! -e "$INST/lib/config/caddy/$APP" ]
	dokku apps:clone --skip-deploy "$APP-new" "$APP-copy"
	run dokku caddy:labels:show "$APP-copy" caddy.encode
	assert_output gzip
	dokku --force apps:destroy "$APP-copy"
	[ ! -e "$INST/lib/config/caddy/$APP-copy" ]
	run dokku caddy:report "$APP-new" --caddy-tls-internal
	assert_output true
}
