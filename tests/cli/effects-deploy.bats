#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What properties of an app do to its builds and deploys: which files are read, and what its
# containers are like. The order is always: nothing set, all apps, the app, the app's cleared, all
# cleared.

bats_require_minimum_version 1.5.0
load ../lab/helpers
load ../lab/apps

setup_file() {
	setup_instance
	"$LAB" images busybox http
	lab_domain
	lab_shell
	# The app that most tests share.
	export DIR=$BATS_FILE_TMPDIR/app
	http_app "$DIR" v1
	printf 'web: /bin/http-server\nworker: sleep 1000\nother: sleep 1000\n' >"$DIR/Procfile"
	git_commit "$DIR" processes
	dokku apps:create shared
	dokku checks:skip shared
	git_push "$DIR" shared >/dev/null 2>&1
}

teardown_file() {
	# Networks can go when nothing is in them.
	dokku --force apps:destroy shared >/dev/null || true
	docker_lab network ls -q --filter "name=$LABEL" | xargs -r "${MOORAGE_TEST_DOCKER:-/usr/bin/docker}" \
		-H "unix://$ENGINE_SOCKET" network rm >/dev/null || true
	teardown_instance
}

# of FORMAT [PROCESS]: of the shared app's container
of() {
	docker_lab inspect -f "$1" "$(cat "$INST/home/shared/CONTAINER.${2:-web}.1")"
}

# --- files ---

# variant FOLDER NAME: a whole app whose files are called NAME..., and say so.
variant() {
	mkdir -p "$1"
	printf 'FROM moorage-lab/http:1\nLABEL which=%s\n' "$2" >"$1/$3"
	printf '{ "env": { "WHICH": { "value": "%s", "sync": true } } }\n' "$2" >"$1/$4"
	printf 'web: /bin/http-server\n%s: sleep 1000\n' "$2" >"$1/$5"
	printf 'server {\n listen {{ $.PROXY_PORT }};\n server_name {{ $.NOSSL_SERVER_NAME }};\n return 200 "%s\\n";\n}\n' \
		"$2" >"$1/$6"
}

# expect_variant NAME: is what was built and is served.
expect_variant() {
	assert_equal "$(docker_lab image inspect -f '{{.Config.Labels.which}}' "$(image_of paths)")" "$1"
	assert_equal "$(dokku config:get paths WHICH)" "$1"
	assert_equal "$(dokku ps:scale paths 2>&1 | grep -E '^(one|all|own):' | tr -s ' ')" "$1: 0"
	assert_equal "$(http_get "$(host_of paths)" /)" "$1"
}

set_paths() {
	local scope=$1 name=$2
	dokku builder:set "$scope" build-dir ${name:+"in-$name"}
	dokku builder-dockerfile:set "$scope" dockerfile-path ${name:+"$name.Dockerfile"}
	dokku app-json:set "$scope" appjson-path ${name:+"$name/app.json"}
	dokku ps:set "$scope" procfile-path ${name:+"$name.Procfile"}
	dokku nginx:set "$scope" nginx-conf-sigil-path ${name:+"$name/nginx.sigil"}
}

# proves effect: property builder/build-dir, property builder-dockerfile/dockerfile-path, property app-json/appjson-path, property ps/procfile-path, property nginx/nginx-conf-sigil-path
@test "build-dir, dockerfile-path, appjson-path, procfile-path, nginx-conf-sigil-path: which files are read" {
	dir=$BATS_TEST_TMPDIR/paths
	variant "$dir" one Dockerfile app.json Procfile nginx.conf.sigil
	for name in all own; do
		mkdir -p "$dir/in-$name/$name"
		variant "$dir/in-$name" "$name" "$name.Dockerfile" "$name/app.json" "$name.Procfile" "$name/nginx.sigil"
	done
	git_app "$dir"
	dokku apps:create paths
	dokku checks:skip paths
	git_push "$dir" paths
	expect_variant one
	for change in '--global all all' 'paths own own' 'paths . all' '--global . one'; do
		read -r scope name expected <<<"$change"
		set_paths "$scope" "${name#.}"
		dokku ps:rebuild paths
		expect_variant "$expected"
	done
	# What the built-in template serves, with the app's own one there.
	dokku nginx:set paths disable-custom-config true
	dokku proxy:build-config paths
	assert_equal "$(http_get "$(host_of paths)" /)" hello
	dokku --force apps:destroy paths
}

# --- containers ---

# expect_container POLICY SIZE INIT NETWORK CREATE DEPLOY ALIAS PUBLISHED
expect_container() {
	assert_equal "$(of '{{.HostConfig.RestartPolicy.Name}}:{{.HostConfig.RestartPolicy.MaximumRetryCount}}')" "$1"
	assert_equal "$(of '{{index .HostConfig.LogConfig.Config "max-size"}}')" "$2"
	assert_equal "$(of '{{if .HostConfig.Init}}{{.HostConfig.Init}}{{else}}false{{end}}')" "$3"
	assert_equal "$(of '{{.HostConfig.NetworkMode}}')" "$4"
	run of '{{range $n, $_ := .NetworkSettings.Networks}}{{$n}} {{end}}'
	assert_output "$(printf '%s\n' $4 $5 $6 | sed 's/^default$/bridge/' | sort | tr '\n' ' ' | sed 's/ $//') "
	for net in $5 $6; do
		run of "{{range (index .NetworkSettings.Networks \"$net\").Aliases}}{{.}} {{end}}"
		assert_output --partial "$7 "
	done
	assert_equal "$(of '{{if .HostConfig.PortBindings}}{{len (index .HostConfig.PortBindings "5000/tcp")}}{{else}}0{{end}}')" "$8"
}

# set_container SCOPE [POLICY SIZE INIT NETWORK CREATE DEPLOY TLD BIND]: cleared without them.
set_container() {
	local scope=$1
	shift
	dokku ps:set "$scope" restart-policy ${1:+"$1"}
	dokku logs:set "$scope" max-size ${2:+"$2"}
	dokku scheduler-docker-local:set "$scope" init-process ${3:+"$3"}
	dokku network:set "$scope" initial-network ${4:+"$4"}
	dokku network:set "$scope" attach-post-create ${5:+"$5"}
	dokku network:set "$scope" attach-post-deploy ${6:+"$6"}
	dokku network:set "$scope" tld ${7:+"$7"}
	dokku network:set "$scope" bind-all-interfaces ${8:+"$8"}
}

# proves effect: property ps/restart-policy, property logs/max-size, property scheduler-docker-local/init-process, property network/initial-network, property network/attach-post-create, property network/attach-post-deploy, property network/tld, property network/bind-all-interfaces
@test "restart-policy, max-size, init-process, initial-network, attach-post-create, attach-post-deploy, tld, bind-all-interfaces: what a container is like" {
	local default="on-failure:10 10m true default"
	for n in a b c d e f; do
		docker_lab network create "$LABEL-$n" >/dev/null
	done
	expect_container $default '' '' '' 0
	set_container --global always 5m false "$LABEL-a" "$LABEL-b" "$LABEL-c" all true
	dokku ps:restart shared
	expect_container always:0 5m false "$LABEL-a" "$LABEL-b" "$LABEL-c" shared.web.all 1
	set_container shared on-failure:3 unlimited true "$LABEL-d" "$LABEL-e" "$LABEL-f" own false
	dokku ps:restart shared
	expect_container on-failure:3 '' true "$LABEL-d" "$LABEL-e" "$LABEL-f" shared.web.own 0
	# nginx reaches it in whichever network it is.
	assert_http "$(host_of shared)" / 200 v1
	set_container shared
	dokku ps:restart shared
	expect_container always:0 5m false "$LABEL-a" "$LABEL-b" "$LABEL-c" shared.web.all 1
	set_container --global
	dokku ps:restart shared
	expect_container $default '' '' '' 0
}

# proves effect: property ps/dockerfile-start-cmd
@test "dockerfile-start-cmd: what a container runs" {
	dokku ps:set shared dockerfile-start-cmd 'env "A=two words" /bin/http-server'
	dokku ps:restart shared
	assert_equal "$(of '{{json .Config.Cmd}}')" '["env","A=two words","/bin/http-server"]'
	assert_equal "$(app_env shared A)" 'two words'
	dokku ps:set shared dockerfile-start-cmd
	dokku ps:restart shared
	assert_equal "$(of '{{json .Config.Cmd}}')" '["/bin/http-server"]'
}

# Images of buildpacks are known by the user they name; their /start is a stand-in here.
# proves stand-in: property ps/start-cmd
@test "start-cmd: what a container of a buildpack image runs" {
	mkdir "$BATS_TEST_TMPDIR/packs"
	cat >"$BATS_TEST_TMPDIR/packs/Dockerfile" <<-'DOCKER'
		FROM moorage-lab/http:1
		ENV USER=herokuishuser
		RUN printf '#!/bin/sh\nexec /bin/http-server\n' >/start && chmod 755 /start
		EXPOSE 5000
	DOCKER
	git_app "$BATS_TEST_TMPDIR/packs"
	dokku apps:create packs
	dokku checks:skip packs
	git_push "$BATS_TEST_TMPDIR/packs" packs
	cmd() {
		docker_lab inspect -f '{{json .Config.Cmd}}' "$(web_container packs)"
	}
	assert_equal "$(cmd)" '["/start","web"]'
	dokku ps:set packs start-cmd 'sh -c "exec /bin/http-server"'
	dokku ps:restart packs
	assert_equal "$(cmd)" '["sh","-c","exec /bin/http-server"]'
	dokku ps:set packs start-cmd
	dokku ps:restart packs
	assert_equal "$(cmd)" '["/start","web"]'
	dokku --force apps:destroy packs
}

# proves effect: property ps/stop-timeout-seconds
@test "stop-timeout-seconds: who does not end is killed after so long" {
	# As process 1 without an init, sleep ignores SIGTERM.
	dokku scheduler-docker-local:set shared init-process false
	dokku ps:set --global stop-timeout-seconds 1
	dokku ps:scale shared worker=1
	id=$(cat "$INST/home/shared/CONTAINER.worker.1")
	docker_lab events --since 0s --filter "container=$id" --filter event=kill \
		--format '{{.TimeNano}} {{.Actor.Attributes.signal}}' >"$BATS_TEST_TMPDIR/kills" 3>&- &
	events=$!
	dokku ps:stop shared
	wait_until 60 grep -q ' 9$' "$BATS_TEST_TMPDIR/kills"
	kill "$events"
	assert_equal "$(docker_lab inspect -f '{{.State.ExitCode}}' "$id")" 137
	# From the engine's own clock: TERM, and KILL well before the 30 s of the default.
	read -r term _ <"$BATS_TEST_TMPDIR/kills"
	read -r killed _ < <(grep ' 9$' "$BATS_TEST_TMPDIR/kills")
	[ $(((killed - term) / 1000000)) -lt 20000 ]
	dokku scheduler-docker-local:set shared init-process
	dokku ps:set --global stop-timeout-seconds
	dokku ps:scale shared worker=0
	dokku ps:start shared
}

@test "the signal that the image names is the one that ends its containers" {
	mkdir "$BATS_TEST_TMPDIR/signals"
	printf '%s\n' 'FROM moorage-lab/busybox:1' 'STOPSIGNAL SIGUSR1' \
		'CMD ["sh", "-c", "trap \"echo got USR1; exit 0\" USR1; echo is-up; while :; do sleep 0.1; done"]' \
		>"$BATS_TEST_TMPDIR/signals/Dockerfile"
	git_app "$BATS_TEST_TMPDIR/signals"
	dokku apps:create signals
	dokku checks:skip signals
	git_push "$BATS_TEST_TMPDIR/signals" signals
	id=$(web_container signals)
	wait_until 60 log_has "$id" is-up
	dokku ps:stop signals
	log_has "$id" 'got USR1'
	dokku --force apps:destroy signals
}

log_has() {
	docker_lab logs "$1" 2>&1 | grep -q "$2"
}
