# SPDX-License-Identifier: MIT
# Certificates of apps, against an nginx that serves them.
load routes
bats_require_minimum_version 1.5.0

setup() {
	routes_begin
	make_app web web.test
	moorage proxy:build-config web
	mkdir "$INST/pem"
	make_cert one
}

teardown() {
	routes_end
}

make_cert() {
	openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj "/CN=web.test" \
		-addext "subjectAltName=DNS:web.test,DNS:www.test" \
		-keyout "$INST/pem/$1.key" -out "$INST/pem/$1.crt" 2>/dev/null
}

serial_of() {
	openssl x509 -noout -serial -in "$1"
}

# proves effect: command certs:add
@test "certs:add serves TLS and leads plain requests there" {
	run moorage certs:add web "$INST/pem/one.crt" "$INST/pem/one.key"
	[ "$status" -eq 0 ]
	[ "$(tls_answer web.test)" = 200 ]
	[ "$(answer web.test)" = 301 ]
	[ "$(served_serial web.test)" = "$(serial_of "$INST/pem/one.crt")" ]
	[ "$(stat -c %a "$INST/home/web/tls")" = 750 ]
	[ "$(stat -c %a "$INST/home/web/tls/server.key")" = 640 ]
	grep -q 'max-age=15724800; includeSubdomains' "$INST/home/web/nginx.conf.d/hsts.conf"
}

# proves effect: command certs:update
@test "certs:update replaces what is served although no text changes" {
	moorage certs:add web "$INST/pem/one.crt" "$INST/pem/one.key"
	make_cert two
	moorage certs:update web "$INST/pem/two.crt" "$INST/pem/two.key"
	[ "$(served_serial web.test)" = "$(serial_of "$INST/pem/two.crt")" ]
}

@test "other files beside the pair stay" {
	moorage certs:add web "$INST/pem/one.crt" "$INST/pem/one.key"
	echo kept >"$INST/home/web/tls/server.letsencrypt.crt"
	make_cert two
	moorage certs:add web "$INST/pem/two.crt" "$INST/pem/two.key"
	[ "$(cat "$INST/home/web/tls/server.letsencrypt.crt")" = kept ]
}

@test "a tar archive on standard input is taken" {
	mkdir -p "$INST/tar/sub"
	cp "$INST/pem/one.crt" "$INST/tar/sub/server.crt"
	cp "$INST/pem/one.key" "$INST/tar/sub/server.key"
	tar -C "$INST/tar" -c sub | moorage certs:add web
	[ "$(tls_answer web.test)" = 200 ]
}

@test "an archive with too much or too little in it changes nothing" {
	before=$(snapshot)
	mkdir "$INST/tar"
	cp "$INST/pem/one.key" "$INST/tar/a.key"
	run bash -c "tar -C '$INST/tar' -c . | '$MOORAGE' certs:add web"
	[ "$status" -eq 1 ]
	[[ "$output" == *"Tar archive is missing .crt file"* ]]
	cp "$INST/pem/one.crt" "$INST/tar/a.crt"
	cp "$INST/pem/one.crt" "$INST/tar/b.crt"
	run bash -c "tar -C '$INST/tar' -c . | '$MOORAGE' certs:add web"
	[ "$status" -eq 1 ]
	[[ "$output" == *"Tar archive contains more than one .crt file"* ]]
	run bash -c "echo nonsense | '$MOORAGE' certs:add web"
	[ "$status" -eq 1 ]
	rm -rf "$INST/tar"
	[ "$(snapshot)" = "$before" ]
}

@test "a bad certificate, a wrong or encrypted key, a missing file change nothing" {
	moorage certs:add web "$INST/pem/one.crt" "$INST/pem/one.key"
	before=$(snapshot)
	make_cert two
	echo nonsense >"$INST/pem/bad.crt"
	openssl rsa -aes128 -passout pass:secret -in "$INST/pem/two.key" -out "$INST/pem/locked.key" 2>/dev/null
	for pair in "two.crt one.key" "bad.crt two.key" "two.crt locked.key" "two.crt bad.crt"; do
		run moorage certs:add web "$INST/pem/${pair% *}" "$INST/pem/${pair#* }"
		[ "$status" -eq 1 ] || { echo "taken: $pair"; false; }
		[ "$(snapshot)" = "$before" ]
	done
	run moorage certs:add web "$INST/pem/none.crt" "$INST/pem/one.key"
	[[ "$output" == *"CRT file specified not found, please check file paths"* ]]
	run moorage certs:add web "$INST/pem/one.crt" "$INST/pem/none.key"
	[[ "$output" == *"KEY file specified not found, please check file paths"* ]]
	[ "$(served_serial web.test)" = "$(serial_of "$INST/pem/one.crt")" ]
}

@test "no key of a failed or finished installation is left behind" {
	make_cert two
	run moorage certs:add web "$INST/pem/two.crt" "$INST/pem/one.key"
	moorage certs:add web "$INST/pem/one.crt" "$INST/pem/one.key"
	moorage certs:add web "$INST/pem/two.crt" "$INST/pem/two.key"
	[ "$(grep -rl 'PRIVATE KEY' "$INST/home" "$INST/lib")" = "$INST/home/web/tls/server.key" ]
}

# proves effect: command certs:remove
@test "certs:remove goes back to plain http" {
	moorage certs:add web "$INST/pem/one.crt" "$INST/pem/one.key"
	run moorage certs:remove web
	[ "$status" -eq 0 ]
	[[ "$output" == *"-----> Removing SSL endpoint from web"* ]]
	[ ! -e "$INST/home/web/tls" ]
	[ "$(answer web.test)" = 200 ]
	[ ! -e "$INST/home/web/nginx.conf.d/hsts.conf" ]
	run ! grep -rq 'PRIVATE KEY' "$INST/home" "$INST/lib"
	run moorage certs:remove web
	[ "$status" -eq 1 ]
	[[ "$output" == *"An app-specific SSL endpoint is not defined"* ]]
}

@test "a custom map gets https:443 beside http:80 and loses it again" {
	mkdir -p "$INST/lib/config/ports/web"
	echo http:80:5000 >"$INST/lib/config/ports/web/map"
	moorage proxy:set web proxy-ssl-port 443
	moorage certs:add web "$INST/pem/one.crt" "$INST/pem/one.key"
	[ "$(cat "$INST/lib/config/ports/web/map")" = $'http:80:5000\nhttps:443:5000' ]
	moorage certs:remove web
	[ "$(cat "$INST/lib/config/ports/web/map")" = http:80:5000 ]
	[ ! -e "$INST/lib/config/proxy/web/proxy-ssl-port" ]
}

# proves effect: command certs:show
@test "certs:show prints the files and nothing else" {
	run moorage certs:show web crt
	[ "$status" -eq 1 ]
	[[ "$output" == *"web doesn't have an SSL endpoint defined"* ]]
	moorage certs:add web "$INST/pem/one.crt" "$INST/pem/one.key"
	[ "$(moorage certs:show web crt)" = "$(cat "$INST/pem/one.crt")" ]
	[ "$(moorage certs:show web key)" = "$(cat "$INST/pem/one.key")" ]
	run moorage certs:show web csr
	[ "$status" -eq 1 ]
	[[ "$output" == *"specify either 'key' or 'crt'"* ]]
}

# proves effect: command certs:generate
@test "certs:generate makes a pair, a request and the name" {
	run moorage certs:generate web new.test
	[ "$status" -eq 0 ]
	[[ "$output" == *"-----BEGIN CERTIFICATE REQUEST-----"* ]]
	grep -qx new.test "$INST/home/web/VHOST"
	[ "$(tls_answer new.test)" = 200 ]
	run moorage certs:generate web new.test
	[ "$status" -eq 0 ]
	[[ "$output" == *"-----> web has an SSL endpoint already defined"* ]]
}

@test "the report says what the certificate says" {
	moorage certs:add web "$INST/pem/one.crt" "$INST/pem/one.key"
	run moorage certs:report web
	[ "${lines[0]}" = "=====> web ssl information" ]
	[ "${lines[1]}" = "       Ssl dir:                       $INST/home/web/tls" ]
	[ "${lines[2]}" = "       Ssl enabled:                   true" ]
	end=$(openssl x509 -noout -enddate -in "$INST/pem/one.crt")
	[ "$(moorage certs:report web --ssl-expires-at)" = "${end#notAfter=}" ]
	[ "$(moorage certs:report web --ssl-hostnames)" = "web.test www.test" ]
	[ "$(moorage certs:report web --ssl-issuer)" = "CN = web.test" ]
	[ "$(moorage certs:report web --ssl-subject)" = "CN=web.test" ]
	[ "$(moorage certs:report web --ssl-verified)" = "self signed" ]
}

@test "a broken include leaves the old certificate in place" {
	moorage certs:add web "$INST/pem/one.crt" "$INST/pem/one.key"
	echo 'no_such_directive on;' >"$INST/home/web/nginx.conf.d/bad.conf"
	make_cert two
	before=$(snapshot)
	run moorage certs:add web "$INST/pem/two.crt" "$INST/pem/two.key"
	[ "$status" -ne 0 ]
	[ "$(snapshot)" = "$before" ]
	[ "$(served_serial web.test)" = "$(serial_of "$INST/pem/one.crt")" ]
}

# killed_at OPERATION STEP WHEN COMMAND...: runs the command, which is killed there, then another one.
killed_at() {
	echo "$1 $2 $3" >"$INST/lib/data/moorage/fault"
	local code=0
	moorage "${@:4}" >/dev/null 2>&1 || code=$?
	[ $code -eq 137 ] || { echo "not killed: $1 $2 $3"; false; }
	moorage proxy:set web proxy-port "$HTTP" >/dev/null
}

# How many steps the plan of a command has; one is not shown.
steps_of() {
	echo $(($(moorage "$@" --dry-run | grep -c '^ *[0-9]*\. ') + 1))
}

@test "an installation that is killed anywhere is undone by the next command on the app" {
	moorage certs:add web "$INST/pem/one.crt" "$INST/pem/one.key"
	make_cert two
	moorage proxy:set web proxy-port "$HTTP"
	steps=$(steps_of certs:add web "$INST/pem/two.crt" "$INST/pem/two.key")
	[ "$steps" -ge 3 ]
	before=$(snapshot)
	for step in $(seq "$steps"); do
		for when in before effect after; do
			[ "$step $when" != "$steps after" ] || continue
			killed_at certs-install "$step" $when certs:add web "$INST/pem/two.crt" "$INST/pem/two.key"
			[ "$(snapshot)" = "$before" ] || { echo "different: $step $when"; false; }
			[ "$(served_serial web.test)" = "$(serial_of "$INST/pem/one.crt")" ]
		done
	done
}

@test "a removal that is killed is undone, or finished once the files go" {
	moorage certs:add web "$INST/pem/one.crt" "$INST/pem/one.key"
	moorage proxy:set web proxy-port "$HTTP"
	steps=$(steps_of certs:remove web)
	[ "$steps" -ge 4 ]
	before=$(snapshot)
	for step in $(seq $((steps - 1))); do
		for when in before effect after; do
			killed_at certs-remove "$step" $when certs:remove web
			[ "$(snapshot)" = "$before" ] || { echo "different: $step $when"; false; }
			[ "$(served_serial web.test)" = "$(serial_of "$INST/pem/one.crt")" ]
			# What others change must not fail because of it in the meantime.
			moorage proxy:build-config web >/dev/null
		done
	done
	killed_at certs-remove "$steps" before certs:remove web
	[ ! -e "$INST/home/web/tls" ]
	run ! grep -rq 'PRIVATE KEY' "$INST/home" "$INST/lib"
	[ "$(answer web.test)" = 200 ]
}

@test "while a removal is interrupted other apps can change" {
	make_app two two.test
	moorage certs:add web "$INST/pem/one.crt" "$INST/pem/one.key"
	steps=$(steps_of certs:remove web)
	for step in $(seq "$steps"); do
		for when in before effect after; do
			[ "$step $when" != "$steps after" ] || continue
			make_cert one
			moorage certs:add web "$INST/pem/one.crt" "$INST/pem/one.key" >/dev/null
			echo "certs-remove $step $when" >"$INST/lib/data/moorage/fault"
			run moorage certs:remove web
			[ "$status" -eq 137 ]
			moorage domains:add two "t$step-$when.test" >/dev/null || { echo "stopped by $step $when"; false; }
		done
	done
}

# proves effect: trigger post-certs-update, trigger post-certs-remove, trigger post-domains-update
@test "third-party handlers hear of it" {
	for t in post-certs-update post-certs-remove post-domains-update; do
		handler other $t <<-SH
			#!/bin/sh
			echo "heard $t \$*"
		SH
	done
	run moorage certs:add web "$INST/pem/one.crt" "$INST/pem/one.key"
	[[ "$output" == *"heard post-certs-update web"*"heard post-domains-update web"* ]]
	run moorage certs:remove web
	[[ "$output" == *"heard post-certs-remove web"*"heard post-domains-update web"* ]]
}
