#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The builders that run a program of the machine: nixpacks, railpack, lambda-builder. Stand-ins take
# these programs' part: they note how they were called and build a small image.

bats_require_minimum_version 1.5.0
load sources.bash

setup_file() {
	sources_begin
	mkdir "$inst/tools" "$inst/seen"
	export PATH=$inst/tools:$PATH
	cat >"$inst/stand-in" <<-SH
		#!/bin/bash
		seen=$inst/seen/\${0##*/}
		printf '%s\n' "\$@" >"\$seen.argv"
		env >"\$seen.env"
		pwd >"\$seen.dir"
		cp Procfile "\$seen.Procfile" 2>/dev/null || rm -f "\$seen.Procfile"
		echo "says \${0##*/}"
		while [ \$# -gt 0 ]; do
			case \$1 in
			--name | --tag) image=\$2 ;;
			esac
			shift
		done
		[ ! -e fail ] || exit 9
		if [ -e slow ]; then
			sleep 1000 &
			echo \$! >"\$seen.sleep"
			echo \$\$ >"\$seen.pid"
			wait
		fi
		[ ! -e lambda.yml ] || echo zipped \$(cat lambda.yml) >lambda.zip
		[ ! -e no-zip ] || rm -f lambda.zip
		[ ! -e outside ] || ln -sf /etc/hostname lambda.zip
		exec docker build -q --label "com.moorage.instance=$label" -t "\$image" - <<-'DOCKERFILE' >/dev/null
			FROM moorage-lab/busybox:1
			LABEL built.by=program
			RUN printf '#!/bin/sh\\nexec sh "\$@"\\n' >/bin/bash && printf 'echo migrates' >/migrate && chmod +x /bin/bash /migrate
			ENTRYPOINT ["/bin/sh", "-c"]
			CMD ["echo from the program"]
		DOCKERFILE
	SH
	chmod +x "$inst/stand-in"
}

teardown_file() {
	sources_end
}

setup() {
	make_app "p$BATS_TEST_NUMBER"
	work=$inst/src/$APP
	git init -q "$work"
	rm -rf "$inst/tools" "$inst/seen"
	mkdir "$inst/tools" "$inst/seen"
}

# with PROGRAM: the machine has it
with() {
	cp "$inst/stand-in" "$inst/tools/$1"
}

# file NAME TEXT: of the source
file() {
	mkdir -p "$(dirname "$work/$1")"
	printf '%b' "$2" >"$work/$1"
}

deploy() {
	git -C "$work" add -A
	git -C "$work" commit -q --allow-empty -m change
	git -C "$work" push "dokku@test:$APP" main
}

image() {
	docker image inspect -f "$1" "dokku-$label/$APP:latest"
}

label_of() {
	image "{{index .Config.Labels \"$1\"}}"
}

# Nothing but the app's image has a name.
no_half() {
	[ -z "$(docker images -q "dokku-$label/$APP:latest-build")" ]
}

# argv PROGRAM: its arguments, one a line, without what differs from run to run
argv() {
	sed -e "s,$label,LABEL,g" -e "s,$APP,APP,g" -e 's,operation=.*,operation=ID,' \
		-e 's,^/.*,DIR,' "$inst/seen/$1.argv"
}

# proves stand-in: command builder-nixpacks:set, property builder-nixpacks/nixpackstoml-path
@test "nixpacks (stand-in): its arguments, its environment and the image it leads to" {
	with nixpacks
	dokku config:set --no-restart "$APP" TOKEN='secret value' DOCKER_HOST=tcp://evil LD_PRELOAD=/x
	dokku docker-options:add "$APP" build '--env TOKEN'
	dokku docker-options:add "$APP" build '-p=curl --apt=git --no-cache --build-arg X=1 --cache-from cache/image'
	dokku docker-options:add "$APP" build '--inline-cache=true --volume /a:/b'
	dokku builder-nixpacks:set "$APP" nixpackstoml-path deploy/our.toml
	file deploy/our.toml '# ours'
	file nixpacks.toml '# not this'
	file Procfile 'web: ./web --port $PORT\nrelease: ./migrate\n'
	file app.json '{}'
	run -0 deploy
	[[ "$output" == *"-----> Detected nixpacks because of nixpacks.toml"* ]]
	[[ "$output" == *"-----> Building $APP from nixpacks"* ]]
	[[ "$output" == *"says nixpacks"* ]]
	[[ "$output" == *"migrates"* ]]
	diff - <(argv nixpacks) <<-'EOF'
		build
		--label=dokku
		--label=org.label-schema.schema-version=1.0
		--label=org.label-schema.vendor=dokku
		--label=com.moorage.instance=LABEL
		--label=com.dokku.app-name=APP
		--label=com.dokku.image-stage=build
		--label=com.dokku.builder-type=nixpacks
		--label=com.moorage.operation=ID
		--apt
		git
		--cache-from
		cache/image
		--env
		TOKEN
		--no-cache
		--pkgs
		curl
		--name
		dokku-LABEL/APP:latest-build
		DIR
	EOF
	[ "$(tail -n1 "$inst/seen/nixpacks.argv")" = "$(cat "$inst/seen/nixpacks.dir")" ]
	grep -x 'TOKEN=secret value' "$inst/seen/nixpacks.env"
	grep -x 'DOCKER_HOST=unix://.*' "$inst/seen/nixpacks.env"
	run ! grep -E '^(LD_PRELOAD=|DOCKER_HOST=tcp)' "$inst/seen/nixpacks.env"
	[ "$(cat "$inst/seen/nixpacks.Procfile")" = 'web: ./web --port $PORT' ]
	no_half
	[ "$(label_of com.dokku.builder-type)" = nixpacks ]
	[ "$(label_of com.dokku.image-stage)" = release ]
	[ "$(label_of com.dokku.app-name)" = "$APP" ]
	[ "$(label_of built.by)" = program ]
	[ "$(image '{{json .Config.Entrypoint}}')" = '["bash","-c","exec bash -l -c -- \"$*\"","entrypoint"]' ]
	[ "$(image '{{json .Config.Cmd}}')" = '["echo from the program"]' ]
	[ "$(docker run --rm "dokku-$label/$APP:latest" echo 'a  b;' 'echo $0')" = $'a b\nsh' ]
	# Without its file, even one of the usual name, it is not the builder.
	git -C "$work" rm -q deploy/our.toml
	file nixpacks.toml '# not this'
	run ! deploy
	[[ "$output" != *"Detected nixpacks"* ]]
}

# proves stand-in: command builder-railpack:set, property builder-railpack/railpackjson-path
@test "railpack (stand-in): its arguments, and an image without an entry point that keeps its command" {
	with railpack
	dokku docker-options:add "$APP" build '-e=A=1 --previous x@1 --start-cmd "./run it" --show-plan --tag x'
	dokku builder-railpack:set "$APP" railpackjson-path deploy/rail.json
	dokku builder-railpack:set --global railpackjson-path other.json
	file deploy/rail.json '{}'
	run -0 deploy
	dokku builder-railpack:set --global railpackjson-path
	[[ "$output" == *"-----> Detected railpack because of railpack.json"* ]]
	diff - <(argv railpack) <<-'EOF'
		build
		--previous
		x@1
		--show-plan
		--start-cmd
		./run it
		--env
		A=1
		--name
		dokku-LABEL/APP:latest-build
		DIR
	EOF
	no_half
	[ "$(label_of com.dokku.builder-type)" = railpack ]
	[ "$(image '{{json .Config.Entrypoint}}')" = null ]
	[ "$(image '{{json .Config.Cmd}}')" = '["/bin/sh","-c","echo from the program"]' ]
	[ "$(docker run --rm "dokku-$label/$APP:latest")" = 'from the program' ]
}

# proves stand-in: command builder-lambda:set, property builder-lambda/lambdayml-path
# proves effect: trigger pre-build-lambda, trigger post-build-lambda, trigger pre-release-lambda, trigger post-release-lambda
@test "lambda (stand-in): its arguments, the archive that is kept, ports, and triggers of old" {
	with lambda-builder
	local dir=$inst/lib/plugins/enabled/old trigger
	mkdir -p "$dir"
	for trigger in {pre,post}-build-lambda {pre,post}-release-lambda; do
		printf '#!/bin/sh\necho "hears %s $*"\n' $trigger >"$dir/$trigger"
		chmod +x "$dir/$trigger"
	done
	dokku builder-lambda:set "$APP" lambdayml-path deploy/fn.yml
	file deploy/fn.yml 'builder: nodejs'
	file Procfile 'web: run\n'
	run -0 deploy
	for trigger in "pre-build-lambda $APP" "post-build-lambda $APP" "pre-release-lambda $APP latest"; do
		[[ "$output" == *"hears $trigger"* ]]
		[[ "$output" == *"instead of ${trigger%% *}"* ]]
	done
	# Dokku knows the name of one more, and fires it nowhere: it is there for plugins alone.
	[[ "$output" != *"hears post-release-lambda"* ]]
	[ "$(plugn trigger post-release-lambda "$APP" latest)" = "hears post-release-lambda $APP latest" ]
	rm -r "$dir"
	diff - <(argv lambda-builder) <<-'EOF'
		build
		--generate-image
		--write-procfile
		--image-env=DOCKER_LAMBDA_STAY_OPEN=1
		--label=dokku
		--label=org.label-schema.schema-version=1.0
		--label=org.label-schema.vendor=dokku
		--label=com.moorage.instance=LABEL
		--label=com.dokku.app-name=APP
		--label=com.dokku.image-stage=build
		--label=com.dokku.builder-type=lambda
		--label=com.moorage.operation=ID
		--port
		5000
		--tag
		dokku-LABEL/APP:latest-build
		--working-directory
		DIR
	EOF
	no_half
	[ "$(label_of com.dokku.builder-type)" = lambda ]
	[ "$(label_of com.dokku.image-stage)" = release ]
	[ "$(image '{{json .Config.Entrypoint}}')" = '["/bin/sh","-c"]' ]
	kept=$inst/lib/data/builder-lambda/$APP
	rev=$(git -C "$work" rev-parse HEAD)
	[ "$(cat "$kept/$rev.zip")" = 'zipped builder: nodejs' ]
	[ "$(cat "$kept/$rev.Procfile")" = 'web: run' ]
	[[ "$(cat "$inst/lib/config/ports/$APP/map-detected")" == http:*:5000 ]]
	file deploy/fn.yml 'builder: ruby'
	run -0 deploy
	[ "$(cat "$kept"/*.zip)" = 'zipped builder: ruby' ]
	# A program that leaves no archive, or a link to somewhere else, has failed.
	before=$(image '{{.Id}}')
	file no-zip x
	run ! deploy
	[[ "$output" == *"Compressed lambda.zip not detected, failed to build lambda function"* ]]
	rm "$work/no-zip"
	file outside x
	run ! deploy
	[ "$(cat "$kept"/*.zip)" = 'zipped builder: ruby' ]
	[ "$(image '{{.Id}}')" = "$before" ]
	no_half
	dokku --force apps:destroy "$APP"
	[ ! -e "$kept" ]
}

# proves effect: trigger post-release-lambda
@test "post-release-lambda, which nothing fires, is in the log of events when a plugin does" {
	dokku events:on
	plugn trigger post-release-lambda "$APP" latest
	dokku events:off
	grep -F "INVOKED: post-release-lambda( $APP latest )" "$inst/logs/events.log"
}

@test "a program that is missing is named before anything is done, with the way to get it" {
	mkdir -p "$inst/lib/plugins/enabled/old"
	printf '#!/bin/sh\necho pre-build\n' >"$inst/lib/plugins/enabled/old/pre-build"
	chmod +x "$inst/lib/plugins/enabled/old/pre-build"
	for one in nixpacks:nixpacks railpack:railpack lambda:lambda-builder; do
		IFS=: read -r name program <<<"$one"
		dokku builder:set "$APP" selected "$name"
		run deploy
		[ "$status" -eq 1 ]
		[[ "$output" == *"Missing $program, install it: https://"* ]]
		[[ "$output" != *$'\n'*pre-build$'\n'* ]]
	done
	run ! image '{{.Id}}'
	rm -r "$inst/lib/plugins/enabled/old"
	# What the app calls PATH is not where programs are looked for.
	mkdir "$inst/other"
	cp "$inst/stand-in" "$inst/other/nixpacks"
	dokku config:set --no-restart "$APP" PATH="$inst/other"
	dokku builder:set "$APP" selected nixpacks
	run ! deploy
	[[ "$output" == *"Missing nixpacks"* ]]
	# A plugin of the builder's name builds in its place.
	mkdir "$inst/lib/plugins/enabled/builder-nixpacks"
	printf '#!/bin/sh\necho "builds $*"\nexit 3\n' >"$inst/lib/plugins/enabled/builder-nixpacks/builder-build"
	chmod +x "$inst/lib/plugins/enabled/builder-nixpacks/builder-build"
	run ! deploy
	[[ "$output" == *"builds nixpacks $APP"* && "$output" != *"Missing nixpacks"* ]]
	rm -r "$inst/lib/plugins/enabled/builder-nixpacks"
}

@test "a build that fails leaves the image and the ports that there were (stand-in)" {
	with nixpacks
	file nixpacks.toml ''
	deploy
	before=$(image '{{.Id}}')
	file fail x
	run ! deploy
	[[ "$output" == *"App build failed"* ]]
	[[ "$output" == *"nixpacks ended with exit code 9"* ]]
	[ "$(image '{{.Id}}')" = "$before" ]
	no_half
	[ -z "$(ls "$inst/lib/data/moorage/operations")" ]
}

# ends PID: it does within a minute; one that nobody has waited for has ended, too
ends() {
	for _ in $(seq 600); do
		grep -q '^State:\s*[^Z]' "/proc/$1/status" 2>/dev/null || return 0
		sleep 0.1
	done
	return 1
}

@test "builds:cancel ends the program and what it has started, and leaves nothing (stand-in)" {
	with railpack
	file railpack.json '{}'
	deploy
	before=$(image '{{.Id}}')
	file slow x
	deploy >"$inst/push.log" 2>&1 3>&- &
	push=$!
	for _ in $(seq 600); do
		[ ! -s "$inst/seen/railpack.pid" ] || break
		sleep 0.1
	done
	dokku builds:cancel "$APP"
	run ! wait "$push"
	ends "$(cat "$inst/seen/railpack.pid")"
	ends "$(cat "$inst/seen/railpack.sleep")"
	[ "$(image '{{.Id}}')" = "$before" ]
	no_half
	[ -z "$(ls "$inst/lib/data/moorage/operations")" ]
	[ -z "$(find /tmp -maxdepth 1 -name "*$APP*" -newer "$inst/instance.conf")" ]
}

@test "limits of builds: that they have no effect is said" {
	with nixpacks
	file nixpacks.toml ''
	dokku resource:limit --process-type build --memory 64 "$APP"
	run -0 deploy
	[[ "$output" == *"The limits of 'resource:limit --process-type build' have no effect: nixpacks builds with BuildKit"* ]]
	run ! grep -e --memory "$inst/seen/nixpacks.argv"
}

@test "logins of the app are the program's, too (stand-in)" {
	with railpack
	file railpack.json '{}'
	mkdir -p "$inst/lib/config/registry/$APP"
	echo '{"auths": {"registry.example.com": {"auth": "bWU6cHc="}}}' >"$inst/lib/config/registry/$APP/config.json"
	run -0 deploy
	grep -x "DOCKER_CONFIG=$inst/lib/config/registry/$APP" "$inst/seen/railpack.env"
}

@test "settings follow a clone and a rename, and go with the app" {
	dokku builder-nixpacks:set "$APP" nixpackstoml-path a.toml
	dokku builder-railpack:set "$APP" railpackjson-path b.json
	dokku builder-lambda:set "$APP" lambdayml-path c.yml
	shown() {
		dokku builder-nixpacks:report "$1" --builder-nixpacks-computed-nixpackstoml-path
		dokku builder-railpack:report "$1" --builder-railpack-railpackjson-path
		dokku builder-lambda:report "$1" --builder-lambda-lambdayml-path
	}
	dokku apps:clone --skip-deploy "$APP" "$APP-copy"
	dokku apps:rename --skip-deploy "$APP-copy" "$APP-new"
	[ "$(shown "$APP-new")" = $'a.toml\nb.json\nc.yml' ]
	[ "$(shown "$APP")" = $'a.toml\nb.json\nc.yml' ]
	dokku --force apps:destroy "$APP-new"
	[ -z "$(find "$inst/lib/config" -path "*builder-*/$APP-*")" ]
	run -1 dokku builder-nixpacks:set "$APP" nixpackstoml-path ../out.toml
}
