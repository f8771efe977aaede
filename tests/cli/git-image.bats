#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# git:from-image and git:load-image: an image is what an app is built from.

bats_require_minimum_version 1.5.0
load sources.bash

setup_file() {
	sources_begin
}

teardown_file() {
	docker images -q "$label-source" | sort -u | xargs -r docker rmi -f > /dev/null 2>&1 || true
	sources_end
}

setup() {
	make_app "i$BATS_TEST_NUMBER"
	CONTEXT=$BATS_TEST_TMPDIR/context
}

# source_image TAG TEXT [PROCFILE]: an image of somebody else's, working folder /srv.
source_image() {
	source_files "$CONTEXT" "$2"
	printf 'WORKDIR /srv\n' >> "$CONTEXT/Dockerfile"
	if [ "${3:-}" ]; then
		printf '%b' "$3" > "$CONTEXT/Procfile"
		printf 'COPY Procfile /srv/\n' >> "$CONTEXT/Dockerfile"
	fi
	docker build -q -t "$label-source:$1" "$CONTEXT" > /dev/null
}

# proves effect: command git:from-image, property git/source-image
@test "git:from-image builds an app from an image and takes its Procfile out of it" {
	source_image one first 'web: /one\nworker: /two\n'
	run -0 dokku git:from-image "$APP" "$label-source:one"
	[[ "$output" == *"-----> Generating build context"*"-----> Image exists on host, skipping pull"* ]]
	[ "$(built_text)" = first ]
	[ "$(in_repo show master:Dockerfile)" = "FROM $label-source:one
LABEL com.dokku.docker-image-labeler/alternate-tags=[\\\"$label-source:one\\\"]" ]
	run -0 docker image inspect -f '{{index .Config.Labels "com.dokku.docker-image-labeler/alternate-tags"}}' \
		"dokku-$label/$APP:latest"
	[ "$output" = "[\"$label-source:one\"]" ]
	[ "$(deploy_source)" = docker-image ]
	[ "$(deploy_metadata)" = "$label-source:one" ]
	run -0 dokku git:report "$APP" --git-source-image
	[ "$output" = "$label-source:one" ]
	[ "$(cat "$inst/lib/data/ps/$APP/Procfile")" = 'web: /one
worker: /two' ]
	[ -z "$(docker ps -aq --filter "label=com.moorage.instance=$label")" ]
	# So does a rebuild, as long as the property names the image.
	run -0 dokku ps:rebuild "$APP"
	[ -e "$inst/lib/data/ps/$APP/Procfile" ]
	dokku git:set "$APP" source-image
	run -0 dokku ps:rebuild "$APP"
	[ ! -e "$inst/lib/data/ps/$APP/Procfile" ]
}

@test "another image makes a commit; the same one is no change, also with --force" {
	source_image one first
	source_image two second
	dokku git:from-image "$APP" "$label-source:one"
	dokku git:from-image "$APP" "$label-source:two" Ada ada@example.com
	[ "$(built_text)" = second ]
	[ "$(in_repo log -1 --format='%an <%ae>' master)" = 'Ada <ada@example.com>' ]
	refused git:from-image "$APP" "$label-source:two"
	[[ "$output" == *"No changes detected, skipping git commit"* ]]
	[ "$(deploy_metadata)" = "$label-source:two" ]
	# There is no registry to pull it from.
	docker tag "$label-source:two" "127.0.0.1:1/$label:two"
	refused git:from-image --force "$APP" "127.0.0.1:1/$label:two"
	docker rmi "127.0.0.1:1/$label:two"
	[[ "$output" == *"-----> Force pulling image"*"Failed to pull image: 127.0.0.1:1/$label:two"* ]]
}

@test "a folder of the server goes along" {
	source_image one first
	mkdir "$BATS_TEST_TMPDIR/more"
	printf 'FROM scratch AS before\n' > "$BATS_TEST_TMPDIR/more/Dockerfile"
	echo x > "$BATS_TEST_TMPDIR/more/extra"
	run -0 dokku git:from-image --build-dir "$BATS_TEST_TMPDIR/more" "$APP" "$label-source:one"
	[[ "$output" == *"       Syncing build directory context"* ]]
	[ "$(in_repo show master:extra)" = x ]
	[ "$(in_repo show master:Dockerfile | head -n 2)" = "FROM scratch AS before
FROM $label-source:one" ]
	refused git:from-image --build-dir "$BATS_TEST_TMPDIR/none" "$APP" "$label-source:one"
	[[ "$output" == *"Invalid BUILD_DIR specified for docker build context"* ]]
}

@test "what is no image, or not to be had, changes nothing" {
	source_image one first
	dokku git:from-image "$APP" "$label-source:one"
	refused git:from-image "$APP"
	[[ "$output" == *"Please specify a docker image"* ]]
	refused git:from-image "$APP" 'a b'
	refused git:from-image "$APP" 'x
RUN true'
	refused git:from-image "$APP" "127.0.0.1:1/none:1"
	[[ "$output" == *"-----> Pulling image"*"Failed to pull image: 127.0.0.1:1/none:1"* ]]
	printf 'no Procfile\n' > "$CONTEXT/Procfile"
	printf 'COPY Procfile /srv/\n' >> "$CONTEXT/Dockerfile"
	docker build -q -t "$label-source:bad" "$CONTEXT" > /dev/null
	refused git:from-image "$APP" "$label-source:bad"
	[[ "$output" == *Procfile*"line 1"* ]]
	[ -z "$(docker ps -aq --filter "label=com.moorage.instance=$label")" ]
}

@test "a push ends that files are read from an image" {
	source_image one first 'web: /one\nworker: /two\n'
	dokku git:from-image "$APP" "$label-source:one"
	git init -q "$BATS_TEST_TMPDIR/push"
	source_files "$BATS_TEST_TMPDIR/push" pushed
	git -C "$BATS_TEST_TMPDIR/push" add -A
	git -C "$BATS_TEST_TMPDIR/push" commit -qm pushed
	git -C "$BATS_TEST_TMPDIR/push" push -qf "dokku@test:$APP" main:master
	[ "$(built_text)" = pushed ]
	[ ! -e "$inst/lib/data/ps/$APP/Procfile" ]
	[ ! -e "$inst/lib/config/git/$APP/source-image" ]
	[ "$(deploy_source)" = git-push ]
}

# proves effect: command git:load-image
@test "git:load-image takes what docker save wrote" {
	source_image loaded first
	docker save "$label-source:loaded" > "$BATS_TEST_TMPDIR/image.tar"
	docker rmi "$label-source:loaded" > /dev/null
	run -0 dokku git:load-image "$APP" "$label-source:loaded" < "$BATS_TEST_TMPDIR/image.tar"
	[[ "$output" == *"Loaded image: $label-source:loaded"* ]]
	[ "$(built_text)" = first ]
	[ "$(deploy_source)" = docker-image ]
	[ "$(deploy_metadata)" = "$label-source:loaded" ]
	refused git:load-image "$APP" "$label-source:other" < "$BATS_TEST_TMPDIR/image.tar"
	[[ "$output" == *"Loaded image tarball but the specified docker image was not found: $label-source:other"* ]]
	refused git:load-image "$APP" "$label-source:loaded" < "$BATS_TEST_DIRNAME/sources.bash"
}

# proves effect: trigger git-from-image
@test "plugins hear of git-from-image and can call it" {
	source_image one first
	source_image two second
	mkdir -p "$inst/lib/plugins/enabled/zz-image"
	printf '#!/bin/sh\necho "git-from-image $*" >> %s\n' "$inst/heard" > "$inst/lib/plugins/enabled/zz-image/git-from-image"
	chmod +x "$inst/lib/plugins/enabled/zz-image/git-from-image"
	dokku git:from-image "$APP" "$label-source:one" Ada ada@example.com
	rm -r "$inst/lib/plugins/enabled/zz-image"
	[ "$(cat "$inst/heard")" = "git-from-image $APP $label-source:one  Ada ada@example.com" ]
	plugn trigger git-from-image "$APP" "$label-source:two" "" Bob bob@example.com
	[ "$(built_text)" = second ]
	[ "$(cat "$inst/lib/config/git/$APP/source-image")" = "$label-source:two" ]
	[ "$(deploy_metadata)" = "$label-source:one" ]
}

@test "a renamed app and a clone keep the image they were made from, a destroyed one does not" {
	source_image one first
	dokku git:from-image "$APP" "$label-source:one"
	dokku apps:rename --skip-deploy "$APP" "$APP-renamed"
	dokku apps:clone --skip-deploy "$APP-renamed" "$APP-clone"
	for APP in "$APP-renamed" "$APP-clone"; do
		[ "$(dokku git:report "$APP" --git-source-image)" = "$label-source:one" ]
		[ "$(dokku git:report "$APP" --git-deploy-branch)" = master ]
		[ "$(in_repo show master:Dockerfile | head -n 1)" = "FROM $label-source:one" ]
	done
	dokku --force apps:destroy "$APP"
	[ ! -e "$inst/lib/config/git/$APP" ]
}
