#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A command is killed while it has the crontab to write: the next one on that app writes it.

# shellcheck disable=SC2317,SC2034,SC2030,SC2031 # called by and read in what faults.bash does
load faults

setup_file() {
	faults_instance
}

teardown_file() {
	teardown_instance
}

tasks() {
	grep -v -e '^#' -e '^[A-Z]*=' -e '^$' "$INST/crontabs/dokku" 2>/dev/null
}

# kill_at_write OPERATION COMMAND...: before the step that writes, found in the journal of a run that
# went through.
kill_at_write() {
	local operation=$1 number
	shift
	number=$(steps_of "$(journal_of "$operation")" | awk '$2 == "cron:write" { print $1 }')
	[ "$number" ] || fail "no step writes the crontab in $operation"
	kill_at "$operation" "$number" before
	run "$@"
	assert_failure
	was_killed || fail "nothing was killed: $output"
}

@test "a deploy, a stop and a removal that are killed before the crontab is written" {
	mkdir "$BATS_FILE_TMPDIR/cron"
	printf 'FROM moorage-lab/busybox:1\nCMD ["sleep", "1000"]\n' >"$BATS_FILE_TMPDIR/cron/Dockerfile"
	printf '{ "cron": [ { "command": "true", "schedule": "@daily" } ] }' >"$BATS_FILE_TMPDIR/cron/app.json"
	git_app "$BATS_FILE_TMPDIR/cron"
	for app in timed other; do
		dokku apps:create "$app"
		dokku checks:skip "$app"
		dokku proxy:disable "$app"
		git_push "$BATS_FILE_TMPDIR/cron" "$app"
	done
	dokku --force apps:destroy other
	before=$(tasks)
	[[ $before == "@daily "*" cron:run timed "* ]] || fail "$before"
	# The deploy: app.json has another task.
	sed -i 's/@daily/@hourly/' "$BATS_FILE_TMPDIR/cron/app.json"
	git_commit "$BATS_FILE_TMPDIR/cron" hourly
	kill_at_write deploy git_push "$BATS_FILE_TMPDIR/cron" timed
	assert_equal "$(tasks)" "$before"
	dokku config:set --no-restart timed A=1
	[[ $(tasks) == "@hourly "*" cron:run timed "* ]] || fail "$(tasks)"
	# The stop: somebody has removed the crontab.
	dokku ps:stop timed
	dokku ps:start timed
	rm "$INST/crontabs/dokku"
	kill_at_write stop dokku ps:stop timed
	dokku config:set --no-restart timed A=2
	[[ $(tasks) == "@hourly "*" cron:run timed "* ]] || fail "$(tasks)"
	# The removal: there is no app any more that somebody could name; the timer finds it.
	kill_at_write destroy dokku --force apps:destroy timed
	[ "$(tasks)" ]
	dokku ps:retire
	run tasks
	refute_output
}
