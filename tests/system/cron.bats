#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Scheduled tasks with Debian's cron, which runs in the instance's namespace: with its user, its
# crontabs, and nothing of the machine's own.

bats_require_minimum_version 1.5.0
load ../lab/helpers
load ../lab/apps

setup_file() {
	machines_crontabs >"$BATS_FILE_TMPDIR/crontabs"
	setup_instance
	"$LAB" images busybox
	lab_domain
	start_cron
}

teardown_file() {
	teardown_instance
}

machines_crontabs() {
	find /var/spool/cron -printf '%p %T@ %i\n' | sort
}

# The system's jobs stay the machine's: this cron sees no /etc/crontab and no /etc/cron.d.
start_cron() {
	mkdir "$INST/etc/cron.d"
	: >"$INST/etc/crontab"
	touch "$INST/run/crond.pid"
	in_instance sh -c "
		mount --bind '$INST/etc/cron.d' /etc/cron.d
		[ ! -e /etc/crontab ] || mount --bind '$INST/etc/crontab' /etc/crontab
		touch /run/crond.pid && mount --bind '$INST/run/crond.pid' /run/crond.pid
		exec setsid cron -f -L 15 </dev/null >'$INST/logs/cron.log' 2>&1 3>&- &"
	wait_until 10 grep -q . "$INST/run/crond.pid"
}

app_dir() {
	mkdir -p "$DIR"
	printf 'FROM moorage-lab/busybox:1\nCMD ["sleep", "1000"]\n' >"$DIR/Dockerfile"
	printf '{ "cron": [ %s ] }' "$1" >"$DIR/app.json"
}

fired_lines() {
	in_instance cat "$INST/fired/lines" 2>/dev/null
}

# proves effect: command cron:run
@test "a task of app.json fires each minute, as the user, and its container goes away" {
	DIR=$BATS_TEST_TMPDIR/app
	install -d -m 777 "$INST/fired"
	app_dir '{ "command": "sh -c '"'echo \$DYNO >>/fired/lines'"'", "schedule": "* * * * *" },
		{ "command": "touch /fired/suspended", "schedule": "* * * * *", "maintenance": true },
		{ "command": "touch /fired/later", "schedule": "0 0 29 2 *" }'
	git_app "$DIR"
	dokku apps:create ticks
	dokku checks:skip ticks
	dokku proxy:disable ticks
	dokku docker-options:add ticks run "-v $INST/fired:/fired"
	dokku events:on
	run git_push "$DIR" ticks
	assert_success
	assert_output --partial "-----> Updated schedule file"
	id=$(dokku cron:list ticks --format json | jq -r '.[0].id')
	grep -qF "cron:run ticks $id" "$INST/crontabs/dokku"
	has_fired() {
		[ "$(fired_lines)" ]
	}
	wait_until 240 has_fired
	# Not twice in a minute, and what it started is the user's.
	run grep -F "INVOKED: scheduler-run( docker-local ticks 0 -- sh -c" "$INST/logs/events.log"
	assert_success
	minutes=$(printf '%s\n' "${lines[@]}" | sed 's/^\(.\{12\}\).*/\1/')
	assert_equal "$(sort -u <<<"$minutes" | wc -l)" "$(wc -l <<<"$minutes")"
	assert_equal "$(stat -c %u "$INST/logs/events.log")" "$(stat -c %u "$INST/home")"
	fired_lines | while read -r line; do
		[[ $line =~ ^cron\.[0-9]+$ ]] || fail "not a cron container: $line"
	done
	[ ! -e "$INST/fired/suspended" ]
	[ ! -e "$INST/fired/later" ]
	none_left() {
		[ "$(docker_lab ps -aq --filter label=com.dokku.app-name=ticks --filter label=com.dokku.container-type=cron)" = "" ]
	}
	dokku cron:suspend ticks "$id"
	wait_until 60 none_left
	run cat "$INST/crontabs/dokku"
	refute_output --partial "$id"
	assert_output --regexp "0 0 29 2 \* [^ ]*/bin/dokku cron:run ticks "
}

@test "the app's end is the end of its tasks; the machine's crontabs were never touched" {
	dokku --force apps:destroy ticks
	refute_file_exists "$INST/crontabs/dokku"
	assert_equal "$(machines_crontabs)" "$(cat "$BATS_FILE_TMPDIR/crontabs")"
}
