#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What properties do to pushes and builds: of all apps, of the app, and cleared again.

bats_require_minimum_version 1.5.0
load push.bash

setup() {
	push_setup
}

teardown() {
	push_teardown
}

image_id() {
	docker image inspect -f '{{.Id}}' "dokku-$label/hello:latest" 2>/dev/null
}

# shown PLUGIN PREFIX ROW: in the report
shown() {
	dokku "$1:report" hello "--$2-$3"
}

# Something new to push.
more() {
	commit more "$RANDOM$RANDOM\n"
}

# proves effect: property builder/selected, property builder/detected
@test "selected: the builder that is used, whatever fits; detected: the one that was" {
	app_without_deploy
	dokku apps:create hello
	property builder --global selected nobody
	run ! push
	[[ "$output" == *"there is no builder 'nobody' here"* ]]
	[ "$(shown builder builder detected)" = '' ]
	dokku builder:set hello selected dockerfile
	push
	[ "$(shown builder builder detected)" = dockerfile ]
	dokku builder:set hello selected
	more
	run ! push
	[[ "$output" == *"there is no builder 'nobody' here"* ]]
	dokku builder:set --global selected
	push
}

# proves effect: property builder/skip-cleanup
@test "skip-cleanup: dead containers stay" {
	app_without_deploy
	push
	dead() {
		docker run --name "$label-dead" --label dokku --label "com.moorage.instance=$label" \
			--label com.dokku.app-name=hello moorage-lab/busybox:1 true
	}
	is_there() {
		docker container inspect "$label-dead" >/dev/null 2>&1
	}
	dead
	for scope in hello --global; do
		dokku builder:set "$scope" skip-cleanup true
		more
		run -0 push
		[[ "$output" == *"Skipping dokku cleanup"* ]]
		is_there
		dokku builder:set "$scope" skip-cleanup
	done
	more
	run -0 push
	[[ "$output" == *"Cleaning up..."* ]]
	run ! is_there
}

# proves effect: property builds/retention
@test "retention: how many builds are remembered" {
	app_without_deploy
	records() {
		dokku builds:prune hello >/dev/null
		find "$inst/lib/data/builds/hello" -name '*.json' | wc -l
	}
	for _ in 1 2 3; do
		push
		more
	done
	[ "$(records)" = 3 ]
	dokku builds:set --global retention 2
	[ "$(records)" = 2 ]
	dokku builds:set hello retention 1
	[ "$(records)" = 1 ]
	dokku builds:set hello retention
	push
	[ "$(records)" = 2 ]
}

# proves effect: property git/deploy-branch
@test "deploy-branch: the branch whose pushes are built" {
	app_without_deploy
	dokku apps:create hello
	dokku git:set --global deploy-branch everywhere
	run push main
	[[ "$output" == *"you must push to everywhere"* ]]
	[ -z "$(image_id)" ]
	push main:everywhere
	first=$(image_id)
	[ "$first" ]
	dokku git:set hello deploy-branch own
	more
	run push main:everywhere
	[ "$(image_id)" = "$first" ]
	push main:own
	[ "$(image_id)" != "$first" ]
	dokku git:set hello deploy-branch
	dokku git:set --global deploy-branch
	second=$(image_id)
	more
	push main:master
	[ "$(image_id)" != "$second" ]
	# Where nothing says otherwise, another branch that comes is the one from then on.
	run -0 push main:first
	[[ "$output" == *"Set first as deploy-branch"* ]]
	[ "$(dokku git:report hello --git-deploy-branch)" = first ]
}

# proves effect: property git/keep-git-dir
@test "keep-git-dir: whether builds see the revision's .git" {
	app_without_deploy
	commit Dockerfile 'FROM scratch\nCOPY .git/HEAD Dockerfile /\nEXPOSE 8080\nCMD ["/none"]\n'
	run ! push
	[[ "$output" == *".git/HEAD"* ]]
	dokku git:set --global keep-git-dir true
	push
	dokku git:set hello keep-git-dir false
	more
	run ! push
	dokku git:set hello keep-git-dir
	push
}

# proves effect: property git/rev-env-var
@test "rev-env-var: the variable that has the revision" {
	app_without_deploy
	var() {
		dokku config:get hello "$1" || true
	}
	push
	[ "$(var GIT_REV)" = "$(git -C "$src" rev-parse HEAD)" ]
	dokku git:set hello rev-env-var MY_REV
	more
	push
	[ "$(var MY_REV)" = "$(git -C "$src" rev-parse HEAD)" ]
	[ "$(var GIT_REV)" = "$(git -C "$src" rev-parse HEAD~1)" ]
	# Without a value there is none.
	dokku git:set hello rev-env-var
	more
	push
	[ "$(var MY_REV)" = "$(git -C "$src" rev-parse HEAD~1)" ]
	[ "$(var GIT_REV)" = "$(git -C "$src" rev-parse HEAD~2)" ]
}

# proves effect: property apps/disable-autocreation
@test "disable-autocreation: whether a push makes its app" {
	app_without_deploy
	rm -r "$inst"/lib/config/*/hello
	dokku apps:set --global disable-autocreation true
	run ! push
	[[ "$output" == *"App auto-creation disabled."* ]]
	[ ! -e "$inst/home/hello" ]
	dokku apps:set --global disable-autocreation
	property ps hello skip-deploy true
	property proxy hello disabled true
	push
	[ -d "$inst/home/hello" ]
}

# proves effect: property apps/deploy-source, property apps/deploy-source-metadata, property apps/created-at, property common/deployed
@test "deploy-source, deploy-source-metadata, created-at, deployed: what is known of an app" {
	app_without_deploy
	before=$(date +%s)
	dokku apps:create hello
	created=$(shown apps app created-at)
	[ "$created" -ge "$before" ]
	[ "$created" -le "$(date +%s)" ]
	[ "$(shown apps app deploy-source)" = '' ]
	push
	[ "$(shown apps app deploy-source)" = git-push ]
	[ "$(shown apps app deploy-source-metadata)" = "$(git -C "$src" rev-parse HEAD)" ]
	# It was built only.
	[ "$(dokku ps:report hello --deployed)" = false ]
	run -0 dokku ps:restart hello
	[[ "$output" == *"App hello has not been deployed"* ]]
	property common hello deployed true
	[ "$(dokku ps:report hello --deployed)" = true ]
}

@test "values of app.json are given until the app is deployed, and at each deploy where it says so" {
	app_without_deploy
	commit app.json '{ "env": { "FIRST": { "value": "given" }, "EACH": { "value": "given", "sync": true } } }\n'
	push
	dokku config:unset --no-restart hello FIRST EACH
	more
	push
	[ "$(dokku config:get hello FIRST)" = given ]
	[ "$(cat "$inst/lib/config/app-json/hello/appjson-env-processed")" = executed ]
	property common hello deployed true
	dokku config:unset --no-restart hello FIRST EACH
	more
	push
	run dokku config:get hello FIRST
	[ "$output" = '' ]
	[ "$(dokku config:get hello EACH)" = given ]
}
