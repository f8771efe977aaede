#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A machine with apps is backed up and lost; a bare one becomes what it was. The second machine is an
# instance of the same name, since apps mount folders by their paths.

load ../lab/helpers
load ../lab/apps

setup_file() {
	setup_instance --libexec "$BUILD/src/tools"
	KEEP=$(mktemp -d /tmp/moorage-backup.XXXXXX)
	export KEEP
	lab_shell
	lab_domain
	fill
	take >"$KEEP/before"
	ports="http_port=$HTTP_PORT https_port=$HTTPS_PORT"
	export ports
	dokku backup:export --file - >"$KEEP/small.tar.zst"
	dokku backup:export --include-images --include-volumes --file - >"$KEEP/full.tar.zst"
}

setup() {
	# shellcheck disable=SC1091
	[ ! -e "$KEEP/machine" ] || . "$KEEP/machine"
}

teardown_file() {
	teardown_instance
	port_owner free
	docker_lab volume rm -f "$LABEL-volume" >/dev/null 2>&1
	rm -rf "$KEEP"
}

fill() {
	local id
	http_app "$KEEP/web" v1
	printf 'web: http-server\nworker: http-server\n' >"$KEEP/web/Procfile"
	git_commit "$KEEP/web" procfile
	dokku apps:create web
	dokku config:set --no-restart web 'SECRET=a b'
	dokku network:create "$LABEL-net"
	dokku network:set web attach-post-deploy "$LABEL-net"
	as_dokku mkdir -p "$INST/lib/data/storage/web"
	dokku docker-options:add web deploy "-v $INST/lib/data/storage/web:/data -v $LABEL-volume:/volume"
	dokku ps:scale --skip-deploy web web=2 worker=1
	dokku domains:add web www.example.test
	# Else its checks take ten seconds in each deploy.
	dokku checks:skip web worker
	git_push "$KEEP/web" web
	openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=www.example.test \
		-keyout "$KEEP/server.key" -out "$KEEP/server.crt" 2>/dev/null
	tar -C "$KEEP" -cf "$KEEP/cert.tar" server.key server.crt
	dokku certs:add web <"$KEEP/cert.tar"
	dokku apps:create idle
	dokku apps:clone --skip-deploy web stopped
	dokku docker-options:clear stopped
	dokku ps:rebuild stopped
	dokku ps:stop stopped
	id=$(web_container web)
	# As a database has them: for nobody but itself.
	docker_lab exec "$id" sh -c 'echo stored >/data/file && chown 999:999 /data/file && chmod 600 /data/file && mkdir -m 700 /data/dir && chown 999 /data/dir && echo kept >/volume/file'
}

# What people see of the apps, without what another machine's engine or clock makes different.
take() {
	local app
	for app in web idle stopped; do
		dokku config:export "$app"
		dokku ps:scale "$app"
		dokku domains:report "$app"
		dokku network:report "$app"
		dokku docker-options:report "$app"
		dokku certs:report "$app"
		dokku checks:report "$app"
		dokku ports:report "$app"
		dokku git:report "$app" --git-deploy-branch
	done | sed -e '/web listeners/d' -e 's/^ *//'
	dokku network:list --dokku-managed | grep -F "$LABEL" || true
}

# port_owner claim|free: the machine's ports are kept while there is no machine.
port_owner() {
	# shellcheck disable=SC1091
	(. "$TOP/tests/lab/common.bash" && case $1 in
		claim) for port in ${ports//[a-z_=]/}; do
			mkdir -p "$LAB_ROOT/.ports/$port" && echo "$KEEP" >"$LAB_ROOT/.ports/$port/owner"
		done ;;
		free) port_free "$KEEP" ;;
		esac)
}

# Everything is gone: the instance, its containers, images, networks; a bare one takes its place.
bare_machine() {
	local port
	port_owner claim
	teardown_instance
	docker_lab volume rm -f "$LABEL-volume" >/dev/null
	setup_instance --libexec "$BUILD/src/tools"
	# Every machine has the same ports; those of instances are made up.
	for port in $ports; do
		sed -i "s/^${port%=*}=.*/$port/" "$INST/instance.conf"
	done
	HTTPS_PORT=${ports##*=}
	# For the next test, which is a process of its own.
	printf 'HOLDER=%s\nHTTPS_PORT=%s\n' "$HOLDER" "$HTTPS_PORT" >"$KEEP/machine"
	lab_shell
	run docker_lab images -q "dokku-$LABEL/web"
	refute_output
}

answer() {
	in_instance curl -sSk --max-time 10 --resolve "www.example.test:$HTTPS_PORT:127.0.0.1" "https://www.example.test:$HTTPS_PORT/"
}

serves_as_before() {
	assert_equal "$(answer)" v1
	assert_equal "$(running_of web | grep -c '^web\.\(web\|worker\)\.[0-9]$')" 3
}

@test "an import builds and starts the apps; reports, answers and networks are what they were" {
	bare_machine
	run dokku backup:import - <"$KEEP/small.tar.zst"
	echo "$output"
	assert_success
	assert_output --partial 'App idle was not deployed'
	assert_output --partial 'App stopped stays stopped'
	take >"$KEEP/after"
	diff "$KEEP/before" "$KEEP/after"
	serves_as_before
	run containers_of stopped
	refute_output
	docker_lab network inspect "$LABEL-net" | jq -e --arg id "$(web_container web)" '.[0].Containers[$id]'
	assert_file_is "$INST/home/web/tls/server.crt" "$(cat "$KEEP/server.crt")"
	# The same key goes on working, and the same history.
	run ssh_dokku apps:list
	assert_line web
	run push_version "$KEEP/web" web v2
	assert_success
	assert_equal "$(answer)" v2
	set_version "$KEEP/web" v1
}

@test "with images and volumes nothing is built, and data is back with its owners" {
	bare_machine
	run dokku backup:import - <"$KEEP/full.tar.zst"
	echo "$output"
	assert_success
	refute_output --partial 'Building web'
	serves_as_before
	run docker_lab exec "$(web_container web)" sh -c 'cat /data/file /volume/file; ls -lnd /data/file /data/dir'
	assert_line stored
	assert_line kept
	assert_output --regexp '-rw------- +1 999 +999 .* /data/file'
	assert_output --regexp 'drwx------ +2 999 .* /data/dir'
	# Nothing of the copying is left.
	run docker_lab ps -aq --filter "name=moorage-backup"
	refute_output
	run docker_lab images -q "$LABEL.moorage-backup.copy"
	refute_output
	assert_equal "$(docker_lab image inspect "$(image_of web)" | jq -r '.[0].Config.Labels["com.moorage.instance"]')" "$LABEL"
}

@test "an import over running apps keeps them serving until the restored ones do" {
	before=$(web_container web)
	dokku config:set --no-restart web SECRET=newer
	# Every answer is the app's, from before the import to after it.
	(while [ ! -e "$KEEP/enough" ]; do answer || echo failed; echo; done) >"$KEEP/answers" 2>&1 3>&- &
	wait_until 60 grep -q v1 "$KEEP/answers"
	run dokku --force backup:import - --app web <"$KEEP/full.tar.zst"
	touch "$KEEP/enough"
	wait
	echo "$output"
	assert_success
	assert_equal "$(grep -v '^$' "$KEEP/answers" | sort -u)" v1
	[ "$(web_container web)" != "$before" ]
	assert_equal "$(dokku config:get web SECRET)" 'a b'
}

@test "a kill while an app is started: the next import completes it" {
	bare_machine
	mkdir -p "$INST/lib/data/moorage"
	echo "import 9 effect" >"$INST/lib/data/moorage/fault"
	chown -R --reference "$INST/home" "$INST/lib"
	run dokku backup:import - <"$KEEP/small.tar.zst"
	assert_failure 137
	refute_file_exists "$INST/lib/data/moorage/fault"
	assert_file_exists "$INST/lib/data/moorage/operations/(backup).journal"
	run dokku backup:import - <"$KEEP/small.tar.zst"
	echo "$output"
	assert_success
	assert_output --partial 'The interrupted import is complete'
	serves_as_before
	take >"$KEEP/after"
	diff "$KEEP/before" "$KEEP/after"
	refute_file_exists "$INST/lib/data/moorage/import"
}
