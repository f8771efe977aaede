#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# git push, from the protocol verb over the hook to the built image.

bats_require_minimum_version 1.5.0
load push.bash

setup() {
	push_setup
}

teardown() {
	push_teardown
}

@test "a first push makes the app, its branch the deploy branch, and an image" {
	app_without_deploy
	run -0 push
	[[ "$output" == *"-----> Set main as deploy-branch"* ]]
	[[ "$output" == *"-----> Building hello from Dockerfile"* ]]
	[[ "$output" == *"-----> Skipping deployment"* ]]
	[ "$(cat "$inst/lib/config/git/hello/deploy-branch")" = main ]
	[ "$(cat "$inst/lib/config/builder/hello/detected")" = dockerfile ]
	[ "$(cat "$inst/lib/config/ports/hello/map-detected")" = http:8080:8080 ]
	[ "$(cat "$inst/lib/config/apps/hello/deploy-source")" = git-push ]
	[ "$(head_of main)" = "$(git -C "$src" rev-parse main)" ]
	run -0 docker image inspect -f \
		'{{index .Config.Labels "com.dokku.image-stage"}} {{index .Config.Labels "com.dokku.app-name"}} {{json .Config.Cmd}}' \
		"dokku-$label/hello:latest"
	[ "$output" = 'release hello ["/none"]' ]
	grep -q "^GIT_REV=\"$(git -C "$src" rev-parse main)\"$" "$inst/lib/config/hello/ENV"
}

@test "nothing is left behind by a push" {
	app_without_deploy
	push
	[ -z "$(ls "$inst/lib/data/moorage/operations")" ]
	[ ! -e "$inst/lib/data/apps/hello/.deploy.lock" ]
	[ ! -e "$inst/home/hello/worktrees" ]
	[ -z "$(find "$inst/lib/data" -name '*.missing' -o -name '*.[0-9]*')" ]
	# The journal names the work tree; other instances may have theirs beside it.
	trees=$(grep -oh '/tmp/dokku-[^"]*git_build_app_repo[^"]*' "$inst"/lib/data/moorage/history/*)
	[ -n "$trees" ]
	for tree in $trees; do
		[ ! -e "$tree" ]
	done
	[ -z "$(docker ps -aq --filter "label=com.moorage.instance=$label")" ]
}

@test "a build that fails leaves image, branch, revision and ports as they were" {
	app_without_deploy
	push
	old=$(head_of main)
	id=$(docker image inspect -f '{{.Id}}' "dokku-$label/hello:latest")
	commit Dockerfile 'FROM scratch\nCOPY missing /\nEXPOSE 9090\n'
	run ! push
	[[ "$output" == *"App build failed"* ]]
	[ "$(head_of main)" = "$old" ]
	[ "$(docker image inspect -f '{{.Id}}' "dokku-$label/hello:latest")" = "$id" ]
	[ "$(cat "$inst/lib/config/ports/hello/map-detected")" = http:8080:8080 ]
	grep -q "^GIT_REV=\"$old\"$" "$inst/lib/config/hello/ENV"
	# The builder of what is deployed.
	[ "$(dokku builder:report hello --builder-detected)" = dockerfile ]
	dokku builder:set hello selected nobody
	run ! push
	[[ "$output" == *"App build failed"* ]]
	[ "$(dokku builder:report hello --builder-detected)" = dockerfile ]
}

@test "a release command that fails leaves image, ports, scale and branch as they were" {
	app_without_deploy
	push
	old=$(head_of main)
	id=$(docker image inspect -f '{{.Id}}' "dokku-$label/hello:latest")
	commit Dockerfile 'FROM scratch\nCOPY Dockerfile /two\nEXPOSE 9090\nCMD ["/none"]\n'
	commit Procfile 'web: x\nworker: y\nrelease: false\n'
	run ! push
	[[ "$output" == *"Execution of release task failed: false"* ]]
	[ "$(head_of main)" = "$old" ]
	[ "$(docker image inspect -f '{{.Id}}' "dokku-$label/hello:latest")" = "$id" ]
	[ "$(cat "$inst/lib/config/ports/hello/map-detected")" = http:8080:8080 ]
	[ ! -e "$inst/lib/data/ps/hello/Procfile" ]
	run ! grep -q worker "$inst/lib/config/ps/hello/scale"
	[ -z "$(docker ps -aq --filter "label=com.moorage.instance=$label")" ]
}

@test "a malformed Procfile or app.json stops the push before anything is built" {
	app_without_deploy
	commit Procfile 'web: x\nrubbish\n'
	run ! push
	[[ "$output" == *"Procfile"*"line 2"* ]]
	[[ "$output" != *"Building"* ]]
	git -C "$src" rm -q Procfile
	commit app.json '{\n "env": [,]\n}\n'
	run ! push
	[[ "$output" == *"app.json"*"line 2"* ]]
	[[ "$output" != *"Building"* ]]
	run ! head_of main
}

@test "a link that leads out of the source is not read" {
	app_without_deploy
	ln -s /etc/hostname "$src/app.json"
	commit other x
	run ! push
	[[ "$output" == *"app.json"*"leads out of the source"* ]]
	[ ! -e "$inst/lib/data/app-json/hello/app.json" ]
}

@test "build-dir is the root of what is built, and may not lead out" {
	app_without_deploy
	property builder hello build-dir sub/dir
	run ! push
	[[ "$output" == *"build-dir not found in sourcecode working directory: sub/dir"* ]]
	mkdir -p "$src/sub/dir"
	commit sub/dir/Dockerfile 'FROM scratch\nCOPY Dockerfile /inner\nEXPOSE 7070\nCMD ["/x"]\n'
	run -0 push
	[ "$(cat "$inst/lib/config/ports/hello/map-detected")" = http:7070:7070 ]
	git -C "$src" rm -rq sub
	ln -s / "$src/sub"
	commit more x
	property builder hello build-dir sub
	run ! push
	[[ "$output" == *"build-dir not found"* ]]
}

@test "submodules are part of the source, their .git is not" {
	git init -q "$inst/lib-repo"
	printf 'inner\n' > "$inst/lib-repo/file"
	git -C "$inst/lib-repo" add file
	git -C "$inst/lib-repo" commit -qm inner
	git config --global protocol.file.allow always
	app_without_deploy
	git -C "$src" submodule --quiet add "$inst/lib-repo" inner
	commit Dockerfile 'FROM scratch\nCOPY inner/file /inner\nCOPY . /all\nCMD ["/x"]\n'
	run -0 push
	docker create --name "$label-look" "dokku-$label/hello:latest" > /dev/null
	list=$(docker export "$label-look" | tar t)
	docker rm "$label-look" > /dev/null
	grep -qx all/inner/file <<< "$list"
	run ! grep -q '\.git$' <<< "$list"
	run ! grep -q '\.git/' <<< "$list"
}

@test "another branch is taken without a deploy, and says so" {
	app_without_deploy
	push
	git -C "$src" checkout -q -b topic
	commit note x
	run -0 push topic
	[[ "$output" == *"WARNING: deploy did not complete, you must push to main."* ]]
	[[ "$output" == *"git push <dokku> topic:main"* ]]
	[ -n "$(head_of topic)" ]
}

@test "an impossible deploy branch is only warned about" {
	app_without_deploy
	property git hello deploy-branch 'a..b'
	run -0 push
	[[ "$output" == *"WARNING: Invalid branch name 'a..b' specified via deploy-branch setting."* ]]
	[[ "$output" != *"Building"* ]]
}

@test "the deploy branch cannot be removed" {
	app_without_deploy
	push
	run ! push :main
	[ -n "$(head_of main)" ]
}

# proves effect: command git:unlock
@test "a locked app is not deployed" {
	app_without_deploy
	push
	dokku apps:lock hello
	commit note x
	run ! push
	[[ "$output" == *"hello currently has a deploy lock in place. Exiting..."* ]]
	[[ "$output" == *"Run 'apps:unlock' to release the existing deploy lock"* ]]
	dokku apps:locked hello
	dokku git:unlock hello
	run -0 push
}

@test "a second push at the same time fails at once" {
	app_without_deploy
	push
	commit Procfile 'web: x\n'
	exec 9<> "$inst/lib/data/moorage/locks/hello"
	flock 9
	start=$SECONDS
	run ! push
	exec 9>&-
	[ $((SECONDS - start)) -lt 5 ]
	[[ "$output" == *"hello currently has a deploy lock in place"* ]]
	run -0 push
}

@test "pushes create no app when that is switched off" {
	property apps --global disable-autocreation true
	commit Dockerfile 'FROM scratch\n'
	run ! push
	[[ "$output" == *"App auto-creation disabled."* ]]
	[ ! -e "$inst/home/hello" ]
}

@test "names that are none are refused" {
	commit Dockerfile 'FROM scratch\n'
	run ! git -C "$src" push dokku@test:../x main
	[[ "$output" == *"App name must begin with lowercase alphanumeric character"* ]]
	run ! git -C "$src" push "dokku@test:Hello" main
	[ ! -e "$inst/home/Hello" ]
}

@test "the branch ends on what serves when git did not get to it" {
	app_without_deploy
	push
	old=$(head_of main)
	commit note x
	new=$(git -C "$src" rev-parse main)
	push
	# As after a kill between the hook's end and git's own update.
	git -C "$inst/home/hello" update-ref refs/heads/main "$old"
	printf '{"name":"refs/heads/main","old":"%s","rev":"%s","pid":1,"start":"0"}' "$old" "$new" \
		> "$inst/lib/data/moorage/refs/hello"
	run -0 git -C "$src" ls-remote dokku@test:hello refs/heads/main
	[[ "$output" == "$new"* ]]
	[ ! -e "$inst/lib/data/moorage/refs/hello" ]
}

@test "a ref that has moved on is left alone" {
	app_without_deploy
	push
	old=$(head_of main)
	printf '{"name":"refs/heads/main","old":"%s","rev":"%s","pid":1,"start":"0"}' \
		1111111111111111111111111111111111111111 2222222222222222222222222222222222222222 \
		> "$inst/lib/data/moorage/refs/hello"
	git -C "$src" ls-remote dokku@test:hello > /dev/null
	[ "$(head_of main)" = "$old" ]
}

@test "rev-env-var names the variable, or none" {
	app_without_deploy
	property git hello rev-env-var SOURCE_REV
	push
	grep -q '^SOURCE_REV=' "$inst/lib/config/hello/ENV"
	run ! grep -q '^GIT_REV=' "$inst/lib/config/hello/ENV"
}

# proves effect: trigger docker-args-build
@test "values of build arguments come from the app's variables, not from the command line" {
	app_without_deploy
	mkdir -p "$inst/lib/plugins/enabled/zz/" "$inst/lib/config/hello"
	printf '#!/bin/sh\necho --build-arg COLOR --memory-reservation 5m\n' \
		> "$inst/lib/plugins/enabled/zz/docker-args-build"
	chmod +x "$inst/lib/plugins/enabled/zz/docker-args-build"
	printf 'COLOR="deep blue"\n' > "$inst/lib/config/hello/ENV"
	commit Dockerfile 'FROM scratch\nARG COLOR=none\nLABEL color="$COLOR"\nCOPY Dockerfile /\nCMD ["/x"]\n'
	run -0 push
	run -0 docker image inspect -f '{{.Config.Labels.color}}' "dokku-$label/hello:latest"
	[ "$output" = "deep blue" ]
}
