#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Builds with Cloud Native Buildpacks. The builder image's lifecycle is a stand-in that is strict about
# how it is called (tests/stand-in/lifecycle); what it makes and what runs is real.

bats_require_minimum_version 1.5.0
load push.bash

setup_file() {
	"$BATS_TEST_DIRNAME/../lab/lab" images cnb
	push_setup
	export inst label src GIT_SSH_COMMAND GIT_SSH_VARIANT GIT_CONFIG_GLOBAL
	ln -s "$MOORAGE" "$inst/bin/plugn"
	# Nobody waits for a scheduled task here: a crontab that forgets.
	printf '#!/bin/sh\n[ "$1" = -l ] || cat > /dev/null\n' > "$inst/bin/crontab"
	chmod +x "$inst/bin/crontab"
	echo "crontab_bin=$inst/bin/crontab" >> "$inst/instance.conf"
	export DOKKU_CNB_BUILDER=moorage-lab/cnb-builder:1
	property scheduler --global shell /bin/sh
	property proxy --global disabled true
	new_source "$src"
	# Whose pushes are built and released, and not started.
	property ps other skip-deploy true
	property proxy other disabled true
	git init -q "$inst/other"
	echo page > "$inst/other/index.html"
	printf '[_]\nschema-version = "0.2"\n' > "$inst/other/project.toml"
}

teardown_file() {
	docker ps -aq --filter "label=com.moorage.instance=$label" | xargs -r docker rm -f > /dev/null
	docker volume ls -q --filter "label=com.moorage.instance=$label" | xargs -r docker volume rm -f > /dev/null
	docker rmi -f "$label-old:1" "$label-run:1" "$label-tagged:1" > /dev/null 2>&1 || true
	push_teardown
}

setup() {
	unset DOKKU_PID DOKKU_BUILD_ID
}

new_source() {
	echo app > "$1/kind"
	echo one > "$1/deps.txt"
	echo v1 > "$1/VERSION"
	echo draft > "$1/notes.txt"
	cat > "$1/project.toml" <<-'TOML'
		[_]
		schema-version = "0.2"
		[io.buildpacks]
		exclude = ["*.txt", "!deps.txt"]
		[[io.buildpacks.build.env]]
		name = "GREETING"
		value = "from the project"
	TOML
	cat > "$1/app.json" <<-'JSON'
		{ "healthchecks": { "web": [ { "type": "startup", "path": "/health", "attempts": 10, "wait": 1, "timeout": 2 } ] } }
	JSON
}

# push_from DIR APP: all that is in it
push_from() {
	git -C "$1" add -A
	git -C "$1" commit -q --allow-empty -m change
	git -C "$1" push -qf "dokku@test:$2" HEAD:main 2>&1
}

address_of() {
	docker inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' "$label.hello.$1"
}

# label_of IMAGE NAME
label_of() {
	docker image inspect -f "{{index .Config.Labels \"$2\"}}" "dokku-$label/$1:latest"
}

# What a build may leave of itself: nothing. (The image before a release's is the next clean-up's.)
nothing_is_left() {
	[ -z "$(docker ps -aq --filter "label=com.moorage.instance=$label" --filter label=com.dokku.image-stage=build \
		--filter label=com.moorage.task=build)" ] &&
		[ -z "$(docker volume ls -q --filter "name=$label.build-")" ]
}

# Images without a name, oldest first.
nameless() {
	docker images -q --filter dangling=true --filter "label=com.moorage.instance=$label" | tac
}

# proves stand-in: trigger pre-build-pack, trigger post-build-pack, trigger pre-release-pack
@test "a push with project.toml goes through the lifecycle's phases and serves" {
	mkdir -p "$inst/lib/plugins/enabled/zz"
	for trigger in pre-build-pack post-build-pack pre-release-pack; do
		printf '#!/bin/sh\necho "%s $*" >> %s/triggers\n' "$trigger" "$inst" > "$inst/lib/plugins/enabled/zz/$trigger"
		chmod +x "$inst/lib/plugins/enabled/zz/$trigger"
	done
	dokku apps:create hello
	dokku config:set --no-restart hello SECRET=not-for-images
	run -0 push_from "$src" hello
	rm -r "$inst/lib/plugins/enabled/zz"
	[[ "$output" == *"Building hello from cnb stack moorage-lab/cnb-builder:1..."* ]]
	[[ "$output" == *"===> ANALYZING"*"===> DETECTING"*"===> RESTORING"*"===> BUILDING"*"===> EXPORTING"* ]]
	[[ "$output" == *"[detector] pass: test/app@1.0.0"* ]]
	[[ "$output" == *"[builder] GREETING=from the project"* ]]
	[[ "$output" == *"[builder] SECRET has 14 characters"* ]]
	[[ "$output" == *"[builder] deps.txt"* ]]
	[[ "$output" != *"[builder] notes.txt"* ]]
	[[ "$output" == *"Installing deps"* ]]
	[ "$(curl -sS "http://$(address_of web.1):5000/")" = v1 ]
	nothing_is_left
	[ "$(sed 's/ .*//' "$inst/triggers" | xargs)" = "pre-build-pack post-build-pack pre-release-pack" ]
	grep -q "^pre-build-pack hello /." "$inst/triggers"
	grep -q "^post-build-pack hello /." "$inst/triggers"
	grep -qx "pre-release-pack hello latest" "$inst/triggers"
}

@test "the image has the labels of both sides and no secret" {
	[ "$(label_of hello com.dokku.builder-type)" = pack ]
	[ "$(label_of hello com.dokku.image-stage)" = release ]
	[ "$(label_of hello com.dokku.app-name)" = hello ]
	[ "$(label_of hello io.buildpacks.stack.id)" = moorage.test ]
	[ "$(label_of hello io.buildpacks.build.metadata | jq -r '.processes | map(.type) | join(" ")')" = "web worker" ]
	[ "$(label_of hello io.buildpacks.project.metadata | jq -r .source.version.commit)" = "$(git -C "$src" rev-parse HEAD)" ]
	run -0 docker image inspect "dokku-$label/hello:latest"
	[[ "$output" != *not-for-images* ]]
	run -0 docker history --no-trunc "dokku-$label/hello:latest"
	[[ "$output" != *not-for-images* ]]
	docker save "dokku-$label/hello:latest" > "$inst/image.tar"
	run -1 grep -q not-for-images "$inst/image.tar"
	rm "$inst/image.tar"
	[ "$(dokku ports:report hello --ports-map-detected)" = http:80:5000 ] ||
		[[ "$(dokku ports:report hello --ports-map-detected)" == http:*:5000 ]]
}

@test "process types of the image can be scaled, others cannot" {
	run -0 dokku ps:scale hello
	[[ "$output" == *"web:  1"*"worker: 0"* ]]
	run -0 dokku ps:scale hello worker=1
	run -0 docker inspect -f '{{.Config.Entrypoint}}' "$label.hello.worker.1"
	[ "$output" = '[/cnb/process/worker]' ]
	[[ "$(curl -sS "http://$(address_of worker.1):5000/env")" == *PROCESS=worker* ]]
	run -1 dokku ps:scale hello nobody=1
	[[ "$output" == *"nobody is not a valid process name to scale up"* ]]
	dokku ps:scale hello worker=0
}

@test "run uses the launcher, run and enter the app's folder" {
	run -0 dokku run hello show-deps
	[ "$output" = "deps: one" ]
	run -0 dokku run hello pwd
	[ "$output" = /workspace ]
	run -0 dokku enter hello web pwd
	[ "$output" = /workspace ]
	run -0 plugn trigger docker-args-process-run hello pack latest
	[ "$output" = " --entrypoint launcher" ]
	run -0 plugn trigger docker-args-process-run hello dockerfile latest
	[ -z "$output" ]
}

# plugn trigger ARGS...: as scripts of plugins do
plugn() {
	MOORAGE_INSTANCE=$inst/instance.conf "$inst/bin/plugn" "$@"
}

@test "a second push reuses layers of the cache and of the image before; Procfile commands are launched" {
	echo v2 > "$src/VERSION"
	printf 'web: env VERSION_FILE=/workspace/VERSION FROM=procfile http-server\nrelease: show-deps\n' > "$src/Procfile"
	jq '.scripts = {dokku: {predeploy: "cp VERSION /tmp", postdeploy: "show-deps"}} | .cron = [{command: "show-deps", schedule: "0 0 29 2 *"}]' "$src/app.json" > "$inst/app.json"
	mv "$inst/app.json" "$src/app.json"
	run -0 push_from "$src" hello
	[[ "$output" == *"Reusing deps"* ]]
	[[ "$output" == *"[builder] Keeping notes"* ]]
	[[ "$output" == *"Reusing layer 'test/app:notes'"* ]]
	[ "$(grep -c "deps: one" <<< "$output")" = 2 ]
	[ "$(curl -sS "http://$(address_of web.1):5000/")" = v2 ]
	run -0 curl -sS "http://$(address_of web.1):5000/env"
	[[ "$output" == *FROM=procfile* ]]
	[[ "$output" == *LAUNCHED=yes* ]]
	run -0 dokku run hello ls /tmp
	[ "$output" = VERSION ]
	run -0 dokku cron:run hello "$(dokku cron:list hello --format json | jq -r '.[0].id')"
	[ "$output" = "deps: one" ]
	# What the script's image says is the launcher's again.
	run -0 docker image inspect -f '{{.Config.Entrypoint}} {{.Config.Cmd}}' "dokku-$label/hello:latest"
	[ "$output" = "[/cnb/process/web] []" ]
	run -0 dokku ps:scale hello
	[[ "$output" != *worker* ]]
	nothing_is_left
}

@test "repo:purge-cache makes the next build install again" {
	property ps hello skip-deploy true
	[ "$(docker volume ls -q --filter "name=$label.cache-hello" | sort | xargs)" = "$label.cache-hello_build $label.cache-hello_launch" ]
	dokku repo:purge-cache hello
	[ -z "$(docker volume ls -q --filter "name=$label.cache-hello")" ]
	run -0 dokku ps:rebuild hello
	[[ "$output" == *"Installing deps"* ]]
}

@test "docker-options of builds: what the lifecycle can do is done, the rest is named" {
	docker tag moorage-lab/cnb-run:1 "$label-run:1"
	mkdir -p "$inst/shared"
	for flag in "--run-image $label-run:1" "--tag $label-tagged:1" --clear-cache "--creation-time 1641013200" \
		"--env GREETING=flag" "-e SECRET" "--volume $inst/shared:/shared" "--network host" --publish "--memory 1g"; do
		dokku docker-options:add hello build "$flag"
	done
	dokku resource:limit --cpu 1 --memory 512 --process-type build hello
	run -0 dokku ps:rebuild hello
	[[ "$output" == *"docker-options: --publish has no effect on builds with buildpacks here"* ]]
	[[ "$output" == *"GREETING=flag"*"Installing deps"* ]]
	[[ "$output" == *"SECRET has 14 characters"* ]]
	[[ "$output" == *"memory: $((512 << 20))"* ]]
	[ "$(docker image inspect -f '{{index .Config.Labels "created-at"}}' "$label-tagged:1")" = 1641013200 ]
	run -0 dokku docker-options:clear hello build
	dokku docker-options:add hello build "--pull-policy maybe"
	run -1 dokku ps:rebuild hello
	[[ "$output" == *"--pull-policy: it is always, if-not-present or never"* ]]
	dokku docker-options:clear hello build
}

# proves stand-in: command builder-pack:set, property builder-pack/projecttoml-path
@test "projecttoml-path: of all apps, of the app, and cleared again" {
	mkdir -p "$inst/other/deploy"
	cat > "$inst/other/deploy/page.toml" <<-'TOML'
		[_]
		schema-version = "0.1"
		[build]
		builder = "moorage-lab/none:1"
	TOML
	# The default file counts.
	run -0 push_from "$inst/other" other
	[[ "$output" == *"[builder] a page"* ]]
	for scope in other --global; do
		dokku builder-pack:set "$scope" projecttoml-path deploy/page.toml
		run ! push_from "$inst/other" other
		[[ "$output" == *"Detected pack because of project.toml"* ]]
		[[ "$output" == *"Building other from cnb stack moorage-lab/none:1..."* ]]
		[[ "$output" == *"cannot pull the builder image 'moorage-lab/none:1'"*"buildpacks:set-property other stack"* ]]
		dokku builder-pack:set "$scope" projecttoml-path
	done
	# Without the file there is no project, and nothing says that buildpacks are wanted.
	dokku pack:set other projecttoml-path nowhere.toml
	property buildpacks other stack moorage-lab/none:1
	run ! push_from "$inst/other" other
	[[ "$output" == *"Detected herokuish because"* ]]
	rm "$inst/lib/config/buildpacks/other/stack"
	dokku builder-pack:set other projecttoml-path
}

@test "buildpacks are chosen from the builder by name; what it lacks is refused with the way out" {
	echo app > "$inst/other/kind"
	echo one > "$inst/other/deps.txt"
	group() {
		printf '[_]\nschema-version = "0.2"\n[[io.buildpacks.group]]\n%s\n' "$1" > "$inst/other/project.toml"
		push_from "$inst/other" other
	}
	run -0 group 'uri = "urn:cnb:builder:test/page"'
	[[ "$output" == *"[detector] pass: test/page@2.1.0"* ]]
	[[ "$output" != *"test/app"* ]]
	run ! group 'uri = "https://x.test/buildpack.tgz"'
	[[ "$output" == *"is not in the builder 'moorage-lab/cnb-builder:1', and none are fetched from elsewhere"* ]]
	run ! group 'id = "test/page"
version = "9"'
	[[ "$output" == *"has no buildpack 'test/page@9'"* ]]
	run ! group 'x'
	[[ "$output" == *"project.toml: line 4, column 2"* ]]
	printf '[_]\nschema-version = "0.2"\n' > "$inst/other/project.toml"
}

@test "a build that fails says in which phase and why, and leaves nothing" {
	rm "$inst/other/index.html" "$inst/other/kind"
	dokku cleanup other
	before=$(nameless)
	run ! push_from "$inst/other" other
	[[ "$output" == *"the detect phase ended with exit code 20: no buildpack of the builder fits the source"* ]]
	touch "$inst/other/detect-fails"
	run ! push_from "$inst/other" other
	[[ "$output" == *"the detect phase ended with exit code 21: no buildpack fits the source, and at least one failed"* ]]
	rm "$inst/other/detect-fails"
	echo app > "$inst/other/kind"
	touch "$inst/other/build-fails"
	run ! push_from "$inst/other" other
	[[ "$output" == *"[builder] the compiler says no"* ]]
	[[ "$output" == *"the build phase ended with exit code 51: a buildpack failed; its output is above"* ]]
	rm "$inst/other/build-fails"
	nothing_is_left
	[ "$(nameless)" = "$before" ]
}

@test "an older builder is spoken to in its own version; without web nothing is the default" {
	docker build -q -t "$label-old:1" - > /dev/null 2>&1 <<-'DOCKER'
		FROM moorage-lab/cnb-builder:1
		LABEL io.buildpacks.builder.metadata="{\"buildpacks\":[{\"id\":\"test/app\",\"version\":\"1.0.0\"}],\"stack\":{\"runImage\":{\"image\":\"moorage-lab/cnb-run:1\"}},\"lifecycle\":{\"version\":\"0.14.0\",\"apis\":{\"platform\":{\"deprecated\":[\"0.3\"],\"supported\":[\"0.8\",\"0.9\"]}}}}"
	DOCKER
	property buildpacks other stack "$label-old:1"
	touch "$inst/other/no-web"
	run -0 push_from "$inst/other" other
	[[ "$output" == *"Building other from cnb stack $label-old:1..."* ]]
	run -0 docker image inspect -f '{{.Config.Entrypoint}} {{.Config.Env}}' "dokku-$label/other:latest"
	[[ "$output" == "[/cnb/lifecycle/launcher] "*CNB_PLATFORM_API=0.9* ]]
	property buildpacks other stack moorage-lab/busybox:1
	run ! push_from "$inst/other" other
	[[ "$output" == *"'moorage-lab/busybox:1' is no builder image that can be used: it has no label io.buildpacks.builder.metadata"* ]]
	rm "$inst/lib/config/buildpacks/other/stack" "$inst/other/no-web"
}

build_waits() {
	grep -qs '\[builder\] waiting' "$inst"/slow.out
}

# push_slow: in the background, up to the middle of a buildpack; sets pusher
push_slow() {
	touch "$inst/other/slow"
	push_from "$inst/other" other > "$inst/slow.out" 2>&1 3>&- &
	pusher=$!
	for _ in $(seq 600); do
		! build_waits || break
		sleep 0.1
	done
	build_waits
	rm "$inst/other/slow"
}

all_is_undone() {
	[ -z "$(ls "$inst/lib/data/moorage/operations")" ] && nothing_is_left
}

@test "a build that is cancelled leaves nothing, and the image before stays" {
	dokku cleanup other
	nameless=$(nameless)
	before=$(docker image inspect -f '{{.Id}}' "dokku-$label/other:latest")
	push_slow
	run -0 dokku builds:cancel other
	run ! wait "$pusher"
	for _ in $(seq 300); do
		! all_is_undone || break
		sleep 0.1
	done
	all_is_undone
	[ "$(nameless)" = "$nameless" ]
	[ "$(docker image inspect -f '{{.Id}}' "dokku-$label/other:latest")" = "$before" ]
}

@test "after kill -9 the next command on the app removes what the build left" {
	push_slow
	pid=$(cat "$inst"/lib/data/builds/other/*.json | jq -rs 'map(select(.status == "running"))[0].pid')
	kill -9 "$pid"
	run ! wait "$pusher"
	[ -n "$(docker volume ls -q --filter "name=$label.build-")" ]
	run -0 dokku config:set --no-restart other A=b
	all_is_undone
}

@test "settings follow clones and renames; caches go with the name" {
	dokku builder-pack:set other projecttoml-path x.toml
	dokku apps:clone --skip-deploy other twin
	[ "$(dokku builder-pack:report twin --builder-pack-projecttoml-path)" = x.toml ]
	[ -n "$(docker volume ls -q --filter "name=$label.cache-other_")" ]
	dokku apps:rename --skip-deploy other renamed
	[ "$(dokku builder-pack:report renamed --builder-pack-projecttoml-path)" = x.toml ]
	[ -z "$(docker volume ls -q --filter "name=$label.cache-other_")" ]
	dokku --force apps:destroy renamed
	[ ! -e "$inst/lib/config/builder-pack/renamed" ]
	dokku --force apps:destroy hello
	[ -z "$(docker volume ls -q --filter "label=com.moorage.instance=$label")" ]
}
