#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The docker-local scheduler as users and scripts of plugins meet it: options, networks, published
# ports, https checks, the end of old containers, triggers, and what a killed deploy leaves.

bats_require_minimum_version 1.5.0
load ../lab/helpers
load ../lab/apps

setup_file() {
	setup_instance
	"$LAB" images busybox http
	lab_domain
	lab_shell
}

teardown_file() {
	docker_lab network ls -q --filter "name=$LABEL" | xargs -r "${MOORAGE_TEST_DOCKER:-/usr/bin/docker}" \
		-H "unix://$ENGINE_SOCKET" network rm >/dev/null || true
	teardown_instance
}

setup() {
	DIR=$BATS_TEST_TMPDIR/app
	APP=s$BATS_TEST_NUMBER
}

# app_with_worker VERSION: web and a worker that ends at once on SIGTERM and says so.
app_with_worker() {
	http_app "$DIR" "$1"
	printf 'web: /bin/http-server\nworker: sh -c "trap %s TERM; echo worker-is-up; while :; do sleep 1; done"\n' \
		"'echo worker-got-TERM; exit 0'" >"$DIR/Procfile"
	git_commit "$DIR" procfile
	dokku apps:create "$APP"
	dokku checks:skip "$APP"
}

format() {
	docker_lab inspect -f "$1" "$(web_container "$APP")"
}

state_is() {
	local seen
	seen=$(docker_lab inspect -f '{{.State.Status}}' "$1" 2>/dev/null) || seen=gone
	assert_equal "$seen" "$2"
}

@test "an option that the table lacks: the docker program makes the container, secrets not in its argv" {
	http_app "$DIR" v1
	dokku apps:create "$APP"
	dokku checks:skip "$APP"
	printf 'from-file=yes\n' >"$INST/labels"
	printf 'FROM_FILE=also\n' >"$INST/more-env"
	chmod 644 "$INST/labels" "$INST/more-env"
	dokku docker-options:add "$APP" deploy "--label-file=$INST/labels"
	dokku docker-options:add "$APP" deploy "--env-file=$INST/more-env"
	dokku config:set --no-restart "$APP" SECRET='a "b" $c' DOCKER_HOST=tcp://nowhere
	run git_push "$DIR" "$APP"
	assert_success
	assert_equal "$(format '{{index .Config.Labels "from-file"}}')" yes
	assert_equal "$(app_env "$APP" SECRET)" 'a "b" $c'
	assert_equal "$(app_env "$APP" DOCKER_HOST)" tcp://nowhere
	assert_equal "$(app_env "$APP" FROM_FILE)" also
	# Its life is that of any other.
	run dokku ps:restart "$APP"
	assert_success
	assert_http "$(host_of "$APP")" / 200 v1
}

@test "networks: initial, attached at creation and after the deploy, with aliases" {
	http_app "$DIR" v1
	dokku apps:create "$APP"
	dokku checks:skip "$APP"
	for n in first second third; do
		docker_lab network create "$LABEL-$n" >/dev/null
	done
	dokku network:set "$APP" initial-network "$LABEL-first"
	dokku network:set "$APP" attach-post-create "$LABEL-second"
	dokku network:set "$APP" attach-post-deploy "$LABEL-third"
	dokku network:set "$APP" tld internal
	git_push "$DIR" "$APP"
	assert_equal "$(format '{{.HostConfig.NetworkMode}}')" "$LABEL-first"
	assert_equal "$(format '{{range $n, $_ := .NetworkSettings.Networks}}{{$n}} {{end}}')" "$LABEL-first $LABEL-second $LABEL-third "
	for n in second third; do
		run format "{{range (index .NetworkSettings.Networks \"$LABEL-$n\").Aliases}}{{.}} {{end}}"
		assert_output --partial "$APP.web.internal"
		run docker_lab run --rm --network "$LABEL-$n" moorage-lab/busybox:1 \
			timeout 5 wget -qO- "http://$APP.web.internal:5000/"
		assert_output v1
	done
	# nginx goes to the address in the first one.
	assert_file_is "$INST/home/$APP/IP.web.1" "$(format "{{(index .NetworkSettings.Networks \"$LABEL-first\").IPAddress}}")"
	assert_http "$(host_of "$APP")" / 200 v1
	dokku --force apps:destroy "$APP"
	docker_lab network rm "$LABEL-first" "$LABEL-second" "$LABEL-third"
}

@test "a network that does not exist fails the deploy, and the old release stays" {
	http_app "$DIR" v1
	git_push "$DIR" "$APP"
	mkdir -p "$INST/lib/config/network/$APP"
	echo "$LABEL-none" >"$INST/lib/config/network/$APP/attach-post-create"
	run push_version "$DIR" "$APP" v2
	assert_failure
	# The engine says it, at creation or only at the start.
	assert_output --regexp "[Nn]etwork '?$LABEL-none'? (does not exist|not found)"
	assert_http "$(host_of "$APP")" / 200 v1
	assert_equal "$(containers_of "$APP")" "$APP.web.1 running"
}

@test "bind-all-interfaces publishes the app's port on the machine" {
	http_app "$DIR" v1
	dokku apps:create "$APP"
	dokku checks:skip "$APP"
	dokku network:set "$APP" bind-all-interfaces true
	git_push "$DIR" "$APP"
	port=$(format '{{(index (index .NetworkSettings.Ports "5000/tcp") 0).HostPort}}')
	[ "$port" -gt 1024 ]
	run in_instance curl -sS --max-time 5 "http://127.0.0.1:$port/"
	assert_output v1
}

@test "an https check accepts whatever certificate the app has" {
	mkdir -p "$DIR"
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=app -keyout "$DIR/key.pem" -out "$DIR/cert.pem" 2>/dev/null
	printf 'FROM moorage-lab/busybox:1\nCOPY *.pem page /\nEXPOSE 5000\nCMD ["sleep", "1000"]\n' >"$DIR/Dockerfile"
	echo secure >"$DIR/page"
	health_check "$DIR" '{ "type": "startup", "path": "/page", "scheme": "https", "attempts": 2, "wait": 1, "timeout": 2 }'
	git_app "$DIR"
	# Nothing speaks TLS in it: the check says so, and what it tried.
	run git_push "$DIR" "$APP"
	assert_failure
	assert_output --regexp 'https://[0-9.]+:5000/page'
	# The machine's own server with that certificate stands for the app.
	port=$(claim_port)
	openssl s_server -quiet -WWW -accept "$port" -key "$DIR/key.pem" -cert "$DIR/cert.pem" \
		>/dev/null 2>&1 3>&- < <(cd "$DIR" && exec sleep 30) &
	server=$!
	health_check "$DIR" "{ \"type\": \"startup\", \"path\": \"/page\", \"scheme\": \"https\", \"port\": $port, \"attempts\": 3, \"wait\": 1, \"timeout\": 2 }"
	git_commit "$DIR" https
	dokku docker-options:add "$APP" deploy "--network host"
	run git_push "$DIR" "$APP"
	kill "$server"
	free_ports
	assert_output --partial "Healthcheck succeeded name='path /page'"
}

@test "an old container is told to end when the last proxy worker that knew it is gone" {
	http_app "$DIR" v1
	git_push "$DIR" "$APP"
	dokku checks:set "$APP" wait-to-retire 30
	old=$(web_container "$APP")
	# A request that is under way keeps a worker, and so the container.
	http_get "$(host_of "$APP")" '/slow?ms=6000' >"$BATS_TEST_TMPDIR/slow" 3>&- &
	slow=$!
	push_version "$DIR" "$APP" v2
	state_is "$old" running
	wait "$slow"
	assert_file_is "$BATS_TEST_TMPDIR/slow" slow
	wait_until 5 state_is "$old" exited
	assert_equal "$(docker_lab inspect -f '{{.State.ExitCode}}' "$old")" 0
}

@test "a worker that is scaled down ends at once, as no proxy knows it" {
	app_with_worker v1
	git_push "$DIR" "$APP"
	dokku ps:scale "$APP" worker=1
	old=$(cat "$INST/home/$APP/CONTAINER.worker.1")
	state_is "$old" running
	dokku ps:scale "$APP" worker=0
	wait_until 10 state_is "$old" exited
	run docker_lab logs "$old"
	assert_output --partial worker-got-TERM
	refute_file_exists "$INST/home/$APP/CONTAINER.worker.1"
}

# proves effect: command logs:failed
@test "the log of a container that failed its checks can be read, also after a predeploy script" {
	http_app "$DIR" v1
	git_push "$DIR" "$APP"
	printf 'web: sh -c "echo says-why-it-cannot; exit 3"\n' >"$DIR/Procfile"
	printf '{ "scripts": { "dokku": { "predeploy": "touch /made" } }, "healthchecks": { "web": [ { "type": "startup", "uptime": 2 } ] } }\n' >"$DIR/app.json"
	set_version "$DIR" v2
	run git_push "$DIR" "$APP"
	assert_failure
	assert_output --partial says-why-it-cannot
	assert_output --partial "what ran before stays"
	assert_output --partial "dokku logs:failed $APP"
	run dokku logs:failed "$APP"
	assert_success
	assert_output --partial says-why-it-cannot
	assert_http "$(host_of "$APP")" / 200 v1
}

# proves golden: command logs
@test "logs: prefix and colours, a number of lines, one process" {
	app_with_worker v1
	git_push "$DIR" "$APP"
	dokku ps:scale "$APP" worker=2
	wait_until 5 worker_says
	run dokku logs "$APP" -n 1 -p worker.2
	assert_success
	assert_equal "${#lines[@]}" 1
	assert_output --regexp $'^\e\\[[0-9]+m[0-9T:.-]+Z app\\[worker\\.2\\]:\e\\[0m worker-is-up$'
	run dokku logs "$APP" -q -p web
	assert_output 'listening on port 5000'
	run dokku logs "$APP" -q -p worker
	assert_equal "$output" $'worker-is-up\nworker-is-up'
}

worker_says() {
	[ "$(dokku logs "$APP" -q -p worker | grep -c worker-is-up)" = 2 ]
}

@test "logs -t goes on until its reader leaves" {
	app_with_worker v1
	git_push "$DIR" "$APP"
	in_instance timeout 4 "$INST/bin/dokku" logs "$APP" -t -p web >"$BATS_TEST_TMPDIR/log" 2>&1 3>&- &
	wait_until 3 grep -q 'listening on port' "$BATS_TEST_TMPDIR/log"
	wait $! || true
	run pgrep -f "dokku logs $APP"
	refute_output
}

@test "enter takes a process, a container and a command" {
	app_with_worker v1
	git_push "$DIR" "$APP"
	dokku ps:scale "$APP" worker=1
	worker=$(cat "$INST/home/$APP/CONTAINER.worker.1")
	run dokku enter "$APP" worker hostname
	assert_output "${worker:0:12}"
	run dokku enter "$APP" worker.1 -- hostname
	assert_output "${worker:0:12}"
	run dokku enter "$APP" --container-id "${worker:0:10}" -- hostname
	assert_output "${worker:0:12}"
	run dokku enter "$APP" "--container-id=$worker" sh -c 'hostname; exit 5'
	assert_failure 5
	assert_output "${worker:0:12}"
	run dokku enter "$APP"
	assert_failure 1
	assert_output --partial "Available types for app ($APP): web worker"
	run dokku enter "$APP" --container-id 0123456789ab true
	assert_failure 1
	assert_output --partial 'Invalid container id for app'
}

@test "run: a process of the Procfile keeps its quotes" {
	app_with_worker v1
	printf 'web: /bin/http-server\ntask: sh -c "echo one two; exit 6" here\n' >"$DIR/Procfile"
	git_commit "$DIR" task
	git_push "$DIR" "$APP"
	run dokku run "$APP" task
	assert_failure 6
	assert_line "-----> Found 'task' in Procfile, running that command"
	assert_line 'one two'
}

# proves effect: trigger scheduler-deploy, trigger scheduler-stop, trigger scheduler-run
# proves effect: trigger scheduler-run-list, trigger scheduler-enter
@test "triggers: deploy, run, run-list, enter and stop answer scripts, each for its own scheduler only" {
	app_with_worker v1
	git_push "$DIR" "$APP"
	old=$(web_container "$APP")
	trigger() {
		as_dokku "$INST/bin/plugn" trigger "$@"
	}
	run trigger scheduler-run docker-local "$APP" 2 A=1 "B=two words" -- sh -c 'echo "$A/$B"; exit 7'
	assert_failure 7
	assert_line '1/two words'
	run trigger scheduler-run-list docker-local "$APP" json
	assert_success
	assert_equal "$(jq -r '.[0].command' <<<"$output" | cut -c1-5)" 'sh -c'
	run trigger scheduler-run-list docker-local "$APP" stdout
	assert_line "=====> $APP run containers"
	run trigger scheduler-enter docker-local "$APP" web -- sh -c 'echo entered; exit 3'
	assert_failure 3
	assert_output entered
	for name in deploy stop run run-list enter; do
		run trigger "scheduler-$name" k3s "$APP" x y
		assert_success
		refute_output
	done
	run trigger scheduler-deploy docker-local "$APP" latest
	assert_success
	assert_output --partial "Deploying web (count=1)"
	[ "$(web_container "$APP")" != "$old" ]
	assert_http "$(host_of "$APP")" / 200 v1
	old=$(web_container "$APP")
	run trigger scheduler-stop docker-local "$APP"
	assert_success
	state_is "$old" exited
	run trigger scheduler-stop docker-local "$APP" true
	assert_success
	state_is "$old" gone
	refute_file_exists "$INST/home/$APP/CONTAINER.web.1"
	run dokku ps:rebuild "$APP"
	assert_success
}

# A deploy is killed while the engine makes its container: what turns up later must go, too.
@test "a container that turns up after its maker was killed is found by the next command" {
	http_app "$DIR" v1
	git_push "$DIR" "$APP"
	health_check "$DIR" '{ "type": "startup", "uptime": 30 }'
	set_version "$DIR" v2
	git_push "$DIR" "$APP" >"$BATS_TEST_TMPDIR/push" 2>&1 3>&- &
	wait_until 30 grep -q "type='uptime'" "$BATS_TEST_TMPDIR/push"
	journal=$INST/lib/data/moorage/operations/$APP.journal
	operation=$(head -n 1 "$journal" | grep -o '"id": *"[^"]*"' | cut -d'"' -f4)
	kill -KILL "$(pgrep -f "dokku git-hook $APP" | head -n 1)"
	wait || true
	# One that no journal names, as the engine finishes it behind the sender's back.
	docker_lab run -d --label dokku --label "com.dokku.app-name=$APP" --label com.dokku.container-type=deploy \
		--label "com.moorage.instance=$LABEL" --label "com.moorage.operation=$operation" \
		--name "$LABEL.$APP.late" moorage-lab/http:1 >/dev/null
	run dokku ps:scale "$APP" web=1
	assert_equal "$(containers_of "$APP")" "$APP.web.1 running"
	assert_http "$(host_of "$APP")" / 200 v1
}

@test "the container of a script that was cut off goes with the next command" {
	http_app "$DIR" v1
	git_push "$DIR" "$APP"
	printf '{ "scripts": { "dokku": { "predeploy": "echo script-works; sleep 60" } } }\n' >"$DIR/app.json"
	set_version "$DIR" v2
	git_push "$DIR" "$APP" >"$BATS_TEST_TMPDIR/push" 2>&1 3>&- &
	wait_until 30 grep -q "^remote:  *script-works" "$BATS_TEST_TMPDIR/push"
	kill -KILL "$(pgrep -f "dokku git-hook $APP" | head -n 1)"
	wait || true
	assert_equal "$(containers_of "$APP" | wc -l)" 2
	dokku config:set --no-restart "$APP" A=b
	assert_equal "$(containers_of "$APP")" "$APP.web.1 running"
	assert_equal "$(docker_lab images -q --filter dangling=true --filter "label=com.dokku.app-name=$APP")" ''
	assert_http "$(host_of "$APP")" / 200 v1
}
