#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2154,SC2002,SC2012,SC1003 # texts for other shells; variables of bats
# Environment variables: what scripts take apart is there to the byte, and bad input changes nothing.

bats_require_minimum_version 1.5.0
load ../lab/helpers

setup_file() {
	setup_instance --no-nginx --libexec "$BUILD/src/tools"
	dokku apps:create app >/dev/null
}

teardown_file() {
	teardown_instance
}

setup() {
	dokku config:clear app >/dev/null
	dokku config:clear --global >/dev/null
}

# proves golden: command config:set, command config:show, command config
@test "config:set prints the table and keeps the values" {
	run dokku config:set app SHORT=1 A_LONG_NAME='two words'
	assert_success
	assert_output "-----> Setting config vars
       A_LONG_NAME:  two words
       SHORT:        1"
	run dokku config:show app
	assert_output "=====> app env vars
A_LONG_NAME:  two words
SHORT:        1"
	run dokku config app
	assert_line 'SHORT:        1'
}

# proves golden: command config:get
@test "config:get prints one value, quoted for a shell on request, and exits 1 without one" {
	dokku config:set app "Q=it's" E= >/dev/null
	run dokku config:get app Q
	assert_output "it's"
	run dokku config:get --quoted app Q
	assert_output "'it'\\''s'"
	run dokku config:get app E
	assert_success
	refute_output
	run dokku config:get app NONE
	assert_failure 1
	refute_output
	run dokku config:get app
	assert_failure 1
	assert_output ' !     Expected: key'
	run dokku config:get app A B C
	assert_output ' !     Unexpected argument(s): [B C]'
}

@test "values come back as they were, whatever they hold" {
	local value
	for value in 'a
b' '  blanks  ' 'ends in \' 'quotes "and'\''more' '$HOME ${X} `id` !' '#no comment' 'ü€' $'\x01\x1b' $'\xff\xfe'; do
		dokku config:set --no-restart app V="$value" >/dev/null
		assert_equal "$(dokku config:get app V; echo x)" "$value
x"
		(eval "$(dokku config:export app)" && [ "$V" = "$value" ])
	done
}

@test "config:set --encoded takes base64 and names the byte that is none" {
	dokku config:set --encoded app V="$(printf 'a\nb' | base64)" >/dev/null
	run dokku config:get app V
	assert_output "a
b"
	run dokku config:set --encoded app GOOD=YQ== V='YQ=a'
	assert_failure 1
	assert_output " !     illegal base64 data at input byte 3 for key 'V'"
	run dokku config:set --encoded app V="$(printf 'a\0b' | base64)"
	assert_failure 1
	assert_output --partial 'NUL'
	run dokku config:get app GOOD
	assert_failure 1
}

@test "a bad key is named, and nothing is changed" {
	dokku config:set app KEEP=1 >/dev/null
	local key
	for key in 1A 'A B' 'A-B' 'A.B' '' 'A"B' "A'B" 'A$(id)B' '../A' $'A\nB' $'A\x1b[31mB' $'A\xffB' 'Ä'; do
		run -1 dokku config:set app GOOD=1 "$key=2"
		assert_output --partial "Invalid key name: '"
		[[ $output != *$'\x1b'* ]]
		run -1 dokku config:unset app KEEP "$key"
		assert_output --partial "Invalid key name: '"
	done
	run dokku config:keys app
	assert_output KEEP
	run -1 dokku config:set app WORD
	assert_output --partial 'Invalid env pair: it must be KEY=VALUE'
	run -1 dokku config:set app
	assert_output ' !     At least one env pair must be given'
	run -1 dokku config:unset app
	assert_output ' !     At least one key must be given'
}

# proves golden: command config:unset, command config:clear, command config:keys
@test "config:unset says what was not set, config:clear removes everything" {
	dokku config:set app A=1 B=2 >/dev/null
	run dokku config:unset app A NONE
	assert_success
	assert_output "-----> Unsetting A
-----> Skipping NONE, it is not set in the environment"
	run dokku config:clear app
	assert_output '-----> Unsetting B'
	run dokku config:keys app
	refute_output
}

@test "--global and --merged, wherever the flag stands" {
	dokku config:set --global G=global BOTH=global >/dev/null
	dokku config:set app A=app BOTH=app >/dev/null
	run dokku config:show --global
	assert_line '=====> global env vars'
	run dokku config:export app --merged --format shell
	assert_output "A='app' BOTH='app' G='global' "
	run dokku config:keys --merged app
	assert_output "A
BOTH
G"
	run dokku config:get app --global G
	assert_failure
	run dokku --app app config:get BOTH
	assert_output app
}

# proves golden: command config:export
@test "every export format" {
	dokku config:set app A="it's" B=2 >/dev/null
	export_of() { dokku config:export --format "$1" app; }
	assert_equal "$(export_of exports)" "export A='it'\\''s'
export B='2'"
	assert_equal "$(export_of envfile)" "A=\"it's\"
B=2"
	assert_equal "$(export_of docker-args)" "--env=A='it'\\''s' --env=B='2'"
	assert_equal "$(export_of docker-args-keys)" '--env=A --env=B'
	assert_equal "$(export_of pack-keys)" '--env A --env B'
	assert_equal "$(export_of json)" '{"A":"it'"'"'s","B":"2"}'
	assert_equal "$(export_of json-list)" '[{"name":"A","value":"it'"'"'s"},{"name":"B","value":"2"}]'
	assert_equal "$(export_of pretty)" "A:  it's
B:  2"
	run export_of xml
	assert_failure 1
	assert_output ' !     Unknown export format: xml'
}

@test "the old flags of config still work and say so" {
	dokku config:set app A=1 >/dev/null
	run --separate-stderr dokku config --export app
	assert_output "export A='1'"
	[[ $stderr == *"!     Deprecated: Use 'config:export --format exports' instead" ]]
	run --separate-stderr dokku config --shell app
	assert_output "A='1'"
	run dokku config --shell --export app
	assert_failure 1
}

# proves effect: command config:import
@test "config:import reads both formats from a pipe or a file, and --replace drops the rest" {
	dokku config:set app OLD=1 >/dev/null
	printf 'A="x y"\nB=2\n' >"$INST/home/env"
	run dokku config:import app "$INST/home/env"
	assert_success
	assert_line '-----> Setting config var A=x y'
	run dokku config:keys app
	assert_output "A
B
OLD"
	printf '{"C":"3","D":"ü"}' >"$INST/home/env"
	in_instance bash -c 'dokku config:import --replace --format json app - <"$1"' - "$INST/home/env"
	run dokku config:export --format json app
	assert_output '{"C":"3","D":"ü"}'
}

@test "config:import refuses what it cannot keep and changes nothing" {
	dokku config:set app KEEP=1 >/dev/null
	local text
	for text in '{"A":1}' '{"A B":"1"}' '[1]' '{"A":"secret' '{"A":"\u0000"}' ''; do
		printf '%s' "$text" >"$INST/home/env"
		run -1 dokku config:import --format json app "$INST/home/env"
		refute_output --partial secret
	done
	run -1 dokku config:import app "$INST/home/missing"
	run -1 dokku config:import --format yaml app "$INST/home/env"
	assert_output ' !     Unknown format: yaml'
	run dokku config:keys app
	assert_output KEEP
}

# proves effect: command config:bundle
@test "config:bundle is a tar of 0600 files, also for values that are not UTF-8" {
	dokku config:set app A='x y' B=$'\xff\xfe' EMPTY= >/dev/null
	dokku config:bundle app >"$BATS_TEST_TMPDIR/b.tar"
	mkdir "$BATS_TEST_TMPDIR/out"
	tar -C "$BATS_TEST_TMPDIR/out" -xf "$BATS_TEST_TMPDIR/b.tar"
	assert_equal "$(ls "$BATS_TEST_TMPDIR/out" | tr '\n' ' ')" 'A B EMPTY '
	assert_equal "$(cat "$BATS_TEST_TMPDIR/out/A")" 'x y'
	assert_equal "$(od -An -tx1 "$BATS_TEST_TMPDIR/out/B")" ' ff fe'
	assert_equal "$(stat -c %a "$BATS_TEST_TMPDIR/out/A")" 600
}

@test "the file is Dokku's: mode, place, writing; an old one in the app's folder is taken over" {
	dokku config:set app A='x y' N=007 >/dev/null
	assert_file_is "$INST/lib/config/app/ENV" 'A="x y"
N=7'
	assert_equal "$(stat -c '%a %U' "$INST/lib/config/app/ENV")" "600 $(stat -c %U "$INST/home")"
	dokku apps:create old >/dev/null
	rm -rf "$INST/lib/config/old" "$INST/lib/config/config/old"
	printf 'OLD="1"\n' >"$INST/home/old/ENV"
	chown --reference="$INST/home" "$INST/home/old/ENV"
	run dokku config:get old OLD
	assert_output 1
	refute_file_exists "$INST/home/old/ENV"
}

@test "writers at the same time do not lose each other's variables" {
	local i
	for i in 1 2 3 4 5 6; do
		dokku config:set app "V$i=$i" >/dev/null 2>&1 &
		dokku config:set --global "G$i=$i" >/dev/null 2>&1 &
	done
	wait
	assert_equal "$(dokku config:keys app | wc -l)" 6
	assert_equal "$(dokku config:keys --global | wc -l)" 6
}

@test "a value appears in no trace and in no journal" {
	run dokku --trace config:set app S=topsecret1
	run dokku --trace config:unset app S
	refute_output --partial topsecret1
	run grep -rl topsecret1 "$INST/lib/data" "$INST/logs"
	refute_output
}

# proves golden: trigger config-set, trigger config-get, trigger config-get-global
# proves golden: trigger config-export, trigger config-unset
@test "triggers that third-party scripts fire" {
	plugn() { as_dokku "$INST/bin/plugn" "$@"; }
	run plugn trigger config-set --no-restart app A=1 B='x y'
	assert_success
	assert_equal "$(plugn trigger config-get app B; echo .)" 'x y.'
	run plugn trigger config-get app NONE
	assert_success
	refute_output
	dokku config:set --global G=9 >/dev/null
	assert_equal "$(plugn trigger config-get-global G)" 9
	assert_equal "$(plugn trigger config-export app false true json)" '{"A":"1","B":"x y","G":"9"}'
	assert_equal "$(plugn trigger docker-args-deploy app latest)" ' --env=A --env=B --env=G'
	run plugn trigger config-unset app A false
	assert_success
	run dokku config:keys app
	assert_output B
}
