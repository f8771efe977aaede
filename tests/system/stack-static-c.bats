#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# examples/static and examples/c pushed as they are, and buildpacks from elsewhere, built by the stack.

bats_require_minimum_version 1.5.0
load ../lab/helpers
load ../lab/apps

SECRET=s3cr3t-of-the-app

setup_file() {
	setup_instance
	"$LAB" images stack
	lab_domain
	dokku buildpacks:set-property --global stack moorage-lab/stack:12 >/dev/null
	for app in static c; do
		cp -r "$TOP/examples/$app" "$BATS_FILE_TMPDIR/$app"
		git_app "$BATS_FILE_TMPDIR/$app"
	done
}

teardown_file() {
	teardown_instance
}

setup() {
	STATIC=$BATS_FILE_TMPDIR/static
	C=$BATS_FILE_TMPDIR/c
}

# in_image APP COMMAND
in_image() {
	docker_lab run --rm --network none --entrypoint sh "$(docker_lab inspect -f '{{.Image}}' "$(web_container "$1")")" -c "$2"
}

headers() { # APP PATH
	curl -sS -o /dev/null -D - --compressed -H "Host: $(host_of "$1")" "http://127.0.0.1:$HTTP_PORT$2" | tr -d '\r'
}

@test "a static site is served from the folder that static.json names, by nginx without root" {
	run -0 git_push "$STATIC" static
	assert_output --partial '-----> Static site app detected'
	assert_output --partial '-----> Serving site with nginx'
	assert_output --partial 'Default types for Static site -> web'
	http_body_has static / '<h1>Hello from a static site</h1>'
	run -0 docker_lab exec "$(web_container static)" sh -c 'cat /proc/[0-9]*/status'
	refute_output --regexp $'Uid:\t0\t'
	# No shell stays in between, so that signals reach the server.
	run -0 docker_lab top "$(web_container static)" -o pid,comm
	assert_output --partial nginx
	refute_output --partial bash
}

http_body_has() { # APP PATH TEXT
	local body
	body=$(http_get "$(host_of "$1")" "$2")
	[[ $body == *"$3"* ]] || {
		echo "$body"
		return 1
	}
}

@test "static.json's settings hold: clean addresses, a redirect, a header, a page for errors; its own files stay hidden" {
	http_body_has static /about '<h1>About this site</h1>'
	http_body_has static /nothing '<h1>There is no such page</h1>'
	run -0 headers static /nothing
	assert_line 'HTTP/1.1 404 Not Found'
	run -0 headers static /old
	assert_line 'Location: /about'
	run -0 headers static /
	assert_line 'X-Frame-Options: DENY'
	assert_line 'Cache-Control: no-cache'
	run -0 headers static /css/site.3f2a91bc.css
	assert_line 'Cache-Control: public, max-age=31536000, immutable'
	run -0 headers static /.release
	assert_line 'HTTP/1.1 404 Not Found'
}

@test "a broken static.json ends the push with where to look, and the app goes on" {
	echo '{ "root": "site", }' >"$STATIC/static.json"
	git_commit "$STATIC" 'a comma too much'
	run ! git_push "$STATIC" static
	assert_output --partial 'static.json cannot be read'
	assert_output --regexp 'line 1'
	http_body_has static / '<h1>Hello from a static site</h1>'
}

@test "C sources are compiled by the Makefile, and the program web is started" {
	dokku apps:create c >/dev/null
	dokku config:set c API_TOKEN="$SECRET" >/dev/null
	run -0 git_push "$C" c
	assert_output --partial '-----> C (Make) app detected'
	assert_output --partial 'Compiled: 2 files, from the cache: 0'
	assert_output --partial 'Default types for C (Make) -> web'
	assert_http "$(host_of c)" / 200 'Hello from C'
	run -0 docker_lab top "$(web_container c)" -o pid,comm,uid
	assert_output --regexp 'web +32767'
	refute_output --partial bash
	run -0 docker_lab image inspect "$(docker_lab inspect -f '{{.Image}}' "$(web_container c)")"
	refute_output --partial "$SECRET"
	run -1 in_image c "grep -rsl '$SECRET' /app /tmp /var /etc /home | grep ."
}

@test "a second push compiles only what has changed" {
	sed -i 's/Hello from C/Hello again/' "$C/page.c"
	git_commit "$C" 'another greeting'
	run -0 git_push "$C" c
	assert_output --partial 'Compiled: 1 files, from the cache: 1'
	assert_http "$(host_of c)" / 200 'Hello again'
}

@test "config, scale and one-off commands work on the same image, without a build" {
	local image
	image=$(docker_lab inspect -f '{{.Image}}' "$(web_container c)")
	dokku ps:scale --skip-deploy c web=2 >/dev/null
	run -0 dokku config:set c GREETING=Ahoy
	refute_output --partial 'app detected'
	assert_equal "$(docker_lab inspect -f '{{.Image}}' "$(web_container c)")" "$image"
	assert_equal "$(running_of c | grep -cE '^c\.web\.[12]$')" 2
	assert_http "$(host_of c)" / 200 Ahoy
	run -0 dokku run c 'echo $GREETING $HOME; id -un'
	assert_line 'Ahoy /app'
	assert_line herokuishuser
	run -0 dokku run c ls web
	assert_line web
}

@test "a compiler's error names the app's line and the step that failed; the old release serves" {
	sed -i 's/int found =/int found/' "$C/page.c"
	git_commit "$C" 'a mistake'
	run ! git_push "$C" c
	assert_output --regexp 'page\.c:[0-9]+:[0-9]+: error'
	assert_output --partial 'Command failed (exit code 2): make'
	assert_output --regexp 'at line [0-9]+ of buildpacks/10_c/bin/compile'
	assert_http "$(host_of c)" / 200 Ahoy
}

# pack NAME: a buildpack's repository, served over the engine's network from this machine.
pack() {
	local dir=$BATS_FILE_TMPDIR/packs/$1
	mkdir -p "$dir/bin"
	printf '#!/bin/bash\necho %s\n' "$1" >"$dir/bin/detect"
	cat >"$dir/bin/compile"
	printf '#!/bin/bash\nprintf "default_process_types:\\n  web: %%s\\n" "bin/serve %s"\n' "$1" >"$dir/bin/release"
	chmod +x "$dir"/bin/*
	git -C "$dir" init -q -b main 2>/dev/null
	git -C "$dir" add -A
	git -C "$dir" commit -q -m pack
	git clone -q --bare "$dir" "$dir.git"
	git -C "$dir.git" update-server-info
}

@test "buildpacks from git: in order, with the config's files, a cache, what one exports to the next, and profile scripts" {
	local dir=$BATS_TEST_TMPDIR/app port address
	pack first <<-'PACK'
		#!/bin/bash
		set -e
		echo "-----> first with $(cat "$3/API_TOKEN" | wc -c) bytes of token as $(id -un)"
		echo x >>"$2/count"
		echo "build $(wc -l <"$2/count")"
		mkdir -p "$1/.profile.d"
		echo 'export SAID=profile' >"$1/.profile.d/first.sh"
		echo 'export MADE_BY=first' >"$(dirname "$0")/../export"
	PACK
	pack second <<-'PACK'
		#!/bin/bash
		set -e
		echo "second after $MADE_BY"
		[ ! -e "$1/broken" ] || false
	PACK
	address=$(docker_lab network inspect bridge -f '{{ (index .IPAM.Config 0).Gateway }}')
	port=$("$LAB" port "$LAB_NAME")
	python3 -m http.server -b "$address" -d "$BATS_FILE_TMPDIR/packs" "$port" >/dev/null 2>&1 3>&- &
	echo $! >"$BATS_FILE_TMPDIR/http.pid"
	wait_until 30 curl -sf -o /dev/null "http://$address:$port/first.git/HEAD"
	mkdir -p "$dir/bin"
	# What this app is for is only that it gets built and started.
	printf '#!/bin/bash\necho "$1 $SAID $PORT"; exec sleep 1000\n' >"$dir/bin/serve"
	chmod +x "$dir/bin/serve"
	git_app "$dir"
	dokku apps:create packs >/dev/null
	dokku checks:skip packs >/dev/null
	dokku config:set packs API_TOKEN="$SECRET" >/dev/null
	dokku buildpacks:add packs "http://$address:$port/first.git" >/dev/null
	dokku buildpacks:add packs "http://$address:$port/second.git#main" >/dev/null
	run -0 git_push "$dir" packs
	assert_output --partial "-----> first with ${#SECRET} bytes of token as herokuishuser"
	assert_output --partial 'build 1'
	assert_output --partial 'second after first'
	assert_output --partial 'Default types for second -> web'
	wait_until 60 said packs 'second profile 5000'
	touch "$dir/broken"
	git_commit "$dir" 'no more'
	run ! git_push "$dir" packs
	kill "$(<"$BATS_FILE_TMPDIR/http.pid")"
	assert_output --partial 'build 2'
	assert_output --regexp 'Failed at line 4 of .*/bin/compile: false'
	said packs 'second profile 5000'
}

said() { # APP LINE
	docker_lab logs "$(web_container "$1")" 2>&1 | grep -qxF "$2"
}
