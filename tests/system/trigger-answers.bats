#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What scripts of third-party plugins get from the built-in ones: `plugn trigger NAME ARGUMENTS` has
# the answer that Dokku's documentation gives, and an answer of a third-party plugin counts.

bats_require_minimum_version 1.5.0
load ../lab/helpers
load ../lab/apps

setup_file() {
	setup_instance --libexec "${TOOLS:-$BUILD/src/tools}"
	"$LAB" images busybox http
	lab_domain
	lab_shell
	http_app "$BATS_FILE_TMPDIR/app" v1
	git_push "$BATS_FILE_TMPDIR/app" app
	dokku apps:create empty
}

teardown_file() {
	teardown_instance
}

teardown() {
	remove_plugin other
	remove_plugin able
}

# trigger NAME ARGS...: as a script of a plugin does.
trigger() {
	as_dokku "$INST/bin/plugn" trigger "$@" </dev/null
}

# answers TEXT NAME ARGS...: the trigger succeeds and prints this, to the byte but for a last newline.
answers() {
	local text=$1
	shift
	run -0 --separate-stderr trigger "$@"
	assert_equal "$* -> $output" "$* -> $text"
}

# piped TEXT NAME ARGS...: the same with a standard input; blanks only separate flags.
piped() {
	local text=$1
	shift
	printf '%s' "$text" | as_dokku "$INST/bin/plugn" trigger "$@" | tr -s ' '
}

# other TRIGGER <<SCRIPT: a third-party plugin.
other() {
	remove_plugin other
	install_plugin other "$@"
}

pem() {
	openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj "/CN=app.example.test" \
		-keyout "$INST/pem.key" -out "$INST/pem.crt" 2>/dev/null
	chmod 644 "$INST"/pem.*
}

# proves golden: trigger app-json-get-content, trigger app-json-process-deploy-parallelism
@test "app.json: its content, {} without one, and how many containers start at once" {
	run -0 trigger app-json-get-content app
	assert_equal "$(jq -c '.healthchecks.web[0].path' <<<"$output")" '"/health"'
	answers '{}' app-json-get-content empty
	answers 1 app-json-process-deploy-parallelism app web
	as_dokku mkdir -p "$INST/lib/data/app-json/empty"
	echo '{ "formation": { "web": { "max_parallel": 3 } } }' >"$INST/lib/data/app-json/empty/app.json"
	answers 3 app-json-process-deploy-parallelism empty web
	answers 1 app-json-process-deploy-parallelism empty worker
	rm "$INST/lib/data/app-json/empty/app.json"
}

# proves golden: trigger builder-get-property, trigger builder-set-property, trigger builder-image-is-cnb
# proves golden: trigger builder-image-is-herokuish
@test "builder: properties, and what an image was built with" {
	answers dockerfile builder-get-property app detected
	answers '' builder-set-property app build-dir sub
	answers sub builder-get-property app build-dir
	trigger builder-set-property app build-dir ''
	run -1 trigger builder-get-property app colour
	run -1 trigger builder-set-property app colour red
	answers false builder-image-is-cnb app "$(image_of app)"
	answers false builder-image-is-herokuish app "$(image_of app)"
	for kind in cnb herokuish; do
		docker_lab create --label "com.moorage.instance=$LABEL" --name "$LABEL-$kind" moorage-lab/busybox:1 >/dev/null
	done
	docker_lab commit -c 'LABEL io.buildpacks.stack.id=heroku-24' "$LABEL-cnb" "$LABEL-cnb" >/dev/null
	docker_lab commit -c 'ENV USER=herokuishuser' "$LABEL-herokuish" "$LABEL-herokuish" >/dev/null
	answers true builder-image-is-cnb app "$LABEL-cnb"
	answers true builder-image-is-herokuish app "$LABEL-cnb"
	answers false builder-image-is-cnb app "$LABEL-herokuish"
	answers true builder-image-is-herokuish app "$LABEL-herokuish"
	answers false builder-image-is-herokuish app "$LABEL-none"
	docker_lab rm "$LABEL-cnb" "$LABEL-herokuish" >/dev/null
	docker_lab rmi "$LABEL-cnb" "$LABEL-herokuish" >/dev/null
}

# proves golden: trigger builds-generate-id, trigger builds-record-start, trigger builds-record-finalize
@test "builds: an id, and a record that a script begins and ends" {
	id=$(trigger builds-generate-id)
	[[ $id =~ ^[0-9a-z]{14}$ ]] || fail "$id"
	[ "$(trigger builds-generate-id)" != "$id" ]
	answers '' builds-record-start app "$id" $$ ps:rebuild
	run dokku builds:list app --format json
	assert_equal "$(jq -r ".[] | select(.id == \"$id\") | .status + \" \" + .source" <<<"$output")" 'running ps:rebuild'
	answers '' builds-record-finalize app "$id" 3
	run dokku builds:list app --format json
	assert_equal "$(jq -r ".[] | select(.id == \"$id\") | .status + \" \" + (.exit_code|tostring)" <<<"$output")" 'failed 3'
}

# proves golden: trigger certs-exists, trigger certs-get
# proves effect: trigger certs-set, trigger certs-remove
@test "certs: none, set by a script, read, removed by a script" {
	pem
	answers false certs-exists app
	run -1 trigger certs-get app crt
	run -0 trigger certs-set app "$INST/pem.crt" "$INST/pem.key"
	answers true certs-exists app
	answers "$(cat "$INST/pem.crt")" certs-get app crt
	answers "$(cat "$INST/pem.key")" certs-get app key
	run -1 trigger certs-get app csr
	assert_equal "$(http_status app.example.test /)" 301
	run -0 trigger certs-remove app
	answers false certs-exists app
	assert_http app.example.test / 200 v1
}

# proves effect: trigger config-migrate-env
@test "config-migrate-env takes over the files of earlier versions" {
	rm -rf "$INST/lib/config/empty" "$INST/lib/config/config/empty"
	printf 'OLD="1"\n' | as_dokku tee "$INST/home/empty/ENV" >/dev/null
	answers '' config-migrate-env
	refute_file_exists "$INST/home/empty/ENV"
	assert_file_is "$INST/lib/config/empty/ENV" 'OLD=1'
	dokku config:clear empty
}

# proves golden: trigger docker-args-deploy, trigger docker-args-run, trigger docker-args-build
# proves golden: trigger docker-args-process-deploy, trigger docker-args-process-run
# proves golden: trigger docker-args-process-build
@test "docker-args: what came in, then the flags of every plugin" {
	dokku network:create "$LABEL-net"
	dokku network:set empty initial-network "$LABEL-net"
	dokku docker-options:add empty build,deploy,run '--label a=b'
	dokku docker-options:add --process web empty deploy '--cpus 2'
	dokku ps:set empty restart-policy always
	assert_equal "$(piped ' --init' docker-args-build empty dockerfile)" ' --init --label a=b'
	assert_equal "$(piped ' --init' docker-args-deploy empty latest)" ' --init --label a=b'
	assert_equal "$(piped ' --init' docker-args-run empty latest)" ' --init --label a=b'
	assert_equal "$(piped ' --init' docker-args-process-run empty dockerfile latest)" " --init --network=$LABEL-net "
	assert_equal "$(piped ' --init' docker-args-process-build empty dockerfile)" ' --init'
	assert_equal "$(piped ' --init' docker-args-process-build empty pack)" " --init --network=$LABEL-net "
	# In the order of the plugins' names: docker-options, logs, network, ps.
	assert_equal "$(piped ' --init' docker-args-process-deploy empty dockerfile latest web)" \
		" --init --cpus 2 --log-opt=max-size=10m --network=$LABEL-net --restart=always"
	dokku network:set empty initial-network
	dokku docker-options:clear empty
	dokku docker-options:clear --process web empty
	dokku ps:set empty restart-policy
	dokku --force network:destroy "$LABEL-net"
}

# proves golden: trigger domains-list, trigger domains-urls, trigger domains-vhost-enabled
# proves effect: trigger domains-add, trigger domains-disable, trigger domains-enable
@test "domains: names and addresses, changed by a script" {
	answers app.example.test domains-list app
	answers "http://app.example.test:$HTTP_PORT" domains-urls app url
	answers '' domains-vhost-enabled app
	run -0 trigger domains-add app second.example.test
	answers $'app.example.test\nsecond.example.test' domains-list app
	answers "http://app.example.test:$HTTP_PORT
http://second.example.test:$HTTP_PORT" domains-urls app urls
	assert_http second.example.test / 200 v1
	run -0 trigger domains-disable app false
	run -1 trigger domains-vhost-enabled app
	assert_equal "$(dokku config:get app NO_VHOST)" 1
	run -0 trigger domains-enable app false
	answers '' domains-vhost-enabled app
	answers app.example.test domains-list app
	dokku ports:clear app
	dokku ps:rebuild app
	assert_http app.example.test / 200 v1
}

# proves golden: trigger git-deploy-branch, trigger git-get-property, trigger git-has-code, trigger git-revision
@test "git: branch, code, revision, source image" {
	answers master git-deploy-branch app
	dokku git:set --global deploy-branch trunk
	answers trunk git-deploy-branch empty
	dokku git:set --global deploy-branch
	answers '' git-has-code app
	answers '' git-has-code app master
	run -1 trigger git-has-code app other
	run -1 trigger git-has-code empty
	answers "$(git -C "$BATS_FILE_TMPDIR/app" rev-parse HEAD)" git-revision app
	answers '' git-revision empty
	answers '' git-get-property app source-image
	run -1 trigger git-get-property app deploy-branch
}

# proves golden: trigger network-get-ipaddr, trigger network-get-static-listeners, trigger network-get-listeners
# proves effect: trigger network-build-config, trigger network-write-port
@test "network: addresses of containers, and files that scripts write" {
	id=$(web_container app)
	ip=$(docker_lab inspect -f '{{.NetworkSettings.IPAddress}}' "$id")
	answers "$ip" network-get-ipaddr app web "$id"
	answers "$ip:5000" network-get-listeners app web
	answers '' network-get-static-listeners app web
	dokku network:set app static-web-listener 192.0.2.1:80
	answers 192.0.2.1:80 network-get-static-listeners app web
	dokku network:set app static-web-listener
	answers '' network-write-port app worker 2 8080
	assert_file_is "$INST/home/app/PORT.worker.2" 8080
	rm "$INST/home/app/PORT.worker.2"
	echo 192.0.2.9 >"$INST/home/app/IP.web.1"
	run -0 trigger network-build-config app
	assert_file_is "$INST/home/app/IP.web.1" "$ip"
}

# proves golden: trigger ports-get, trigger ports-get-available, trigger ports-get-property
# proves effect: trigger ports-set-detected, trigger ports-clear, trigger ports-configure
@test "ports: mappings in two formats, free ports, and what a builder found" {
	answers '' ports-set-detected empty 'http:8080:5000 udp:53:53'
	answers $'http:8080:5000\nudp:53:53' ports-get empty
	run -0 trigger ports-get empty json
	assert_equal "$(jq -c . <<<"$output")" \
		'[{"container_port":5000,"host_port":8080,"scheme":"http"},{"container_port":53,"host_port":53,"scheme":"udp"}]'
	dokku ports:set empty http:8081:6000
	answers http:8081:6000 ports-get empty
	run -1 trigger ports-get empty yaml
	answers '' ports-clear empty
	assert_equal "$(dokku ports:report empty --ports-map)" ''
	answers '' ports-configure empty
	answers "$HTTP_PORT" ports-get-property empty proxy-port
	assert_file_is "$INST/lib/config/proxy/empty/proxy-port" "$HTTP_PORT"
	run -0 trigger ports-get-available
	[ "$output" -gt 1024 ]
	run port_is_free "$output"
	assert_success
}

port_is_free() {
	python3 -c 'import socket, sys; socket.socket().bind(("", int(sys.argv[1])))' "$1"
}

# proves golden: trigger proxy-is-enabled, trigger proxy-type
# proves effect: trigger proxy-clear-config
@test "proxy: its type and state, and a script that clears and builds" {
	answers nginx proxy-type app
	answers true proxy-is-enabled app
	dokku proxy:set --global type mine
	dokku proxy:disable empty
	answers mine proxy-type empty
	answers false proxy-is-enabled empty
	dokku proxy:set --global type
	dokku proxy:enable empty
	run -0 trigger proxy-clear-config app
	refute_file_exists "$INST/home/app/nginx.conf"
	run -0 trigger proxy-build-config app
	assert_http app.example.test / 200 v1
}

# proves golden: trigger scheduler-detect, trigger scheduler-app-status, trigger scheduler-is-deployed
# proves golden: trigger scheduler-inspect
@test "scheduler: which one, and what it says of an app; of another one's app nothing" {
	answers docker-local scheduler-detect app
	answers docker-local scheduler-detect --global
	dokku scheduler:set empty selected null
	answers null scheduler-detect empty
	dokku scheduler:set empty selected
	answers '1 true' scheduler-app-status docker-local app
	answers '0 false' scheduler-app-status docker-local empty
	answers '' scheduler-app-status k3s app
	answers '' scheduler-is-deployed docker-local app
	run -1 trigger scheduler-is-deployed docker-local empty
	run -0 trigger scheduler-inspect docker-local app
	assert_equal "$(jq -r '.[0].Id' <<<"$output")" "$(web_container app)"
	assert_equal "$(jq -r '.[0].Config.Env[] | select(startswith("GIT_REV"))' <<<"$output")" GIT_REV=XXXXXX
	answers '' scheduler-inspect k3s app
}

# proves effect: trigger scheduler-logs, trigger scheduler-logs-failed, trigger scheduler-run-logs
# proves effect: trigger scheduler-run-stop, trigger scheduler-run-retire
@test "scheduler: logs, one-off containers" {
	run -0 trigger scheduler-logs docker-local app web false true 1
	assert_output 'listening on port 5000'
	answers '' scheduler-logs k3s app web false true 1
	run -0 trigger scheduler-logs-failed docker-local app
	answers '' scheduler-logs-failed k3s app
	name=$(dokku run:detached --ttl-seconds 1000 app sh -c 'trap exit TERM; echo one-off-speaks; while :; do busybox sleep 1; done')
	wait_until 20 one_off_speaks
	run -0 trigger scheduler-run-retire docker-local app
	assert_equal "$(docker_lab inspect -f '{{.State.Running}}' "$name")" true
	run -0 trigger scheduler-run-stop docker-local app "$name"
	wait_until 20 is_gone "$name"
}

one_off_speaks() {
	trigger scheduler-run-logs docker-local app "$name" false true 10 2>&1 | grep -q one-off-speaks
}

is_gone() {
	! docker_lab inspect "$1"
}

# proves effect: trigger scheduler-register-retired, trigger scheduler-retire
@test "scheduler: a container that a script hands over is removed when it is due" {
	id=$(docker_lab run -d --label dokku --label com.dokku.app-name=app --label "com.moorage.instance=$LABEL" \
		moorage-lab/busybox:1 true)
	answers '' scheduler-register-retired app "$id" 1000
	run -0 trigger scheduler-retire docker-local app
	docker_lab inspect "$id" >/dev/null
	answers '' scheduler-register-retired app "$id" 0
	sed -i "s/ [0-9]*$/ 1/" "$INST/lib/data/scheduler-docker-local/dead-containers"
	run -0 trigger scheduler-retire docker-local app
	is_gone "$id"
}

# proves effect: trigger deploy, trigger release-and-deploy, trigger receive-app, trigger app-restart
@test "scripts start deploys: of an image, with a release, from the repository" {
	for call in 'deploy app latest' 'release-and-deploy app latest' 'receive-app app' 'app-restart app'; do
		before=$(web_container app)
		# shellcheck disable=SC2086 # words
		run -0 trigger $call
		[ "$(web_container app)" != "$before" ] || fail "$call started nothing: $output"
	done
	before=$(web_container app)
	run -0 trigger deploy app latest worker
	assert_equal "$(web_container app)" "$before"
	assert_http app.example.test / 200 v1
}

# proves effect: trigger check-deploy
@test "check-deploy runs the checks of a container, and a plugin's refusal is a failed deploy" {
	id=$(web_container app)
	ip=$(docker_lab inspect -f '{{.NetworkSettings.IPAddress}}' "$id")
	run -0 trigger check-deploy app "$id" web 5000 "$ip" 1
	assert_output --partial "Healthcheck succeeded name='path /health'"
	run ! trigger check-deploy app "$id" web 5999 "$ip" 1
	other check-deploy <<<$'#!/bin/sh\necho no-$3-$4-$6 >&2\nexit 7'
	run ! dokku ps:restart app
	assert_output --partial no-web-5000-1
	assert_equal "$(web_container app)" "$id"
}

# proves golden: trigger report
@test "report prints the sections of an app" {
	run -0 trigger report app
	assert_line '=====> app ps information'
	assert_line '=====> app nginx information'
	other report <<<$'#!/bin/sh\necho "=====> $1 other information"'
	run -0 dokku report app
	assert_line '=====> app other information'
}

# --- answers that change what happens ---

# proves effect: trigger nginx-hostname
@test "nginx-hostname: a plugin makes up the default names" {
	other nginx-hostname <<<$'#!/bin/sh\necho "$2-at.$3"'
	dokku apps:create named
	assert_file_is "$INST/home/named/VHOST" named-at.example.test
	dokku --force apps:destroy named
}

# proves effect: trigger builder-detect, trigger builder-build, trigger builder-release
@test "builder-detect: a plugin whose name comes first chooses itself, builds and releases" {
	install_plugin able builder-detect builder-build builder-release <<-'SH'
		#!/bin/sh
		case $(basename "$0") in
		builder-detect) [ "$1" != ours ] || echo dinghy ;;
		builder-build) [ "$1" = dinghy ] || exit 0
			echo "dinghy builds $2"
			echo 'FROM moorage-lab/http:1' | docker build -q --label dokku --label com.dokku.image-stage=build --label com.dokku.builder-type=dinghy \
				--label "com.dokku.app-name=$2" --label "com.moorage.instance=$LABEL" -t "$IMAGE" - ;;
		builder-release) [ "$1" = dinghy ] || exit 0; echo "dinghy releases $2 $3" ;;
		esac
	SH
	sed -i "2i LABEL=$LABEL IMAGE=$(image_of ours)" "$INST/lib/plugins/available/able/script"
	run git_push "$BATS_FILE_TMPDIR/app" ours
	assert_success
	assert_output --partial 'dinghy builds ours'
	assert_output --partial 'dinghy releases ours latest'
	assert_http ours.example.test / 200 hello
	assert_equal "$(dokku builder:report ours --builder-detected)" dinghy
	dokku --force apps:destroy ours
}

# proves effect: trigger git-pre-pull, trigger git-post-pull
@test "git-pre-pull: a plugin keeps somebody from reading the code, git-post-pull comes after it" {
	clone() {
		rm -rf "$BATS_TEST_TMPDIR/clone"
		in_instance GIT_CONFIG_GLOBAL="$GIT_CONFIG_GLOBAL" GIT_SSH_COMMAND="$GIT_SSH_COMMAND" \
			git clone -q ssh://dokku@lab/app "$BATS_TEST_TMPDIR/clone"
	}
	other git-pre-pull git-post-pull <<<$'#!/bin/sh\necho "$(basename "$0") $1" >>"$DOKKU_LIB_ROOT/pulls"'
	run clone
	assert_success
	assert_file_is "$INST/lib/pulls" $'git-pre-pull app\ngit-post-pull app'
	other git-pre-pull <<<$'#!/bin/sh\necho not-for-you >&2; exit 3'
	run clone
	assert_failure
	assert_output --partial not-for-you
	refute_file_exists "$BATS_TEST_TMPDIR/clone/VERSION"
}

# proves effect: trigger receive-branch
@test "receive-branch: a plugin gets what is pushed to another branch" {
	other receive-branch <<<$'#!/bin/sh\necho "got $1 $2 $3"'
	run git_push "$BATS_FILE_TMPDIR/app" app master:review
	assert_success
	assert_output --partial "got app $(git -C "$BATS_FILE_TMPDIR/app" rev-parse HEAD) refs/heads/review"
	refute_output --partial 'Application deployed'
}

# proves effect: trigger app-json-is-valid
@test "app-json-is-valid: a plugin refuses an app.json before anything is built" {
	other app-json-is-valid <<<$'#!/bin/sh\ngrep -q healthchecks "$2" && echo "no checks in $1, please" >&2 && exit 4'
	run ! dokku ps:rebuild app
	assert_output --partial 'no checks in app, please'
	refute_output --partial 'Building app'
}

# proves effect: trigger docker-args-process-deploy, trigger docker-args-process-run, trigger docker-args-run
# proves effect: trigger docker-args-process-build
@test "docker-args of a plugin reach containers and images" {
	other docker-args-process-deploy docker-args-process-run docker-args-run docker-args-process-build <<-'SH'
		#!/bin/sh
		printf ' --label=%s=%s ' "$(basename "$0")" "$1"
		cat
	SH
	dokku ps:rebuild app
	id=$(web_container app)
	assert_equal "$(docker_lab inspect -f '{{index .Config.Labels "docker-args-process-deploy"}}' "$id")" app
	assert_equal "$(docker_lab image inspect -f '{{index .Config.Labels "docker-args-process-build"}}' "$(image_of app)")" app
	name=$(dokku run:detached app busybox sleep 1000)
	for kind in docker-args-run docker-args-process-run; do
		assert_equal "$(docker_lab inspect -f "{{index .Config.Labels \"$kind\"}}" "$name")" app
	done
	docker_lab rm -f "$name" >/dev/null
}

# proves effect: trigger nginx-dokku-template-source
@test "nginx-dokku-template-source: a plugin writes what makes nginx include the apps" {
	echo '# by a plugin for {{ .DOKKU_ROOT }}' >"$INST/template"
	chmod 644 "$INST/template"
	other nginx-dokku-template-source <<<$'#!/bin/sh\necho '"$INST/template"
	cp "$INST/nginx/conf.d/dokku.conf" "$BATS_TEST_TMPDIR/kept" 2>/dev/null || :
	run dokku nginx:setup
	assert_success
	assert_file_is "$INST/nginx/conf.d/dokku.conf" "# by a plugin for $INST/home"
	remove_plugin other
	run dokku nginx:setup
	assert_success
	grep -q 'include' "$INST/nginx/conf.d/dokku.conf"
}
