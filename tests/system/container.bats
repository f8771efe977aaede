#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The whole of Moorage in a container beside the engine, with one folder that outlives it.

load ../lab/helpers
load machine

setup_file() {
	export ENGINE_SOCKET=${MOORAGE_LAB_SOCKET:-/var/run/docker.sock}
	MACHINE=$(machine_name)
	DIR=$(mktemp -d /tmp/moorage-container.XXXXXX)
	SSH=$(BATS_TEST_TMPDIR=$DIR claim_port) HTTP=$(BATS_TEST_TMPDIR=$DIR claim_port)
	export MACHINE DIR SSH HTTP
	"$LAB" images busybox container
	docker_lab image inspect moorage/busybox:1 >/dev/null 2>&1 ||
		docker_lab tag moorage-lab/busybox:1 moorage/busybox:1
	mkdir "$DIR/volume"
	ssh-keygen -q -t ed25519 -N '' -f "$DIR/key"
	cp -r "$TOP/examples/hello" "$DIR/hello"
	jq '.cron = [{ command: "true", schedule: "0 0 1 1 *" }]' "$TOP/examples/hello/app.json" >"$DIR/hello/app.json"
	git_app "$DIR/hello"
	start
	docker_lab exec -i "$MACHINE" dokku ssh-keys:add admin <"$DIR/key.pub"
}

teardown_file() {
	machine_down
	BATS_TEST_TMPDIR=$DIR free_ports
	rm -rf "${DIR:?}"
}

# start: a new container on the old volume, until it says that it is ready.
start() {
	docker_lab run -d --name "$MACHINE" -e MOORAGE_LABEL="$MACHINE" -e DOKKU_HOSTNAME=dokku.me \
		-p "127.0.0.1:$SSH:22" -p "127.0.0.1:$HTTP:80" -v "$DIR/volume:/mnt/dokku" \
		-v "$ENGINE_SOCKET:/var/run/docker.sock" moorage-lab/moorage:latest >/dev/null
	wait_until 120 is_healthy || {
		docker_lab logs "$MACHINE"
		return 1
	}
}

is_healthy() { docker_lab exec "$MACHINE" /usr/libexec/moorage/container healthy; }

# The first connection notes the host's key; from then on another one is refused.
client() {
	ssh -n -F none -i "$DIR/key" -o UserKnownHostsFile="$DIR/known" -o StrictHostKeyChecking=accept-new \
		-o BatchMode=yes -o LogLevel=ERROR -p "$SSH" dokku@127.0.0.1 "$@"
}

push() { # APP
	GIT_SSH_COMMAND="ssh -F none -i $DIR/key -o UserKnownHostsFile=$DIR/known -o StrictHostKeyChecking=accept-new -o BatchMode=yes" \
		git -C "$DIR/hello" push "ssh://dokku@127.0.0.1:$SSH/$1" master:master
}

answer() { # APP
	curl -sS --max-time 10 -w ' %{http_code}' -H "Host: $1.dokku.me" "http://127.0.0.1:$HTTP/"
}

says_stopping() { docker_lab logs "$MACHINE" | grep -q Stopping; }

app_host_config() { # APP FILTER
	docker_lab inspect "$(cat "$DIR/volume/home/dokku/$1/CONTAINER.web.1")" | jq -r ".[0].HostConfig | $2"
}

@test "an authorized key pushes over ssh and the app answers" {
	run push hello
	echo "$output"
	assert_success
	assert_output --partial 'http://hello.dokku.me'
	assert_equal "$(answer hello)" $'Hello from Moorage.\n 200'
	run client apps:list
	assert_line hello
	run ssh -tt -F none -i "$DIR/key" -o UserKnownHostsFile="$DIR/known" -o LogLevel=ERROR -p "$SSH" dokku@127.0.0.1 -- version
	assert_success
	assert_output --partial 'dokku version'
}

@test "a folder of the volume that an app mounts is the volume's, by the host's path" {
	run client storage:ensure-directory hello
	assert_success
	run client storage:mount hello /var/lib/dokku/data/storage/hello:/data
	assert_success
	echo kept >"$DIR/volume/var/lib/dokku/data/storage/hello/note"
	run client ps:rebuild hello
	assert_success
	assert_equal "$(app_host_config hello '.Binds[0]')" "$DIR/volume/var/lib/dokku/data/storage/hello:/data"
	run client run hello cat /data/note
	assert_success
	assert_output --partial kept
}

@test "nginx goes by what keeps it up: stop, start, reload" {
	run client nginx:stop
	assert_success
	run answer hello
	assert_failure
	run client nginx:start
	assert_success
	wait_until 30 is_healthy
	assert_equal "$(answer hello)" $'Hello from Moorage.\n 200'
	run client domains:add hello other.dokku.me
	assert_success
	assert_equal "$(answer other)" $'Hello from Moorage.\n 200'
}

@test "cron runs the jobs of user dokku" {
	# shellcheck disable=SC2016 # the job's variables
	docker_lab exec -i -u dokku "$MACHINE" crontab - <<<'* * * * * id -un >/home/dokku/cron-ran'
	assert_file_exists "$DIR/volume/var/spool/cron/crontabs/dokku"
	wait_until 90 test -s "$DIR/volume/home/dokku/cron-ran"
	assert_file_is "$DIR/volume/home/dokku/cron-ran" dokku
}

@test "docker stop undoes a push before the container ends; apps go on" {
	# A trigger holds the push where nothing has been switched yet.
	mkdir -p "$DIR/volume/var/lib/dokku/plugins/enabled/zz-hold"
	printf '#!/bin/sh\necho held\nwhile [ -e /mnt/dokku/held ]; do sleep 0.1; done\n' \
		>"$DIR/volume/var/lib/dokku/plugins/enabled/zz-hold/post-extract"
	chmod -R 755 "$DIR/volume/var/lib/dokku/plugins/enabled/zz-hold"
	touch "$DIR/volume/held"
	echo second >"$DIR/hello/index.html"
	git_commit "$DIR/hello"
	push hello >"$DIR/push.log" 2>&1 3>&- &
	wait_until 60 grep -q held "$DIR/push.log"
	docker_lab stop -t 120 "$MACHINE" >/dev/null 3>&- &
	wait_until 60 says_stopping
	rm "$DIR/volume/held"
	wait
	run docker_lab inspect -f '{{.State.ExitCode}}' "$MACHINE"
	assert_output 0
	run docker_lab logs "$MACHINE"
	assert_output --partial '-----> Stopped'
	assert_equal "$(ls -A "$DIR/volume/var/lib/dokku/data/moorage/operations")" ''
	rm -r "$DIR/volume/var/lib/dokku/plugins/enabled/zz-hold"
	run docker_lab inspect -f '{{.State.Running}}' "$(cat "$DIR/volume/home/dokku/hello/CONTAINER.web.1")"
	assert_output true
}

@test "a new container on the same volume serves, has the old host key and takes the same key's push" {
	docker_lab rm "$MACHINE" >/dev/null
	start
	assert_equal "$(answer hello)" $'Hello from Moorage.\n 200'
	run docker_lab exec -u dokku "$MACHINE" crontab -l
	assert_output --partial cron-ran
	known=$(cat "$DIR/known")
	run push hello
	echo "$output"
	assert_success
	assert_equal "$(cat "$DIR/known")" "$known"
	assert_equal "$(answer hello)" $'second\n 200'
	assert_equal "$(answer other)" $'second\n 200'
	run client ssh-keys:list
	assert_output --partial 'NAME="admin"'
	# A deploy writes the tasks of apps.
	run docker_lab exec -u dokku "$MACHINE" crontab -l
	assert_output --partial '0 0 1 1 *'
}

@test "a volume whose files have another owner's number is taken over, storage apart" {
	docker_lab rm -f "$MACHINE" >/dev/null
	chown -R 1234:1234 "$DIR/volume/home" "$DIR/volume/var/lib/dokku"
	chown 4321 "$DIR/volume/var/lib/dokku/data/storage/hello/note"
	start
	assert_equal "$(stat -c %u "$DIR/volume/home/dokku/.ssh/authorized_keys")" 200
	assert_equal "$(stat -c %u "$DIR/volume/var/lib/dokku/data/storage/hello/note")" 4321
	run client config:set --no-restart hello A=b
	assert_success
}

@test "folders that apps of Dokku's image mount from the host stay theirs, with a word on how to move them" {
	docker_lab rm -f "$MACHINE" >/dev/null
	mkdir -p "$DIR/volume/data/storage/hello"
	start
	run docker_lab logs "$MACHINE"
	assert_output --partial "move them to $DIR/volume/var/lib/dokku/data/storage"
	run client ps:rebuild hello
	assert_success
	assert_equal "$(app_host_config hello '.Binds[0]')" /var/lib/dokku/data/storage/hello:/data
	rm -r "$DIR/volume/data"
}

# without ARGS... : what a container that cannot work says before it ends.
without() {
	docker_lab rm -f "$MACHINE" >/dev/null 2>&1
	timeout 60 "${MOORAGE_TEST_DOCKER:-/usr/bin/docker}" -H "unix://$ENGINE_SOCKET" run --rm --name "$MACHINE" \
		"$@" moorage-lab/moorage:latest
}

@test "a socket that is missing, a folder, or deaf is said plainly" {
	run without
	assert_failure 1
	assert_output --partial "There is no engine's socket at /var/run/docker.sock"
	assert_output --partial '--volume /var/run/docker.sock:/var/run/docker.sock'
	mkdir "$DIR/folder"
	run without -v "$DIR/folder:/var/run/docker.sock"
	assert_failure 1
	assert_output --partial 'is no socket'
	python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$DIR/deaf"
	run without -v "$DIR/deaf:/var/run/docker.sock"
	assert_failure 1
	assert_output --partial 'No engine answers at /var/run/docker.sock'
}

@test "a filter in front of the engine that lets nothing be changed is said plainly (stand-in filter)" {
	python3 - "$DIR/filter" <<-'PY' 3>&- &
		import http.server, socketserver, sys
		class Filter(http.server.BaseHTTPRequestHandler):
		    def answer(self, status):
		        self.send_response(status)
		        self.send_header("Content-Length", "0")
		        self.end_headers()
		    def do_GET(self):
		        self.answer(200)
		    def do_POST(self):
		        self.answer(403)
		    def address_string(self):
		        return "client"
		socketserver.UnixStreamServer(sys.argv[1], Filter).serve_forever()
	PY
	filter=$!
	wait_until 30 test -S "$DIR/filter"
	run without -v "$DIR/filter:/var/run/docker.sock"
	kill "$filter"
	assert_failure 1
	assert_output --partial 'is read-only: a change is answered with HTTP status 403'
}
