#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# stack:*: what is made, when nothing is to be done, and what an interruption leaves. The stack here is
# a small one of its own, on the base that the big one lies on.

bats_require_minimum_version 1.5.0
load ../lab/helpers

setup_file() {
	setup_instance
	"$LAB" images busybox stack
	export NAME=small-$$
	# Scripts of its own, to be changed.
	[ -x "$INST/prog/share/stack/bin/herokuish" ]
}

teardown_file() {
	dokku --force stack:destroy "$NAME" >/dev/null 2>&1
	teardown_instance
}

build() {
	dokku stack:build --as "$NAME" --languages none "$@"
}

image_of() { # REPO
	docker_lab image inspect -f '{{ .Id }}' "moorage/$1:$NAME"
}

label_of() { # LABEL
	docker_lab image inspect -f "{{ index .Config.Labels \"$1\" }}" "moorage/stack:$NAME"
}

# Of a run of ours; those of others have other names.
nothing_left() {
	[ ! -e "$INST/lib/data/moorage/stack/$NAME" ]
	[ ! "$(docker_lab ps -aq --filter "name=^$LABEL.stack-build.")" ]
	[ ! "$(docker_lab images -q "moorage/stack-raw:$LABEL-$NAME")" ]
}

@test "unknown suites, languages, packages and names are refused with what there is" {
	run -1 dokku stack:build --suite potato
	assert_output " !     Unknown suite 'potato': there are 'bookworm' (debian-12) and 'trixie' (debian-13)"
	run -1 dokku stack:build --languages cobol
	assert_output --partial "The stack knows no language 'cobol', but c, go, nodejs, php, python, ruby, static"
	run -1 dokku stack:build --packages 'hello -o=x'
	assert_output --partial "'-o=x' is no name of a package"
	run -1 dokku stack:build --as ../x
	assert_output --partial "'../x' is no name for a stack"
	run -1 dokku stack:report "$NAME"
	assert_output --partial "There is no stack '$NAME'; stack:list shows what there is"
	run -1 dokku stack:destroy
	assert_output --partial 'Please specify the name of a stack'
}

@test "an interrupted build leaves nothing, neither image nor container nor folder" {
	local pid code=0
	EXEC='exec' in_instance "$INST/bin/dokku" stack:build --as "$NAME" --languages none --packages 'hello cowsay' >"$BATS_TEST_TMPDIR/out" 2>&1 3>&- &
	pid=$!
	wait_until 60 builds
	kill -INT "$pid"
	wait "$pid" || code=$?
	assert_equal "$code" 130
	assert_equal "$(tail -1 "$BATS_TEST_TMPDIR/out")" ' !     Interrupted by signal 2'
	nothing_left
	run ! image_of stack
	run ! image_of stack-packages
}

builds() {
	[ "$(docker_lab ps -q --filter "name=^$LABEL.stack-build.$NAME")" ]
}

@test "what a killed build left is removed by the next, which makes the image" {
	local pid code=0
	EXEC='exec' in_instance "$INST/bin/dokku" stack:build --as "$NAME" --languages none --packages 'hello cowsay' >/dev/null 2>&1 3>&- &
	pid=$!
	wait_until 60 builds
	kill -KILL "$pid"
	wait "$pid" || code=$?
	assert_equal "$code" 137
	as_dokku mkdir -p "$INST/lib/data/moorage/stack/$NAME/root"
	run ! image_of stack
	run -0 build --packages hello
	assert_line '       1 packages'
	assert_output --regexp "=====> moorage/stack:$NAME is made: [0-9.]+ MB, in [0-9]+ s"
	nothing_left
	run -0 docker_lab run --rm --network none "moorage/stack:$NAME" sh -c 'hello; id herokuishuser; ls -ld /build /start /exec /bin/herokuish'
	assert_line 'Hello, world!'
	assert_line 'uid=32767(herokuishuser) gid=32767(herokuishuser) groups=32767(herokuishuser)'
	assert_equal "$(label_of com.moorage.stack-env)" runtime
	assert_equal "$(label_of com.moorage.stack)" "$NAME"
}

@test "a second build does nothing, and one with changed scripts installs nothing" {
	local whole packages
	whole=$(image_of stack)
	packages=$(image_of stack-packages)
	run -0 build --packages hello
	assert_output "-----> The stack moorage/stack:$NAME is up to date
       Nothing to do; with --force it is made from the beginning, with the packages of today"
	assert_equal "$(image_of stack)" "$whole"
	echo '# changed' >>"$INST/prog/share/stack/lib/run.bash"
	run -0 build --packages hello
	assert_line '-----> Adding the scripts'
	refute_output --partial 'Installing'
	assert_equal "$(image_of stack-packages)" "$packages"
	[ "$(image_of stack)" != "$whole" ]
	# The earlier one is gone: nothing was built on it.
	run ! docker_lab image inspect "$whole"
}

@test "a list of packages can be a file; one that does not exist is apt's to explain, and the stack stays" {
	local whole
	whole=$(image_of stack)
	printf 'hello # says so\nno-such-package-at-all\n' >"$INST/more.txt"
	run -1 build --packages "$INST/more.txt"
	assert_output --partial 'Unable to locate package no-such-package-at-all'
	assert_output --partial "The stack '$NAME' could not be made: /usr/share/moorage-stack/image/packages ended with exit code 100"
	assert_equal "$(image_of stack)" "$whole"
	nothing_left
}

@test "stack:list and stack:report tell what there is and who uses it" {
	run -0 dokku stack:list
	assert_line "$NAME"
	assert_line debian-12
	run -0 dokku stack:list --format json
	assert_equal "$(jq -r --arg n "$NAME" 'index($n) != null' <<<"$output")" true
	dokku apps:create user >/dev/null
	dokku buildpacks:set-property user stack "moorage/stack:$NAME" >/dev/null
	run -0 dokku stack:report "$NAME"
	assert_line "=====> $NAME stack information"
	assert_line "       Stack image:                  moorage/stack:$NAME"
	assert_line "       Stack apps:                   user"
	run -0 dokku stack:report "$NAME" --format json
	assert_equal "$(jq -r .apps <<<"$output")" user
}

@test "cleanup keeps a stack" {
	dokku cleanup >/dev/null
	image_of stack
	image_of stack-packages
}

@test "a stack in use is destroyed with --force alone" {
	run -1 dokku stack:destroy "$NAME"
	assert_output --partial "The stack '$NAME' is in use by user"
	image_of stack
	run -0 dokku --force stack:destroy "$NAME"
	assert_output "-----> Removing the stack moorage/stack:$NAME"
	run ! image_of stack
	run ! image_of stack-packages
	# Another one lies on the base.
	docker_lab image inspect moorage/stack-base:debian-12 >/dev/null
}

# --- the image's own programs, with the big stack ---

stack_run() {
	docker_lab run --rm --network none -e CACHE_PATH=/cache "$@"
}

@test "the image's programs say what they are asked" {
	run -0 stack_run moorage-lab/stack:12 /bin/herokuish version
	assert_output --partial 'moorage stack '
	run -0 stack_run moorage-lab/stack:12 /bin/herokuish buildpack list
	assert_line 10_c
	run -2 stack_run moorage-lab/stack:12 /bin/herokuish buildpack frobnicate
	assert_output --partial 'No such command: frobnicate'
	run -1 stack_run moorage-lab/stack:12 /bin/herokuish buildpack detect
	assert_line '-----> Unable to select a buildpack'
	run -0 stack_run -v "$TOP/examples/static:/tmp/app:ro" moorage-lab/stack:12 /bin/herokuish buildpack detect /tmp/app
	assert_output '-----> Static site app detected'
}

@test "/start and /exec give the app's environment, never as root, and put it in their own place" {
	run -0 stack_run moorage-lab/stack:12 bash -c '
		echo "web: A=1 exec cat /proc/1/comm" >/app/Procfile
		echo "two: echo \"\$USER \$HOME \$X\" && id -un && pwd" >>/app/Procfile
		echo X=env >/tmp/env/ignored; echo -n from-env >/tmp/env/X
		mkdir /app/.profile.d; echo "export Y=profile.d" >/app/.profile.d/y.sh; echo "export Z=profile" >/app/.profile
		USER=herokuishuser /start two
		USER=herokuishuser /exec "echo \$X,\$Y,\$Z"
		USER=herokuishuser /exec echo "\$Y" "a  b" "\$Y c"
		/start none; echo "code $?"'
	assert_line 'herokuishuser /app from-env'
	assert_line herokuishuser
	assert_line /app
	assert_line 'from-env,profile.d,profile'
	assert_line 'profile.d a  b $Y c'
	assert_line 'Proc entrypoint none does not exist. Please check your Procfile'
	assert_line 'code 1'
	run -0 stack_run --user herokuishuser -e HEROKUISH_SETUIDGUID=false moorage-lab/stack:12 /exec cat /proc/1/comm
	assert_output cat
}

@test "the lines of .env are read, not run, and cannot change the build's tools" {
	mkdir -p "$BATS_TEST_TMPDIR/app" "$BATS_TEST_TMPDIR/pack/bin"
	cat >"$BATS_TEST_TMPDIR/app/.env" <<-'ENV'
		# a comment
		export PLAIN=one two
		SINGLE='$PLAIN "x"'
		DOUBLE="a \"b\" $PLAIN\n2"
		RUN=$(touch /cache/ran)`touch /cache/ran`
		PATH=/nowhere
		BUILDPACK_URL=/cache/pack
	ENV
	printf '#!/bin/sh\necho Env\n' >"$BATS_TEST_TMPDIR/pack/bin/detect"
	printf '#!/bin/bash\nprintf "%%s|" "$PLAIN" "$SINGLE" "$DOUBLE"; ls /cache/ran\n' >"$BATS_TEST_TMPDIR/pack/bin/compile"
	chmod -R a+rx "$BATS_TEST_TMPDIR/pack"
	run -2 stack_run -v "$BATS_TEST_TMPDIR/app:/tmp/app:ro" -v "$BATS_TEST_TMPDIR/pack:/pack:ro" moorage-lab/stack:12 \
		sh -c 'cp -r /pack /cache/pack && cd /cache/pack && git init -q && git add . && git -c user.name=x -c user.email=x commit -qm x && chmod -R a+rwX . && exec /build'
	assert_output --partial 'one two|$PLAIN "x"|a "b" one two'
	assert_output --partial "cannot access '/cache/ran'"
	assert_output --partial 'The build failed in custom/bin/compile (exit code 2)'
}
