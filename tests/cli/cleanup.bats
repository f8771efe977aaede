#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# cleanup, report.

load ../lab/helpers

setup_file() {
	setup_instance --no-nginx --no-sshd
}

teardown_file() {
	teardown_instance
}

setup() {
	app=app-$BATS_TEST_NUMBER
	as_dokku mkdir -p "$INST/home/$app"
}

# dead NAME LABELS...: a container that has ended
dead() {
	local name=$LABEL-$1 labels=()
	shift
	for l; do labels+=(--label "$l"); done
	docker_lab run --name "$name" --label moorage.lab=x "${labels[@]}" moorage-lab/busybox:1 true
}

exists() {
	docker_lab container inspect "$LABEL-$1" >/dev/null 2>&1
}

gone() {
	! exists "$1"
}

# proves effect: command cleanup
@test "only dead containers that are ours go" {
	"$LAB" images busybox
	dead mine dokku "com.moorage.instance=$LABEL" "com.dokku.app-name=$app"
	dead other-app dokku "com.moorage.instance=$LABEL" com.dokku.app-name=other
	dead foreign dokku com.moorage.instance=somebody "com.dokku.app-name=$app"
	docker_lab run -d --name "$LABEL-alive" --label dokku --label "com.moorage.instance=$LABEL" \
		--label "com.dokku.app-name=$app" moorage-lab/busybox:1 sleep 100
	run dokku cleanup "$app"
	assert_success
	assert_output "-----> Cleaning up..."
	gone mine
	exists other-app
	exists foreign
	exists alive
	run dokku cleanup
	assert_success
	gone other-app
	exists foreign
	exists alive
	docker_lab rm -f "$LABEL-foreign" "$LABEL-alive"
}

# proves golden: command report, report report/(vitals lines)
@test "report prints the machine, and apps when asked" {
	run dokku report
	assert_success
	assert_output --partial "-----> uname: Linux"
	assert_output --partial "-----> dokku version: "
	refute_output --partial "information"
	run dokku report "$app"
	assert_line "=====> $app checks information"
	assert_line "=====> $app ps information"
}

@test "report as JSON has one object per app by report type" {
	run dokku report "$app" --format json
	assert_success
	echo "$output" >"$BATS_TEST_TMPDIR/report"
	assert_json keys[] "$app" "$BATS_TEST_TMPDIR/report"
	assert_json ".[\"$app\"].ps.restore" true "$BATS_TEST_TMPDIR/report"
	assert_json ".[\"$app\"].checks[\"disabled-list\"]" none "$BATS_TEST_TMPDIR/report"
}
