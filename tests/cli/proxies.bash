# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What the tests of the label proxies (caddy, haproxy, traefik, openresty) share. Each file has one
# instance; the fake engine writes down what an instance without a label asks for, so that names and
# labels are those of an installed machine.

load ../lab/helpers
load ../lab/apps

# proxy_setup [OPTIONS]: those of setup_instance.
proxy_setup() {
	setup_instance "$@"
	"$LAB" images busybox http
	lab_domain
	FAKE=$INST/fake
	export FAKE
	mkdir -p "$FAKE"
	chmod 777 "$FAKE"
	sed -e '/^label=/d' -e "s|^engine_socket=.*|engine_socket=$FAKE/engine.sock|" \
		"$INST/instance.conf" >"$FAKE/instance.conf"
	chmod 644 "$FAKE/instance.conf"
}

# --- apps ---

# app_with_image APP: it counts as deployed, with the test server as its image.
app_with_image() {
	dokku apps:create "$1"
	dokku checks:skip "$1"
	docker_lab tag moorage-lab/http:1 "$(image_of "$1")"
	as_dokku mkdir -p "$INST/lib/config/common/$1"
	printf true | as_dokku tee "$INST/lib/config/common/$1/deployed" >/dev/null
}

# labels_of APP PREFIX: the labels of what serves as web.1, "key=value" each, sorted.
labels_of() {
	docker_lab inspect -f '{{json .Config.Labels}}' "$(web_container "$1")" |
		jq -r 'to_entries[] | "\(.key)=\(.value)"' | grep -E "^$2" | LC_ALL=C sort
}

# assert_labels APP PREFIX GOLDEN: all labels that begin so, and no others.
assert_labels() {
	diff -u "$TOP/tests/golden/$3" <(labels_of "$1" "$2")
}

# --- the fake engine ---

# with_fake_engine RULES COMMAND...: of dokku; RULES is JSON, what is asked for lands in $FAKE/record.
with_fake_engine() {
	local rules=$1 rc=0 line
	shift
	rm -f "$FAKE"/{record,script,engine.sock}
	printf '{"api": "1.43", "rules": [%s]}' "$rules" >"$FAKE/script"
	coproc ENGINE { exec python3 "$TOP/tests/fake-engine/fake-engine.py" "$FAKE/engine.sock" \
		"$FAKE/script" "$FAKE/record"; }
	# shellcheck disable=SC2153 # the array is coproc's
	read -r line <&"${ENGINE[0]}"
	[ "$line" = ready ]
	chmod 666 "$FAKE/engine.sock"
	as_dokku env MOORAGE_INSTANCE="$FAKE/instance.conf" "$(program)" "$@" || rc=$?
	eval "exec ${ENGINE[1]}>&-"
	wait "$ENGINE_PID" || true
	return "$rc"
}

# The program itself, without the wrapper that names the instance.
program() {
	readlink -f "$INST/prog/moorage"
}

image_rule='{"method": "GET", "path": "/images/*/json", "json": {"Id": "sha256:1", "Config": {}}}'
make_rules='{"path": "/containers/create", "status": 201, "json": {"Id": "c1", "Warnings": []}},
	{"path": "/containers/*/rename", "status": 204}, {"path": "/containers/*/start", "status": 204}'

# assert_request GOLDEN COMMAND: what that (PROXY:start) asks the engine for: names in their order, and the body
# of the container.
assert_request() {
	with_fake_engine "$image_rule, $make_rules" "$2"
	diff -u "$TOP/tests/golden/$1" <(jq -S -sr '
		def path: .target | sub("^/v1\\.[0-9]+"; "");
		(.[] | select(.method != "GET") | "\(.method) \(path)"),
		(.[] | select(path | startswith("/containers/create")) | .body | fromjson
			| del(.Labels["com.moorage.compose-config"]))' "$FAKE/record" |
		sed "s|$INST/lib|@LIB@|g")
}

# --- the proxy's own container ---

# proxy_container PROXY
proxy_container() {
	echo "$LABEL-$1-$1-1"
}

proxy_id() {
	docker_lab inspect -f '{{.Id}}' "$(proxy_container "$1")"
}

# is_up PROXY
is_up() {
	[ "$(docker_lab inspect -f '{{.State.Running}}' "$(proxy_container "$1")" 2>/dev/null)" = true ]
}

is_gone() {
	[ -z "$(docker_lab ps -aq --filter "name=$(proxy_container "$1")")" ]
}

# stand_in TRIGGER PORT [LINES]: a plugin whose TRIGGER (PROXY-template-source) names a compose file that
# runs the configured image, with the test server as a stand-in, on a port that is free.
stand_in() {
	local proxy=${1%%-*} file=$INST/lib/stand-in-$1.yml
	cat >"$file" <<-YAML
		services:
		  $proxy:
		    image: "{{ \$.${proxy^^}_IMAGE }}"
		    network_mode: bridge
		    restart: unless-stopped
		    environment: [PORT=5000, "LEVEL={{ \$.${proxy^^}_LOG_LEVEL }}"]
		    ports: ["127.0.0.1:$2:5000"]
		${3:-}
	YAML
	remove_plugin "zz-$proxy"
	printf '#!/bin/sh\necho %s\n' "$file" | install_plugin "zz-$proxy" "$1"
	chmod 644 "$file"
}
