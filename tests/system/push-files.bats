#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What a push reads from the source: Procfile, app.json, CHECKS, nginx.conf.sigil.

load ../lab/helpers
load ../lab/apps

setup_file() {
	setup_instance
	"$LAB" images busybox http
	lab_domain
	lab_shell
}

teardown_file() {
	teardown_instance
}

setup() {
	DIR=$BATS_TEST_TMPDIR/app
	APP=t$BATS_TEST_NUMBER
	http_app "$DIR" v1
}

# The quick check of http_app, to be put in front of more keys.
QUICK='"healthchecks": { "web": [ { "type": "startup", "path": "/health", "attempts": 10, "wait": 1 } ], "worker": [ { "type": "startup", "uptime": 1 } ] }'

app_json() {
	printf '{ %s, %s }\n' "$QUICK" "$1" >"$DIR/app.json"
	git_commit "$DIR"
}

push() {
	git_push "$DIR" "$APP"
}

# --- Procfile ---

@test "process types run in the numbers that ps:scale says" {
	printf 'web: /bin/http-server\nworker: busybox sleep 1000\n' >"$DIR/Procfile"
	app_json '"x": 1'
	run push
	assert_success
	assert_equal "$(running_of "$APP")" "$APP.web.1"
	dokku checks:set "$APP" wait-to-retire 0
	run dokku ps:scale "$APP" web=2 worker=1
	assert_success
	wait_until 20 runs_only "$APP.web.1 $APP.web.2 $APP.worker.1 "
	run dokku ps:scale "$APP"
	assert_output --regexp 'web: +2'
	assert_output --regexp 'worker: +1'
	run docker_lab exec "$(cat "$INST/home/$APP/CONTAINER.worker.1")" busybox env
	assert_output --partial DYNO=worker.1
	run dokku ps:scale "$APP" web=1
	assert_success
	wait_until 20 runs_only "$APP.web.1 $APP.worker.1 "
	refute_file_exists "$INST/home/$APP/CONTAINER.web.2"
	assert_http "$(host_of "$APP")" / 200 v1
}

runs_only() {
	dokku ps:retire >/dev/null
	[ "$(running_of "$APP" | tr '\n' ' ')" = "$1" ]
}

@test "both web processes are asked" {
	app_json '"formation": { "web": { "quantity": 2 } }'
	run push
	assert_success
	for ((n = 0; n < 8; n++)); do
		app_env "$APP" DYNO
	done | sort -u >"$BATS_TEST_TMPDIR/dynos"
	assert_file_is "$BATS_TEST_TMPDIR/dynos" $'web.1\nweb.2'
}

@test "a formation in app.json sets the scale and keeps ps:scale from changing it" {
	printf 'web: /bin/http-server\nworker: busybox sleep 1000\n' >"$DIR/Procfile"
	app_json '"formation": { "web": { "quantity": 1 }, "worker": { "quantity": 2 } }'
	run push
	assert_success
	assert_equal "$(running_of "$APP" | tr '\n' ' ')" "$APP.web.1 $APP.worker.1 $APP.worker.2 "
	run dokku ps:scale "$APP" web=2
	assert_failure
	assert_equal "$(running_of "$APP" | tr '\n' ' ')" "$APP.web.1 $APP.worker.1 $APP.worker.2 "
}

@test "variables in a Procfile command are the app's" {
	printf 'web: env FROM_COMMAND=$COLOUR /bin/http-server\n' >"$DIR/Procfile"
	git_commit "$DIR"
	dokku apps:create "$APP"
	dokku config:set "$APP" COLOUR=green
	run push
	assert_success
	assert_equal "$(app_env "$APP" FROM_COMMAND)" green
}

@test "a malformed Procfile is refused and the old release stays" {
	push
	printf 'this is no line of a Procfile\n' >"$DIR/Procfile"
	git_commit "$DIR"
	run push
	assert_failure
	assert_output --partial Procfile
	assert_http "$(host_of "$APP")" / 200 v1
	assert_equal "$(running_of "$APP")" "$APP.web.1"
}

@test "a release command runs before the new release does, and its failure keeps the old one" {
	printf 'web: /bin/http-server\nrelease: echo in-release-command\n' >"$DIR/Procfile"
	git_commit "$DIR"
	run push
	assert_success
	assert_output --partial in-release-command
	printf 'web: /bin/http-server\nrelease: false\n' >"$DIR/Procfile"
	set_version "$DIR" v2
	run push
	assert_failure
	assert_http "$(host_of "$APP")" / 200 v1
}

# --- app.json ---

@test "a malformed app.json is refused and the old release stays" {
	push
	printf '{ "healthchecks": \n' >"$DIR/app.json"
	git_commit "$DIR"
	run push
	assert_failure
	assert_output --partial app.json
	assert_http "$(host_of "$APP")" / 200 v1
}

@test "env in app.json gives first values" {
	app_json '"env": { "PLAIN": "one", "WITH": { "value": "two" }, "SECRET": { "generator": "secret" }, "MINE": "theirs" }'
	dokku apps:create "$APP"
	dokku config:set "$APP" MINE=mine
	run push
	assert_success
	assert_equal "$(app_env "$APP" PLAIN)" one
	assert_equal "$(app_env "$APP" WITH)" two
	assert_equal "$(app_env "$APP" MINE)" mine
	secret=$(app_env "$APP" SECRET)
	[[ $secret =~ ^[0-9a-f]{64}$ ]] || fail "secret is '$secret'"
	set_version "$DIR" v2
	push
	assert_equal "$(app_env "$APP" SECRET)" "$secret"
}

@test "a required variable without a value refuses the first deploy" {
	app_json '"env": { "NEEDED": { "required": true, "description": "what it is for" } }'
	run push
	assert_failure
	assert_output --partial NEEDED
	dokku config:set "$APP" NEEDED=given
	git -C "$DIR" commit -q --allow-empty -m again
	run push
	assert_success
	assert_equal "$(app_env "$APP" NEEDED)" given
}

@test "what predeploy leaves is in the release" {
	app_json '"scripts": { "dokku": { "predeploy": "echo in-predeploy; echo made >/made" } }'
	run push
	assert_success
	assert_output --partial in-predeploy
	assert_equal "$(docker_lab exec "$(web_container "$APP")" busybox cat /made)" made
}

@test "a predeploy that fails keeps the old release and says why" {
	push
	first=$(web_container "$APP")
	echo v2 >"$DIR/VERSION"
	app_json '"scripts": { "dokku": { "predeploy": "echo cannot-migrate; exit 3" } }'
	run push
	assert_failure
	assert_output --partial cannot-migrate
	assert_equal "$(web_container "$APP")" "$first"
	assert_http "$(host_of "$APP")" / 200 v1
	# Nor does a restart bring up what was built.
	run dokku ps:restart "$APP"
	assert_success
	assert_http "$(host_of "$APP")" / 200 v1
}

@test "postdeploy runs after every deploy, the first-deploy script once" {
	app_json '"scripts": { "postdeploy": "echo once-only", "dokku": { "postdeploy": "echo each-time" } }'
	run push
	assert_success
	assert_output --partial once-only
	assert_output --partial each-time
	run push_version "$DIR" "$APP" v2
	assert_success
	refute_output --partial once-only
	assert_output --partial each-time
}

@test "a postdeploy that fails is reported; the new release serves" {
	push
	echo v2 >"$DIR/VERSION"
	app_json '"scripts": { "dokku": { "postdeploy": "echo gone-wrong; exit 3" } }'
	run push
	assert_output --partial gone-wrong
	assert_http "$(host_of "$APP")" / 200 v2
}

@test "scripts leave no containers behind" {
	app_json '"scripts": { "dokku": { "predeploy": "true", "postdeploy": "true" } }'
	push
	assert_equal "$(containers_of "$APP")" "$APP.web.1 running"
}

# --- checks ---

# A push of version v2 with this check of web; the first one, of v1, was good.
push_checked() {
	push >/dev/null 2>&1
	health_check "$DIR" "$1"
	set_version "$DIR" v2
	run push
}

@test "a path check passes" {
	push_checked '{ "type": "startup", "path": "/health", "content": "ok", "attempts": 5, "wait": 1 }'
	assert_success
	assert_http "$(host_of "$APP")" / 200 v2
}

@test "a path check sends the app's name and its headers" {
	push_checked '{ "type": "startup", "path": "/headers", "content": "X-Try: yes", "httpHeaders": [ { "name": "X-Try", "value": "yes" } ], "attempts": 2, "wait": 1 }'
	assert_success
	push_checked "{ \"type\": \"startup\", \"path\": \"/headers\", \"content\": \"Host: $(host_of "$APP")\", \"attempts\": 2, \"wait\": 1 }"
	assert_success
}

@test "a path check that fails keeps the old release and the log of what failed" {
	push >/dev/null 2>&1
	first=$(web_container "$APP")
	health_check "$DIR" '{ "type": "startup", "path": "/status?code=500", "attempts": 2, "wait": 1 }'
	printf 'web: sh -c "echo words-of-the-failed; exec /bin/http-server"\n' >"$DIR/Procfile"
	set_version "$DIR" v2
	run push
	assert_failure
	assert_output --partial 500
	assert_http "$(host_of "$APP")" / 200 v1
	assert_equal "$(web_container "$APP")" "$first"
	run dokku logs:failed "$APP"
	assert_output --partial words-of-the-failed
	# The next good one goes through.
	health_check "$DIR" '{ "type": "startup", "path": "/health", "attempts": 5, "wait": 1 }'
	git_commit "$DIR"
	run push
	assert_success
	assert_http "$(host_of "$APP")" / 200 v2
}

@test "a content check that finds other content fails" {
	push_checked '{ "type": "startup", "path": "/", "content": "not there", "attempts": 1, "wait": 0 }'
	assert_failure
	assert_http "$(host_of "$APP")" / 200 v1
}

@test "a command check passes and fails by its exit code" {
	push_checked '{ "type": "startup", "command": ["true"], "attempts": 1 }'
	assert_success
	health_check "$DIR" '{ "type": "startup", "command": ["false"], "attempts": 1, "wait": 0 }'
	set_version "$DIR" v3
	run push
	assert_failure
	assert_http "$(host_of "$APP")" / 200 v2
}

@test "a listening check fails for an app on loopback only" {
	push_checked '{ "type": "startup", "listening": true, "port": 5000, "attempts": 3, "wait": 1 }'
	assert_success
	printf 'web: /bin/http-server --ipv4-local\n' >"$DIR/Procfile"
	set_version "$DIR" v3
	run push
	assert_failure
	assert_http "$(host_of "$APP")" / 200 v2
}

@test "an uptime check fails for a process that ends" {
	push_checked '{ "type": "startup", "uptime": 2 }'
	assert_success
	printf 'web: sh -c "sleep 1; exit 1"\n' >"$DIR/Procfile"
	set_version "$DIR" v3
	run push
	assert_failure
	assert_http "$(host_of "$APP")" / 200 v2
}

@test "a check that succeeds late is waited for" {
	push >/dev/null 2>&1
	dokku config:set --no-restart "$APP" START_DELAY_MS=3000
	health_check "$DIR" '{ "type": "startup", "path": "/health", "attempts": 10, "wait": 1, "timeout": 1 }'
	set_version "$DIR" v2
	run push
	assert_success
	assert_http "$(host_of "$APP")" / 200 v2
}

# proves effect: command checks:skip
@test "skipped checks deploy what would fail" {
	push >/dev/null 2>&1
	dokku checks:skip "$APP"
	health_check "$DIR" '{ "type": "startup", "path": "/status?code=500", "attempts": 1, "wait": 0 }'
	set_version "$DIR" v2
	run push
	assert_success
	wait_until 10 serves "$APP" v2
}

# proves effect: command checks:disable
@test "with checks disabled the old release ends before the new one starts" {
	push >/dev/null 2>&1
	first=$(web_container "$APP")
	dokku checks:disable "$APP"
	set_version "$DIR" v2
	run push
	assert_success
	wait_until 10 serves "$APP" v2
	second=$(web_container "$APP")
	run docker_lab inspect -f '{{.State.FinishedAt}}' "$first"
	[ "$status" != 0 ] || [[ $output < $(docker_lab inspect -f '{{.State.StartedAt}}' "$second") ]]
}

@test "a CHECKS file is a check" {
	push >/dev/null 2>&1
	rm "$DIR/app.json"
	printf 'WAIT=1\nATTEMPTS=3\n/health ok\n' >"$DIR/CHECKS"
	set_version "$DIR" v2
	run push
	assert_success
	assert_http "$(host_of "$APP")" / 200 v2
	printf 'WAIT=1\nATTEMPTS=1\n/health something-else\n' >"$DIR/CHECKS"
	set_version "$DIR" v3
	run push
	assert_failure
	assert_http "$(host_of "$APP")" / 200 v2
}

# --- nginx.conf.sigil ---

@test "the app's own nginx template is used" {
	push >/dev/null 2>&1
	cat >"$DIR/nginx.conf.sigil" <<-'SIGIL'
		server {
		  listen {{ $.PROXY_PORT }};
		  server_name {{ $.NOSSL_SERVER_NAME }};
		  add_header X-Template own;
		  location / { proxy_pass http://{{ $.APP }}-5000; }
		}
		upstream {{ $.APP }}-5000 {
		{{ range $listener := $.DOKKU_APP_WEB_LISTENERS | split " " }}  server {{ $listener }};
		{{ end }}}
	SIGIL
	set_version "$DIR" v2
	run push
	assert_success
	run http_get "$(host_of "$APP")" / -i
	assert_output --partial 'X-Template: own'
	assert_output --partial v2
	git -C "$DIR" rm -q nginx.conf.sigil
	set_version "$DIR" v3
	run push
	assert_success
	run http_get "$(host_of "$APP")" / -i
	refute_output --partial 'X-Template: own'
	assert_output --partial v3
}

@test "a template that nginx does not accept is refused; the app and its neighbours stay" {
	push >/dev/null 2>&1
	echo 'server { this is no directive }' >"$DIR/nginx.conf.sigil"
	set_version "$DIR" v2
	run push
	assert_failure
	assert_output --partial nginx
	assert_http "$(host_of "$APP")" / 200 v1
	run "$LAB" nginx "$LAB_NAME" -t
	assert_success
}

@test "a template that cannot be rendered is refused" {
	push >/dev/null 2>&1
	echo 'server { {{ range }} }' >"$DIR/nginx.conf.sigil"
	set_version "$DIR" v2
	run push
	assert_failure
	assert_http "$(host_of "$APP")" / 200 v1
}

# --- build-dir ---

@test "an app in a folder of the repository" {
	mkdir "$DIR/deep"
	mv "$DIR/Dockerfile" "$DIR/VERSION" "$DIR/app.json" "$DIR/deep"
	git_commit "$DIR"
	dokku apps:create "$APP"
	dokku builder:set "$APP" build-dir deep
	run push
	assert_success
	assert_http "$(host_of "$APP")" / 200 v1
	run dokku builder:set "$APP" build-dir ../..
	assert_failure
	# Nor by way of a link.
	ln -s / "$DIR/out"
	git_commit "$DIR"
	dokku builder:set "$APP" build-dir out/etc
	run push
	assert_failure
	assert_http "$(host_of "$APP")" / 200 v1
}
