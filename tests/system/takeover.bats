#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A host that Dokku 0.38 has laid out: one app as that version keeps it, one as much older ones did,
# both running in containers that Dokku made. We serve and manage them without touching a container,
# and what we write is what Dokku reads. The engine is the test's own, since such containers carry no
# label of ours. Here files are made by hand, from the description of the layout alone.

# shellcheck disable=SC2016,SC2030,SC2031 # scripts for elsewhere; `run` sets status and output
bats_require_minimum_version 1.5.0
load ../lab/helpers

setup_file() {
	setup_instance --own-engine
	"$LAB" images --into "$LAB_NAME" busybox http
	sed -i '/^label=/d' "$INST/instance.conf"
	lay_out_host
	lay_out_shop
	lay_out_old
	chown -R "$(stat -c %u:%g "$INST/home/.ssh")" "$INST/home" "$INST/lib"
	in_instance /usr/sbin/nginx -c "$INST/nginx/nginx.conf" -s reload
	containers >"$BATS_FILE_TMPDIR/containers"
}

teardown_file() {
	teardown_instance
}

# put FILE [TEXT]: below the instance, with folders; private as Dokku's properties are.
put() {
	mkdir -p "$(dirname "$INST/$1")"
	printf '%s' "${2-}" >"$INST/$1"
	chmod 600 "$INST/$1"
}

# Ids, names and start times: what a restart or a rename would change.
containers() {
	docker_lab ps -aq --no-trunc | sort | xargs -r "${MOORAGE_TEST_DOCKER:-/usr/bin/docker}" -H "unix://$ENGINE_SOCKET" \
		inspect -f '{{.Id}} {{.Name}} {{.State.StartedAt}} {{.State.Status}}'
}

untouched() {
	diff "$BATS_FILE_TMPDIR/containers" <(containers)
}

lay_out_host() {
	local id
	mkdir -p "$INST"/lib/{config,data,plugins/available,plugins/enabled,core-plugins/available,core-plugins/enabled}
	for id in apps config domains nginx-vhosts; do
		mkdir -p "$INST/lib/core-plugins/available/$id"
		ln -s "$INST/lib/core-plugins/available/$id" "$INST/lib/plugins/available/$id"
		ln -s "$INST/lib/plugins/available/$id" "$INST/lib/plugins/enabled/$id"
		# Dokku's own plugins are not run: ours answer.
		printf '#!/bin/sh\necho core plugin was run >&2\nexit 1\n' >"$INST/lib/core-plugins/available/$id/commands"
		chmod 755 "$INST/lib/core-plugins/available/$id/commands"
	done
	echo apps.example.com >"$INST/home/VHOST"
	put lib/config/--global/ENV $'CURL_TIMEOUT=90\n'
}

# image APP VERSION: as Dokku leaves it after a release.
image() {
	mkdir -p "$INST/image"
	echo "$2" >"$INST/image/VERSION"
	cat >"$INST/image/Dockerfile" <<-FILE
		FROM moorage-lab/http:1
		COPY VERSION /app/VERSION
		LABEL dokku= org.label-schema.schema-version=1.0 org.label-schema.vendor=dokku \
			com.dokku.app-name=$1 com.dokku.builder-type=dockerfile com.dokku.image-stage=release
	FILE
	docker_lab build -q -t "dokku/$1:latest" "$INST/image" >/dev/null
}

# container APP PROC INDEX [COMMAND...]: a running one of Dokku's; writes the files that name it.
container() {
	local app=$1 proc=$2 index=$3 id home=$INST/home/$1
	shift 3
	id=$(docker_lab create --name "$app.$proc.$index" --restart on-failure:10 --env DYNO="$proc.$index" --env PORT=5000 \
		--label dokku= --label org.label-schema.schema-version=1.0 --label org.label-schema.vendor=dokku \
		--label com.dokku.app-name="$app" --label com.dokku.container-type=deploy \
		--label com.dokku.process-type="$proc" --label com.dokku.dyno="$proc.$index" \
		--label com.dokku.image-stage=release --label com.dokku.builder-type=dockerfile \
		"dokku/$app:latest" "$@")
	docker_lab start "$id" >/dev/null
	echo "$id" >"$home/CONTAINER.$proc.$index"
	docker_lab inspect -f '{{.NetworkSettings.IPAddress}}' "$id" >"$home/IP.$proc.$index"
	[ "$proc" != web ] || echo 5000 >"$home/PORT.$proc.$index"
}

# repository APP: bare, with Dokku's hook, and one commit on master; its tree is kept as source/APP.
repository() {
	local source=$INST/source/$1
	git -c init.defaultBranch=master init -q --bare "$INST/home/$1"
	printf '%s\n' '#!/usr/bin/env bash' 'set -e; set -o pipefail;' \
		"cat | DOKKU_ROOT=\"$INST/home\" dokku git-hook \"$1\"" >"$INST/home/$1/hooks/pre-receive"
	chmod 755 "$INST/home/$1/hooks/pre-receive"
	mkdir -p "$source"
	printf 'FROM moorage-lab/http:1\nCOPY VERSION /app/VERSION\n' >"$source/Dockerfile"
	echo new >"$source/VERSION"
	printf '{ "healthchecks": { "web": [ { "type": "startup", "path": "/", "attempts": 20, "wait": 1 } ] } }\n' \
		>"$source/app.json"
	git_app "$source"
	mv "$INST/home/$1/hooks/pre-receive" "$INST/hook"
	git -C "$source" push -q "$INST/home/$1" master
	mv "$INST/hook" "$INST/home/$1/hooks/pre-receive"
}

# vhost APP NAME: the least that a generated configuration holds.
vhost() {
	local ip
	ip=$(cat "$INST/home/$1/IP.web.1")
	printf 'server {\n  listen %s;\n  server_name %s;\n  location / { proxy_pass http://%s-5000; }\n}\nupstream %s-5000 { server %s:5000; }\n' \
		"$HTTP_PORT" "$2" "$1" "$1" "$ip" >"$INST/home/$1/nginx.conf"
}

lay_out_shop() {
	image shop old
	repository shop
	container shop web 1
	container shop worker 1 /bin/busybox sleep 100000
	printf 'shop.apps.example.com\nwww.shop.example\n' >"$INST/home/shop/VHOST"
	vhost shop 'shop.apps.example.com www.shop.example'
	put lib/config/shop/ENV $'GREETING="hello world"\nWORKERS=3\n'
	put lib/config/config/shop/env-migrated true
	put lib/config/apps/shop/created-at 1700000000
	put lib/config/apps/shop/deploy-source git-push
	put lib/config/common/shop/deployed true
	put lib/config/ps/shop/scale $'web=1\nworker=1'
	put lib/config/ps/shop/restore true
	put lib/config/ps/shop/can-scale true
	put lib/config/ps/shop/restart-policy on-failure:10
	put lib/config/ports/shop/map-detected 'http:80:5000'
	put lib/config/ports/shop/map "http:$HTTP_PORT:5000"
	put lib/config/git/shop/deploy-branch master
	put lib/config/docker-options/shop/_default_.deploy '--label=keep=me'
	put lib/config/checks/shop/wait-to-retire 1
	put lib/config/network/shop/bind-all-interfaces false
	put lib/data/ps/shop/Procfile $'web: /bin/http-server\nworker: /bin/busybox sleep 100000\n'
}

# As versions 0.5 to 0.20 had it: variables that are properties now, files that are lists now.
lay_out_old() {
	image old old
	repository old
	container old web 1
	echo old.apps.example.com >"$INST/home/old/VHOST"
	vhost old old.apps.example.com
	printf '%s\n' "export SECRET='it is'" 'export DOKKU_CHECKS_WAIT="2"' 'export DOKKU_APP_RESTORE="0"' \
		"export DOKKU_PROXY_PORT_MAP=\"http:$HTTP_PORT:5000\"" 'export DOKKU_DOCKER_STOP_TIMEOUT="12"' \
		'export DOKKU_WAIT_TO_RETIRE="1"' 'export DOKKU_SKIP_DEFAULT_CHECKS="true"' >"$INST/home/old/ENV"
	printf '%s\n' '--restart=always' '-v /tmp:/shared' >"$INST/home/old/DOCKER_OPTIONS_DEPLOY"
	printf 'web=1\nworker=0\n' >"$INST/home/old/DOKKU_SCALE"
}

answers() {
	[ "$(http_get "$1" /)" = "$2" ]
}

@test "apps of Dokku are listed, reported and served before anything is changed" {
	local verb
	run dokku apps:list
	assert_success
	assert_line shop
	assert_line old
	for verb in apps builder certs checks docker-options domains git logs network nginx ports proxy ps; do
		run dokku "$verb:report" shop
		assert_success
		refute_output --partial 'core plugin was run'
	done
	run dokku ps:report shop --running
	assert_output true
	run dokku ps:report shop --status-web-1
	assert_output --partial running
	run dokku domains:report shop --domains-app-vhosts
	assert_output 'shop.apps.example.com www.shop.example'
	run dokku config:get shop GREETING
	assert_output 'hello world'
	run dokku apps:report shop --app-created-at
	assert_output 1700000000
	answers shop.apps.example.com old
	answers old.apps.example.com old
	run dokku logs shop --num 5
	assert_success
	untouched
}

@test "takeover says first what it would do, and changes nothing then" {
	local before
	before=$(find "$INST/home/old" -maxdepth 1 -name 'DO*' -exec md5sum {} +)
	run dokku --dry-run takeover
	assert_success
	assert_output --partial 'ps:set old restart-policy always'
	assert_equal "$before" "$(find "$INST/home/old" -maxdepth 1 -name 'DO*' -exec md5sum {} +)"
	untouched
}

@test "what an old version kept elsewhere becomes properties; containers run on" {
	run dokku takeover
	assert_success
	assert_equal "$(dokku config:keys old)" SECRET
	assert_equal "$(dokku config:get old SECRET)" 'it is'
	assert_equal "$(cat "$INST/lib/config/checks/old/wait")" 2
	assert_equal "$(dokku checks:report old --checks-computed-wait-to-retire)" 1
	assert_equal "$(cat "$INST/lib/config/checks/old/skipped")" _all_
	assert_equal "$(dokku ps:report old --restore)" false
	assert_equal "$(dokku ps:report old --ps-stop-timeout-seconds)" 12
	assert_equal "$(dokku ps:report old --ps-restart-policy)" always
	assert_equal "$(cat "$INST/lib/config/ports/old/map")" "http:$HTTP_PORT:5000"
	assert_equal "$(sort "$INST/lib/config/ps/old/scale")" $'web=1\nworker=0'
	assert_equal "$(cat "$INST/lib/config/common/old/deployed")" true
	refute_file_exists "$INST/lib/config/docker-options/old/_default_.deploy"
	assert_equal "$(dokku storage:report old --storage-deploy-mounts)" '-v /tmp:/shared'
	assert_equal "$(dokku storage:report old --storage-run-mounts)" ''
	refute_file_exists "$INST/home/old/ENV"
	refute_file_exists "$INST/home/old/DOKKU_SCALE"
	refute_file_exists "$INST/home/old/DOCKER_OPTIONS_DEPLOY"
	answers old.apps.example.com old
	untouched
	run dokku takeover
	assert_success
	assert_output ''
}

@test "settings, routes and variables change without a restart" {
	run dokku domains:add shop blue.example
	assert_success
	answers blue.example old
	answers www.shop.example old
	run dokku config:set --no-restart shop LATER=1
	assert_success
	run dokku proxy:build-config old
	assert_success
	answers old.apps.example.com old
	untouched
	assert_equal "$(cat "$INST/home/shop/VHOST")" $'shop.apps.example.com\nwww.shop.example\nblue.example'
}

@test "a boot's ps:restore brings up what is down, from Dokku's image" {
	local neighbour
	neighbour=$(containers | grep ' /old.web.1 ')
	docker_lab stop -t 1 shop.web.1 >/dev/null
	run dokku ps:restore shop
	assert_success
	wait_until 60 answers blue.example old
	assert_equal "$(containers | grep ' /old.web.1 ')" "$neighbour"
}

@test "the old hook takes a push; old containers go, the neighbour stays" {
	local shop=$INST/source/shop before
	before=$(containers | grep ' /old.web.1 ')
	printf 'web: /bin/http-server\nworker: /bin/busybox sleep 100000\n' >"$shop/Procfile"
	git_commit "$shop" procfile
	run git_push "$shop" shop
	assert_success
	wait_until 60 answers blue.example new
	dokku ps:retire
	wait_until 60 retired
	assert_equal "$(containers | grep ' /old.web.1 ')" "$before"
	answers old.apps.example.com old
}

retired() {
	dokku ps:retire >/dev/null
	[ "$(docker_lab ps -a --format '{{.Names}}' --filter label=com.dokku.app-name=shop | sort | xargs)" = 'shop.web.1 shop.worker.1' ]
}

# as_dokku_reads FILE MODE REGEX: what Dokku's own code accepts there.
as_dokku_reads() {
	assert_file_exists "$INST/$1"
	assert_equal "$(stat -c %a "$INST/$1")" "$2"
	[[ $(cat "$INST/$1") =~ $3 ]] || fail "$1 holds '$(cat "$INST/$1")'"
}

@test "what a deploy wrote is what Dokku would read" {
	local id
	id=$(docker_lab inspect -f '{{.Id}}' shop.web.1)
	assert_equal "$(cat "$INST/home/shop/CONTAINER.web.1")" "$id"
	assert_equal "$(cat "$INST/home/shop/IP.web.1")" "$(docker_lab inspect -f '{{.NetworkSettings.IPAddress}}' "$id")"
	assert_equal "$(cat "$INST/home/shop/PORT.web.1")" 5000
	refute_file_exists "$INST/home/shop/PORT.worker.1"
	as_dokku_reads lib/config/shop/ENV 600 '^GIT_REV="[0-9a-f]{40}"'$'\n''GREETING="hello world"'$'\n''LATER=1'$'\n''WORKERS=3$'
	as_dokku_reads lib/config/common/shop/deployed 600 '^true$'
	as_dokku_reads lib/config/ps/shop/restore 600 '^true$'
	as_dokku_reads lib/config/ps/shop/scale 600 $'^web=1\nworker=1$'
	as_dokku_reads lib/config/apps/shop/deploy-source 600 '^git-push$'
	as_dokku_reads lib/config/ports/shop/map-detected 600 '^http:[0-9]+:5000$'
	as_dokku_reads lib/config/builder/shop/detected 600 '^dockerfile$'
	assert_file_is "$INST/lib/data/ps/shop/Procfile" $'web: /bin/http-server\nworker: /bin/busybox sleep 100000'
	[[ $(cat "$INST/home/shop/hooks/pre-receive") == *'dokku git-hook "shop"'* ]]
	run docker_lab inspect -f '{{json .Config.Labels}}' shop.web.1
	for label in '"com.dokku.app-name":"shop"' '"com.dokku.container-type":"deploy"' '"com.dokku.process-type":"web"' \
		'"com.dokku.dyno":"web.1"' '"dokku":""' '"org.label-schema.vendor":"dokku"' '"keep":"me"'; do
		assert_output --partial "$label"
	done
	assert_equal "$(docker_lab inspect -f '{{.HostConfig.RestartPolicy.Name}}' shop.web.1)" on-failure
	grep -q "server_name shop.apps.example.com www.shop.example blue.example;" "$INST/home/shop/nginx.conf"
	grep -q "upstream shop-5000 {" "$INST/home/shop/nginx.conf"
}

@test "an app of Dokku is renamed and destroyed with all it has" {
	run dokku apps:rename old older
	assert_success
	wait_until 60 answers older.apps.example.com old
	run dokku --force apps:destroy older
	assert_success
	assert_equal "$(docker_lab ps -aq --filter label=com.dokku.app-name=old | wc -l)" 0
	assert_equal "$(docker_lab ps -aq --filter label=com.dokku.app-name=older | wc -l)" 0
	assert_equal "$(find "$INST/home" "$INST/lib/config" "$INST/lib/data" -name locks -prune -o \( -name old -o -name older \) -print | wc -l)" 0
	answers blue.example new
}
