#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The examples in docs/*.md do what the pages say. Each page has an instance of its own, with an app
# `hello` that was pushed from the folder in which the examples run.

load ../lab/helpers
load ../lab/apps

# Pages without anything to try: lists of links, of differences, of tests; what needs a machine.
WITHOUT='index differences conformance install container'

teardown() {
	teardown_instance
}

# Programs as a person at the machine, or in front of another one, would call them.
wrapper() {
	printf '#!/bin/sh\nexec %s\n' "$2" >"$INST/wrappers/$1"
	chmod 755 "$INST/wrappers/$1"
}

prepare() {
	setup_instance --libexec "${TOOLS:-$BUILD/src/tools}"
	mkdir "$INST/wrappers"
	wrapper curl "/usr/bin/curl -sS --connect-to :80:127.0.0.1:$HTTP_PORT --connect-to :443:127.0.0.1:$HTTPS_PORT \"\$@\""
	wrapper ssh "/usr/bin/ssh -F $INST/keys/ssh_config \"\$@\""
	wrapper sudo '"$@"'
	lab_domain
	http_app "$INST/hello" 'Hello!'
	git_push "$INST/hello" hello
	lab_git -C "$INST/hello" remote add dokku dokku@server.example.com:hello
}

# examples PAGE: runs them.
examples() {
	in_instance PATH="$INST/wrappers:$INST/bin:/usr/sbin:/usr/bin:/sbin:/bin" INST="$INST" LABEL="$LABEL" \
		HTTP_PORT="$HTTP_PORT" HTTPS_PORT="$HTTPS_PORT" \
		GIT_CONFIG_GLOBAL="$GIT_CONFIG_GLOBAL" GIT_CONFIG_SYSTEM=/dev/null GIT_SSH="$INST/wrappers/ssh" \
		env -C "$INST/hello" python3 "$TOP/tests/cli/docs-examples.py" "$1"
}

@test "every example of every page has the output that the page shows" {
	local page bad=0
	"$LAB" images busybox http
	for page in "$TOP"/docs/*.md; do
		grep -q '^ *```console$' "$page" || continue
		prepare >"$BATS_TEST_TMPDIR/prepared" 2>&1 || fail "$(cat "$BATS_TEST_TMPDIR/prepared")"
		examples "$page" || bad=1
		teardown_instance || bad=1
		unset LAB_NAME
	done
	[ $bad = 0 ]
}

@test "every page that shows commands has an example that is tested" {
	local page name
	for page in "$TOP"/docs/*.md; do
		name=$(basename "$page" .md)
		[[ " $WITHOUT " != *" $name "* ]] || continue
		grep -q '^ *```console$' "$page" || fail "docs/$name.md has no console block"
	done
}

@test "an example whose output, exit code or shape is another one is found" {
	prepare >"$BATS_TEST_TMPDIR/prepared" 2>&1 || fail "$(cat "$BATS_TEST_TMPDIR/prepared")"
	page=$BATS_TEST_TMPDIR/page.md
	example() {
		printf '# Page\n\n```console\n%s\n```\n' "$1" >"$page"
		run examples "$page"
	}
	example $'$ echo one; echo two  \none\ntwo'
	assert_success
	example $'$ echo one; echo two; echo three\n...\nthree'
	assert_success
	example $'$ echo one two three\none ... three'
	assert_success
	example $'$ cat <<EOF\n> one\n> EOF\none'
	assert_success
	example $'$ false # exit 1'
	assert_success
	example $'$ echo anything'
	assert_success
	example $'$ curl http://hello.example.test/\nHello!\n$ dokku urls hello\nhttp://hello.example.test'
	assert_success
	example $'$ echo one; echo two\none'
	assert_failure 1
	assert_output --partial "$page:4: \$ echo one"
	example $'$ echo one\none\ntwo'
	assert_failure 1
	example $'$ echo one two three\none ... four'
	assert_failure 1
	example $'$ false'
	assert_failure 1
	example $'$ true # exit 1'
	assert_failure 1
	example $'no command'
	assert_failure 1
}
