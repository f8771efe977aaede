#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# cleanup, report.

bats_require_minimum_version 1.5.0
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

# unnamed NAME LABELS...: an image of its own without a name; prints its id
unnamed() {
	local name=$1 labels=()
	shift
	for l; do labels+=(--label "$l"); done
	# Labels alone would give an id that another test has, too.
	docker_lab build -q "${labels[@]}" --label moorage.lab=x --label "only=$LABEL-$name" - <<<"FROM moorage-lab/busybox:1"
}

image_exists() {
	docker_lab image inspect "$1" >/dev/null 2>&1
}

# proves effect: command cleanup
@test "only images go that are ours, have no name and that no container needs" {
	"$LAB" images busybox
	local ours=(dokku "com.moorage.instance=$LABEL")
	mine=$(unnamed mine "${ours[@]}" "com.dokku.app-name=$app")
	other_app=$(unnamed other-app "${ours[@]}" com.dokku.app-name=other)
	foreign=$(unnamed foreign dokku com.moorage.instance=somebody "com.dokku.app-name=$app")
	unlabelled=$(unnamed unlabelled)
	named=$(unnamed named "${ours[@]}" "com.dokku.app-name=$app")
	docker_lab tag "$named" "dokku-$LABEL/$app:old"
	used=$(unnamed used "${ours[@]}" "com.dokku.app-name=$app")
	docker_lab run -d --name "$LABEL-user" --label "com.moorage.instance=$LABEL" "$used" sleep 100
	run dokku cleanup "$app"
	assert_success
	run ! image_exists "$mine"
	for image in "$other_app" "$foreign" "$unlabelled" "$named" "$used"; do image_exists "$image"; done
	run dokku cleanup
	assert_success
	run ! image_exists "$other_app"
	for image in "$foreign" "$unlabelled" "$named" "$used"; do image_exists "$image"; done
	assert_equal "$(docker_lab inspect -f '{{.State.Running}}' "$LABEL-user")" true
	docker_lab rm -f "$LABEL-user"
	docker_lab rmi -f "$foreign" "$unlabelled" "$used" "dokku-$LABEL/$app:old"
}

@test "volumes are never touched" {
	docker_lab volume create --label dokku --label "com.moorage.instance=$LABEL" "$LABEL-data"
	dokku storage:create kept "$LABEL-data"
	run dokku cleanup
	assert_success
	docker_lab volume inspect "$LABEL-data"
	docker_lab volume rm "$LABEL-data"
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
