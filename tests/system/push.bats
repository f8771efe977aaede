#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# git push over a real sshd, with plain git: from the first one that makes the app to two at once.

load ../lab/helpers
load ../lab/apps

setup_file() {
	setup_instance
	"$LAB" images busybox http
	lab_domain
}

teardown_file() {
	teardown_instance
}

setup() {
	DIR=$BATS_TEST_TMPDIR/app
	# A name of its own for each test.
	APP=t$BATS_TEST_NUMBER
}

@test "a first push makes the app and serves it" {
	http_app "$DIR" v1
	run git_push "$DIR" "$APP"
	assert_success
	assert_output --partial "remote: -----> Building $APP from Dockerfile"
	assert_output --partial 'remote: =====> Application deployed:'
	assert_output --partial "http://$(host_of "$APP")"
	assert_output --partial ' * [new branch]      master -> master'
	assert_http "$(host_of "$APP")" / 200 v1
	assert_equal "$(running_of "$APP")" "$APP.web.1"
	run dokku apps:list
	assert_line "$APP"
}

@test "a second push replaces the release" {
	http_app "$DIR" v1
	git_push "$DIR" "$APP"
	first=$(web_container "$APP")
	run push_version "$DIR" "$APP" v2
	assert_success
	assert_http "$(host_of "$APP")" / 200 v2
	[ "$(web_container "$APP")" != "$first" ]
	assert_equal "$(docker_lab inspect -f '{{.Name}}' "$(web_container "$APP")")" "/$LABEL.$APP.web.1"
	assert_equal "$(git -c safe.directory='*' -C "$INST/home/$APP" rev-parse master)" "$(git -C "$DIR" rev-parse master)"
}

@test "the revision is in GIT_REV" {
	http_app "$DIR" v1
	git_push "$DIR" "$APP"
	assert_equal "$(app_env "$APP" GIT_REV)" "$(git -C "$DIR" rev-parse HEAD)"
}

@test "a push of nothing new does not deploy" {
	http_app "$DIR" v1
	git_push "$DIR" "$APP"
	first=$(web_container "$APP")
	run git_push "$DIR" "$APP"
	assert_success
	assert_output --partial 'Everything up-to-date'
	assert_equal "$(web_container "$APP")" "$first"
}

@test "a first push of main makes main the deploy branch" {
	http_app "$DIR" v1
	run git_push "$DIR" "$APP" master:main
	assert_success
	assert_http "$(host_of "$APP")" / 200 v1
	assert_equal "$(dokku git:report "$APP" --git-deploy-branch)" main
}

@test "a push of another branch is stored and not deployed" {
	http_app "$DIR" v1
	dokku apps:create "$APP"
	dokku git:set "$APP" deploy-branch master
	run git_push "$DIR" "$APP" master:feature
	assert_success
	assert_output --partial 'deploy did not complete, you must push to master'
	refute_output --partial 'Application deployed'
	assert_equal "$(running_of "$APP")" ''
	git -c safe.directory='*' -C "$INST/home/$APP" rev-parse feature
	run git_push "$DIR" "$APP" master:master
	assert_success
	assert_http "$(host_of "$APP")" / 200 v1
}

@test "a global deploy branch counts for apps without one" {
	dokku git:set --global deploy-branch trunk
	http_app "$DIR" v1
	run git_push "$DIR" "$APP" master:master
	assert_success
	refute_output --partial 'Application deployed'
	run git_push "$DIR" "$APP" master:trunk
	assert_success
	assert_output --partial 'Application deployed'
	dokku git:set --global deploy-branch
}

@test "several refs in one push: only the deploy branch is deployed" {
	http_app "$DIR" v1
	dokku apps:create "$APP"
	dokku git:set "$APP" deploy-branch master
	git -C "$DIR" branch other
	run in_instance GIT_CONFIG_GLOBAL="$GIT_CONFIG_GLOBAL" GIT_SSH_COMMAND="$GIT_SSH_COMMAND" \
		git -C "$DIR" push "ssh://dokku@lab/$APP" other:other master:master
	assert_success
	assert_equal "$(grep -c 'Application deployed' <<<"$output")" 1
	assert_http "$(host_of "$APP")" / 200 v1
}

@test "a deleted branch that is not the deploy branch goes quietly" {
	http_app "$DIR" v1
	dokku apps:create "$APP"
	dokku git:set "$APP" deploy-branch master
	git_push "$DIR" "$APP"
	git_push "$DIR" "$APP" master:other
	run git_push "$DIR" "$APP" :other
	assert_success
	run git -c safe.directory='*' -C "$INST/home/$APP" rev-parse --verify -q other
	assert_failure
	assert_http "$(host_of "$APP")" / 200 v1
}

@test "a history that does not follow is refused by git and does not deploy" {
	http_app "$DIR" v1
	git_push "$DIR" "$APP"
	http_app "$BATS_TEST_TMPDIR/stranger" v9
	run git_push "$BATS_TEST_TMPDIR/stranger" "$APP"
	assert_failure 1
	assert_output --partial rejected
	assert_http "$(host_of "$APP")" / 200 v1
	run git_push "$BATS_TEST_TMPDIR/stranger" "$APP" +master:master
	assert_success
	assert_http "$(host_of "$APP")" / 200 v9
}

@test "a name that cannot be an app's is refused" {
	http_app "$DIR" v1
	run git_push "$DIR" 'Not_An_App'
	assert_failure
	refute_file_exists "$INST/home/Not_An_App"
	run git_push "$DIR" '../escape'
	assert_failure
	refute_file_exists "$INST/escape"
}

@test "with auto-creation off an unknown app is refused" {
	dokku apps:set --global disable-autocreation true || skip
	http_app "$DIR" v1
	run git_push "$DIR" "$APP"
	assert_failure
	refute_file_exists "$INST/home/$APP"
	dokku apps:set --global disable-autocreation
	run git_push "$DIR" "$APP"
	assert_success
}

@test "submodules are part of the source" {
	mkdir "$BATS_TEST_TMPDIR/part"
	echo from-submodule >"$BATS_TEST_TMPDIR/part/VERSION"
	git_app "$BATS_TEST_TMPDIR/part"
	git clone -q --bare "$BATS_TEST_TMPDIR/part" "$INST/part.git"
	chmod -R go+rX "$INST/part.git"
	http_app "$DIR" unused
	lab_git -C "$DIR" -c protocol.file.allow=always submodule --quiet add "$INST/part.git" part
	printf 'FROM moorage-lab/http:1\nCOPY part/VERSION /app/VERSION\n' >"$DIR/Dockerfile"
	git_commit "$DIR"
	printf '[protocol "file"]\n\tallow = always\n[safe]\n\tdirectory = *\n' >"$INST/home/.gitconfig"
	run git_push "$DIR" "$APP"
	rm -f "$INST/home/.gitconfig"
	assert_success
	assert_http "$(host_of "$APP")" / 200 from-submodule
}

@test "a symbolic link out of the source does not bring the machine's files into the image" {
	secret=$INST/secret
	echo "the machine's" >"$secret"
	http_app "$DIR" v1
	rm "$DIR/VERSION"
	ln -s "$secret" "$DIR/VERSION"
	git_commit "$DIR"
	run git_push "$DIR" "$APP"
	refute_output --partial "the machine's"
	[ "$(served "$APP")" != "the machine's" ]
}

@test "a symbolic link instead of a file that is read from the source is not followed out of it" {
	echo 'web: /bin/http-server' >"$INST/outside"
	http_app "$DIR" v1
	for file in Procfile app.json nginx.conf.sigil; do
		rm -f "$DIR/$file"
		ln -s "$INST/outside" "$DIR/$file"
		git_commit "$DIR" "link $file"
		run git_push "$DIR" "$APP"
		[ "$status" != 0 ] || assert_equal "$(find "$INST/lib/data" -name "$file" -path "*$APP*" -exec grep -l http-server {} +)" ''
		git rm -q --cached "$file" -C "$DIR" 2>/dev/null || rm "$DIR/$file"
		rm -f "$DIR/$file"
	done
}

@test "of two pushes at once one is refused and says why" {
	http_app "$DIR" v1
	git_push "$DIR" "$APP"
	set_version "$DIR" v2
	git clone -q "$DIR" "$BATS_TEST_TMPDIR/second"
	set_version "$BATS_TEST_TMPDIR/second" v3
	hold_pushes
	git_push "$DIR" "$APP" >"$BATS_TEST_TMPDIR/push" 2>&1 3>&- &
	push=$!
	wait_until 60 grep -q held "$BATS_TEST_TMPDIR/push"
	run git_push "$BATS_TEST_TMPDIR/second" "$APP"
	let_pushes_go
	assert_failure
	assert_output --partial 'currently has a deploy lock in place'
	wait "$push" || fail "$(cat "$BATS_TEST_TMPDIR/push")"
	assert_http "$(host_of "$APP")" / 200 v2
	# The next one is no stranger.
	run git_push "$BATS_TEST_TMPDIR/second" "$APP"
	assert_success
	assert_http "$(host_of "$APP")" / 200 v3
}

@test "a push that the client breaks off leaves one whole release, and the next push works" {
	http_app "$DIR" v1
	git_push "$DIR" "$APP"
	printf 'FROM moorage-lab/http:1\nRUN echo now-building '$RANDOM$RANDOM' && sleep 15\nCOPY VERSION /app/VERSION\n' >"$DIR/Dockerfile"
	set_version "$DIR" v2
	in_instance GIT_CONFIG_GLOBAL="$GIT_CONFIG_GLOBAL" GIT_SSH_COMMAND="$GIT_SSH_COMMAND" setsid \
		git -C "$DIR" push "ssh://dokku@lab/$APP" master:master </dev/null >"$BATS_TEST_TMPDIR/push" 2>&1 3>&- &
	wait_until 60 grep -q now-building "$BATS_TEST_TMPDIR/push"
	# As Ctrl-C does: git and ssh at once. A group's number is that of its leader, git.
	kill -INT -- "-$(pgrep -f "git -C $DIR push" | tail -n 1)"
	wait_until 60 not_busy
	[[ $(served "$APP") == v[12] ]] || fail "serves '$(served "$APP")'"
	assert_equal "$(running_of "$APP" | grep -c "^$APP.web.1$")" 1
	set_version "$DIR" v3
	run git_push "$DIR" "$APP"
	assert_success
	assert_http "$(host_of "$APP")" / 200 v3
}

not_busy() {
	[ ! -e "$INST/lib/data/moorage/operations/$APP.journal" ]
}

# proves effect: command apps:lock, command apps:unlock
@test "apps:lock keeps pushes out until apps:unlock" {
	http_app "$DIR" v1
	git_push "$DIR" "$APP"
	dokku apps:lock "$APP"
	run push_version "$DIR" "$APP" v2
	assert_failure
	assert_output --partial apps:unlock
	assert_http "$(host_of "$APP")" / 200 v1
	dokku apps:unlock "$APP"
	run git_push "$DIR" "$APP"
	assert_success
	assert_http "$(host_of "$APP")" / 200 v2
}

@test "a build that fails leaves the old release and says why" {
	http_app "$DIR" v1
	git_push "$DIR" "$APP"
	first=$(web_container "$APP")
	printf 'FROM moorage-lab/http:1\nRUN echo this-is-why >&2; exit 7\n' >"$DIR/Dockerfile"
	git_commit "$DIR"
	run git_push "$DIR" "$APP"
	assert_failure
	assert_output --partial this-is-why
	assert_output --partial 'App build failed'
	assert_output --partial '[remote rejected] master -> master (pre-receive hook declined)'
	assert_equal "$(web_container "$APP")" "$first"
	assert_http "$(host_of "$APP")" / 200 v1
	# And the branch did not move.
	[ "$(git -c safe.directory='*' -C "$INST/home/$APP" rev-parse master)" != "$(git -C "$DIR" rev-parse master)" ]
	# What is deployed can still be restarted.
	run dokku ps:restart "$APP"
	assert_success
	assert_http "$(host_of "$APP")" / 200 v1
}

@test "a first build that fails leaves an app that can be pushed again" {
	http_app "$DIR" v1
	printf 'FROM moorage-lab/http:1\nRUN exit 7\n' >"$DIR/Dockerfile"
	git_commit "$DIR"
	run git_push "$DIR" "$APP"
	assert_failure
	assert_equal "$(containers_of "$APP")" ''
	printf 'FROM moorage-lab/http:1\nCOPY VERSION /app/VERSION\n' >"$DIR/Dockerfile"
	git_commit "$DIR"
	run git_push "$DIR" "$APP"
	assert_success
	assert_http "$(host_of "$APP")" / 200 v1
}

@test "config is a build argument and in the environment, and nothing of it in the image" {
	http_app "$DIR" v1
	dokku apps:create "$APP"
	dokku config:set "$APP" 'MESSAGE=two words & $more' ONLY_RUN=secret-value
	dokku docker-options:add "$APP" build '--build-arg MESSAGE'
	printf 'FROM moorage-lab/http:1\nARG MESSAGE\nRUN echo "$MESSAGE" >/message\nCOPY VERSION /app/VERSION\n' >"$DIR/Dockerfile"
	git_commit "$DIR"
	run git_push "$DIR" "$APP"
	assert_success
	refute_output --partial secret-value
	assert_equal "$(docker_lab exec "$(web_container "$APP")" busybox cat /message)" 'two words & $more'
	assert_equal "$(app_env "$APP" MESSAGE)" 'two words & $more'
	assert_equal "$(app_env "$APP" ONLY_RUN)" secret-value
	run docker_lab image inspect "$(image_of "$APP")"
	refute_output --partial secret-value
}

@test "config:set on a deployed app restarts it with the new value" {
	http_app "$DIR" v1
	git_push "$DIR" "$APP"
	first=$(web_container "$APP")
	run dokku config:set "$APP" COLOUR=blue
	assert_success
	[ "$(web_container "$APP")" != "$first" ]
	assert_equal "$(app_env "$APP" COLOUR)" blue
	assert_http "$(host_of "$APP")" / 200 v1
}

@test "EXPOSE decides the port that the app is asked on" {
	http_app "$DIR" v1
	port=$(claim_port)
	printf 'EXPOSE %s\n' "$port" >>"$DIR/Dockerfile"
	git_commit "$DIR"
	run git_push "$DIR" "$APP"
	assert_success
	run dokku ports:report "$APP" --ports-map-detected
	assert_output "http:$port:$port"
	run in_instance curl -sf -H "Host: $(host_of "$APP")" "http://127.0.0.1:$port/env"
	assert_line "PORT=$port"
	# A map of one's own takes its place.
	run dokku ports:set "$APP" "http:$HTTP_PORT:$port"
	assert_success
	assert_equal "$(app_env "$APP" PORT)" "$port"
	run in_instance curl -sf -H "Host: $(host_of "$APP")" "http://127.0.0.1:$port/env"
	assert_failure
	free_ports
}

@test "domains lead to the app, and only those" {
	http_app "$DIR" mine
	git_push "$DIR" "$APP"
	run dokku domains:add "$APP" "$APP.example.org"
	assert_success
	assert_http "$APP.example.org" / 200 mine
	assert_http "$(host_of "$APP")" / 200 mine
	run dokku domains:remove "$APP" "$(host_of "$APP")"
	assert_success
	assert_http "$APP.example.org" / 200 mine
	[ "$(http_get "$(host_of "$APP")" / 2>/dev/null)" != mine ]
}

@test "the work tree of a push is gone after it" {
	http_app "$DIR" v1
	git_push "$DIR" "$APP"
	printf 'FROM moorage-lab/http:1\nRUN exit 7\n' >"$DIR/Dockerfile"
	git_commit "$DIR"
	run git_push "$DIR" "$APP"
	assert_failure
	assert_equal "$(git -c safe.directory='*' -C "$INST/home/$APP" worktree list --porcelain | grep -c ^worktree)" 1
}

@test "clone brings back what was pushed" {
	http_app "$DIR" v1
	git_push "$DIR" "$APP"
	run in_instance GIT_CONFIG_GLOBAL="$GIT_CONFIG_GLOBAL" GIT_SSH_COMMAND="$GIT_SSH_COMMAND" \
		git clone -q "ssh://dokku@lab/$APP" "$BATS_TEST_TMPDIR/clone"
	assert_success
	assert_file_is "$BATS_TEST_TMPDIR/clone/VERSION" v1
}
