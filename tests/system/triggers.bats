#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A third-party plugin with an executable for every event that Dokku documents sees the life of an
# app as tests/golden/triggers.log tells it. The log was written by following Dokku's documentation
# and sources; it does not come from this program. Its lines with #! are remarks.

load ../lab/helpers
load ../lab/apps

# Events that are no moments of an app's life:
# - calls by which Dokku's own plugins use each other, made here without a trigger (their answers to
#   scripts are tested in trigger-answers.bats);
# - the proxy's own work, which Moorage does as often as something changes, Dokku more often;
# - user-auth, which is asked before every command, and the state of cron, which cron.bats has.
INTERNAL='app-create app-destroy app-maybe-create app-restart certs-remove certs-set config-migrate-env
config-set config-unset domains-add domains-disable domains-enable network-build-config
network-write-ipaddr network-write-port ports-clear ports-configure ports-set-detected ps-can-scale
ps-set-scale scheduler-register-retired git-from-archive git-from-directory git-from-image
proxy-build-config nginx-pre-reload user-auth scheduler-cron-write'

setup_file() {
	setup_instance --libexec "${TOOLS:-$BUILD/src/tools}"
	"$LAB" images busybox http
	lab_domain
	lab_shell
}

teardown_file() {
	teardown_instance
}

# In the order of names it comes behind app-json, which checks app.json when the source is there, and
# before all others that fire a trigger when they hear one.
install_recorder() {
	# shellcheck disable=SC2046 # a list
	install_plugin app-recorder $(awk -F'\t' '$3 == "event" && $4 == "documented" { print $1 }' \
		"$TOP/tests/spec/triggers.tsv" | grep -vxFf <(tr ' ' '\n' <<<"$INTERNAL")) <<-'SH'
		#!/bin/bash
		{
			printf '%s' "$(basename "$0")"
			for word; do [ "$word" ] && printf ' %s' "$word" || printf " ''"; done
			echo
		} >>"$DOKKU_LIB_ROOT/recorded"
	SH
}

# What differs from run to run gets a name.
normalised() {
	sed -E "s,/tmp/dokku-[0-9]+-[^ /]*,DIR,g; s/\b[0-9a-f]{64}\b/CONTAINER/g; s/\b[0-9a-f]{40}\b/REV/g
		s,$INST/lib/data/,DATA/,g; s/app\.json\.[0-9]+/app.json.PID/g
		s/\b(172|192|10)\.[0-9]+\.[0-9]+\.[0-9]+\b/ADDRESS/g; s,dokku-$LABEL/,dokku/,g" "$INST/lib/recorded"
}

# note TITLE: the events that follow are of this.
note() {
	echo "# $*" >>"$INST/lib/recorded"
	chown --reference "$INST/home" "$INST/lib/recorded"
}

# does WORDS...: a command; NET, CRT and KEY stand for longer words.
does() {
	local words=("$@")
	note "$@"
	words=("${words[@]/#NET/$LABEL-net}")
	words=("${words[@]/#CRT/$INST/pem.crt}")
	words=("${words[@]/#KEY/$INST/pem.key}")
	dokku "${words[@]}" >"$BATS_TEST_TMPDIR/said" 2>&1 </dev/null || fail "$* failed:" "$(cat "$BATS_TEST_TMPDIR/said")"
}

before_deploy() {
	does apps:create hello
	does config:set hello GREETING=hi
	does config:unset hello GREETING
	does domains:add hello www.example.org
	does domains:remove hello www.example.org
	does domains:set hello one.example.org two.example.org
	does domains:clear hello
	does domains:reset hello
	does domains:disable hello
	does ports:set hello http:8080:5000
	does ports:add hello http:8081:5000
	does ports:remove hello http:8081:5000
	does ports:clear hello
	does ps:scale hello web=1 worker=0
	does checks:disable hello worker
	does checks:enable hello worker
	does network:create NET
	does network:set hello attach-post-create NET
	does network:set hello attach-post-create
	does network:destroy --force NET
	does docker-options:add hello deploy --init
	does certs:add hello CRT KEY
	does certs:remove hello
	does proxy:enable hello
	does domains:add hello hello.example.test
	does proxy:disable hello
	does proxy:enable hello
	does proxy:clear-config hello
}

deployed() {
	note git push master
	git_push "$1" hello >"$BATS_TEST_TMPDIR/said" 2>&1 || fail "$(cat "$BATS_TEST_TMPDIR/said")"
	note git push other
	git_push "$1" hello master:other >"$BATS_TEST_TMPDIR/said" 2>&1 || fail "$(cat "$BATS_TEST_TMPDIR/said")"
	note git clone
	in_instance GIT_CONFIG_GLOBAL="$GIT_CONFIG_GLOBAL" GIT_SSH_COMMAND="$GIT_SSH_COMMAND" \
		git clone -q ssh://dokku@lab/hello "$BATS_TEST_TMPDIR/clone"
	does config:set hello GREETING=hi
	does ps:restart hello
	does ps:scale hello worker=1
	does ps:scale hello worker=0
	does ps:rebuild hello
	note git push a build that fails
	echo 'RUN false' >>"$1/Dockerfile"
	git_commit "$1" broken
	run git_push "$1" hello
	assert_failure
	does run hello true
	does ps:stop hello
	does ps:start hello
	does ps:restore hello
}

# proves golden: trigger post-create, trigger post-config-update, trigger post-domains-update
# proves golden: trigger pre-disable-vhost, trigger pre-enable-vhost, trigger post-proxy-ports-update
# proves golden: trigger post-certs-update, trigger post-certs-remove, trigger proxy-disable
# proves golden: trigger proxy-enable, trigger proxy-clear-config, trigger network-clear-config
# proves golden: trigger core-post-extract, trigger post-extract, trigger pre-receive-app
# proves golden: trigger builder-build, trigger pre-build, trigger post-build
# proves golden: trigger pre-build-dockerfile, trigger post-build-dockerfile
# proves golden: trigger release-and-deploy, trigger builder-release, trigger pre-release-dockerfile
# proves golden: trigger pre-release-builder, trigger post-release-builder, trigger pre-deploy
# proves golden: trigger scheduler-deploy, trigger post-container-create, trigger check-deploy
# proves golden: trigger scheduler-post-deploy-process, trigger core-post-deploy, trigger post-deploy
# proves golden: trigger deploy-source-set, trigger receive-branch, trigger git-pre-pull
# proves golden: trigger git-post-pull, trigger deploy, trigger receive-app, trigger app-json-is-valid
# proves golden: trigger scheduler-run, trigger scheduler-post-run, trigger scheduler-stop
# proves golden: trigger post-stop, trigger pre-start, trigger scheduler-pre-restore
# proves golden: trigger post-app-clone-setup, trigger post-app-clone, trigger post-app-rename-setup
# proves golden: trigger post-app-rename, trigger pre-delete, trigger post-delete
# proves golden: trigger scheduler-post-delete, trigger scheduler-retire
@test "the life of an app, as a plugin sees it" {
	dir=$BATS_TEST_TMPDIR/app
	openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj "/CN=hello.example.test" \
		-keyout "$INST/pem.key" -out "$INST/pem.crt" 2>/dev/null
	chmod 644 "$INST"/pem.*
	http_app "$dir" v1
	printf 'web: /bin/http-server\nworker: busybox sleep 1000\n' >"$dir/Procfile"
	sed -i 's/} *$/, "worker": [ { "type": "startup", "uptime": 1 } ] } }/; s/ ] } , "worker"/ ], "worker"/' "$dir/app.json"
	jq -e .healthchecks.worker "$dir/app.json" >/dev/null
	git_commit "$dir" procfile
	install_recorder
	before_deploy
	deployed "$dir"
	does apps:clone --skip-deploy hello copy
	does apps:rename --skip-deploy copy renamed
	does apps:destroy --force renamed
	does apps:destroy --force hello
	remove_plugin app-recorder
	diff -u <(grep -v "^#!" "$TOP/tests/golden/triggers.log") <(normalised)
}

# proves golden: trigger pre-restore
@test "a restore of all apps begins with pre-restore" {
	install_plugin app-recorder pre-restore <<<$'#!/bin/sh\necho "$(basename "$0") $#" >"$DOKKU_LIB_ROOT/restored"'
	run dokku ps:restore --all
	remove_plugin app-recorder
	assert_success
	assert_file_is "$INST/lib/restored" 'pre-restore 0'
}
