# SPDX-License-Identifier: MIT
# What nginx does with each of its properties, seen in the configuration and by requests.
bats_require_minimum_version 1.5.0
load routes

setup_file() {
	routes_begin
	cat >"$INST/nginx/conf.d/00-formats.conf" <<-'CONF'
		log_format of_app 'app $request_uri';
		log_format of_all 'all $request_uri';
	CONF
	moorage nginx:reload
	python3 "$BATS_TEST_DIRNAME/effects-backend.py" "$INST/effects.port" 3>&- 4>&- &
	EFFECTS_PID=$!
	wait_for test -s "$INST/effects.port"
	PORT=$(cat "$INST/effects.port")
	export MOORAGE_INSTANCE INST HTTP HTTPS BACKEND BACKEND_PID EFFECTS_PID PORT
}

teardown_file() {
	kill "$EFFECTS_PID" || true
	routes_end
}

setup() {
	rm -f "$INST/effects.port.go"
	APP=e$BATS_TEST_NUMBER
	app "$APP" "$APP.test"
}

teardown() {
	rm -rf "$INST/lib/config/nginx/--global" "${INST:?}/home/${APP:?}"
}

# app NAME DOMAIN...: an app for which the backend of these tests answers.
app() {
	make_app "$@"
	echo "web 127.0.0.1 $PORT" >"$INST/lib/data/stand-in/$1"
	echo "http:$HTTP:$PORT" >"$INST/lib/config/ports/$1/map-detected"
}

# with_tls: the app gets a certificate for its name.
with_tls() {
	mkdir -p "$INST/tls/$APP"
	"$TOOLS/moorage-x509" generate --domain "$APP.test" "$INST/tls/$APP" >/dev/null
	moorage certs:add "$APP" "$INST/tls/$APP"/*.crt "$INST/tls/$APP"/*.key >/dev/null
}

# nginx_set NAME [VALUE]: and the configuration is made.
nginx_set() {
	moorage nginx:set "$APP" "$@" >/dev/null
	moorage proxy:build-config "$APP" >/dev/null
}

get() {
	curl -s --max-time 20 -H "Host: $APP.test" "http://127.0.0.1:$HTTP$1" "${@:2}"
}

status_of() {
	get "$1" -o /dev/null -w '%{http_code}' "${@:2}"
}

wait_for() {
	for _ in $(seq 600); do
		"$@" 2>/dev/null && return 0
		sleep 0.05
	done
	echo "waited in vain: $*"
	return 1
}

equal() {
	[ "$1" = "$2" ] || { echo "expected: $2"; echo "seen:     $1"; return 1; }
}

# property|value of the app|its line|value of all|its line|line of the default; $APP, $LOGS stand for
# themselves. The lines are those that Dokku's template has.
TABLE='
access-log-format|of_app|access_log $LOGS/app.log of_app;|of_all|access_log $LOGS/all.log of_all;|access_log $LOGS/$APP-access.log;
access-log-path|$LOGS/app.log|access_log $LOGS/app.log of_app;|$LOGS/all.log|access_log $LOGS/all.log of_all;|access_log $LOGS/$APP-access.log;
bind-address-ipv4|127.0.0.1|listen 127.0.0.1:$HTTP;|127.0.0.2|listen 127.0.0.2:$HTTP;|listen $HTTP;
bind-address-ipv6|::1|listen [::1]:$HTTP;|0::1|listen [0::1]:$HTTP;|listen [::]:$HTTP;
client-body-timeout|11s|client_body_timeout 11s;|12s|client_body_timeout 12s;|client_body_timeout 60s;
client-header-timeout|11s|client_header_timeout 11s;|12s|client_header_timeout 12s;|client_header_timeout 60s;
client-max-body-size|11m|client_max_body_size 11m;|12m|client_max_body_size 12m;|client_max_body_size 1m;
error-log-path|$LOGS/app-err|error_log $LOGS/app-err;|$LOGS/all-err|error_log $LOGS/all-err;|error_log $LOGS/$APP-error.log;
keepalive-timeout|11s|keepalive_timeout 11s;|12s|keepalive_timeout 12s;|keepalive_timeout 75s;
lingering-timeout|11s|lingering_timeout 11s;|12s|lingering_timeout 12s;|lingering_timeout 5s;
proxy-buffer-size|8k|proxy_buffer_size 8k;|16k|proxy_buffer_size 16k;|proxy_buffer_size 4k;
proxy-buffering|off|proxy_buffering off;|off|proxy_buffering off;|proxy_buffering on;
proxy-buffers|16 8k|proxy_buffers 16 8k;|8 16k|proxy_buffers 8 16k;|proxy_buffers 8 4k;
proxy-busy-buffers-size|24k|proxy_busy_buffers_size 24k;|32k|proxy_busy_buffers_size 32k;|proxy_busy_buffers_size 8k;
proxy-connect-timeout|11s|proxy_connect_timeout 11s;|12s|proxy_connect_timeout 12s;|proxy_connect_timeout 60s;
proxy-keepalive|3|keepalive 3;|4|keepalive 4;|!keepalive 
proxy-read-timeout|11s|proxy_read_timeout 11s;|12s|proxy_read_timeout 12s;|proxy_read_timeout 60s;
proxy-send-timeout|11s|proxy_send_timeout 11s;|12s|proxy_send_timeout 12s;|proxy_send_timeout 60s;
send-timeout|11s|send_timeout 11s;|12s|send_timeout 12s;|send_timeout 60s;
underscore-in-headers|on|underscores_in_headers on;|on|underscores_in_headers on;|underscores_in_headers off;
x-forwarded-for-value|$http_a|proxy_set_header X-Forwarded-For $http_a;|$http_b|proxy_set_header X-Forwarded-For $http_b;|proxy_set_header X-Forwarded-For $remote_addr;
x-forwarded-port-value|11|proxy_set_header X-Forwarded-Port 11;|12|proxy_set_header X-Forwarded-Port 12;|proxy_set_header X-Forwarded-Port $server_port;
x-forwarded-proto-value|https|proxy_set_header X-Forwarded-Proto https;|wss|proxy_set_header X-Forwarded-Proto wss;|proxy_set_header X-Forwarded-Proto $scheme;
x-forwarded-ssl|on|proxy_set_header X-Forwarded-Ssl on;|off|proxy_set_header X-Forwarded-Ssl off;|!X-Forwarded-Ssl
'

# table COLUMN: "property|column", with the words that stand for something.
table() {
	local text=$TABLE
	text=${text//\$LOGS/$INST/logs}
	text=${text//\$APP/$APP}
	text=${text//\$HTTP;/$HTTP;}
	grep . <<<"$text" | cut -d'|' -f"1,$1"
}

# set_all SCOPE COLUMN: all properties; COLUMN 0: cleared.
set_all() {
	local name value
	while IFS='|' read -r name value; do
		[ "$2" -gt 0 ] || value=
		moorage nginx:set "$1" "$name" ${value:+"$value"} >/dev/null
	done < <(table "$([ "$2" -gt 0 ] && echo "$2" || echo 2)")
}

# expect_lines COLUMN: each in the configuration, which nginx has taken; a "!" means not there.
expect_lines() {
	local name line
	moorage proxy:build-config "$APP" >/dev/null
	sed 's/^ *//' "$INST/home/$APP/nginx.conf" >"$BATS_TEST_TMPDIR/lines"
	while IFS='|' read -r name line; do
		if [ "${line:0:1}" = '!' ]; then
			! grep -F -e "${line:1}" "$BATS_TEST_TMPDIR/lines" || { echo "$name: still there"; return 1; }
		else
			grep -qxF -e "$line" "$BATS_TEST_TMPDIR/lines" || { echo "$name: no line: $line"; return 1; }
		fi
	done < <(table "$1")
}

@test "each property makes its line: the app's value, else that of all apps, else the default" {
	expect_lines 6
	set_all --global 4
	expect_lines 5
	set_all "$APP" 2
	expect_lines 3
	set_all "$APP" 0
	expect_lines 5
	set_all --global 0
	expect_lines 6
}

# proves effect: property nginx/client-max-body-size
@test "client-max-body-size: a larger body is refused" {
	moorage proxy:build-config "$APP"
	head -c 1100000 /dev/zero >"$BATS_TEST_TMPDIR/body"
	equal "$(status_of /x --data-binary "@$BATS_TEST_TMPDIR/body")" 413
	nginx_set client-max-body-size 2m
	equal "$(get /x --data-binary "@$BATS_TEST_TMPDIR/body")" taken
	nginx_set client-max-body-size
	equal "$(status_of /x --data-binary "@$BATS_TEST_TMPDIR/body")" 413
}

# proves effect: property nginx/proxy-read-timeout
@test "proxy-read-timeout: an app that says nothing for so long gives 504" {
	nginx_set proxy-read-timeout 1s
	equal "$(status_of /slow)" 504
}

# proves effect: property nginx/proxy-send-timeout
@test "proxy-send-timeout: an app that takes nothing for so long gives 504" {
	moorage nginx:set "$APP" client-max-body-size 0
	nginx_set proxy-send-timeout 1s
	head -c 30000000 /dev/zero >"$BATS_TEST_TMPDIR/body"
	equal "$(status_of /unread --data-binary "@$BATS_TEST_TMPDIR/body" -H Expect:)" 504
}

# proves effect: property nginx/proxy-connect-timeout
@test "proxy-connect-timeout: an app that cannot be reached for so long gives 504" {
	# A listener that accepts nobody: its queue is full.
	python3 - "$BATS_TEST_TMPDIR/full" 3>&- 4>&- <<-'PY' &
		import os, socket, sys, time
		listener = socket.socket()
		listener.bind(("127.0.0.1", 0))
		listener.listen(0)
		queue = [socket.socket() for _ in range(8)]
		for one in queue:
		    one.setblocking(False)
		    one.connect_ex(listener.getsockname())
		with open(sys.argv[1] + ".tmp", "w") as file:
		    file.write(str(listener.getsockname()[1]))
		os.rename(sys.argv[1] + ".tmp", sys.argv[1])
		time.sleep(600)
	PY
	full=$!
	wait_for test -s "$BATS_TEST_TMPDIR/full"
	echo "http:$HTTP:$(cat "$BATS_TEST_TMPDIR/full")" >"$INST/lib/config/ports/$APP/map-detected"
	nginx_set proxy-connect-timeout 1s
	seen=$(status_of /)
	kill "$full"
	equal "$seen" 504
}

# proves effect: property nginx/proxy-buffering
@test "proxy-buffering off: what the app has said arrives while it goes on" {
	nginx_set proxy-buffering off
	curl -sN --max-time 60 -H "Host: $APP.test" "http://127.0.0.1:$HTTP/hold" >"$BATS_TEST_TMPDIR/out" 3>&- 4>&- &
	reader=$!
	wait_for grep -q first "$BATS_TEST_TMPDIR/out"
	touch "$INST/effects.port.go"
	wait "$reader"
	equal "$(cat "$BATS_TEST_TMPDIR/out")" $'first\nlast'
}

# proves effect: property nginx/proxy-buffer-size, property nginx/proxy-buffers, property nginx/proxy-busy-buffers-size
@test "proxy-buffer-size, proxy-buffers, proxy-busy-buffers-size: a long head passes only where there is room" {
	moorage proxy:build-config "$APP"
	equal "$(status_of /head)" 502
	moorage nginx:set "$APP" proxy-buffers '8 16k'
	moorage nginx:set "$APP" proxy-busy-buffers-size 32k
	nginx_set proxy-buffer-size 16k
	equal "$(get /head)" head
	# What does not fit together is refused, and what worked goes on.
	moorage nginx:set "$APP" proxy-busy-buffers-size 8k
	run moorage proxy:build-config "$APP"
	[ "$status" -ne 0 ]
	[[ "$output" == *proxy_busy_buffers_size* ]]
	equal "$(get /head)" head
	moorage nginx:set "$APP" proxy-busy-buffers-size
	moorage nginx:set "$APP" proxy-buffers '4 2k'
	run moorage proxy:build-config "$APP"
	[ "$status" -ne 0 ]
	[[ "$output" == *proxy_buf* ]]
}

peers() {
	for _ in 1 2 3 4 5 6 7 8; do get /; done | grep ^Peer: | sort -u | wc -l
}

# proves effect: property nginx/proxy-keepalive
@test "proxy-keepalive: connections to the app are used again" {
	moorage proxy:build-config "$APP"
	equal "$(peers)" 8
	nginx_set proxy-keepalive 4
	# One for each of the two workers.
	[ "$(peers)" -le 2 ]
	nginx_set proxy-keepalive
	equal "$(peers)" 8
}

# proves effect: property nginx/keepalive-timeout
@test "keepalive-timeout: the connection stays open for so long" {
	moorage proxy:build-config "$APP"
	run get / -D - -o /dev/null
	[[ "$output" == *"Connection: keep-alive"* ]]
	nginx_set keepalive-timeout 0
	run get / -D - -o /dev/null
	[[ "$output" == *"Connection: close"* ]]
}

# own_port: the app gets a port that no other app has, as nginx decides by the first server of an
# address about what it reads before it knows the host name.
own_port() {
	OWN=$(free_port)
	moorage ports:set "$APP" "http:$OWN:$PORT" >/dev/null
}

# closed_after PORT TEXT: sends that much of a request, and waits until nginx ends it.
closed_after() {
	python3 - "$@" <<-'PY'
		import socket, sys
		with socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=30) as s:
		    s.sendall(sys.argv[2].replace("|", "\r\n").encode())
		    while s.recv(4096):
		        pass
	PY
}

# proves effect: property nginx/client-header-timeout, property nginx/client-body-timeout
@test "client-header-timeout, client-body-timeout: who does not go on is cut off" {
	own_port
	nginx_set client-header-timeout 1s
	closed_after "$OWN" "GET / HTTP/1.1|Host: $APP.te"
	nginx_set client-body-timeout 1s
	closed_after "$OWN" "POST /x HTTP/1.1|Host: $APP.test|Content-Length: 10||abc"
}

# proves effect: property nginx/lingering-timeout
@test "lingering-timeout: the app's before that of all" {
	line_is() {
		moorage proxy:build-config "$APP" >/dev/null
		equal "$(sed -n 's/^ *lingering_timeout //p' "$INST/home/$APP/nginx.conf")" "$1;"
	}
	line_is 5s
	moorage nginx:set --global lingering-timeout 6s
	line_is 6s
	moorage nginx:set "$APP" lingering-timeout 7s
	line_is 7s
	moorage nginx:set "$APP" lingering-timeout
	moorage nginx:set --global lingering-timeout
	line_is 5s
}

# proves effect: property nginx/send-timeout
@test "send-timeout: who takes no answer for so long is cut off" {
	nginx_set send-timeout 1s
	head -c 30000000 /dev/zero >"$INST/big"
	mkdir -p "$INST/home/$APP/nginx.conf.d"
	echo "location /big { root $INST; }" >"$INST/home/$APP/nginx.conf.d/big.conf"
	chmod 755 "$INST"
	moorage proxy:build-config "$APP"
	python3 - "$HTTP" "$APP.test" 3>&- 4>&- <<-'PY' &
		import socket, sys, time
		s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
		s.sendall(f"GET /big HTTP/1.1\r\nHost: {sys.argv[2]}\r\n\r\n".encode())
		time.sleep(600)
	PY
	reader=$!
	# It is written when nginx has done with it.
	wait_for grep -q 'GET /big' "$INST/logs/$APP-access.log"
	kill "$reader"
	run ! grep -q ' 30000000 ' "$INST/logs/$APP-access.log"
}

# proves effect: property nginx/underscore-in-headers
@test "underscore-in-headers: such headers reach the app only when it is on" {
	own_port
	run curl -s -H 'with_underscore: x' "http://127.0.0.1:$OWN/"
	[[ "$output" == *X-Request-Start* ]]
	[[ "$output" != *with_underscore* ]]
	nginx_set underscore-in-headers on
	run curl -s -H 'with_underscore: x' "http://127.0.0.1:$OWN/"
	[[ "$output" == *"with_underscore: x"* ]]
}

# proves effect: property nginx/x-forwarded-for-value, property nginx/x-forwarded-port-value, property nginx/x-forwarded-proto-value, property nginx/x-forwarded-ssl
@test "x-forwarded-for-value, -port-value, -proto-value and x-forwarded-ssl: what the app sees" {
	moorage proxy:build-config "$APP"
	run get / -H 'X-Real: 1.2.3.4'
	[[ "$output" == *"X-Forwarded-For: 127.0.0.1"* ]]
	[[ "$output" == *"X-Forwarded-Port: $HTTP"* ]]
	[[ "$output" == *"X-Forwarded-Proto: http"* ]]
	[[ "$output" != *X-Forwarded-Ssl* ]]
	moorage nginx:set "$APP" x-forwarded-for-value '$http_x_real'
	moorage nginx:set "$APP" x-forwarded-port-value 4443
	moorage nginx:set "$APP" x-forwarded-proto-value https
	nginx_set x-forwarded-ssl on
	run get / -H 'X-Real: 1.2.3.4'
	[[ "$output" == *"X-Forwarded-For: 1.2.3.4"* ]]
	[[ "$output" == *"X-Forwarded-Port: 4443"* ]]
	[[ "$output" == *"X-Forwarded-Proto: https"* ]]
	[[ "$output" == *"X-Forwarded-Ssl: on"* ]]
}

# proves effect: property nginx/access-log-path, property nginx/access-log-format, command nginx:access-logs
@test "access-log-path, access-log-format: where requests are written, and how" {
	moorage proxy:build-config "$APP"
	get /one >/dev/null
	wait_for grep -q 'GET /one HTTP' "$INST/logs/$APP-access.log"
	moorage nginx:set "$APP" access-log-format of_app
	nginx_set access-log-path "$INST/logs/mine.log"
	get /two >/dev/null
	wait_for grep -qx 'app /two' "$INST/logs/mine.log"
	equal "$(moorage nginx:access-logs "$APP")" 'app /two'
	nginx_set access-log-path off
	get /three >/dev/null
	equal "$(cat "$INST/logs/mine.log")" 'app /two'
	run ! grep -q three "$INST/logs/$APP-access.log"
}

# proves effect: property nginx/error-log-path, command nginx:error-logs
@test "error-log-path: where errors are written" {
	nginx_set error-log-path "$INST/logs/my-errors.log"
	head -c 1100000 /dev/zero >"$BATS_TEST_TMPDIR/body"
	get /large --data-binary "@$BATS_TEST_TMPDIR/body" >/dev/null
	wait_for grep -q 'client intended to send too large body.*POST /large' "$INST/logs/my-errors.log"
	run moorage nginx:error-logs "$APP"
	[[ "$output" == *"too large body"* ]]
	count=$(wc -l <"$INST/logs/my-errors.log")
	# No file of that name, wherever nginx takes it to be.
	nginx_set error-log-path off
	get /large --data-binary "@$BATS_TEST_TMPDIR/body" >/dev/null
	equal "$(wc -l <"$INST/logs/my-errors.log")" "$count"
	run nginx -T -q -c "$INST/nginx/nginx.conf"
	[[ "$output" != *"error_log off;"* ]]
	[[ "$output" == *"error_log /dev/null;"* ]]
}

# proves effect: property nginx/bind-address-ipv4, property nginx/bind-address-ipv6
@test "bind-address-ipv4, bind-address-ipv6: nobody else's address answers" {
	moorage nginx:set "$APP" bind-address-ipv6 ::1
	nginx_set bind-address-ipv4 127.0.0.2
	at() {
		curl -s -o /dev/null -w '%{http_code}' --max-time 5 -H "Host: $APP.test" "http://$1:$HTTP/"
	}
	equal "$(at 127.0.0.2)" 200
	equal "$(at '[::1]')" 200
	equal "$(at 127.0.0.1 || true)" 000
	nginx_set bind-address-ipv4
	equal "$(at 127.0.0.1)" 200
}

hsts_header() {
	curl -sk -D - -o /dev/null --resolve "$APP.test:$HTTPS:127.0.0.1" "https://$APP.test:$HTTPS/" |
		tr -d '\r' | sed -n 's/^strict-transport-security: //ip'
}

# proves effect: property nginx/hsts, property nginx/hsts-include-subdomains, property nginx/hsts-max-age, property nginx/hsts-preload
@test "hsts, hsts-include-subdomains, hsts-max-age, hsts-preload: the header that browsers get" {
	with_tls
	equal "$(hsts_header)" 'max-age=15724800; includeSubdomains'
	moorage nginx:set "$APP" hsts-max-age 60
	moorage nginx:set "$APP" hsts-include-subdomains false
	nginx_set hsts-preload true
	equal "$(hsts_header)" 'max-age=60; preload'
	nginx_set hsts false
	equal "$(hsts_header)" ''
	moorage nginx:set "$APP" hsts
	moorage nginx:set --global hsts false
	moorage proxy:build-config "$APP"
	equal "$(hsts_header)" ''
	moorage nginx:set --global hsts
	for p in hsts-max-age hsts-include-subdomains hsts-preload; do
		moorage nginx:set "$APP" $p
	done
	moorage nginx:set --global hsts-max-age 90
	moorage proxy:build-config "$APP"
	equal "$(hsts_header)" 'max-age=90; includeSubdomains'
	moorage nginx:set --global hsts-max-age
}

# proves effect: property nginx/nginx-service-command
@test "nginx-service-command: that program reloads nginx" {
	cat >"$INST/service" <<-SH
		#!/bin/sh
		echo "\$*" >>"$INST/service.log"
		[ "\$1" != reload ] || kill -HUP "\$(cat "$INST/run/nginx.pid")"
	SH
	chmod 755 "$INST/service"
	nginx_set nginx-service-command "$INST/service"
	equal "$(cat "$INST/service.log")" reload
	equal "$(status_of /)" 200
	moorage nginx:set "$APP" nginx-service-command
	moorage nginx:set --global nginx-service-command "$INST/service"
	moorage nginx:reload
	equal "$(cat "$INST/service.log")" $'reload\nreload'
	moorage nginx:set --global nginx-service-command
	moorage nginx:reload
	equal "$(cat "$INST/service.log")" $'reload\nreload'
}
