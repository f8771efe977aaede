# SPDX-License-Identifier: MIT
# The nginx driver and its commands, against a real nginx.
load routes

setup() {
	routes_begin
	make_app web web.test
}

teardown() {
	routes_end
}

@test "requests reach the app with what it needs to know" {
	moorage proxy:build-config web
	run curl -s -H 'Host: web.test' "http://127.0.0.1:$HTTP/"
	[[ "$output" == *"Host: web.test"* ]]
	[[ "$output" == *"X-Forwarded-For: 127.0.0.1"* ]]
	[[ "$output" == *"X-Forwarded-Port: $HTTP"* ]]
	[[ "$output" == *"X-Forwarded-Proto: http"* ]]
	[[ "$output" == *"X-Request-Start: "* ]]
}

@test "an app that does not run answers 502 with a page" {
	rm "$INST/lib/data/stand-in/web"
	moorage proxy:build-config web
	[ "$(answer web.test)" = 502 ]
	run curl -s -H 'Host: web.test' "http://127.0.0.1:$HTTP/"
	[[ "$output" == *"<!DOCTYPE html>"* ]]
}

@test "names that no app has are answered by nobody" {
	moorage proxy:build-config web
	run answer unknown.test
	[ "$output" = 000 ]
}

@test "nothing new means no reload" {
	moorage proxy:build-config web
	before=$(reloads)
	moorage proxy:build-config web
	[ "$(reloads)" = "$before" ]
	echo 'add_header X-Mine yes;' >"$INST/home/web/nginx.conf.d/mine.conf" ||
		{ mkdir -p "$INST/home/web/nginx.conf.d"; echo 'add_header X-Mine yes;' >"$INST/home/web/nginx.conf.d/mine.conf"; }
	moorage proxy:build-config web
	[ "$(reloads)" = $((before + 1)) ]
	run curl -s -D - -o /dev/null -H 'Host: web.test' "http://127.0.0.1:$HTTP/"
	[[ "$output" == *"X-Mine: yes"* ]]
}

# proves effect: property nginx/disable-custom-config
@test "the app's own template is used, and nginx:set can forbid it" {
	mkdir -p "$INST/lib/data/nginx-vhosts/app-web"
	cat >"$INST/lib/data/nginx-vhosts/app-web/nginx.conf.sigil" <<-'SIGIL'
		server {
		  listen {{ $.PROXY_PORT }};
		  server_name {{ .NOSSL_SERVER_NAME }};
		  location / { return 418; }
		}
	SIGIL
	run moorage proxy:build-config web
	[[ "$output" == *"Overriding default nginx.conf with detected nginx.conf.sigil"* ]]
	[[ "$output" == *"(using app-supplied template)"* ]]
	[ "$(answer web.test)" = 418 ]
	for scope in web --global; do
		moorage nginx:set "$scope" disable-custom-config true
		moorage proxy:build-config web
		[ "$(answer web.test)" = 200 ]
		moorage nginx:set "$scope" disable-custom-config
		moorage proxy:build-config web
		[ "$(answer web.test)" = 418 ]
	done
}

@test "a template that does not parse or that nginx refuses leaves the old configuration" {
	moorage proxy:build-config web
	before=$(cat "$INST/home/web/nginx.conf")
	mkdir -p "$INST/lib/data/nginx-vhosts/app-web"
	for text in '{{ if }' 'server { no_such_directive; }' 'server {' '{{ file "/etc/passwd" }}'; do
		echo "$text" >"$INST/lib/data/nginx-vhosts/app-web/nginx.conf.sigil"
		run moorage proxy:build-config web
		[ "$status" -ne 0 ] || { echo "taken: $text"; false; }
		[ "$(cat "$INST/home/web/nginx.conf")" = "$before" ]
	done
	[ "$(answer web.test)" = 200 ]
}

# proves effect: trigger nginx-app-template-source
@test "a plugin's template comes before the built-in one and after the app's" {
	cat >"$INST/plugin.sigil" <<-'SIGIL'
		server { listen {{ $.PROXY_PORT }}; server_name {{ $.NOSSL_SERVER_NAME }}; return 420; }
	SIGIL
	handler other nginx-app-template-source <<-SH
		#!/bin/sh
		[ "\$2" != app-config ] || echo "$INST/plugin.sigil"
	SH
	run moorage proxy:build-config web
	[[ "$output" == *"(using plugin-supplied template)"* ]]
	[ "$(answer web.test)" = 420 ]
	mkdir -p "$INST/lib/data/nginx-vhosts/app-web"
	echo 'server { listen {{ $.PROXY_PORT }}; server_name {{ $.NOSSL_SERVER_NAME }}; return 418; }' \
		>"$INST/lib/data/nginx-vhosts/app-web/nginx.conf.sigil"
	moorage proxy:build-config web
	[ "$(answer web.test)" = 418 ]
}

# proves effect: trigger nginx-pre-reload
@test "nginx-pre-reload handlers see the new file, and what they write is tested" {
	handler other nginx-pre-reload <<-SH
		#!/bin/sh
		grep -q 'server_name web.test' "$INST/home/\$1/nginx.conf" || exit 3
		mkdir -p "$INST/home/\$1/nginx.conf.d"
		echo 'add_header X-Handler yes;' >"$INST/home/\$1/nginx.conf.d/handler.conf"
	SH
	moorage proxy:build-config web
	run curl -s -D - -o /dev/null -H 'Host: web.test' "http://127.0.0.1:$HTTP/"
	[[ "$output" == *"X-Handler: yes"* ]]
}

@test "a pre-reload handler may build other apps" {
	make_app two two.test
	handler other nginx-pre-reload <<-SH
		#!/bin/sh
		[ "\$1" = two ] || exec "$MOORAGE" proxy:build-config two
	SH
	run timeout 60 "$MOORAGE" proxy:build-config web
	[ "$status" -eq 0 ]
	[ "$(answer web.test)" = 200 ]
	[ "$(answer two.test)" = 200 ]
}

@test "what a killed change left untested is put back by the next app's change" {
	make_app two two.test
	moorage proxy:build-config --all
	before=$(cat "$INST/home/web/nginx.conf")
	handler other nginx-pre-reload <<-'SH'
		#!/bin/sh
		[ "$1" != web ] || kill -9 "$PPID"
	SH
	mkdir -p "$INST/lib/data/nginx-vhosts/app-web"
	echo 'server { broken' >"$INST/lib/data/nginx-vhosts/app-web/nginx.conf.sigil"
	run moorage proxy:build-config web
	[ "$status" -eq 137 ]
	[ "$(cat "$INST/home/web/nginx.conf")" != "$before" ]
	moorage domains:add two b.test
	[ "$(cat "$INST/home/web/nginx.conf")" = "$before" ]
	[ "$(answer b.test)" = 200 ]
	[ "$(answer web.test)" = 200 ]
}

@test "many changes at once all come through" {
	for i in 1 2 3 4 5 6; do make_app "app$i" "app$i.test"; done
	pids=()
	for i in 1 2 3 4 5 6; do
		moorage proxy:build-config "app$i" >/dev/null 3>&- &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do wait "$pid"; done
	for i in 1 2 3 4 5 6; do [ "$(answer "app$i.test")" = 200 ]; done
}

@test "no request fails while routes change" {
	moorage proxy:build-config web
	(
		end=$((SECONDS + 4))
		while [ $SECONDS -lt $end ]; do answer web.test; echo; done >"$INST/answers"
	) 3>&- &
	load=$!
	for i in $(seq 8); do moorage domains:add web "n$i.test" >/dev/null; done
	wait "$load"
	[ "$(wc -l <"$INST/answers")" -gt 20 ]
	[ "$(sort -u "$INST/answers")" = 200 ]
}

@test "every combination of ports and certificates makes a configuration that nginx takes" {
	n=0
	for maps in "http:$HTTP:5000" "http:$HTTP:5000 https:$HTTPS:5000" "https:$HTTPS:5000" \
		"http:$HTTP:5000 http:18080:5000 http:18081:6000" "grpc:50051:5000" "grpcs:50052:5000" \
		"grpc:50051:5000 grpcs:50052:5000 http:$HTTP:6000 https:$HTTPS:6000" \
		"tcp:2525:25 udp:5353:53" "http:80:5000" "http:80:5000 https:443:5000"; do
		for cert in no yes; do
			for running in no yes; do
				for hosts in '' 'a.test' 'a.test *.b.test'; do
					n=$((n + 1))
					app=m$n
					# shellcheck disable=SC2086
					set -f
					make_app $app ${hosts/a.test/a$n.test}
					set +f
					[ $running = yes ] || rm "$INST/lib/data/stand-in/$app"
					tr ' ' '\n' <<<"$maps" >"$INST/lib/config/ports/$app/map"
					if [ $cert = yes ]; then
						if [ ! -d "$INST/tls" ]; then
							mkdir "$INST/tls"
							"$TOOLS/moorage-x509" generate --domain a.test "$INST/tls" >/dev/null
						fi
						mkdir "$INST/home/$app/tls"
						cp "$INST"/tls/*.crt "$INST/home/$app/tls/server.crt"
						cp "$INST"/tls/*.key "$INST/home/$app/tls/server.key"
					fi
				done
			done
		done
	done
	moorage nginx:stop
	set +e
	for i in $(seq $n); do
		moorage proxy:build-config "m$i" >"$INST/out" 2>&1 || { cat "$INST/out" "$INST/lib/config/ports/m$i/map"; return 1; }
	done
	set -e
	[ "$n" -eq 120 ]
	nginx -t -q -c "$INST/nginx/nginx.conf" 2>&1 | grep -v 'conflicting server name' | (! grep -v '^$')
}

# proves effect: command nginx:show-config, command nginx:show-conf
@test "show-config prints the file" {
	run moorage nginx:show-config web
	[ "$status" -eq 1 ]
	[[ "$output" == *"No nginx.conf exists for web"* ]]
	moorage proxy:build-config web
	[ "$(moorage nginx:show-config web)" = "$(cat "$INST/home/web/nginx.conf")" ]
	[ "$(moorage nginx:show-conf web)" = "$(cat "$INST/home/web/nginx.conf")" ]
	moorage proxy:set web caddy
	run moorage nginx:show-config web
	[[ "$output" == *"only available for apps with the nginx proxy type"* ]]
}

# proves effect: trigger scheduler-proxy-config, trigger scheduler-proxy-logs
@test "of an app on other machines its scheduler is asked for configuration and logs" {
	mkdir -p "$INST/lib/plugins/enabled/elsewhere"
	for name in scheduler-proxy-config scheduler-proxy-logs; do
		printf '#!/bin/sh\necho "$(basename "$0")" "$@"\n' >"$INST/lib/plugins/enabled/elsewhere/$name"
		chmod 755 "$INST/lib/plugins/enabled/elsewhere/$name"
	done
	moorage scheduler:set web selected elsewhere
	[ "$(moorage nginx:show-config web)" = 'scheduler-proxy-config elsewhere web nginx' ]
	[ "$(moorage nginx:access-logs web)" = 'scheduler-proxy-logs elsewhere web nginx access false 20' ]
	[ "$(moorage nginx:error-logs web -t)" = 'scheduler-proxy-logs elsewhere web nginx error true 0' ]
	rm -r "$INST/lib/plugins/enabled/elsewhere"
	moorage scheduler:set web selected
}

# proves effect: command nginx:validate-config
@test "validate-config finds the bad app and removes it when asked to" {
	make_app two two.test
	moorage proxy:build-config --all
	moorage nginx:validate-config
	echo 'server { no_such_directive; }' >"$INST/home/two/nginx.conf"
	run moorage nginx:validate-config
	[ "$status" -ne 0 ]
	[[ "$output" == *"Failed to validate nginx config for two. Contents below..."*no_such_directive* ]]
	[[ "$output" != *"config for web."* ]]
	run moorage nginx:validate-config --clean
	[ "$status" -eq 0 ]
	[ ! -e "$INST/home/two/nginx.conf" ]
	[ -e "$INST/home/web/nginx.conf" ]
}

# proves effect: command nginx:access-logs
@test "the logs of an app: the last twenty lines, and what follows" {
	moorage proxy:build-config web
	for i in $(seq 25); do echo "line $i"; done >"$INST/logs/web-access.log"
	run moorage nginx:access-logs web
	[ "${#lines[@]}" -eq 20 ]
	[ "${lines[0]}" = "line 6" ]
	[ "${lines[19]}" = "line 25" ]
	moorage nginx:access-logs web -t >"$INST/followed" 3>&- &
	tail=$!
	for _ in $(seq 100); do [ -s "$INST/followed" ] && break; sleep 0.05; done
	echo "line 26" >>"$INST/logs/web-access.log"
	mv "$INST/logs/web-access.log" "$INST/logs/web-access.log.1"
	echo "line 27" >"$INST/logs/web-access.log"
	for _ in $(seq 100); do grep -q 'line 27' "$INST/followed" && break; sleep 0.05; done
	kill "$tail"
	[ "$(tail -2 "$INST/followed")" = $'line 26\nline 27' ]
	moorage nginx:set web access-log-path off
	run moorage nginx:access-logs web
	[ "$status" -eq 1 ]
	[[ "$output" == *"access logs are disabled for this app"* ]]
}

# proves effect: command nginx:stop, command nginx:start, command nginx:reload
@test "stop, start and reload" {
	moorage proxy:build-config web
	moorage nginx:stop
	[ "$(answer web.test)" = 000 ]
	run moorage domains:add web a.test
	[ "$status" -eq 0 ]
	[[ "$output" == *"nginx is not running"* ]]
	moorage nginx:start
	[ "$(answer a.test)" = 200 ]
	before=$(reloads)
	moorage nginx:reload
	for _ in $(seq 100); do [ "$(reloads)" = $((before + 1)) ] && break; sleep 0.05; done
	[ "$(reloads)" = $((before + 1)) ]
	echo 'server { no_such_directive; }' >"$INST/home/web/nginx.conf"
	run moorage nginx:reload
	[ "$status" -ne 0 ]
	[[ "$output" == *no_such_directive* ]]
}

@test "values that could leave their directive are refused" {
	before=$(snapshot)
	run moorage nginx:set web client-max-body-size '1m; } server {'
	[ "$status" -eq 1 ]
	run moorage nginx:set web no-such-property 1
	[ "$status" -eq 1 ]
	[[ "$output" == *"valid keys include: access-log-format, access-log-path, bind-address-ipv4"* ]]
	[ "$(snapshot)" = "$before" ]
}

@test "the report has three rows per property, and when the app was last visited" {
	run moorage nginx:report web
	[ "$(grep -c ':' <<<"$output")" -eq 94 ]
	[ "$(moorage nginx:report web --nginx-computed-access-log-path)" = "$INST/logs/web-access.log" ]
	[ "$(moorage nginx:report web --nginx-computed-hsts-max-age)" = 15724800 ]
	[ "$(moorage nginx:report web --nginx-last-visited-at)" = "" ]
	touch -d @1700000000 "$INST/x.log"
	moorage nginx:set web access-log-path "$INST/x.log"
	[ "$(moorage nginx:report web --nginx-last-visited-at)" = 1700000000 ]
	run moorage nginx:report --global
	[ "$(grep -c ':' <<<"$output")" -eq 31 ]
}

@test "setup leaves what people may have changed, unsetup only takes its own" {
	echo '# mine' >"$INST/nginx/conf.d/00-default-vhost.conf"
	echo '# mine' >"$INST/nginx/conf.d/server_names_hash_bucket_size.conf"
	moorage nginx:setup --default-vhost
	[ "$(cat "$INST/nginx/conf.d/00-default-vhost.conf")" = '# mine' ]
	[ "$(cat "$INST/nginx/conf.d/server_names_hash_bucket_size.conf")" = '# mine' ]
	grep -q "include $INST/home/\*/nginx.conf;" "$INST/nginx/conf.d/dokku.conf"
	moorage nginx:unsetup
	[ ! -e "$INST/nginx/conf.d/dokku.conf" ]
	[ -e "$INST/nginx/conf.d/00-default-vhost.conf" ]
}
