#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Renames and destructions are killed before and after the effect of every step.

# shellcheck disable=SC2317,SC2034,SC2030,SC2031 # called by and read in what faults.bash does
load faults

setup_file() {
	faults_instance
}

teardown_file() {
	teardown_instance
}

# name_now: which of its two names the app has; both or neither is an error.
name_now() {
	local names
	names=$(cd "$INST/home" && ls -d alpha omega 2>/dev/null)
	echo "${names//$'\n'/ and }"
}

other_name() {
	[ "$1" = alpha ] && echo omega || echo alpha
}

@test "a rename killed at any step ends at one of the two names, and its domain always answers" {
	deploy_app alpha
	dokku domains:add alpha site.example
	wait_until 10 http_body_is site.example / v1
	dokku apps:rename alpha omega
	dokku apps:rename omega alpha
	wait_until 10 http_body_is site.example / v1
	base_snapshot alpha=THEAPP
	steps_of "$(journal_of rename)" >"$BATS_TEST_TMPDIR/steps"
	[ -s "$BATS_TEST_TMPDIR/steps" ]
	load_start site site.example
	load_start neighbour "$(host_of neighbour)"
	prepare() {
		FROM=$(name_now)
		VICTIM=$FROM
	}
	attempt() { dokku apps:rename "$FROM" "$(other_name "$FROM")"; }
	verify() {
		local name=$FROM
		expect 'the domain does not answer' http_body_is site.example / v1
		# Whoever comes next, by the old name or by the new one, if there is such an app.
		[ $(($1 % 4)) -lt 2 ] && [ -d "$INST/home/$name" ] || name=$(other_name "$FROM")
		pending "$FROM" || found 'no journal under the old name'
		pending "$(other_name "$FROM")" || found 'no journal under the new name'
		if [ $(($1 % 2)) = 0 ]; then
			dokku config:unset --no-restart "$name" NOTHING >"$BATS_TEST_TMPDIR/next.log" 2>&1
		else
			expect 'ps:retire fails' settle
		fi
		! pending "$FROM" || found "not recovered: $(cat "$BATS_TEST_TMPDIR/next.log")"
		name=$(name_now)
		case $name in
		alpha | omega) expect 'something is left or lost' same_as "$BATS_TEST_TMPDIR/base" "$name=THEAPP" ;;
		*) found "it is now called '$name'" ;;
		esac
		expect 'the domain does not answer after recovery' http_body_is site.example / v1
	}
	kill_everywhere rename "$BATS_TEST_TMPDIR/steps" before effect
	expect 'requests to the domain failed' load_end site
	expect 'requests to the neighbour failed' load_end neighbour
	nothing_found
	assert_equal "$KILLED" $((2 * $(wc -l <"$BATS_TEST_TMPDIR/steps")))
}

@test "after a killed destroy the app is wholly there or wholly gone" {
	base_snapshot
	mv "$BATS_TEST_TMPDIR/base" "$BATS_TEST_TMPDIR/gone"
	deploy_app victim
	dokku config:set --no-restart victim KEY=value
	dokku domains:add victim victim.example
	base_snapshot
	mv "$BATS_TEST_TMPDIR/base" "$BATS_TEST_TMPDIR/there"
	dokku --force apps:destroy victim
	expect 'destroying leaves something' same_as "$BATS_TEST_TMPDIR/gone"
	steps_of "$(journal_of destroy)" >"$BATS_TEST_TMPDIR/steps"
	[ -s "$BATS_TEST_TMPDIR/steps" ]
	load_start neighbour "$(host_of neighbour)"
	prepare() {
		VICTIM=victim
		[ ! -d "$INST/home/victim" ] || return 0
		deploy_app victim
		dokku config:set --no-restart victim KEY=value
		dokku domains:add victim victim.example
	}
	attempt() { dokku --force apps:destroy victim; }
	verify() {
		dokku apps:list >/dev/null
		if [ $(($1 % 2)) = 0 ]; then
			dokku config:unset --no-restart victim NOTHING >/dev/null 2>&1
		else
			expect 'ps:retire fails' settle
		fi
		! pending victim || found 'the journal is still there'
		if [ -d "$INST/home/victim" ]; then
			expect 'it is there, but not wholly' same_as "$BATS_TEST_TMPDIR/there"
			expect 'it is there, but does not serve' serves victim v1
		else
			expect 'it is gone, but not wholly' same_as "$BATS_TEST_TMPDIR/gone"
		fi
	}
	kill_everywhere destroy "$BATS_TEST_TMPDIR/steps" before effect
	expect 'requests to the neighbour failed' load_end neighbour
	nothing_found
	assert_equal "$KILLED" $((2 * $(wc -l <"$BATS_TEST_TMPDIR/steps")))
}
