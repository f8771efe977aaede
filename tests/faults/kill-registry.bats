#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A push whose release goes to a registry is killed at each of the steps that this takes.

# shellcheck disable=SC2317,SC2034,SC2030,SC2031 # called by and read in what faults.bash does
load faults
load ../lab/registry

setup_file() {
	faults_instance
	registry_start
	registry_login_global
}

teardown_file() {
	docker_lab images -q --filter "reference=$REGISTRY/*/*" | sort -u |
		xargs -r "${MOORAGE_TEST_DOCKER:-/usr/bin/docker}" -H "unix://$ENGINE_SOCKET" rmi -f >/dev/null || true
	registry_stop
	teardown_instance
}

# state: names of images and the number of the release.
state() {
	docker_lab images --format '{{.Repository}}:{{.Tag}} {{.ID}}' | grep "$LABEL/app:" | sort
	dokku registry:report app --registry-tag-version
}

@test "a release that is killed on its way to the registry never was one, here; its number is not used again" {
	dokku registry:set --global server "$REGISTRY"
	dokku registry:set --global push-extra-tags newest
	dokku registry:set --global push-on-release true
	deploy_app app
	dir=$BATS_FILE_TMPDIR/app
	steps_of "$(journal_of deploy)" >"$BATS_TEST_TMPDIR/all-steps"
	first=$(awk '$2 == "registry:tag" { print $1 }' "$BATS_TEST_TMPDIR/all-steps")
	# The names, two pushes, the count, and the plan of what comes then.
	awk -v first="$first" '$1 >= first && $1 < first + 5' "$BATS_TEST_TMPDIR/all-steps" >"$BATS_TEST_TMPDIR/steps"
	assert_equal "$(cut -d' ' -f2 "$BATS_TEST_TMPDIR/steps" | tr '\n' ' ')" \
		'registry:tag registry:push registry:push state:set deploy:plan '
	prepare() {
		VICTIM=app
		VERSION=$((${VERSION:-100} + 1))
		set_version "$dir" "v$VERSION"
		state >"$BATS_TEST_TMPDIR/before"
	}
	attempt() { git_push "$dir" app; }
	verify() {
		expect 'the old release does not serve' serves app v1
		recovered app "$1"
		expect 'the old release does not serve after recovery' serves app v1
		state >"$BATS_TEST_TMPDIR/after"
		expect 'names or number are not those of before' diff "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
	}
	base_snapshot # the image of the release before has gone
	load_start app "$(host_of app)"
	kill_everywhere deploy "$BATS_TEST_TMPDIR/steps" before effect
	expect 'requests failed' load_end app
	pushed=$(registry_tags "dokku-$LABEL/app" | tr ' ' '\n' | grep -v newest | sort -n | tail -n 1)
	attempt
	expect 'the next push does not serve' wait_until 60 serves app "v$VERSION"
	expect 'a number was used twice' test "$(dokku registry:report app --registry-tag-version)" -gt "$pushed"
	nothing_found
	assert_equal "$KILLED" 10
}
