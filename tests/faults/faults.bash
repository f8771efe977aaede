# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2317 # called through expect and wait_until
# What the tests of this folder share: steps from a journal, killing at them, comparing what is
# there before and after. Findings are collected, so that one test shows all that is wrong.

load ../lab/helpers
load ../lab/apps

FAULTS=$TOP/tests/faults

# --- findings ---

found() {
	printf '%s: %s\n' "${AT:-}" "$*" >>"$BATS_TEST_TMPDIR/findings"
}

# expect WHAT COMMAND...
expect() {
	local what=$1
	shift
	"$@" >"$BATS_TEST_TMPDIR/expect.out" 2>&1 ||
		found "$what" "$(tail -c 2000 "$BATS_TEST_TMPDIR/expect.out")"
}

# Ends a test: shows what was found.
nothing_found() {
	[ ! -s "$BATS_TEST_TMPDIR/findings" ] || fail "$(cat "$BATS_TEST_TMPDIR/findings")"
}

# --- the journal ---

# records FILE: its JSON lines. Space is reserved behind them.
records() {
	tr -d '\0' <"$1" | sed 's/^[0-9a-f]\{8\} //'
}

# journal_of OPERATION: the newest finished one.
journal_of() {
	local file
	# shellcheck disable=SC2045 # names are ids, which sort by time
	for file in $(ls -r "$INST/lib/data/moorage/history"); do
		file=$INST/lib/data/moorage/history/$file
		records "$file" | head -n 1 | grep -q "\"op\":\"$1\"" || continue
		echo "$file"
		return 0
	done
	return 1
}

# steps_of FILE: "<number> <kind>" of each step that was done.
steps_of() {
	records "$1" | jq -rs '
		(map(select(.t == "plan")) | map({ key: (.n | tostring), value: .step }) | from_entries) as $kind
		| .[] | select(.t == "done") | "\(.n) \($kind[.n | tostring])"'
}

# interrupted_at APP: "<number> <kind>" of the step that an unfinished journal ends with.
interrupted_at() {
	records "$INST/lib/data/moorage/operations/$1.journal" | jq -rs '
		(map(select(.t == "plan")) | map({ key: (.n | tostring), value: .step }) | from_entries) as $kind
		| map(select(.t == "start"))[-1] | "\(.n) \($kind[.n | tostring])"'
}

# commit_step FILE: the number of the point of no return.
commit_step() {
	steps_of "$1" | awk '$2 == "proxy:switch" { print $1; exit }'
}

pending() {
	[ -e "$INST/lib/data/moorage/operations/$1.journal" ]
}

# --- killing ---

FAULT=lib/data/moorage/fault

# kill_at OPERATION NUMBER WHEN
kill_at() {
	mkdir -p "$INST/lib/data/moorage"
	echo "$1 $2 $3" >"$INST/$FAULT"
	chown --reference "$INST/home" "$INST/lib/data" "$INST/lib/data/moorage" "$INST/$FAULT"
}

# Says so and clears the way if the fault point was not reached.
was_killed() {
	[ -e "$INST/$FAULT" ] || return 0
	rm -f "$INST/$FAULT"
	return 1
}

# --- states ---

# snapshot FILE [APP=NAME]
snapshot() {
	local file=$1
	shift
	"$FAULTS/snapshot.py" "$INST" "$ENGINE_SOCKET" "$LABEL" "$@" >"$file"
}

# Everything that is due goes; retiring waits for nothing here (wait-to-retire is 0).
settle() {
	dokku ps:retire
}

# same_as FILE [APP=NAME]: waits for what retires in the background.
same_as() {
	local file=$1
	shift
	_same() {
		settle >/dev/null 2>&1
		snapshot "$BATS_TEST_TMPDIR/now" "$@" && cmp -s "$file" "$BATS_TEST_TMPDIR/now"
	}
	wait_until 15 _same "$@" 2>/dev/null || diff "$file" "$BATS_TEST_TMPDIR/now"
}

# --- loads ---

# load_start NAME HOST [RATE]
load_start() {
	probe_start "$BATS_TEST_TMPDIR/load-$1" -r "${3:-50}" -H "$2" "127.0.0.1:$HTTP_PORT"
	echo "$PROBE_PID" >"$BATS_TEST_TMPDIR/load-$1.pid"
}

# load_end NAME: fails if a request did, and shows which.
load_end() {
	PROBE_PID=$(cat "$BATS_TEST_TMPDIR/load-$1.pid")
	probe_stop || :
	[ "$(jq .ok "$BATS_TEST_TMPDIR/load-$1")" -gt 0 ] &&
		[ "$(jq .failed "$BATS_TEST_TMPDIR/load-$1")" = 0 ] && return 0
	cat "$BATS_TEST_TMPDIR/load-$1"
	return 1
}

# --- the instance ---

# Two apps, checks that end at once, nothing that waits.
faults_instance() {
	setup_instance "$@"
	"$LAB" images --into "$LAB_NAME" busybox http
	lab_domain
	http_app "$BATS_FILE_TMPDIR/neighbour" neighbour
	git_push "$BATS_FILE_TMPDIR/neighbour" neighbour
	wait_until 10 serves neighbour neighbour
}

# deploy_app APP: vN of it in $BATS_FILE_TMPDIR/APP, twice, so that the second is an ordinary one.
deploy_app() {
	local dir=$BATS_FILE_TMPDIR/$1
	rm -rf "$dir"
	http_app "$dir" v0
	git_push "$dir" "$1"
	dokku checks:set "$1" wait-to-retire 0
	push_version "$dir" "$1" v1
	wait_until 10 serves "$1" v1
}

# --- the matrix ---

fails() {
	! "$@"
}

# kill_everywhere OPERATION STEPS WHEN...: for every step in the file STEPS ("<number> <kind>"), at
# each of the moments. The test defines
#   prepare         makes ready; sets VICTIM, the app whose journal it will be
#   attempt         the command that is killed
#   verify NUMBER   looks at what is there, lets the next command repair, looks again
# KILLED counts.
kill_everywhere() {
	local operation=$1 steps=$2 number kind when
	shift 2
	KILLED=0
	while read -r number kind <&7; do
		for when; do
			AT="step $number ($kind), $when"
			prepare >"$BATS_TEST_TMPDIR/prepare.log" 2>&1 7>&- ||
				found "cannot be prepared: $(tail -n 20 "$BATS_TEST_TMPDIR/prepare.log")"
			kill_at "$operation" "$number" "$when"
			attempt >"$BATS_TEST_TMPDIR/attempt.log" 2>&1 7>&- && found 'the command went well'
			if ! was_killed; then
				[[ $when == undo-* ]] ||
					found "was not killed there: $(tail -n 20 "$BATS_TEST_TMPDIR/attempt.log")"
				continue
			fi
			KILLED=$((KILLED + 1))
			[[ $when == undo-* ]] ||
				expect 'another step was killed' assert_equal "$(interrupted_at "$VICTIM")" "$number $kind"
			verify "$number" 7>&- || : # what it finds is in the findings
		done
	done 7<"$steps"
	AT='over all'
}

# recovered APP NUMBER: the next command, two kinds of them in turn; a read is none.
recovered() {
	dokku apps:list >/dev/null
	pending "$1" || return 0
	if [ $(($2 % 2)) = 0 ]; then
		expect 'the next command fails' dokku config:unset --no-restart "$1" NOTHING
	else
		expect 'ps:retire fails' settle
	fi
	! pending "$1" || found 'the journal is still there'
}

# base_snapshot [APP=NAME]: of a state that has come to rest.
base_snapshot() {
	_rest() {
		settle && snapshot "$BATS_TEST_TMPDIR/base" "$@" && sleep 0.5 && settle &&
			snapshot "$BATS_TEST_TMPDIR/now" "$@" && cmp -s "$BATS_TEST_TMPDIR/base" "$BATS_TEST_TMPDIR/now"
	}
	wait_until 60 _rest "$@"
}
