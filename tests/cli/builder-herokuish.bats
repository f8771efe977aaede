#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Builds without a Dockerfile, in an image that keeps herokuish's contract. The stack here is a
# stand-in (tests/fixtures/images/contract) that runs the source's bin/compile.

bats_require_minimum_version 1.5.0
load ../lab/helpers
load ../lab/apps

setup_file() {
	setup_instance
	"$LAB" images busybox contract
	lab_domain
	stack moorage-lab/contract:1
	# The same stack, but for what it says of variables.
	docker_lab build -q -t "$LABEL-clean" --label com.moorage.stack-env=runtime - <<<'FROM moorage-lab/contract:1' >/dev/null
	make_app base
	dokku config:set --no-restart base TOKEN=s3cret-of-base
	push_base
}

push_base() {
	git_push "$BATS_FILE_TMPDIR/base" base
}

teardown_file() {
	docker_lab volume ls -q --filter "label=com.moorage.instance=$LABEL" | xargs -r docker volume rm -f >/dev/null || true
	docker_lab rmi -f "$LABEL-clean" >/dev/null || true
	teardown_instance
}

# stack IMAGE [APP]: the stack of builds of all apps, or of one.
stack() {
	local dir=$INST/lib/config/buildpacks/${2:---global}
	as_dokku mkdir -p "$dir"
	printf %s "$1" | as_dokku tee "$dir/stack" >/dev/null
}

# make_app APP: its source is in $BATS_FILE_TMPDIR/APP. Each build writes down in the cache what it
# was given.
make_app() {
	local dir=$BATS_FILE_TMPDIR/$1
	mkdir -p "$dir/bin"
	cat >"$dir/bin/compile" <<-'COMPILE'
		#!/bin/bash
		set -e
		echo "compile $*"
		echo x >>"$2/count"
		rm -rf "$2/record"
		mkdir -p "$2/record"
		env >"$2/record/env"
		id -un >"$2/record/user"
		cp -r "$3" "$2/record/env.d"
		cp /app/.env "$2/record/dotenv"
		ls -A "$1" >"$2/record/files"
		wc -l <"$2/count" >"$1/VERSION"
		mkdir -p "$1/.profile.d"
		echo 'export FROM_PROFILE=yes' >"$1/.profile.d/pack.sh"
		[ -f "$1/Procfile" ] || echo 'web: /bin/http-server' >"$1/Procfile"
	COMPILE
	chmod +x "$dir/bin/compile"
	git_app "$dir"
	dokku apps:create "$1" >/dev/null
	dokku checks:skip "$1" >/dev/null
}

# build_only APP: pushes make an image and start nothing.
build_only() {
	dokku ps:set "$1" skip-deploy true >/dev/null
}

# commit APP FILE TEXT
commit() {
	mkdir -p "$(dirname "$BATS_FILE_TMPDIR/$1/$2")"
	printf %s "$3" >"$BATS_FILE_TMPDIR/$1/$2"
	git_commit "$BATS_FILE_TMPDIR/$1" "$2"
}

push() {
	git_push "$BATS_FILE_TMPDIR/$1" "$1"
}

# recorded APP: the folder with what its last build was given.
recorded() {
	local id
	rm -rf "$BATS_TEST_TMPDIR/record"
	id=$(docker_lab create -v "$LABEL.cache-$1:/c" moorage-lab/busybox:1 true)
	docker_lab cp "$id:/c/record" "$BATS_TEST_TMPDIR/" >/dev/null
	docker_lab rm "$id" >/dev/null
	echo "$BATS_TEST_TMPDIR/record"
}

# image APP FORMAT
image() {
	docker_lab image inspect -f "$2" "$(image_of "$1")"
}

layers() {
	image "$1" '{{len .RootFS.Layers}}'
}

image_has() { # APP TEXT: anywhere in its image, the layers and settings
	docker_lab save "$(image_of "$1")" | grep -qa -- "$2"
}

# What builds leave behind when they do not end well.
containers_of_builds() {
	docker_lab ps -aq --filter "label=com.moorage.instance=$LABEL" --filter label=com.moorage.task=build
}

# The flags for builds are what docker-args-build gives.
@test "a build is given the config, the flags for builds, the cache and a user" {
	local app=given record
	make_app $app
	build_only $app
	stack "$LABEL-clean" $app
	printf 'SOURCE=own\n\n' >"$BATS_FILE_TMPDIR/$app/.env"
	echo '*' >"$BATS_FILE_TMPDIR/$app/.dockerignore"
	commit $app other x
	dokku config:set --no-restart $app "TOKEN=config-s3cret" "TWO=a 'b' \"c\""
	dokku docker-options:add $app build '--env=GIVEN=flag-s3cret' --label=mine=yes
	dokku resource:limit --process-type build --memory 256m $app
	install_plugin seen post-container-create <<-'SCRIPT'
		#!/bin/sh
		[ "$4" != build ] || docker inspect -f '{{.HostConfig.Memory}} {{.Config.Labels.mine}} {{.Config.Env}}' "$2" >"$DOKKU_LIB_ROOT/seen"
	SCRIPT
	run push $app
	remove_plugin seen
	assert_success
	assert_output --partial "-----> Building $app from $LABEL-clean"
	assert_output --partial "Using stack $LABEL-clean because the app's property 'stack' says so"
	assert_output --partial "compile /tmp/build /cache /tmp/env"
	record=$(recorded $app)
	assert_file_is "$record/user" herokuishuser
	assert_file_is "$record/env.d/TOKEN" config-s3cret
	assert_file_is "$record/env.d/TWO" "a 'b' \"c\""
	assert_equal "$(wc -c <"$record/env.d/TOKEN")" 13
	refute_file_exists "$record/env.d/GIVEN"
	assert_file_is "$record/env.d/CURL_TIMEOUT" 600
	assert_equal "$(dokku config:get --global CURL_CONNECT_TIMEOUT)" 90
	assert_equal "$(head -n 2 "$record/dotenv")" 'SOURCE=own
CURL_CONNECT_TIMEOUT=90'
	grep -qx 'TOKEN="config-s3cret"' "$record/dotenv"
	grep -qx 'GIVEN=flag-s3cret' "$record/env"
	grep -qx 'CACHE_PATH=/cache' "$record/env"
	grep -qx 'USER=herokuishuser' "$record/env"
	run ! grep -x .dockerignore "$record/files"
	# Limits and other flags are the container's own; variables of flags are not.
	assert_equal "$(cut -d' ' -f1,2 "$INST/lib/seen")" '268435456 yes'
	run ! grep GIVEN "$INST/lib/seen"
	# The image has the source's .env and nothing of the rest, in no layer.
	assert_equal "$(docker_lab run --rm --entrypoint cat "$(image_of $app)" /app/.env)" SOURCE=own
	run ! image_has $app s3cret
	assert_equal "$(docker_lab run --rm --entrypoint find "$(image_of $app)" /tmp -mindepth 1)" /tmp/env
	assert_equal "$(image $app '{{.Config.User}} {{.Config.WorkingDir}} {{json .Config.Cmd}}')" 'herokuishuser /app ["/start","web"]'
	assert_equal "$(image $app '{{index .Config.Labels "com.dokku.image-stage"}} {{index .Config.Labels "com.dokku.builder-type"}} {{index .Config.Labels "com.dokku.app-name"}}')" "release herokuish $app"
	assert_file_is "$INST/lib/config/ports/$app/map-detected" "http:$HTTP_PORT:5000"
	assert_equal "$(containers_of_builds)" ''
	# The next build finds the cache.
	commit $app other y
	dokku --trace ps:rebuild $app >/dev/null 2>&1
	record=$(recorded $app)
	grep -qx 'BUILDPACK_XTRACE=1' "$record/env"
	assert_equal "$(docker_lab run --rm --entrypoint cat "$(image_of $app)" /app/VERSION)" 2
	run ! image_has $app BUILDPACK_XTRACE
	assert_equal "$(docker_lab volume inspect -f '{{index .Labels "com.dokku.app-name"}} {{index .Labels "com.dokku.builder-type"}}' "$LABEL.cache-$app")" "$app herokuish"
	dokku --force apps:destroy $app
	run ! docker_lab volume inspect "$LABEL.cache-$app"
}

@test "a release puts the variables of now into the image, always on top of what was built" {
	local first
	assert_http "$(host_of base)" / 200 1
	first=$(layers base)
	run dokku run base env
	assert_line TOKEN=s3cret-of-base
	assert_line FROM_PROFILE=yes
	assert_line HOME=/app
	dokku config:set base TOKEN=changed NEW='two words'
	dokku config:set base MORE=1
	assert_equal "$(layers base)" "$first"
	# Values that are gone are gone from the image as well.
	run ! image_has base s3cret-of-base
	image_has base "export TOKEN='changed'"
	run docker_lab run --rm --entrypoint stat "$(image_of base)" -c '%U %a %n' /app/.profile.d/00-global-env.sh /app/.profile.d/01-app-env.sh /app/.profile.d
	assert_output 'herokuishuser 600 /app/.profile.d/00-global-env.sh
herokuishuser 600 /app/.profile.d/01-app-env.sh
herokuishuser 755 /app/.profile.d'
	assert_equal "$(image base '{{.Config.User}} {{index .Config.Labels "com.dokku.image-stage"}}')" 'herokuishuser release'
	image base '{{.Config.Env}}' | grep -w 'HEROKUISH_SETUIDGUID=false'
	run dokku run base printenv NEW
	assert_output 'two words'
	# A clone has an image of its own, which its releases begin with.
	dokku apps:clone base twin >/dev/null
	dokku ps:set twin skip-deploy true
	dokku config:set twin TOKEN=of-twin
	first=$(layers twin)
	dokku config:set twin TOKEN=again
	assert_equal "$(layers twin)" "$first"
	assert_equal "$(dokku run twin printenv TOKEN)" again
	assert_equal "$(dokku run base printenv TOKEN)" changed
	dokku --force apps:destroy twin
}

# proves effect: property ps/start-cmd
@test "process types, enter, cron and other commands go through /start and /exec" {
	commit base Procfile $'web: /bin/http-server\nworker: echo worker as $(id -un) in $PWD; exec sleep 1000\n'
	commit base app.json '{ "cron": [ { "command": "printenv FROM_PROFILE", "schedule": "0 0 1 1 *" } ] }'
	push base
	dokku ps:scale base worker=1
	assert_equal "$(docker_lab inspect -f '{{json .Config.Cmd}}' "$(cat "$INST/home/base/CONTAINER.worker.1")")" '["/start","worker"]'
	worker_spoke() {
		dokku logs base --ps worker --quiet | grep -q 'worker as herokuishuser in /app'
	}
	wait_until 60 worker_spoke
	run dokku enter base web printenv FROM_PROFILE
	assert_output yes
	run dokku enter base web id -un
	assert_output herokuishuser
	run dokku cron:run base "$(dokku cron:list base --format json | jq -r '.[0].id')"
	assert_output yes
	dokku ps:set base start-cmd '/exec sh -c "exec /bin/http-server"'
	dokku ps:restart base web
	assert_equal "$(docker_lab inspect -f '{{json .Config.Cmd}}' "$(web_container base)")" '["/exec","sh","-c","exec /bin/http-server"]'
	dokku ps:set base start-cmd
	dokku ps:scale base worker=0
}

@test "scripts of app.json and the Procfile run in the app, with its profile, as its user" {
	local first
	commit base Procfile $'web: /bin/http-server\nrelease: pwd && printenv FROM_PROFILE\n'
	commit base app.json '{ "scripts": { "dokku": {
		"predeploy": "echo predeploy $FROM_PROFILE as $(id -un) $TOKEN; date >>made; wc -l <made >VERSION",
		"postdeploy": "echo postdeploy $FROM_PROFILE in $PWD; ls /tmp/cache" } } }'
	run push base
	assert_success
	assert_output --partial 'predeploy yes as herokuishuser '
	assert_output --regexp $'release task \\([0-9a-f]+\\) output[^/]*/app[^=]*yes'
	assert_output --partial 'postdeploy yes in /app'
	assert_output --regexp 'postdeploy yes in /app.*count.*record'
	assert_http "$(host_of base)" / 200 1
	first=$(layers base)
	# Each release runs it on what was built, not on what it left the last time.
	dokku config:set base OTHER=1
	assert_http "$(host_of base)" / 200 1
	assert_equal "$(layers base)" "$first"
	assert_equal "$(image base '{{index .Config.Labels "com.dokku.predeploy-phase"}} {{.Config.User}}')" 'true herokuishuser'
	lab_git -C "$BATS_FILE_TMPDIR/base" rm -q app.json
	commit base Procfile $'web: /bin/http-server\n'
}

@test "a failing build says so, and nothing of it stays" {
	local before
	before=$(image base '{{.Id}}')
	cp "$BATS_FILE_TMPDIR/base/bin/compile" "$BATS_TEST_TMPDIR/"
	commit base bin/compile $'#!/bin/bash\necho reason-of-failure >&2\nexit 7\n'
	run push base
	assert_failure
	assert_output --partial reason-of-failure
	assert_output --partial 'App build failed'
	assert_output --partial 'exit code 7'
	assert_equal "$(image base '{{.Id}}')" "$before"
	assert_equal "$(containers_of_builds)" ''
	assert_http "$(host_of base)" / 200
	cp "$BATS_TEST_TMPDIR/compile" "$BATS_FILE_TMPDIR/base/bin/"
	git_commit "$BATS_FILE_TMPDIR/base" again
}

@test "a build that is called off leaves no container, no image and no volume without a name" {
	local before volumes
	before=$(image base '{{.Id}}')
	volumes=$(docker_lab volume ls -q | sort)
	cp "$BATS_FILE_TMPDIR/base/bin/compile" "$BATS_TEST_TMPDIR/"
	commit base bin/compile $'#!/bin/bash\necho now-building\nexec sleep 1000\n'
	in_instance GIT_CONFIG_GLOBAL="$GIT_CONFIG_GLOBAL" GIT_SSH_COMMAND="$GIT_SSH_COMMAND" \
		git -C "$BATS_FILE_TMPDIR/base" push ssh://dokku@lab/base master:master </dev/null >"$BATS_TEST_TMPDIR/push" 2>&1 3>&- &
	wait_until 60 grep -q now-building "$BATS_TEST_TMPDIR/push"
	assert_equal "$(containers_of_builds | wc -l)" 1
	run dokku builds:cancel base
	assert_success
	run ! wait $!
	wait_until 60 test ! -e "$INST/lib/data/moorage/operations/base.journal"
	assert_equal "$(containers_of_builds)" ''
	assert_equal "$(image base '{{.Id}}')" "$before"
	gone() {
		[ -z "$(docker_lab ps -aq --filter volume="$LABEL.cache-base" --filter label=com.moorage.task=build)" ]
	}
	gone
	# Other tests make volumes as well: what is new must not be one that was this build's.
	for volume in $(comm -13 <(echo "$volumes") <(docker_lab volume ls -q | sort)); do
		run ! docker_lab run --rm -v "$volume:/v" moorage-lab/busybox:1 grep -rq changed /v/TOKEN
	done
	cp "$BATS_TEST_TMPDIR/compile" "$BATS_FILE_TMPDIR/base/bin/"
	git_commit "$BATS_FILE_TMPDIR/base" again
}

# proves stand-in: trigger builder-create-dokku-image, trigger builder-dokku-image, trigger pre-build-buildpack, trigger post-build-buildpack, trigger pre-release-buildpack
@test "plugins: another image, a change of the source's image, and the order" {
	local app=plugins
	make_app $app
	build_only $app
	install_plugin hooks builder-create-dokku-image builder-dokku-image pre-build-buildpack pre-build \
		post-container-create post-build-buildpack post-build pre-release-buildpack pre-release-builder <<-SCRIPT
		#!/bin/sh
		name=\$(basename "\$0")
		echo "\$name \$*" >>"\$DOKKU_LIB_ROOT/hooks"
		case \$name in
		builder-dokku-image) echo "$LABEL-clean" ;;
		pre-build)
			id=\$(docker run -d "dokku-$LABEL/\$2:latest" sh -c 'test -f /app/bin/compile && echo plugin >/added')
			docker wait "\$id" >/dev/null
			docker commit "\$id" "dokku-$LABEL/\$2:latest" >/dev/null
			docker rm "\$id" >/dev/null
			;;
		esac
	SCRIPT
	run push $app
	remove_plugin hooks
	assert_success
	assert_output --partial "Using stack $LABEL-clean because a plugin says so"
	assert_output --partial "Deprecated: please upgrade plugin to use 'pre-build' plugin trigger instead of pre-build-buildpack"
	assert_equal "$(sed -E 's, /[^ ]*/source[^ ]*, DIR,; s,/tmp/[^ ]+,DIR,; s/ [0-9a-f]{64} / ID /' "$INST/lib/hooks")" \
		"builder-create-dokku-image herokuish $app DIR moorage-lab/contract:1
builder-dokku-image herokuish $app DIR moorage-lab/contract:1
pre-build-buildpack $app DIR
pre-build herokuish $app DIR
post-container-create app ID $app build
post-build-buildpack $app DIR
post-build herokuish $app DIR
pre-release-buildpack $app latest
pre-release-builder herokuish $app $(image_of $app)"
	assert_equal "$(docker_lab run --rm --entrypoint cat "$(image_of $app)" /added)" plugin
	assert_equal "$(image $app '{{index .Config.Labels "com.dokku.image-stage"}}')" release
	dokku --force apps:destroy $app
}

@test "DOKKU_APP_USER is who builds and runs; one that the stack has not is named" {
	local app=user
	make_app $app
	build_only $app
	dokku config:set --no-restart $app DOKKU_APP_USER=nobody-here
	run push $app
	assert_failure
	assert_output --partial "There is no user 'nobody-here' in the image moorage-lab/contract:1"
	dokku config:set --no-restart $app DOKKU_APP_USER=other
	# A flag that only the docker program knows how to follow.
	dokku docker-options:add $app build --platform=linux/amd64
	commit $app x x
	push $app
	assert_file_is "$(recorded $app)/user" other
	run docker_lab run --rm --entrypoint stat "$(image_of $app)" -c %U /app/bin/compile /app/.profile.d/01-app-env.sh
	assert_output 'other
other'
	assert_equal "$(image $app '{{.Config.User}}')" other
	dokku --force apps:destroy $app
}

@test "which stack: what is set is used as it is, and why is said" {
	local app=stacks
	make_app $app
	build_only $app
	dokku config:set --no-restart $app DOKKU_IMAGE=localhost:1/not/here:1
	rm "$INST/lib/config/buildpacks/--global/stack"
	run push $app
	assert_failure
	assert_output --partial 'Deprecated: use buildpacks:set-property instead of specifying DOKKU_IMAGE'
	assert_output --partial 'The stack localhost:1/not/here:1 cannot be pulled'
	assert_output --partial "buildpacks:set-property $app stack <image>"
	assert_output --partial stack:build
	# The global property counts for more, the app's for most.
	stack moorage/stack:debian-0
	commit $app x 1
	run push $app
	assert_failure
	assert_output --partial "The stack moorage/stack:debian-0 is not on this machine; make it with 'stack:build'"
	stack moorage-lab/contract:1
	stack "$LABEL-clean" $app
	commit $app x 2
	run push $app
	assert_success
	refute_output --partial Deprecated
	assert_output --partial "Using stack $LABEL-clean because the app's property"
	dokku --force apps:destroy $app
}

# proves effect: command builder-herokuish:set, property builder-herokuish/allowed, trigger builder-herokuish-allowed
@test "allowed: the answer to those who ask whether herokuish may build" {
	allowed() {
		in_instance MOORAGE_INSTANCE="$INST/instance.conf" "$INST/prog/plugn" trigger builder-herokuish-allowed base
	}
	[ "$(uname -m)" = x86_64 ] || skip "the default is another one here"
	allowed
	dokku builder-herokuish:set --global allowed false
	run -1 allowed
	dokku builder-herokuish:set base allowed true
	allowed
	dokku builder-herokuish:set base allowed
	dokku builder-herokuish:set --global allowed
	allowed
	dokku builder-herokuish:set base allowed false
	dokku apps:clone --skip-deploy base copy
	assert_equal "$(dokku builder-herokuish:report copy --builder-herokuish-allowed)" false
	dokku apps:rename --skip-deploy copy other
	assert_equal "$(dokku builder-herokuish:report other --builder-herokuish-allowed)" false
	dokku --force apps:destroy other
	refute_file_exists "$INST/lib/config/builder-herokuish/other"
	dokku builder-herokuish:set base allowed
}
