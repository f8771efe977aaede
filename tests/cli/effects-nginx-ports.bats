# SPDX-License-Identifier: MIT
# What nginx serves on which port: schemes, certificates and their names, error pages, what an app
# adds to its servers, addresses outside of the scheduler.
bats_require_minimum_version 1.5.0
load routes

setup_file() {
	routes_begin
	# An app that speaks HTTP/2 without TLS, as gRPC servers do.
	H2=$(free_port)
	cat >"$INST/nginx/conf.d/00-h2.conf" <<-CONF
		server {
		  listen 127.0.0.1:$H2 http2;
		  return 200 "\$server_protocol \$request_method \$content_type";
		}
	CONF
	moorage nginx:reload
	export MOORAGE_INSTANCE INST HTTP HTTPS BACKEND BACKEND_PID H2
}

teardown_file() {
	routes_end
}

setup() {
	APP=n$BATS_TEST_NUMBER
	make_app "$APP" "$APP.test"
}

teardown() {
	rm -rf "${INST:?}/home/${APP:?}" "$INST/lib/config/proxy/--global" "$INST/lib/plugins/enabled/mine"
}

# tls NAME...: a certificate for these names.
tls() {
	local names
	names=$(printf ',DNS:%s' "$@")
	mkdir -p "$INST/tls"
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$1" -addext "subjectAltName=${names:1}" \
		-keyout "$INST/tls/$APP.key" -out "$INST/tls/$APP.crt" 2>/dev/null
	moorage certs:add "$APP" "$INST/tls/$APP.crt" "$INST/tls/$APP.key"
}

equal() {
	[ "$1" = "$2" ] || { echo "expected: $2"; echo "seen:     $1"; return 1; }
}

# servers: the directives of its servers that depend on the scheme, one line per server, sorted.
servers() {
	moorage nginx:show-config "$APP" | sed -n 's/^ *//; /^server {$/{s/.*/=/p}
		/^\(listen\|server_name\|ssl_certificate \|http2\|return\|grpc_pass\|proxy_pass\|upstream\|server \|keepalive \)/p' |
		tr '\n' ' ' | sed 's/ *= */\n/g; s/ *upstream/\nupstream/g' | sed "s|$INST||g; /^\$/d; s/ *\$//; s/ http2_push_preload on;//" | sort
}

# nginx here is older than 1.25.1, where http2 is a word of listen. As with Dokku's template, tcp and
# udp are for other proxies: they make an upstream, and nothing listens.
@test "schemes: each makes its server" {
	tls "$APP.test"
	moorage ports:set "$APP" "http:$HTTP:5000" "https:$HTTPS:5000" grpc:50051:6000 grpcs:50052:6000 http:8080:7000 tcp:2525:25
	equal "$(servers)" "$(sort <<<"listen [::]:50051 http2; listen 50051 http2; server_name $APP.test; grpc_pass grpc://$APP-6000;
listen [::]:50052 ssl http2; listen 50052 ssl http2; server_name $APP.test; ssl_certificate /home/$APP/tls/server.crt; grpc_pass grpc://$APP-6000;
listen [::]:$HTTP; listen $HTTP; server_name $APP.test; return 301 https://\$host:$HTTPS\$request_uri;
listen [::]:8080; listen 8080; server_name $APP.test; proxy_pass http://$APP-7000;
listen [::]:$HTTPS ssl http2; listen $HTTPS ssl http2; server_name $APP.test; ssl_certificate /home/$APP/tls/server.crt; proxy_pass http://$APP-5000;
upstream $APP-6000 { server 127.0.0.1:6000;
upstream $APP-5000 { server 127.0.0.1:5000;
upstream $APP-7000 { server 127.0.0.1:7000;
upstream $APP-25 { server 127.0.0.1:25;")"
}

# proves effect: command ports:set, property ports/map
@test "grpc and grpcs: HTTP/2 requests reach the app as HTTP/2, with and without TLS" {
	plain=$(free_port)
	secure=$(free_port)
	tls "$APP.test"
	moorage ports:set "$APP" "http:$HTTP:$BACKEND" "grpc:$plain:$H2" "grpcs:$secure:$H2"
	call() {
		curl -sk --max-time 10 -X POST -H 'Content-Type: application/grpc' -H 'TE: trailers' \
			--resolve "$APP.test:$plain:127.0.0.1" --resolve "$APP.test:$secure:127.0.0.1" "$@"
	}
	equal "$(call --http2-prior-knowledge "http://$APP.test:$plain/svc/Call")" 'HTTP/2.0 POST application/grpc'
	equal "$(call --http2 -w ' %{http_version}' "https://$APP.test:$secure/svc/Call")" 'HTTP/2.0 POST application/grpc 2'
}

@test "without a certificate https and grpcs are left out, with a warning" {
	run moorage ports:set "$APP" "http:$HTTP:$BACKEND" "https:$HTTPS:$BACKEND" grpcs:50052:6000
	[ "$status" -eq 0 ]
	[[ "$output" == *"Ignoring detected https port mapping without an accompanying ssl certificate (https:$HTTPS:$BACKEND)"* ]]
	equal "$(servers)" "$(sort <<<"listen [::]:$HTTP; listen $HTTP; server_name $APP.test; proxy_pass http://$APP-$BACKEND;
upstream $APP-$BACKEND { server 127.0.0.1:$BACKEND;
upstream $APP-6000 { server 127.0.0.1:6000;")"
	equal "$(answer "$APP.test")" 200
}

# proves effect: property ports/map, property ports/map-detected, command ports:clear, command nginx:show-config
@test "map, map-detected: what the build found is served where nothing else is said" {
	listen_lines() {
		moorage nginx:show-config "$APP" | grep -c "proxy_pass http://$APP-$1;"
	}
	moorage proxy:build-config "$APP"
	equal "$(answer "$APP.test")" 200
	moorage ports:set "$APP" "http:$HTTP:1"
	equal "$(answer "$APP.test")" 502
	equal "$(cat "$INST/lib/config/ports/$APP/map")" "http:$HTTP:1"
	equal "$(listen_lines 1)" 1
	moorage ports:clear "$APP"
	# The lists are gone; what a build finds counts again.
	echo "http:$HTTP:$BACKEND" >"$INST/lib/config/ports/$APP/map-detected"
	moorage proxy:build-config "$APP"
	equal "$(answer "$APP.test")" 200
}

@test "a certificate serves every name of the app, whatever names are in it" {
	moorage domains:set "$APP" "$APP.test" "www.$APP.test" "*.wild.$APP.test" \
		"one.wild.$APP.test" "two.one.wild.$APP.test" "not-in-it.test" >/dev/null
	run tls "$APP.test" "www.$APP.test" "*.wild.$APP.test"
	[ "$status" -eq 0 ]
	# A wildcard stands for one label.
	equal "$(sed -n 's/^ !     The certificate is not for \(.*\): browsers will warn of it$/\1/p' <<<"$output" | sort | tr '\n' ' ')" \
		"not-in-it.test two.one.wild.$APP.test "
	serial=$(openssl x509 -in "$INST/tls/$APP.crt" -noout -serial)
	for name in "$APP.test" "www.$APP.test" "a.wild.$APP.test" "b.wild.$APP.test" "two.one.wild.$APP.test" not-in-it.test; do
		equal "$(served_serial "$name")" "$serial"
		equal "$(tls_answer "$name")" 200
		equal "$(answer "$name")" 301
	done
	# Names that no app has get no certificate at all.
	equal "$(served_serial unknown.test 2>/dev/null || true)" ''
}

@test "a wildcard name serves all names below, and one that is said exactly comes first" {
	moorage domains:set "$APP" "*.$APP.test" >/dev/null
	make_app "$APP-exact" "one.$APP.test"
	moorage proxy:build-config --all >/dev/null
	mkdir -p "$INST/home/$APP-exact/nginx.conf.d"
	echo 'add_header X-Exact yes;' >"$INST/home/$APP-exact/nginx.conf.d/exact.conf"
	moorage proxy:build-config "$APP-exact" >/dev/null
	head_of() {
		curl -s -D - -o /dev/null -H "Host: $1" "http://127.0.0.1:$HTTP/"
	}
	[[ "$(head_of "one.$APP.test")" == *"200 OK"*"X-Exact: yes"* ]]
	run head_of "two.$APP.test"
	[[ "$output" == *"200 OK"* ]]
	[[ "$output" != *X-Exact* ]]
	equal "$(answer "$APP.test")" 000
	rm -rf "$INST/home/$APP-exact"
}

@test "nginx.conf.d: what lies there is part of each server, also of the one that leads to TLS" {
	mkdir -p "$INST/home/$APP/nginx.conf.d"
	echo 'add_header X-Mine yes always;' >"$INST/home/$APP/nginx.conf.d/mine.conf"
	echo 'this is no conf file' >"$INST/home/$APP/nginx.conf.d/notes.txt"
	tls "$APP.test"
	run curl -s -D - -o /dev/null -H "Host: $APP.test" "http://127.0.0.1:$HTTP/"
	[[ "$output" == *" 301 "*"X-Mine: yes"* ]]
	run curl -sk -D - -o /dev/null --resolve "$APP.test:$HTTPS:127.0.0.1" "https://$APP.test:$HTTPS/"
	[[ "$output" == *" 200 "*"x-mine: yes"* ]]
	# A bad one is refused, and nothing changes.
	echo 'no_such_directive;' >"$INST/home/$APP/nginx.conf.d/bad.conf"
	run moorage nginx:set "$APP" client-max-body-size 2m
	run moorage proxy:build-config "$APP"
	[ "$status" -ne 0 ]
	[[ "$output" == *no_such_directive* ]]
	rm "$INST/home/$APP/nginx.conf.d/bad.conf"
	equal "$(answer "$APP.test")" 301
}

@test "error pages: one for each kind, what people wrote in them stays" {
	mkdir -p "$INST/home/$APP/nginx.conf.d"
	cat >"$INST/home/$APP/nginx.conf.d/returns.conf" <<-'CONF'
		location /404 { return 404; }
		location /403 { return 403; }
		location /500 { return 500; }
		location /502 { return 502; }
	CONF
	moorage proxy:build-config "$APP"
	dir=$INST/lib/data/nginx-vhosts/dokku-errors
	for kind in 400 404 500 502; do
		grep -q '<!DOCTYPE html>' "$dir/$kind-error.html"
		echo "my own page for $kind" >"$dir/$kind-error.html"
	done
	echo changed >"$INST/home/$APP/nginx.conf.d/more.txt"
	moorage proxy:build-config "$APP"
	page() {
		curl -sk -w '%{http_code}' --resolve "$APP.test:$HTTP:127.0.0.1" --resolve "$APP.test:$HTTPS:127.0.0.1" "$1"
	}
	equal "$(page "http://$APP.test:$HTTP/404")" $'my own page for 404\n404'
	equal "$(page "http://$APP.test:$HTTP/403")" $'my own page for 400\n403'
	equal "$(page "http://$APP.test:$HTTP/500")" $'my own page for 500\n500'
	equal "$(page "http://$APP.test:$HTTP/502")" $'my own page for 500\n502'
	# The pages themselves cannot be asked for.
	equal "$(page "http://$APP.test:$HTTP/404-error.html")" $'my own page for 404\n404'
	tls "$APP.test"
	equal "$(page "https://$APP.test:$HTTPS/502")" $'my own page for 502\n502'
	equal "$(page "https://$APP.test:$HTTPS/500")" $'my own page for 500\n500'
	# What the app itself answers is left alone.
	equal "$(tls_answer "$APP.test")" 200
	rm -r "$dir"
}

# proves effect: property network/static-web-listener
@test "static-web-listener: requests go there, whether the app runs here or not" {
	rm "$INST/lib/data/stand-in/$APP"
	moorage proxy:build-config "$APP"
	equal "$(answer "$APP.test")" 502
	moorage network:set "$APP" static-web-listener "127.0.0.1:$BACKEND"
	moorage proxy:build-config "$APP"
	equal "$(answer "$APP.test")" 200
	# The port is that of the app's ports: an address alone is enough.
	moorage network:set "$APP" static-web-listener 127.0.0.1
	moorage proxy:build-config "$APP"
	equal "$(answer "$APP.test")" 200
	moorage network:set "$APP" static-web-listener
	moorage proxy:build-config "$APP"
	equal "$(answer "$APP.test")" 502
}

# The ports of an app are settled when its configuration is made first: what is set for all counts for
# apps that have none yet.
# proves effect: property proxy/proxy-port, property proxy/proxy-ssl-port
@test "proxy-port, proxy-ssl-port: where the app is served; the app's comes before that of all" {
	one=$(free_port)
	two=$(free_port)
	rm "$INST/lib/config/ports/$APP/map-detected"
	listens_on() {
		moorage proxy:build-config "$APP" >/dev/null
		servers | sed -n 's/^listen \[::\]:\([0-9]*\).*/\1/p' | sort -n | tr '\n' ' '
	}
	moorage proxy:set --global proxy-port "$two"
	equal "$(listens_on)" "$two "
	moorage proxy:set "$APP" proxy-port "$one"
	equal "$(listens_on)" "$one "
	moorage proxy:set --global proxy-port
	moorage proxy:set "$APP" proxy-port
	equal "$(listens_on)" "$HTTP "
	tls "$APP.test"
	moorage proxy:set "$APP" proxy-ssl-port
	moorage proxy:set --global proxy-ssl-port "$two"
	equal "$(listens_on)" "$(printf '%s\n' "$HTTP" "$two" | sort -n | tr '\n' ' ')"
	moorage proxy:set "$APP" proxy-ssl-port "$one"
	equal "$(listens_on)" "$(printf '%s\n' "$HTTP" "$one" | sort -n | tr '\n' ' ')"
	# Who asks for plain HTTP is led there.
	run curl -s -o /dev/null -w '%{redirect_url}' -H "Host: $APP.test" "http://127.0.0.1:$HTTP/x"
	equal "$output" "https://$APP.test:$one/x"
	moorage proxy:set --global proxy-ssl-port
	moorage proxy:set "$APP" proxy-ssl-port
	equal "$(listens_on)" "$(printf '%s\n' "$HTTP" "$HTTPS" | sort -n | tr '\n' ' ')"
}

# proves effect: property proxy/disabled, property proxy/type
@test "disabled, type: whether nginx leads to the app" {
	handler mine proxy-build-config <<-'SH'
		#!/bin/sh
	SH
	is_led() {
		moorage proxy:build-config "$APP" >/dev/null
		answer "$APP.test" || true
	}
	equal "$(is_led)" 200
	moorage proxy:set "$APP" disabled true
	equal "$(is_led)" 000
	moorage proxy:set "$APP" disabled
	equal "$(is_led)" 200
	moorage proxy:set --global type mine
	equal "$(is_led)" 000
	moorage proxy:set "$APP" type nginx
	equal "$(is_led)" 200
	moorage proxy:set --global type
	moorage proxy:set "$APP" type mine
	equal "$(is_led)" 000
	moorage proxy:set "$APP" type
	equal "$(is_led)" 200
}

# proves effect: property domains/NO_VHOST
@test "NO_VHOST: the app answers on its port, whatever it is called" {
	moorage proxy:build-config "$APP"
	port=$(free_port)
	moorage config:set --no-restart "$APP" NO_VHOST=1
	moorage ports:set "$APP" "http:$port:$BACKEND"
	run ! grep server_name "$INST/home/$APP/nginx.conf"
	equal "$(answer any.name.test "$port")" 200
	moorage config:unset --no-restart "$APP" NO_VHOST
	moorage proxy:build-config "$APP"
	grep -q "server_name $APP.test;" "$INST/home/$APP/nginx.conf"
}

# proves effect: property caddy/haproxy/nginx/openresty/traefik/proxy-status
@test "proxy-status: what was started runs after a restore, what was stopped does not" {
	runs() {
		kill -0 "$(cat "$INST/run/nginx.pid")" 2>/dev/null
	}
	moorage nginx:stop
	equal "$(cat "$INST/lib/config/nginx/--global/proxy-status")" stopped
	moorage ps:restore --all
	run ! runs
	moorage nginx:start
	equal "$(cat "$INST/lib/config/nginx/--global/proxy-status")" started
	kill "$(cat "$INST/run/nginx.pid")"
	wait_gone() {
		for _ in $(seq 600); do
			runs || return 0
			sleep 0.05
		done
		return 1
	}
	wait_gone
	run moorage ps:restore --all
	runs
}
