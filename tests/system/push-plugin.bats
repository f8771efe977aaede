#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A third-party plugin that answers triggers sees a push at Dokku's moments.

load ../lab/helpers
load ../lab/apps

setup_file() {
	setup_instance
	"$LAB" images busybox http
	lab_domain
	install_recorder
}

teardown_file() {
	teardown_instance
}

TRIGGERS='post-create pre-receive-app post-extract core-post-extract pre-deploy core-post-deploy post-deploy
	post-domains-update check-deploy receive-app post-container-create pre-release-builder post-release-builder
	deploy-source-set nginx-pre-reload post-delete pre-delete git-pre-pull post-config-update'

# Every trigger's name, arguments and what of the environment scripts rely on, in the order seen.
install_recorder() {
	# shellcheck disable=SC2086 # a list
	install_plugin recorder $TRIGGERS <<-'SH'
		#!/usr/bin/env bash
		echo "$(basename "$0") $*" >>"$DOKKU_LIB_ROOT/recorded"
		case $(basename "$0") in
		post-extract) cp "$2/VERSION" "$DOKKU_LIB_ROOT/extracted" ;;
		esac
	SH
}

setup() {
	DIR=$BATS_TEST_TMPDIR/app
	APP=t$BATS_TEST_NUMBER
	http_app "$DIR" v1
	rm -f "$INST/lib/recorded"
}

recorded() {
	cut -d' ' -f1 "$INST/lib/recorded" | tr '\n' ' '
}

# in_order NAME...: first times of these triggers come in this order.
in_order() {
	local trigger line last=0
	for trigger; do
		line=$(grep -n "^$trigger " "$INST/lib/recorded" | head -n 1 | cut -d: -f1)
		[ "$line" ] || fail "no $trigger in: $(recorded)" || return 1
		[ "$line" -gt "$last" ] || fail "$trigger too early in: $(recorded)" || return 1
		last=$line
	done
}

# proves effect: trigger post-release-builder, trigger pre-deploy
@test "a push fires the triggers of a deploy in Dokku's order" {
	run git_push "$DIR" "$APP"
	assert_success
	in_order post-create core-post-extract post-extract pre-receive-app pre-release-builder \
		post-release-builder pre-deploy post-container-create core-post-deploy post-deploy
	rev=$(git -C "$DIR" rev-parse HEAD)
	grep -qx "deploy-source-set $APP git-push $rev" "$INST/lib/recorded" || fail "$(cat "$INST/lib/recorded")"
	grep -q "^post-extract $APP /.* $rev" "$INST/lib/recorded" || fail "$(cat "$INST/lib/recorded")"
	assert_file_is "$INST/lib/extracted" v1
	grep -qx "post-release-builder dockerfile $APP $(image_of "$APP")" "$INST/lib/recorded" || fail "$(cat "$INST/lib/recorded")"
	grep -qx "pre-deploy $APP latest" "$INST/lib/recorded" || fail "$(cat "$INST/lib/recorded")"
	container=$(web_container "$APP")
	grep -qx "post-container-create app $container $APP deploy web" "$INST/lib/recorded" || fail "$(cat "$INST/lib/recorded")"
	address=$(docker_lab inspect -f '{{.NetworkSettings.IPAddress}}' "$container")
	grep -qx "post-deploy $APP 5000 $address latest" "$INST/lib/recorded" || fail "$(cat "$INST/lib/recorded")"
}

# with_trigger NAME SCRIPT: for the rest of the test.
with_trigger() {
	local file=$INST/lib/plugins/available/recorder/$1
	rm -f "$file"
	printf '#!/usr/bin/env bash\n%s\n' "$2" >"$file"
	chmod +x "$file"
}

without_trigger() {
	ln -sf script "$INST/lib/plugins/available/recorder/$1"
}

@test "a trigger before the switch that fails refuses the deploy" {
	git_push "$DIR" "$APP"
	with_trigger pre-deploy 'echo not-on-a-friday >&2; exit 1'
	run push_version "$DIR" "$APP" v2
	without_trigger pre-deploy
	assert_failure
	assert_output --partial not-on-a-friday
	assert_http "$(host_of "$APP")" / 200 v1
	run git_push "$DIR" "$APP"
	assert_success
	assert_http "$(host_of "$APP")" / 200 v2
}

@test "a trigger after the switch that fails is reported; the new release serves" {
	git_push "$DIR" "$APP"
	with_trigger post-deploy 'echo hook-is-down >&2; exit 1'
	run push_version "$DIR" "$APP" v2
	without_trigger post-deploy
	assert_output --partial hook-is-down
	assert_http "$(host_of "$APP")" / 200 v2
}

@test "a trigger may set config of the app in the middle of its deploy" {
	with_trigger pre-deploy 'dokku config:set --no-restart "$1" FROM_TRIGGER=set'
	run git_push "$DIR" "$APP"
	without_trigger pre-deploy
	assert_success
	assert_equal "$(dokku config:get "$APP" FROM_TRIGGER)" set
	assert_equal "$(app_env "$APP" FROM_TRIGGER)" set
}

# proves effect: trigger docker-args-deploy
@test "docker arguments of a trigger reach the container" {
	with_trigger docker-args-deploy 'cat; printf " --env=FROM_ARGS=yes --label=from-args=yes "'
	run git_push "$DIR" "$APP"
	rm -f "$INST/lib/plugins/available/recorder/docker-args-deploy"
	assert_success
	assert_equal "$(app_env "$APP" FROM_ARGS)" yes
	assert_equal "$(docker_lab inspect -f '{{index .Config.Labels "from-args"}}' "$(web_container "$APP")")" yes
}

@test "destroying an app fires its triggers" {
	git_push "$DIR" "$APP"
	rm -f "$INST/lib/recorded"
	run dokku --force apps:destroy "$APP"
	assert_success
	in_order pre-delete post-delete
}
