#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Scheduled tasks: ids, lists, the crontab, runs by hand. tests/system/cron.bats has cron itself.

bats_require_minimum_version 1.5.0
load ../lab/helpers
load ../lab/apps

setup_file() {
	setup_instance
	"$LAB" images busybox
	lab_domain
	lab_shell
}

teardown_file() {
	teardown_instance
}

setup() {
	APP=c$BATS_TEST_NUMBER
	DIR=$BATS_TEST_TMPDIR/app
}

teardown() {
	local app
	for app in "$APP" "$APP-new" "$APP-twin"; do
		[ ! -d "$INST/home/$app" ] || dokku --force apps:destroy "$app" >/dev/null 2>&1
	done
	rm -rf "$INST"/lib/plugins/enabled/* "$INST"/lib/plugins/available/* "$INST/lib/config/cron/--global"
}

# app_json APP JSON: as if a push had brought it.
app_json() {
	as_dokku mkdir -p "$INST/lib/data/app-json/$1"
	printf '%s' "$2" >"$INST/lib/data/app-json/$1/app.json"
}

# released APP: an image of it, as a deploy leaves one.
released() {
	printf 'FROM moorage-lab/busybox:1\nCMD ["sleep", "1000"]\n' |
		docker_lab build -q -t "$(image_of "$1")" --label "com.moorage.instance=$LABEL" \
			--label com.dokku.image-stage=release --label "com.dokku.app-name=$1" - >/dev/null
}

# with_tasks JSON: an app of this test with these tasks.
with_tasks() {
	dokku apps:create "$APP" >/dev/null
	app_json "$APP" "{ \"cron\": [ $1 ] }"
}

# id_of APP COMMAND SCHEDULE: by the interface's description, not by the program.
id_of() {
	python3 - "$1===$2===$3" <<-'PY'
		import sys
		n, out = int.from_bytes(sys.argv[1].encode(), "big"), ""
		while n:
		    n, digit = divmod(n, 36)
		    out = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + out
		print(out)
	PY
}

write_crontab() {
	dokku cron:set --global maintenance >/dev/null
}

# The lines that cron runs, without what crontab(1) puts above.
crontab_tasks() {
	grep -v -e '^#' -e '^[A-Z]*=' -e '^$' "$INST/crontabs/dokku" 2>/dev/null
}

tasks_of() {
	crontab_tasks | grep " cron:run $1 "
}

cron_containers() {
	docker_lab ps -q --no-trunc --filter "label=com.dokku.app-name=$1" --filter label=com.dokku.container-type=cron "${@:2}"
}

has_cron_containers() {
	[ "$(cron_containers "$1" | grep -c .)" -eq "$2" ]
}

# proves golden: command cron:list
@test "cron:list: a table and JSON, with ids that other programs can compute" {
	with_tasks '{ "command": "node \"a b\" <x>&", "schedule": "5 * * * *" }'
	run dokku cron:list "$APP"
	assert_failure 1
	assert_output --partial " !     Invalid cron command for app $APP (command \"node \\\"a b\\\" <x>&\"): "
	app_json "$APP" '{ "cron": [ { "command": "echo \"<a> & b\"", "schedule": "5 * * * *" },
		{ "command": "true", "schedule": "@daily", "concurrency_policy": "forbid", "maintenance": true } ] }'
	one=$(id_of "$APP" 'echo "<a> & b"' '5 * * * *')
	two=$(id_of "$APP" true @daily)
	run dokku cron:list "$APP"
	assert_success
	width=${#one}
	assert_output "$(printf "%-${width}s  %-9s  %-11s  %-11s  %s\n" ID Schedule Concurrency Maintenance Command \
		"$one" '5 * * * *' allow false 'echo "<a> & b"' "$two" @daily forbid 'true (task)' true)"
	run dokku cron:list "$APP" --format json
	assert_output '[{"id":"'"$one"'","app":"'"$APP"'","command":"echo \"\u003ca\u003e \u0026 b\"","schedule":"5 * * * *","concurrency_policy":"allow","app-in-maintenance":false,"task-in-maintenance":false,"maintenance":false},{"id":"'"$two"'","app":"'"$APP"'","command":"true","schedule":"@daily","concurrency_policy":"forbid","app-in-maintenance":false,"task-in-maintenance":true,"maintenance":true}]'
	run dokku cron:list "$APP" --format yaml
	assert_failure 1
	assert_output " !     Invalid format specified, supported formats: json, stdout"
	dokku cron:set "$APP" maintenance true
	run dokku cron:list "$APP"
	assert_output --regexp "$one .* true \(app\) +echo"
	assert_output --regexp "$two .* true \(task\) +true"
}

@test "an app without tasks, and one without app.json" {
	dokku apps:create "$APP"
	run dokku cron:list "$APP"
	assert_output "ID  Schedule  Concurrency  Maintenance  Command"
	run dokku cron:list "$APP" --format json
	assert_output "[]"
	app_json "$APP" '{ "cron": null }'
	run dokku cron:list "$APP" --format json
	assert_output "[]"
}

@test "tasks without command or schedule are passed over with a warning" {
	with_tasks '{ "command": "true" }, { "schedule": "@daily" }, { "command": "true", "schedule": "@daily" }'
	run --separate-stderr dokku cron:list "$APP" --format json
	assert_equal "$(jq length <<<"$output")" 1
	assert_equal "$stderr" "!     Missing cron schedule for app $APP (index 0)
 !     Missing cron task command for app $APP (index 1)"
	run dokku cron:report "$APP" --cron-task-count
	assert_line 1
}

# proves golden: property cron/mailfrom, property cron/mailto
# proves effect: trigger scheduler-cron-write, trigger scheduler-uses-host-cron
@test "the crontab: settings, then a line for each task of every app; its owner is the user" {
	with_tasks '{ "command": "true", "schedule": "5/15 ? * JAN mon-fri" }, { "command": "sleep 1", "schedule": "@hourly" }'
	dokku cron:set --global mailfrom from@example.test
	dokku cron:set --global mailto to@example.test
	run in_instance "$INST/bin/plugn" trigger scheduler-cron-write docker-local "$APP"
	assert_output "-----> Updated schedule file"
	assert_equal "$(grep -v '^#' "$INST/crontabs/dokku")" \
		"MAILFROM=from@example.test
MAILTO=to@example.test
PATH=/usr/local/bin:/usr/bin:/bin
SHELL=/bin/bash

5-59/15 * * JAN mon-fri $INST/bin/dokku cron:run $APP $(id_of "$APP" true '5/15 ? * JAN mon-fri')
@hourly $INST/bin/dokku cron:run $APP $(id_of "$APP" 'sleep 1' @hourly)"
	assert_equal "$(stat -c %u "$INST/crontabs/dokku")" "$(stat -c %u "$INST/home")"
	# A scheduler that fires its tasks itself has none here.
	run in_instance "$INST/bin/plugn" trigger scheduler-uses-host-cron docker-local
	assert_output true
	run in_instance "$INST/bin/plugn" trigger scheduler-uses-host-cron null
	assert_output false
	dokku scheduler:set "$APP" selected null
	in_instance "$INST/bin/plugn" trigger scheduler-cron-write null "$APP"
	assert_equal "$(tasks_of "$APP" | wc -l)" 2
	write_crontab
	refute_file_exists "$INST/crontabs/dokku"
}

# proves effect: command cron:suspend, command cron:resume, command cron:set, property cron/maintenance, property cron/maintenance.<cron-id>
# proves golden: report cron:report/--cron-maintenance-<cron-id>
@test "a task in maintenance has no line: by suspend, by app, by instance" {
	with_tasks '{ "command": "true", "schedule": "@daily" }, { "command": "false", "schedule": "@daily" }'
	one=$(id_of "$APP" true @daily)
	two=$(id_of "$APP" false @daily)
	write_crontab
	assert_equal "$(tasks_of "$APP" | wc -l)" 2
	run dokku cron:suspend "$APP" "$one"
	assert_output "=====> Setting maintenance.$one to true
-----> Updated schedule file"
	assert_equal "$(tasks_of "$APP")" "@daily $INST/bin/dokku cron:run $APP $two"
	run dokku cron:report "$APP"
	assert_output --regexp "Cron maintenance $one: +true"
	run dokku cron:report "$APP" --"cron-maintenance-$one"
	assert_output true
	run dokku cron:resume "$APP" "$one"
	assert_line "=====> Unsetting maintenance.$one"
	assert_equal "$(tasks_of "$APP" | wc -l)" 2
	dokku cron:set "$APP" "maintenance.$two" true
	assert_equal "$(tasks_of "$APP")" "@daily $INST/bin/dokku cron:run $APP $one"
	dokku cron:set "$APP" "maintenance.$two"
	dokku cron:set "$APP" maintenance true
	run tasks_of "$APP"
	refute_output
	dokku cron:set "$APP" maintenance
	run dokku cron:set --global maintenance true
	assert_line "-----> Removed"
	refute_file_exists "$INST/crontabs/dokku"
	run dokku cron:report "$APP" --cron-computed-maintenance
	assert_output true
	dokku cron:set --global maintenance
	assert_equal "$(tasks_of "$APP" | wc -l)" 2
}

@test "what cron:set, suspend and run refuse" {
	with_tasks '{ "command": "true", "schedule": "@daily" }'
	run dokku cron:set "$APP" mailto me
	assert_failure 1
	assert_output " !     Property cannot be specified on a per-app basis"
	run dokku cron:set --global maintenance.x true
	assert_output " !     Task maintenance properties cannot be set globally"
	run dokku cron:suspend "$APP"
	assert_output " !     Invalid task maintenance property, missing ID"
	run dokku cron:suspend "$APP" nosuch
	assert_failure 1
	assert_output " !     Invalid task maintenance property, no matching task ID found: maintenance.nosuch"
	run dokku cron:run "$APP"
	assert_failure 1
	assert_output " !     Please specify a Cron ID from the output of 'dokku cron:list $APP'"
	run dokku cron:run "$APP" nosuch
	assert_output " !     No matching Cron ID found. Please specify a Cron ID from the output of 'dokku cron:list $APP'"
	for seconds in 0 -1 x ''; do
		run dokku cron:run "$APP" x "--ttl-seconds=$seconds"
		assert_failure 1
		assert_output " !     --ttl-seconds must be a positive integer"
	done
}

@test "an id that no file could be named by is refused with a way out" {
	with_tasks "{ \"command\": \"echo $(printf '%0200d' 0)\", \"schedule\": \"@daily\" }"
	run dokku cron:suspend "$APP" "$(dokku cron:list "$APP" --format json | jq -r '.[0].id')"
	assert_failure 1
	assert_output --partial "The id of this task is too long to be stored"
}

# proves effect: command cron:run, trigger cron-get-property
@test "cron:run: words without a shell, the exit code, no container left; suspended tasks too" {
	with_tasks '{ "command": "sh -c '"'echo \$1 \$DYNO; exit 7'"' zero \"one  two\"", "schedule": "@daily", "maintenance": true }'
	released "$APP"
	run dokku cron:run "$APP" "$(dokku cron:list "$APP" --format json | jq -r '.[0].id')"
	assert_failure 7
	assert_output --regexp '^one two cron\.[0-9]+$'
	wait_until 30 has_cron_containers "$APP" 0
	run in_instance "$INST/bin/plugn" trigger cron-get-property "$APP" maintenance
	assert_output false
	run in_instance "$INST/bin/plugn" trigger cron-get-property "$APP" nosuch
	assert_failure
	assert_output --partial "Invalid cron property specified"
}

@test "cron:run --detach: a container with Dokku's labels, stopped when its time is over" {
	with_tasks '{ "command": "sleep 1000", "schedule": "@daily" }'
	released "$APP"
	id=$(id_of "$APP" 'sleep 1000' @daily)
	run dokku cron:run "$APP" "$id" --detach --ttl-seconds 1
	assert_success
	assert_output --regexp "^$LABEL\.$APP\.cron\.[0-9]+$"
	assert_equal "$(docker_lab inspect -f '{{.HostConfig.AutoRemove}} {{.Config.Tty}} {{index .Config.Labels "com.dokku.container-type"}} {{index .Config.Labels "com.dokku.cron-id"}} {{index .Config.Labels "com.dokku.concurrency-policy"}} {{index .Config.Labels "com.dokku.active-deadline-seconds"}}' "$output")" \
		"true false cron $id allow 1"
	container=$output
	dokku ps:set "$APP" stop-timeout-seconds 1
	retired() {
		dokku ps:retire "$APP" && has_cron_containers "$APP" 0
	}
	wait_until 60 retired
	run dokku cron:run "$APP" "$id" --detach
	assert_equal "$(docker_lab inspect -f '{{index .Config.Labels "com.dokku.active-deadline-seconds"}}' "$output")" 86400
	[ "$output" != "$container" ]
	dokku ps:retire "$APP"
	has_cron_containers "$APP" 1
	docker_lab rm -f "$output" >/dev/null
}

# proves effect: trigger scheduler-run
@test "concurrency: allow, forbid and replace" {
	with_tasks '{ "command": "sleep 1000", "schedule": "@daily" },
		{ "command": "sleep 2000", "schedule": "@daily", "concurrency_policy": "forbid" },
		{ "command": "sleep 3000", "schedule": "@daily", "concurrency_policy": "replace" }'
	released "$APP"
	dokku ps:set "$APP" stop-timeout-seconds 1
	allow=$(id_of "$APP" 'sleep 1000' @daily) forbid=$(id_of "$APP" 'sleep 2000' @daily)
	replace=$(id_of "$APP" 'sleep 3000' @daily)
	dokku cron:run "$APP" "$allow" --detach
	dokku cron:run "$APP" "$allow" --detach
	has_cron_containers "$APP" 2
	dokku cron:run "$APP" "$forbid" --detach
	run dokku cron:run "$APP" "$forbid" --detach
	assert_failure 1
	assert_output " !     $APP currently has a cron lock in place for $forbid. Exiting..."
	has_cron_containers "$APP" 3
	first=$(dokku cron:run "$APP" "$replace" --detach)
	run --separate-stderr dokku cron:run "$APP" "$replace" --detach
	assert_success
	assert_equal "$stderr" "!     Replacing running container for $replace"
	[ "$output" != "$first" ]
	run cron_containers "$APP" --filter "label=com.dokku.cron-id=$replace"
	assert_equal "${#lines[@]}" 1
	has_cron_containers "$APP" 4
	# The same by the trigger that scripts of plugins use.
	run in_instance DOKKU_CRON_ID="$forbid" DOKKU_CONCURRENCY_POLICY=forbid DOKKU_DETACH_CONTAINER=1 \
		"$INST/bin/plugn" trigger scheduler-run docker-local "$APP" 0 -- sleep 1
	assert_failure 1
	assert_output --partial "$APP currently has a cron lock in place for $forbid"
	cron_containers "$APP" | xargs "${MOORAGE_TEST_DOCKER:-/usr/bin/docker}" -H "unix://$ENGINE_SOCKET" rm -f >/dev/null
}

@test "forbid: of many that start at once only one runs" {
	with_tasks '{ "command": "sleep 2000", "schedule": "@daily", "concurrency_policy": "forbid" }'
	released "$APP"
	id=$(id_of "$APP" 'sleep 2000' @daily)
	for _ in 1 2 3 4; do
		dokku cron:run "$APP" "$id" --detach >/dev/null 2>&1 3>&- &
	done
	wait
	has_cron_containers "$APP" 1
	cron_containers "$APP" | xargs "${MOORAGE_TEST_DOCKER:-/usr/bin/docker}" -H "unix://$ENGINE_SOCKET" rm -f >/dev/null
}

# proves effect: trigger app-json-is-valid, trigger post-deploy, trigger scheduler-stop
@test "a push: bad tasks fail it before anything changes; good ones are in the crontab when it ends" {
	mkdir -p "$DIR"
	printf 'FROM moorage-lab/busybox:1\nCMD ["sleep", "1000"]\n' >"$DIR/Dockerfile"
	git_app "$DIR"
	dokku apps:create "$APP"
	dokku checks:skip "$APP"
	dokku proxy:disable "$APP"
	refused() {
		printf '{ "cron": [ %s ] }' "$1" >"$DIR/app.json"
		git_commit "$DIR" "$2"
		run git_push "$DIR" "$APP"
		assert_failure
		assert_output --partial "$2"
		refute_output --partial "Building"
	}
	refused '{ "command": "true", "schedule": "61 * * * *" }' "Invalid cron schedule for app $APP (schedule 61 * * * *): "
	refused '{ "command": "true", "schedule": "@every 1h" }' "Invalid cron schedule for app $APP (schedule @every 1h): "
	refused '{ "command": "true; false", "schedule": "@daily" }' "Invalid cron command for app $APP (command \"true; false\"): "
	refused '{ "command": "echo $(date)", "schedule": "@daily" }' "Invalid cron command for app $APP (command \"echo \$(date)\"): "
	refused '{ "command": "true", "schedule": "@daily", "concurrency_policy": "never" }' \
		"Invalid cron concurrency policy for app $APP (schedule @daily): never"
	refused '{ "schedule": "@daily" }' "Missing cron task command for app $APP (index 0)"
	refused '{ "command": "true" }' "Missing cron schedule for app $APP (index 0)"
	refused "{ \"command\": \"echo $(printf '%0700d' 0)\", \"schedule\": \"@daily\" }" "it is too long"
	refute_file_exists "$INST/lib/data/app-json/$APP/app.json"
	assert_equal "$(docker_lab images -q "$(image_of "$APP")")" ""
	printf '{ "cron": [ { "command": "true", "schedule": "@daily" } ] }' >"$DIR/app.json"
	git_commit "$DIR" good
	run git_push "$DIR" "$APP"
	assert_success
	assert_output --partial "-----> Updated schedule file"
	line="@daily $INST/bin/dokku cron:run $APP $(id_of "$APP" true @daily)"
	assert_equal "$(tasks_of "$APP")" "$line"
	# A push that is refused leaves them as they are.
	refused '{ "command": "true", "schedule": "bad" }' "Invalid cron schedule"
	assert_equal "$(tasks_of "$APP")" "$line"
	# ps:stop and the triggers bring back what somebody removed.
	rm "$INST/crontabs/dokku"
	run dokku ps:stop "$APP"
	assert_success
	assert_equal "$(tasks_of "$APP")" "$line"
	rm "$INST/crontabs/dokku"
	in_instance "$INST/bin/plugn" trigger post-deploy "$APP"
	assert_equal "$(tasks_of "$APP")" "$line"
	rm "$INST/crontabs/dokku"
	in_instance "$INST/bin/plugn" trigger scheduler-stop docker-local "$APP"
	assert_equal "$(tasks_of "$APP")" "$line"
	run in_instance "$INST/bin/plugn" trigger app-json-is-valid "$APP" "$DIR/app.json"
	assert_failure
	assert_output --partial "Invalid cron schedule for app $APP (schedule bad): "
	dokku --force apps:destroy "$APP"
	run tasks_of "$APP"
	refute_output
}

@test "rename and clone take tasks and suspensions along; destroy takes its own lines only" {
	with_tasks '{ "command": "true", "schedule": "@daily" }, { "command": "false", "schedule": "@daily" }'
	dokku cron:suspend "$APP" "$(id_of "$APP" true @daily)"
	dokku apps:clone --skip-deploy "$APP" "$APP-twin"
	run dokku cron:list "$APP-twin" --format json
	assert_equal "$(jq -c 'map([.id, .maintenance])' <<<"$output")" \
		"[[\"$(id_of "$APP-twin" true @daily)\",true],[\"$(id_of "$APP-twin" false @daily)\",false]]"
	before=$SECONDS
	run dokku apps:rename "$APP" "$APP-new"
	assert_success
	# It waits (up to 30 s) for requests to the old app only if there can be any.
	[ $((SECONDS - before)) -lt 25 ]
	assert_equal "$(tasks_of "$APP-new")" "@daily $INST/bin/dokku cron:run $APP-new $(id_of "$APP-new" false @daily)"
	run tasks_of "$APP"
	refute_output
	run dokku cron:list "$APP-new" --format json
	assert_equal "$(jq -c 'map(.maintenance)' <<<"$output")" "[true,false]"
	run ls "$INST/lib/config/cron"
	refute_output --regexp "^$APP$"
	dokku --force apps:destroy "$APP-new"
	run tasks_of "$APP-new"
	refute_output
	assert_equal "$(tasks_of "$APP-twin" | wc -l)" 1
}

# proves effect: trigger cron-entries
@test "tasks of plugins: listed with --global, in the crontab as they are" {
	install_plugin zz-one cron-entries <<-'SH'
		#!/bin/sh
		[ "$1" = docker-local ] || exit 0
		echo '@daily;dokku letsencrypt:auto-renew;/var/log/dokku/renew.log'
		echo
	SH
	install_plugin zz-two cron-entries <<-'SH'
		#!/bin/sh
		echo '0 5 * * *;true'
	SH
	run dokku cron:list --global
	assert_success
	assert_output --regexp '^ID +Schedule +Concurrency +Maintenance +Command'
	assert_output --regexp ' 0 5 \* \* \* +false +true$'
	run dokku cron:list --global --format json
	assert_equal "$(jq -c 'map([.command, .global, .schedule, .concurrency_policy, .maintenance, has("app")])' <<<"$output")" \
		'[["dokku letsencrypt:auto-renew",true,"@daily","",false,false],["true",true,"0 5 * * *","",false,false]]'
	assert_equal "$(jq -r '.[1].id' <<<"$output")" "$(python3 -c '
n, out = int.from_bytes(b"0 5 * * *;;;true", "big"), ""
while n:
    n, digit = divmod(n, 36)
    out = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + out
print(out)')"
	write_crontab
	run crontab_tasks
	assert_line "@daily dokku letsencrypt:auto-renew &>> /var/log/dokku/renew.log"
	assert_line "0 5 * * * true"
	remove_plugin zz-two
	install_plugin zz-two cron-entries <<-'SH'
		#!/bin/sh
		echo 'no schedule'
	SH
	before=$(crontab_tasks)
	run dokku cron:set --global maintenance
	assert_failure 1
	assert_output --partial " !     Invalid injected cron task: no schedule"
	assert_equal "$(crontab_tasks)" "$before"
}

@test "a third-party scheduler is told, and asked whether cron fires for it" {
	install_plugin zz-own scheduler-cron-write scheduler-uses-host-cron <<-'SH'
		#!/bin/sh
		case $0 in
		*uses-host-cron) [ "$1" = own ] && echo true ;;
		*) echo "told: $*" ;;
		esac
		exit 0
	SH
	with_tasks '{ "command": "true", "schedule": "@daily" }'
	dokku scheduler:set "$APP" selected own
	run dokku cron:set "$APP" maintenance
	assert_line "told: own $APP"
	assert_equal "$(tasks_of "$APP" | wc -l)" 1
	run dokku cron:set --global maintenance
	assert_line "told: docker-local"
	dokku scheduler:set "$APP" selected
}

@test "a task that cron could not read does not keep the others from running" {
	with_tasks '{ "command": "true", "schedule": "@every 5m" }, { "command": "true", "schedule": "@daily" }'
	run dokku cron:set "$APP" maintenance
	assert_success
	assert_output --partial " !     Invalid cron schedule for app $APP (schedule @every 5m): "
	assert_equal "$(tasks_of "$APP" | wc -l)" 1
	app_json "$APP" '{ "cron": [ { "command": "true", "schedule": "nonsense" } ] }'
	run dokku cron:set "$APP" maintenance
	assert_success
	assert_output --partial "Invalid cron schedule for app $APP (schedule nonsense): "
}

@test "while no app has tasks, only commands about tasks look for a crontab" {
	cp "$INST/instance.conf" "$INST/instance.conf.kept"
	printf '#!/bin/sh\necho "$*" >>"%s"\nexec %s "$@"\n' "$INST/lib/asked" \
		"$(sed -n 's/^crontab_bin=//p' "$INST/instance.conf")" >"$INST/bin/crontab-watched"
	chmod 755 "$INST/bin/crontab-watched"
	sed -i "s,^crontab_bin=.*,crontab_bin=$INST/bin/crontab-watched," "$INST/instance.conf"
	asked() {
		wc -l <"$INST/lib/asked"
	}
	write_crontab
	assert_equal "$(asked)" 1
	dokku apps:create "$APP-new"
	dokku --force apps:destroy "$APP-new"
	assert_equal "$(asked)" 1
	# Somebody has made one.
	echo '@daily true' | as_dokku "$(sed -n 's/^crontab_bin=//p' "$INST/instance.conf.kept")" -u dokku -
	write_crontab
	refute_file_exists "$INST/crontabs/dokku"
	# A task, and it is over with what was known.
	with_tasks '{ "command": "true", "schedule": "@daily" }'
	dokku cron:set "$APP" maintenance
	assert_equal "$(tasks_of "$APP" | wc -l)" 1
	dokku --force apps:destroy "$APP"
	refute_file_exists "$INST/crontabs/dokku"
	mv "$INST/instance.conf.kept" "$INST/instance.conf"
}

@test "a machine without cron says so where there are tasks; stand-in: a crontab that refuses" {
	cp "$INST/instance.conf" "$INST/instance.conf.kept"
	sed -i "s,^crontab_bin=.*,crontab_bin=," "$INST/instance.conf"
	run dokku cron:set --global maintenance
	assert_success
	with_tasks '{ "command": "true", "schedule": "@daily" }'
	run dokku cron:set "$APP" maintenance
	assert_failure 1
	assert_output --partial " !     Unable to update schedule file: there is no cron here, scheduled tasks do not run"
	printf '#!/bin/sh\ncat >/dev/null\necho "you may not" >&2\nexit 1\n' >"$INST/bin/crontab-refuses"
	chmod 755 "$INST/bin/crontab-refuses"
	sed -i "s,^crontab_bin=.*,crontab_bin=$INST/bin/crontab-refuses," "$INST/instance.conf"
	run dokku cron:set "$APP" maintenance
	assert_failure 1
	assert_output --partial " !     Unable to update schedule file: you may not"
	mv "$INST/instance.conf.kept" "$INST/instance.conf"
}
