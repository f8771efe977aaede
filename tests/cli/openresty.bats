#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The proxy openresty: what it asks the engine for, and the labels of apps: settings, and snippets of
# their source. What it has in common with the other proxies of its kind is tested in caddy.bats.

bats_require_minimum_version 1.5.0
load proxies

setup_file() {
	proxy_setup --no-nginx --libexec "${TOOLS:-$BUILD/src/tools}"
}

teardown_file() {
	teardown_instance
}

setup() {
	APP=o$BATS_TEST_NUMBER
}

teardown() {
	dokku openresty:stop
	rm -rf "$INST/lib/config/openresty/--global"
	remove_plugin zz-openresty
	free_ports
}

# proves golden: command openresty:start
@test "openresty:start asks for the container that Dokku's compose file describes" {
	assert_request openresty/start.txt openresty:start
}

# proves golden: property openresty/image, property openresty/letsencrypt-email, property openresty/letsencrypt-server, property openresty/allowed-letsencrypt-domains-func-base64
@test "image and certificates (letsencrypt-email, letsencrypt-server, allowed-letsencrypt-domains-func-base64) change that" {
	dokku openresty:set --global image example/openresty:1
	dokku openresty:set --global letsencrypt-email admin@example.test
	dokku openresty:set --global letsencrypt-server https://acme.example.test/directory
	dokku openresty:set --global allowed-letsencrypt-domains-func-base64 cmV0dXJuIGZhbHNl
	assert_request openresty/start-acme.txt openresty:start
}

# proves golden: command openresty:show-config
@test "openresty:show-config prints the compose file" {
	run dokku openresty:show-config
	assert_success
	assert_line '    image: "dokku/openresty-docker-proxy:0.12.1"'
	assert_line "      - \"$INST/lib/data/openresty-vhosts/.docker-letsencrypt:/etc/resty-auto-ssl\""
	refute_output --partial LETSENCRYPT_
}

# proves stand-in: command openresty:start, command openresty:stop, command openresty:logs, trigger openresty-template-source, property openresty/log-level
@test "a stand-in for openresty starts, with the log-level for templates of its own, shows its log (openresty:logs), and stops" {
	stand_in openresty-template-source "$(claim_port)"
	dokku openresty:set --global image moorage-lab/http:1
	dokku openresty:set --global log-level warn
	dokku openresty:start
	is_up openresty
	run docker_lab inspect -f '{{json .Config.Env}}' "$(proxy_container openresty)"
	assert_output --partial '"LEVEL=warn"'
	logged() {
		[ "$(dokku openresty:logs --num 5)" = "listening on port 5000" ]
	}
	wait_until 60 logged
	dokku openresty:stop
	is_gone openresty
}

@test "an app has a label for each setting, its domains and its ports" {
	APP=demo
	app_with_image "$APP"
	dokku proxy:set "$APP" type openresty
	dokku domains:set "$APP" a.example.test b.example.test
	dokku ports:set "$APP" http:80:5000 https:443:5001 grpc:50051:5002
	run dokku ps:restart "$APP"
	assert_success
	assert_line "-----> Routing app via openresty"
	sed "s/@PAGE@/$(($(getconf PAGESIZE) / 1024))k/; s/@PAGES@/$(($(getconf PAGESIZE) / 512))k/" \
		"$TOP/tests/golden/openresty/plain.labels" >"$BATS_TEST_TMPDIR/wanted"
	diff -u "$BATS_TEST_TMPDIR/wanted" <(labels_of "$APP" openresty)
}

# Each setting is the label of its name; a value that no default has stands for it.
# proves effect: property openresty/access-log-format, property openresty/access-log-path, property openresty/bind-address-ipv4, property openresty/bind-address-ipv6, property openresty/client-body-timeout, property openresty/client-header-timeout, property openresty/client-max-body-size, property openresty/error-log-path, property openresty/hsts, property openresty/hsts-include-subdomains, property openresty/hsts-max-age, property openresty/hsts-preload, property openresty/keepalive-timeout, property openresty/lingering-timeout, property openresty/proxy-buffer-size, property openresty/proxy-buffering, property openresty/proxy-buffers, property openresty/proxy-busy-buffers-size, property openresty/proxy-connect-timeout, property openresty/proxy-read-timeout, property openresty/proxy-send-timeout, property openresty/send-timeout, property openresty/underscore-in-headers, property openresty/x-forwarded-for-value, property openresty/x-forwarded-port-value, property openresty/x-forwarded-proto-value, property openresty/x-forwarded-ssl, property openresty/letsencrypt-email
@test "settings of the app and global ones are what its labels say" {
	APP=settings
	local all="access-log-format=combined access-log-path=off bind-address-ipv4=10.0.0.1 bind-address-ipv6=::1
		client-body-timeout=11s client-header-timeout=12s client-max-body-size=13m error-log-path=/var/e.log
		hsts=false hsts-include-subdomains=false hsts-max-age=14 hsts-preload=true keepalive-timeout=15s
		lingering-timeout=16s proxy-buffer-size=17k proxy-buffering=off proxy-buffers=18_19k
		proxy-busy-buffers-size=20k proxy-connect-timeout=21s proxy-read-timeout=22s
		proxy-send-timeout=23s send-timeout=24s underscore-in-headers=on
		x-forwarded-for-value=\$http_x x-forwarded-port-value=81 x-forwarded-proto-value=https
		x-forwarded-ssl=on"
	local pair wanted="" scope=$APP
	app_with_image "$APP"
	dokku proxy:set "$APP" type openresty
	for pair in $all; do
		pair=${pair//_/ }
		pair=${pair/http x/http_x}
		dokku openresty:set "$scope" "${pair%%=*}" "${pair#*=}"
		[ "$scope" = "$APP" ] && scope=--global || scope=$APP
		pair=${pair/busy-buffers-size/busy-buffer-size}
		wanted+="openresty.$pair"$'\n'
	done
	dokku openresty:set --global letsencrypt-email admin@example.test
	dokku ps:restart "$APP"
	for pair in domains=settings.example.test https-port=443 letsencrypt=true \
		"port-mapping=http:$HTTP_PORT:5000 https:$HTTPS_PORT:5000"; do
		wanted+="openresty.$pair"$'\n'
	done
	diff -u <(printf %s "$wanted" | LC_ALL=C sort) <(labels_of "$APP" openresty)
}

@test "a value that would end a directive is refused" {
	dokku apps:create "$APP"
	run dokku openresty:set "$APP" access-log-path 'off; evil on'
	assert_failure 1
	assert_output --partial "is not usable in a directive"
	run dokku openresty:set "$APP" client-max-body-size '1m; evil on'
	assert_failure 1
	assert_output --partial "is not a size"
}

@test "snippets of the source become labels, stay with a restart, and go with the source's" {
	local dir=$BATS_TEST_TMPDIR/app
	http_app "$dir" v1
	cd "$dir"
	mkdir -p openresty/http-includes openresty/http-location-includes
	echo 'add_header X-One 1;' >openresty/http-includes/one.conf
	echo 'not a conf' >openresty/http-includes/README
	ln -s /etc/passwd openresty/http-includes/link.conf
	echo 'add_header X-Two 2;' >openresty/http-location-includes/two_2-a.conf
	git_commit "$dir" snippets
	dokku apps:create "$APP"
	dokku proxy:set "$APP" type openresty
	dokku checks:skip "$APP"
	git_push "$dir" "$APP"
	wanted="openresty.include-http-one.conf=$(base64 -w0 <openresty/http-includes/one.conf)
openresty.include-location-http-two_2-a.conf=$(base64 -w0 <openresty/http-location-includes/two_2-a.conf)"
	assert_equal "$(labels_of "$APP" openresty.include)" "$wanted"
	dokku ps:restart "$APP"
	assert_equal "$(labels_of "$APP" openresty.include)" "$wanted"
	# What an older program left staged is found where nothing is live.
	data=$INST/lib/data/openresty-vhosts/app-$APP
	mv "$data/openresty-http-includes" "$data/openresty-http-includes.4711"
	dokku ps:restart "$APP"
	assert_equal "$(labels_of "$APP" openresty.include)" "$wanted"
	dokku apps:clone --skip-deploy "$APP" "$APP-copy"
	assert_file_exists "$INST/lib/data/openresty-vhosts/app-$APP-copy/openresty-location-includes/two_2-a.conf"

	echo bad >'openresty/http-includes/a b.conf'
	git_commit "$dir" unsafe
	run git_push "$dir" "$APP"
	assert_failure
	assert_output --partial "Aborting deploy: include file has unsafe filename: a b.conf"
	assert_equal "$(labels_of "$APP" openresty.include)" "$wanted"

	rm -r openresty/http-includes
	git_commit "$dir" fewer
	git_push "$dir" "$APP"
	assert_equal "$(labels_of "$APP" openresty.include)" "${wanted#*$'\n'}"
	assert_equal "$(ls "$data")" openresty-location-includes
	dokku --force apps:destroy "$APP"
	[ ! -e "$data" ]
}

@test "snippets of an image that an app is made from become labels, too" {
	printf 'FROM moorage-lab/http:1\nCOPY openresty /app/openresty\nWORKDIR /app\n' >"$BATS_TEST_TMPDIR/Dockerfile"
	mkdir -p "$BATS_TEST_TMPDIR/openresty/http-includes"
	echo 'add_header X-One 1;' >"$BATS_TEST_TMPDIR/openresty/http-includes/one.conf"
	docker_lab build -q -t "$LABEL-source:1" --label "com.moorage.instance=$LABEL" "$BATS_TEST_TMPDIR"
	dokku apps:create "$APP"
	dokku proxy:set "$APP" type openresty
	dokku checks:skip "$APP"
	mkdir "$BATS_TEST_TMPDIR/app"
	echo "FROM $LABEL-source:1" >"$BATS_TEST_TMPDIR/app/Dockerfile"
	git_app "$BATS_TEST_TMPDIR/app"
	dokku ps:set "$APP" skip-deploy true
	git_push "$BATS_TEST_TMPDIR/app" "$APP"
	dokku ps:set "$APP" skip-deploy
	# What git:from-image leaves behind: the setting, and a source that only names the image.
	as_dokku mkdir -p "$INST/lib/config/git/$APP"
	printf %s "$LABEL-source:1" | as_dokku tee "$INST/lib/config/git/$APP/source-image" >/dev/null
	dokku ps:rebuild "$APP"
	docker_lab rmi "$LABEL-source:1"
	assert_equal "$(labels_of "$APP" openresty.include)" \
		"openresty.include-http-one.conf=$(base64 -w0 <"$BATS_TEST_TMPDIR/openresty/http-includes/one.conf")"
}

@test "apps of the proxy type nginx have labels for openresty while that is started" {
	app_with_image "$APP"
	run plugn trigger docker-args-process-deploy "$APP" dockerfile latest web 1
	refute_output --partial openresty
	as_dokku mkdir -p "$INST/lib/config/openresty/--global"
	printf started | as_dokku tee "$INST/lib/config/openresty/--global/proxy-status" >/dev/null
	run plugn trigger docker-args-process-deploy "$APP" dockerfile latest web 1
	assert_output --partial "--label=openresty.domains=$APP.example.test"
}

plugn() {
	in_instance "$INST/bin/plugn" "$@"
}

# proves effect: command openresty:labels:add, command openresty:labels:remove, command openresty:labels:show
@test "openresty:labels:add, openresty:labels:remove and openresty:labels:show keep labels for the next deploy" {
	app_with_image "$APP"
	dokku proxy:set "$APP" type openresty
	dokku openresty:labels:add "$APP" openresty.directive value
	dokku ps:restart "$APP"
	assert_equal "$(labels_of "$APP" openresty.directive)" openresty.directive=value
	run dokku openresty:labels:show "$APP" openresty.directive
	assert_output value
	dokku openresty:labels:remove "$APP" openresty.directive
	dokku ps:restart "$APP"
	run labels_of "$APP" openresty.directive
	assert_output ""
}
