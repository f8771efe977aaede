#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# ps, run, enter, logs against running containers. The image is there already, as after a build.
# shellcheck disable=SC2016 # what is in single quotes is for the app

load ../lab/helpers

setup_file() {
	setup_instance --no-sshd
	"$LAB" images http
	docker_lab tag moorage-lab/http:1 "dokku-$LABEL/shop:latest"
	dokku apps:create shop
	as_dokku mkdir -p "$INST/lib/config/common/shop" "$INST/lib/data/ps/shop"
	printf 'web: /bin/http-server\nworker: sleep 1000\nbad: false\n' |
		as_dokku tee "$INST/lib/data/ps/shop/Procfile" >/dev/null
	echo true | as_dokku tee "$INST/lib/config/common/shop/deployed" >/dev/null
	dokku checks:skip shop web,worker
	dokku checks:set shop wait-to-retire 1
	dokku ps:start shop
}

teardown_file() {
	teardown_instance
}

# running: names of the running containers, without the instance's label
running() {
	docker_lab ps --filter "label=com.moorage.instance=$LABEL" --format '{{.Names}}' |
		sed "s/^$LABEL\.//" | grep -v '\.[0-9]*\.[0-9]*$' | sort | tr '\n' ' '
}

@test "an app that was down is released and serves" {
	run dokku ps:report shop --running
	assert_output true
	assert_equal "$(running)" "shop.web.1 "
	run dokku ps:start shop
	assert_success
	assert_line " !     App shop already running"
}

# proves effect: command ps:scale, report ps:report/--status-<proc>.<n>
@test "scaling deploys the process types whose quantity changed" {
	before=$(docker_lab inspect -f '{{.Id}}' "$LABEL.shop.web.1")
	run dokku ps:scale shop web=1 worker=2
	assert_success
	refute_output --partial "Deploying web"
	assert_equal "$(running)" "shop.web.1 shop.worker.1 shop.worker.2 "
	assert_equal "$(docker_lab inspect -f '{{.Id}}' "$LABEL.shop.web.1")" "$before"
	run dokku ps:report shop --status-worker.2
	assert_output --regexp '^running \(CID: [0-9a-f]{11}\)$'
}

@test "a scale that cannot be brought up leaves quantities and containers as they were" {
	run dokku ps:scale shop bad=1 worker=1
	assert_failure
	run dokku --quiet ps:scale shop
	assert_output "bad:  0
web:  1
worker: 2"
	assert_equal "$(running)" "shop.web.1 shop.worker.1 shop.worker.2 "
}

# proves effect: command run, command run:detached, command run:list, command run:stop
@test "commands run in new containers, with their exit code" {
	run dokku run -e GREETING=hi shop sh -c 'echo $GREETING; exit 3'
	assert_failure 3
	assert_output hi
	# As process 1 sleep does not end by itself.
	dokku ps:set shop stop-timeout-seconds 1
	run dokku run:detached shop sleep 100
	assert_success
	name=$output
	run dokku run:list shop --format json
	echo "$output" >"$BATS_TEST_TMPDIR/list"
	assert_json '.[0].name' "$name" "$BATS_TEST_TMPDIR/list"
	assert_json '.[0].command' "sleep 100" "$BATS_TEST_TMPDIR/list"
	run dokku run:stop --container "$name"
	assert_success
	assert_output "$name"
}

# proves effect: command enter
@test "running containers can be entered" {
	run dokku enter shop worker.2 -- sh -c 'echo $DYNO; exit 4'
	assert_failure 4
	assert_output worker.2
	run dokku enter shop
	assert_failure 1
	assert_line " !     Available types for app (shop): web worker"
}

@test "logs show what a process has printed" {
	run dokku logs shop --ps web --quiet
	assert_success
	assert_line "listening on port 5000"
}

# proves effect: command ps:inspect
@test "values of variables are masked" {
	dokku config:set --no-restart shop SECRET=hunter2
	dokku ps:restart shop worker
	run dokku ps:inspect shop
	assert_success
	refute_output --partial hunter2
	assert_output --partial '"SECRET=XXXXXX"'
}

# proves effect: command ps:stop, command ps:start
@test "a stopped app stays stopped until it is started" {
	run dokku ps:stop shop
	assert_success
	assert_output "-----> Stopping shop"
	assert_equal "$(running)" ""
	run dokku ps:restore
	assert_success
	assert_line " !     Skipping ps:restore for shop as restore property is false"
	assert_equal "$(running)" ""
	run dokku ps:start shop
	assert_success
	assert_equal "$(running)" "shop.web.1 shop.worker.1 shop.worker.2 "
	run dokku ps:report shop --restore
	assert_output true
}
