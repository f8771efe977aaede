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
	export CONFIG=$INST/lib/data/logs/vector.json NAME=$LABEL.vector-vector-1 STAND_IN=$LABEL/vector:1
	stand_in "$STAND_IN" 'echo got "$0" "$@"; echo to-stderr >&2; sleep 1000 & trap "kill $!; exit" TERM; wait'
	for app in one two.example; do
		dokku apps:create "$app"
	done
}

teardown_file() {
	docker_lab ps -aq --filter "name=^/$LABEL\." | xargs -r "${MOORAGE_TEST_DOCKER:-/usr/bin/docker}" \
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
	assert_output '=====> Starting vector container
       Ensuring vector configuration exists
       Starting vector container
       Waiting for 10 seconds
       Vector container is running'
	assert_equal "$(format '{{.HostConfig.RestartPolicy.Name}} {{.HostConfig.NetworkMode}} {{.Config.Image}}')" "unless-stopped bridge $STAND_IN"
	assert_equal "$(format '{{range .HostConfig.Binds}}{{.}} {{end}}')" \
		"$INST/lib/data/logs:/etc/vector:rw $ENGINE_SOCKET:/var/run/docker.sock:ro $INST/logs/apps:/var/log/dokku/apps:rw "
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
	assert_output '=====> Stopping and removing vector container'
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
	assert_output --partial ' !     The image 127.0.0.1:1/absent:1 is not here and cannot be pulled: '
	assert_output --partial 'logs:set --global vector-image <image>'
	run ! docker_lab inspect "$NAME"
}

@test "a stranger's container of that name is left alone; one of an older Dokku is removed by vector-stop" {
	docker_lab run -d --name "$NAME" --entrypoint sleep moorage-lab/busybox:1 1000 >/dev/null
	for command in logs:vector-start logs:vector-stop; do
		run dokku "$command"
		assert_failure 1
		assert_output --partial "There is a container $NAME that was not made for log shipping"
	done
	docker_lab rm -f "$NAME" >/dev/null
	docker_lab run -d --label dokku --name "$LABEL.vector" --entrypoint sleep moorage-lab/busybox:1 1000 >/dev/null
	run dokku logs:vector-start
	assert_failure 1
	assert_line " !     Vector container $LABEL.vector already exists in old format, run 'dokku logs:vector-stop' once to remove it"
	docker_lab update --restart no "$LABEL.vector" >/dev/null
	run dokku logs:vector-stop
	assert_success
	run ! docker_lab inspect "$LABEL.vector"
}

# proves stand-in: trigger vector-template-source
@test "a plugin's compose template is started by the compose program (a stand-in for it)" {
	printf 'image: "{{ $.VectorImage }}"\nlib: {{ $.DokkuLibRoot }} {{ $.DokkuLogsDir }}\nnetworks:{{ range $name := $.VectorNetworks }} {{ $name }}{{ end }}\n' \
		>"$INST/lib/template"
	install_plugin templates vector-template-source <<-'SCRIPT'
		#!/bin/sh
		echo "$DOKKU_LIB_ROOT/template"
	SCRIPT
	cat >"$INST/docker-compose-stand-in" <<-SCRIPT
		#!/bin/sh
		[ "\$1" = compose ] || exec /usr/bin/docker "\$@"
		echo "\$*" >>$INST/lib/compose-args
		case \$* in
		*' up '*) cat "\$3" >$INST/lib/compose-file ;;
		esac
	SCRIPT
	chmod 755 "$INST/docker-compose-stand-in"
	sed -i.orig "s#^docker_bin=.*#docker_bin=$INST/docker-compose-stand-in#" "$INST/instance.conf"
	run dokku logs:vector-start --vector-image an/image:2
	# What it should have started is looked for.
	assert_failure 1
	assert_line ' !     Vector container did not start properly, run logs:vector-logs for more details'
	run dokku logs:vector-stop
	assert_success
	mv "$INST/instance.conf.orig" "$INST/instance.conf"
	remove_plugin templates
	assert_file_is "$INST/lib/compose-file" "image: \"an/image:2\"
lib: $INST/lib $INST/logs
networks:"
	file=$INST/lib/data/moorage/vector-compose.yml
	assert_file_is "$INST/lib/compose-args" "compose version
compose --file $file --project-name $LABEL-vector up --detach --quiet-pull
compose version
compose --file $file --project-name $LABEL-vector down --remove-orphans"
	refute_file_exists "$file"
}
