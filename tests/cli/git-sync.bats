#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# git:sync: an app's repository follows one that is hosted elsewhere.

bats_require_minimum_version 1.5.0
load sources.bash

setup_file() {
	sources_begin
	host_begin
}

teardown_file() {
	sources_end
}

setup() {
	make_app "s$BATS_TEST_NUMBER"
	remote_repo "$APP" one
}

# proves effect: command git:sync, trigger receive-app
@test "git:sync --build clones, builds and notes where it came from" {
	mkdir -p "$inst/lib/plugins/enabled/zz-sync"
	printf '#!/bin/sh\necho "receive-app $*" >> %s\n' "$inst/heard" > "$inst/lib/plugins/enabled/zz-sync/receive-app"
	chmod +x "$inst/lib/plugins/enabled/zz-sync/receive-app"
	run -0 dokku git:sync --build "$APP" "$REPO" main
	rm -r "$inst/lib/plugins/enabled/zz-sync"
	rev=$(git -C "$WORK" rev-parse main)
	[[ "$output" == *"-----> Cloning $APP from $REPO#main"* ]]
	[[ "$output" == *"       Detected branch, setting deploy-branch to main"* ]]
	[ "$(built_text)" = one ]
	[ "$(in_repo rev-parse main)" = "$rev" ]
	[ "$(cat "$inst/home/$APP/HEAD")" = "ref: refs/heads/main" ]
	[ "$(cat "$inst/lib/config/git/$APP/deploy-branch")" = main ]
	[ "$(deploy_source)" = git-sync ]
	[ "$(deploy_metadata)" = "$REPO#$rev" ]
	grep -q "^GIT_REV=\"$rev\"$" "$inst/lib/config/$APP/ENV"
	[ "$(cat "$inst/heard")" = "receive-app $APP $rev" ]
	[ -z "$(in_repo for-each-ref refs/moorage)" ]
}

@test "without a flag it only fetches; --build-if-changes builds what is new" {
	run -0 dokku git:sync "$APP" "$REPO" main
	[ "$(text_at main)" = one ]
	[ -z "$(docker images -q "dokku-$label/$APP")" ]
	[ ! -e "$inst/lib/config/apps/$APP/deploy-source" ]
	run -0 dokku git:sync --build-if-changes "$APP" "$REPO"
	[[ "$output" == *"       Fetching remote code for $APP from $REPO#"* ]]
	[[ "$output" == *"       Skipping build as no changes were detected"* ]]
	[ -z "$(docker images -q "dokku-$label/$APP")" ]
	remote_change "$APP" two
	run -0 dokku git:sync --build-if-changes "$APP" "$REPO"
	[ "$(built_text)" = two ]
	[ "$(text_at main)" = two ]
	run -0 dokku git:sync --build "$APP" "$REPO"
	[[ "$output" == *"Building $APP"* ]]
}

@test "branches, tags and commits can be named" {
	first=$(git -C "$WORK" rev-parse main)
	git -C "$WORK" tag -a v1 -m v1
	remote_change "$APP" two
	git -C "$WORK" branch other main
	remote_push "$APP" v1 other
	remote_change "$APP" three
	run -0 dokku git:sync "$APP" "$REPO" v1
	[ "$(text_at master)" = one ]
	[ ! -e "$inst/lib/config/git/$APP/deploy-branch" ]
	dokku git:sync "$APP" "$REPO" main
	[ "$(text_at master)" = three ]
	dokku git:sync "$APP" "$REPO" other
	[ "$(text_at master)" = two ]
	dokku git:sync "$APP" "$REPO" "${first:0:10}"
	[ "$(text_at master)" = one ]
	dokku git:sync "$APP" "$REPO" refs/heads/main
	[ "$(text_at master)" = three ]
	dokku git:sync "$APP" "$REPO" main~1
	[ "$(text_at master)" = two ]
	# The others are there under their own names.
	[ "$(text_at other)" = two ]
	[ "$(text_at v1)" = one ]
	# A commit that no branch holds any more.
	git -C "$WORK" reset -q --hard "$first"
	git -C "$WORK" commit -q --allow-empty -m forked
	git -C "$WORK" push -qf host main
	run -0 dokku git:sync "$APP" "$REPO" main
	[ "$(in_repo log -1 --format=%s master)" = forked ]
	[ "$(text_at main)" = one ]
}

@test "the deploy branch may keep its name" {
	dokku git:set "$APP" deploy-branch live
	run -0 dokku git:sync --skip-deploy-branch "$APP" "$REPO" main
	[[ "$output" == *"       Detected branch main, skipping deploy-branch setting"* ]]
	[ "$(cat "$inst/lib/config/git/$APP/deploy-branch")" = live ]
	[ "$(text_at live)" = one ]
	[ "$(cat "$inst/home/$APP/HEAD")" = "ref: refs/heads/live" ]
}

@test "a repository or ref that is not there changes nothing" {
	dokku git:sync "$APP" "$REPO" main
	refused git:sync "$APP"
	[[ "$output" == *"Missing GIT_REMOTE parameter"* ]]
	refused git:sync --build "$APP" "$inst/nothing"
	[[ "$output" == *"Unable to fetch $inst/nothing"* ]]
	refused git:sync --build "$APP" "$REPO" nothing
	[[ "$output" == *"there is no branch, tag or commit 'nothing'"* ]]
	refused git:sync --build "$APP" "$REPO" --output=x
	refused git:sync "$APP" "ext::touch $inst/ran"
	refused git:sync "$APP" -- "--upload-pack=touch $inst/ran"
	refused git:sync "$APP" "$REPO" -- "--upload-pack=touch $inst/ran"
	[ ! -e "$inst/ran" ]
	# The app's own branch is master, which the other side has not.
	make_app "$APP-new"
	run ! dokku git:sync "$APP" "$REPO"
	[[ "$output" == *"there is no branch, tag or commit 'master'; name one behind the address"* ]]
}

@test "a build that fails leaves the branch, and the next try builds again" {
	dokku git:sync --build "$APP" "$REPO" main
	broken_files "$WORK"
	remote_change "$APP" two
	refused git:sync --build "$APP" "$REPO"
	[[ "$output" == *"App build failed"* ]]
	refused git:sync --build-if-changes "$APP" "$REPO"
	source_files "$WORK" three
	git -C "$WORK" commit -qam three
	remote_push "$APP"
	dokku git:sync --build-if-changes "$APP" "$REPO"
	[ "$(built_text)" = three ]
}

@test "a first build that fails leaves an app without a source" {
	rm "$WORK/text"
	broken_files "$WORK"
	git -C "$WORK" commit -qam broken
	remote_push "$APP"
	refused git:sync --build "$APP" "$REPO" main
	[[ "$output" == *"App build failed"* ]]
	[ ! -e "$inst/lib/config/git/$APP/deploy-branch" ]
	[ "$(cat "$inst/home/$APP/HEAD")" = "ref: refs/heads/master" ]
}

@test "a locked app is fetched and not deployed" {
	dokku git:sync --build "$APP" "$REPO" main
	remote_change "$APP" two
	dokku apps:lock "$APP"
	refused git:sync --build "$APP" "$REPO"
	[[ "$output" == *"$APP currently has a deploy lock in place. Exiting..."* ]]
	run -0 dokku git:sync "$APP" "$REPO"
	[ "$(text_at main)" = two ]
	[ "$(built_text)" = one ]
}

@test "relative submodules are found beside the repository" {
	git config --global protocol.file.allow always
	remote_repo "$APP-inner" inner
	outer=$inst/work/$APP
	git -C "$outer" submodule --quiet add "../$APP-inner.git" inner 2> /dev/null ||
		git -C "$outer" -c remote.origin.url="$inst/host/repos/$APP.git" submodule --quiet add "../$APP-inner.git" inner
	printf 'COPY inner/text /text\n' >> "$outer/Dockerfile"
	git -C "$outer" commit -qam submodule
	remote_push "$APP"
	run -0 dokku git:sync --build "$APP" "$inst/host/repos/$APP.git" main
	[ "$(built_text)" = inner ]
}

# --- over HTTP ---

@test "git:auth opens a private repository over HTTP" {
	url=http://127.0.0.1:$HOST_PORT/$APP.git
	refused git:sync --build "$APP" "$url" main
	[[ "$output" == *"git:auth <host> <user> <password>"* ]]
	dokku git:auth 127.0.0.1 me wrong
	refused git:sync --build "$APP" "$url" main
	[[ "$output" == *"git:auth <host> <user> <password>"* ]]
	dokku git:auth 127.0.0.1 me 'pass word'
	run -0 dokku git:sync --build "$APP" "$url" main
	[ "$(built_text)" = one ]
	[ "$(deploy_metadata)" = "$url#$(git -C "$WORK" rev-parse main)" ]
	dokku git:auth 127.0.0.1
	refused git:sync "$APP" "$url" main
}

@test "a password in the address is used, and neither shown nor stored nor on a command line" {
	url=http://127.0.0.1:$HOST_PORT/$APP.git
	# What a child of git is called with.
	real=$(git --exec-path)
	mkdir "$BATS_TEST_TMPDIR/exec"
	for file in "$real"/*; do
		ln -s "$file" "$BATS_TEST_TMPDIR/exec/"
	done
	rm "$BATS_TEST_TMPDIR/exec/git-remote-http"
	printf '#!/bin/sh\necho "$*" >> %s\nexec %s "$@"\n' "$BATS_TEST_TMPDIR/called" "$real/git-remote-http" \
		> "$BATS_TEST_TMPDIR/exec/git-remote-http"
	chmod +x "$BATS_TEST_TMPDIR/exec/git-remote-http"
	GIT_EXEC_PATH=$BATS_TEST_TMPDIR/exec run -0 dokku git:sync --build "$APP" \
		"http://me:pass%20word@127.0.0.1:$HOST_PORT/$APP.git" main
	[ -s "$BATS_TEST_TMPDIR/called" ]
	run ! grep -q pass "$BATS_TEST_TMPDIR/called"
	[[ "$output" != *pass*word* ]]
	[ "$(built_text)" = one ]
	[ "$(deploy_metadata)" = "$url#$(git -C "$WORK" rev-parse main)" ]
	run ! grep -rqE 'pass%20word|pass word|bWU6cGFzcyB3b3Jk' "$inst/lib" "$inst/home" "$inst/logs"
}
