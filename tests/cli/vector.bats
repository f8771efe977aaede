#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Shipping of logs: the configuration of Vector follows what is set, and its container is started by
# the real engine. Vector itself is stood in for by an image that prints what it was given.

bats_require_minimum_version 1.5.0
load ../lab/helpers
load ../lab/apps

setup_file() {
	setup_instance --no-nginx --no-sshd
	"$LAB" images busybox
	export CONFIG=$INST/lib/data/logs/vector.json NAME=$LABEL-vector-vector-1 STAND_IN=$LABEL/vector:1
	stand_in "$STAND_IN" 'echo got "$0" "$@"; echo to-stderr >&2; sleep 1000 & trap "kill $!; exit" TERM; wait'
	for app in one two.example; do
		dokku apps:create "$app"
	done
}

teardown_file() {
	docker_lab ps -aq --filter "name=^/$LABEL-vector" | xargs -r "${MOORAGE_TEST_DOCKER:-/usr/bin/docker}" \
		-H "unix://$ENGINE_SOCKET" rm -f >/dev/null || true
	docker_lab images -q "$LABEL/vector" | sort -u | xargs -r "${MOORAGE_TEST_DOCKER:-/usr/bin/docker}" \
		-H "unix://$ENGINE_SOCKET" rmi -f >/dev/null || true
	docker_lab network ls -q --filter "name=$LABEL" | xargs -r "${MOORAGE_TEST_DOCKER:-/usr/bin/docker}" \
		-H "unix://$ENGINE_SOCKET" network rm >/dev/null || true
	teardown_instance
}

# stand_in IMAGE SCRIPT: what SCRIPT gets as $0 and $@ is the command of the container.
stand_in() {
	printf 'FROM moorage-lab/busybox:1\nENTRYPOINT ["/bin/sh", "-c", %s]\n' "$(jq -Rn --arg s "$2" '$s')" |
		docker_lab build -q -t "$1" - >/dev/null
}

format() {
	docker_lab inspect -f "$1" "$NAME"
}

sinks() {
	jq -c '.sinks | keys' "$CONFIG"
}

# proves effect: property logs/vector-sink
@test "setting a sink writes vector.json, where only its owner can read it" {
	run dokku logs:set one vector-sink 'http://?uri=https%3A//u:secret@x/%3Fa%3Db%26c&encoding[codec]=json'
	assert_success
	assert_line '=====> Setting vector-sink to http://redacted'
	assert_line "       Writing updated vector config to $CONFIG"
	assert_equal "$(stat -c %a "$CONFIG")" 600
	assert_file_is "$CONFIG" "{
  \"sources\": {
    \"docker-source:one\": {
      \"type\": \"docker_logs\",
      \"include_labels\": [
        \"com.dokku.app-name=one\",
        \"com.moorage.instance=$LABEL\"
      ]
    }
  },
  \"sinks\": {
    \"docker-sink:one\": {
      \"encoding\": {
        \"codec\": \"json\"
      },
      \"inputs\": [
        \"docker-source:one\"
      ],
      \"type\": \"http\",
      \"uri\": \"https://u:secret@x/?a=b&c\"
    }
  }
}"
	dokku logs:set two.example vector-sink 'console://?a=1'
	dokku logs:set --global vector-sink 'console://?a=2'
	assert_equal "$(sinks)" '["docker-global-sink","docker-sink:one","docker-sink:two-example"]'
	dokku logs:set one vector-sink
	dokku logs:set --global vector-sink
	assert_equal "$(sinks)" '["docker-sink:two-example"]'
	dokku logs:set two.example vector-sink
	assert_equal "$(sinks)" '["docker-null-sink"]'
}

# proves effect: property logs/vector-cron-sink, property logs/app-label-alias
@test "a sink for cron tasks and another label are transforms" {
	dokku logs:set one vector-cron-sink 'file://?path=/x'
	assert_equal "$(jq -c '.transforms | keys' "$CONFIG")" '["docker-cron-remap:one","docker-router:one"]'
	run dokku logs:set one app-label-alias app_name
	assert_line "       Writing updated vector config to $CONFIG"
	assert_equal "$(jq -r '.transforms["docker-cron-remap:one"].source' "$CONFIG" | tail -n 1)" \
		'.label."app_name" = del(.label."com.dokku.app-name")'
	dokku logs:set one vector-cron-sink
	dokku logs:set one app-label-alias
	assert_equal "$(jq -c 'has("transforms")' "$CONFIG")" false
}

@test "the configuration follows apps that are cloned, renamed and destroyed" {
	dokku logs:set one vector-sink 'console://?a=1'
	as_dokku mkdir -p "$INST/lib/data/logs/one"
	dokku apps:clone one copy
	assert_equal "$(sinks)" '["docker-sink:copy","docker-sink:one"]'
	dokku apps:rename copy moved
	assert_equal "$(sinks)" '["docker-sink:moved","docker-sink:one"]'
	assert_equal "$(jq -r '.sources["docker-source:moved"].include_labels[0]' "$CONFIG")" com.dokku.app-name=moved
	assert_file_exists "$INST/lib/data/logs/moved"
	dokku --force apps:destroy moved
	assert_equal "$(sinks)" '["docker-sink:one"]'
	refute_file_exists "$INST/lib/data/logs/moved"
	dokku logs:set one vector-sink
}

@test "an app may be called vector.json" {
	dokku logs:set one vector-sink 'console://?a=1'
	dokku apps:create vector.json
	dokku --force apps:destroy vector.json
	assert_equal "$(sinks)" '["docker-sink:one"]'
	dokku logs:set one vector-sink
}

@test "networks have to exist, and the default one is none of them" {
	run dokku logs:set --global vector-networks "$LABEL-absent"
	assert_failure 1
	assert_output " !     Network \"$LABEL-absent\" does not exist"
	run dokku logs:set --global vector-networks bridge
	assert_failure 1
	assert_output ' !     Invalid vector-networks value, "bridge" is not a valid entry for vector-networks'
}

# proves stand-in: command logs:vector-start, command logs:vector-logs, command logs:vector-stop
# proves effect: property logs/vector-image, property logs/vector-networks
@test "Vector's container has Dokku's name, labels, mounts, policy and networks (a stand-in image)" {
	run dokku logs:vector-logs
	assert_failure 1
	assert_output ' !     Vector container does not exist'
	dokku logs:set --global vector-image "$STAND_IN"
	run dokku logs:vector-start
	assert_success
	assert_output "=====> Starting vector container
       Ensuring vector configuration exists
       Starting vector container
-----> Container $NAME started
       Waiting for 10 seconds
       Vector container is running"
	assert_equal "$(format '{{.HostConfig.RestartPolicy.Name}} {{.HostConfig.NetworkMode}} {{.Config.Image}}')" "unless-stopped bridge $STAND_IN"
	assert_equal "$(format '{{range .HostConfig.Binds}}{{.}} {{end}}')" \
		"$INST/lib/data/logs:/etc/vector $ENGINE_SOCKET:/var/run/docker.sock:ro $INST/logs/apps:/var/log/dokku/apps "
	assert_equal "$(format '{{index .Config.Labels "org.label-schema.vendor"}} {{index .Config.Labels "com.docker.compose.service"}}')" 'dokku vector'
	run dokku logs:vector-logs --num 1
	assert_output --partial '-----> Vector container logs'
	run dokku logs:vector-logs
	assert_line '       got --config /etc/vector/vector.json --watch-config'
	assert_line '       to-stderr'
	# What is set reaches the one that runs.
	dokku logs:set one vector-sink 'console://?a=1'
	assert_equal "$(docker_lab exec "$NAME" cat /etc/vector/vector.json)" "$(cat "$CONFIG")"
	dokku logs:set one vector-sink
	# Another start changes nothing until something is set, also when it was stopped.
	id=$(format '{{.Id}}')
	docker_lab stop -t 1 "$NAME" >/dev/null
	run dokku logs:vector-logs
	assert_line ' !     Vector container is not running'
	dokku logs:vector-start
	assert_equal "$(format '{{.Id}} {{.State.Running}}')" "$id true"
	docker_lab network create "$LABEL-a" >/dev/null
	docker_lab network create "$LABEL-b" >/dev/null
	dokku logs:set --global vector-networks "$LABEL-a,$LABEL-b"
	dokku logs:vector-start
	[ "$(format '{{.Id}}')" != "$id" ]
	assert_equal "$(format '{{range $name, $_ := .NetworkSettings.Networks}}{{$name}} {{end}}')" "$LABEL-a $LABEL-b "
	run dokku logs:vector-stop
	assert_success
	assert_line '=====> Stopping and removing vector container'
	run ! docker_lab inspect "$NAME"
	run dokku logs:vector-stop
	assert_success
	dokku logs:set --global vector-networks
}

@test "an image that ends at once, or is nowhere, is a failure that says so (a stand-in image)" {
	stand_in "$LABEL/vector:broken" 'echo this is wrong; exit 78'
	run dokku logs:vector-start --vector-image "$LABEL/vector:broken"
	assert_failure 1
	assert_output --partial ' !     Vector container did not start properly, run logs:vector-logs for more details'
	run dokku logs:vector-logs
	assert_line '       this is wrong'
	dokku logs:vector-stop
	run dokku logs:vector-start --vector-image 127.0.0.1:1/absent:1
	assert_failure 1
	assert_output --partial ' !     Image 127.0.0.1:1/absent:1 is not on this machine and could not be pulled: '
	run dokku logs:vector-start --vector-image 'No Image'
	assert_failure 1
	assert_output --partial " !     Invalid vector-image value, 'No Image' is no image"
	run ! docker_lab inspect "$NAME"
}

@test "a stranger's container of that name is left alone; one of an older Dokku is removed by vector-stop" {
	docker_lab run -d --name "$NAME" --entrypoint sleep moorage-lab/busybox:1 1000 >/dev/null
	run dokku logs:vector-start --vector-image "$STAND_IN"
	assert_failure 1
	assert_output --partial "There is a container $NAME that does not belong to the compose project $LABEL-vector"
	dokku logs:vector-stop
	docker_lab inspect "$NAME" >/dev/null
	docker_lab rm -f "$NAME" >/dev/null
	docker_lab run -d --label dokku --name "$LABEL-vector" --entrypoint sleep moorage-lab/busybox:1 1000 >/dev/null
	run dokku logs:vector-start
	assert_failure 1
	assert_line " !     Vector container $LABEL-vector already exists in old format, run 'dokku logs:vector-stop' once to remove it"
	docker_lab update --restart no "$LABEL-vector" >/dev/null
	run dokku logs:vector-stop
	assert_success
	run ! docker_lab inspect "$LABEL-vector"
}

# proves effect: trigger vector-template-source
@test "a plugin's compose template is started instead (a stand-in image)" {
	cat >"$INST/lib/template" <<-'TEMPLATE'
		services:
		  vector:
		    image: "{{ $.VectorImage }}"
		    command: [own, "{{ $.DokkuLogsDir }}"]
		    volumes:
		      - "{{ $.DokkuLibRoot }}/data/logs:/own:ro"
		    {{- if $.VectorNetworks }}
		    networks:
		      {{- range $name := $.VectorNetworks }}
		      {{ $name }}: {}
		      {{- end }}
		    {{- else }}
		    network_mode: none
		    {{- end }}
	TEMPLATE
	install_plugin templates vector-template-source <<-'SCRIPT'
		#!/bin/sh
		echo "$DOKKU_LIB_ROOT/template"
	SCRIPT
	run dokku logs:vector-start --vector-image "$STAND_IN"
	assert_success
	assert_equal "$(format '{{.HostConfig.NetworkMode}} {{index .HostConfig.Binds 0}} {{join .Config.Cmd " "}}')" \
		"none $INST/lib/data/logs:/own:ro own $INST/logs"
	dokku logs:vector-stop
	echo 'services: [' >"$INST/lib/template"
	run dokku logs:vector-start
	assert_failure 1
	assert_output --partial 'The compose file of vector cannot be used'
	remove_plugin templates
	run ! docker_lab inspect "$NAME"
}
