#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Each gate of tests/check lets a clean tree pass and stops a planted fault.

load ../lab/helpers

setup() {
	export CHECK_TOP=$BATS_TEST_TMPDIR/tree
	mkdir -p "$CHECK_TOP"/src/{base,lib/x,core,plugins/one,plugins/two}
	cp "$TOP/.clang-format" "$CHECK_TOP"
	source_file base/a.h '#pragma once'
	source_file base/a.c '#include "base/a.h"'
	source_file plugins/one/one.h '#pragma once'
	source_file plugins/one/one.c '#include "plugins/one/one.h"' '#include "base/a.h"'
	git -C "$CHECK_TOP" init -q
}

# source_file PATH LINES...: a C file below src.
source_file() {
	local path=$CHECK_TOP/src/$1
	shift
	printf '%s\n' '/* SPDX-License-Identifier: MIT */' "$@" >"$path"
}

# gate NAME: its TAP becomes the output.
gate() {
	run "$TOP/tests/check/$1"
}

passes() {
	gate "$1"
	refute_output --partial 'not ok'
	assert_output --partial 'ok 1'
}

stops() {
	gate "$1"
	assert_output --partial 'not ok'
	assert_output --partial "$2"
}

@test "layers: a clean tree passes" {
	passes layers
}

@test "layers: an include of a layer above is stopped" {
	source_file base/b.c '#include "plugins/one/one.h"'
	stops layers 'src/base/b.c includes "plugins/one/one.h" of a layer above'
}

@test "layers: a plugin that includes another is stopped" {
	source_file plugins/two/two.c '#include "plugins/one/one.h"'
	stops layers 'of another room'
}

@test "layers: a source that includes its own header late is stopped" {
	source_file base/a.c '#include <stdio.h>' '#include "base/a.h"'
	stops layers 'does not include its own header first'
}

@test "format: a file the formatter would change is stopped" {
	passes format
	source_file base/b.c 'int  f( void ) { return 1; }'
	stops format 'src/base/b.c'
}

@test "size: long and tangled functions and long files are stopped" {
	passes size
	{
		echo '/* SPDX-License-Identifier: MIT */'
		echo 'int f(int a)' && echo '{'
		for i in {1..101}; do echo "	a += $i;"; done
		echo '	return a;' && echo '}'
		echo 'int g(int a)' && echo '{'
		for i in {1..21}; do echo "	if (a == $i) a++;"; done
		echo '	return a;' && echo '}'
		yes '/* line */' | head -700
	} >"$CHECK_TOP/src/base/b.c"
	stops size 'src/base/b.c:f: 105 (lines)'
	assert_output --partial 'src/base/b.c:g: 22 (complexity)'
	assert_output --partial 'src/base/b.c: 831 (lines)'
}

@test "size: a listed function may stay as it is and may not grow; the list may not" {
	{
		echo 'int f(int a)' && echo '{'
		for i in {1..101}; do echo "	a += $i;"; done
		echo '	return a;' && echo '}'
	} >"$CHECK_TOP/src/base/b.c"
	export CHECK_ALLOW=$CHECK_TOP/tests/check/size-allow.txt
	mkdir -p "$CHECK_TOP/tests/check"
	echo 'src/base/b.c:f lines 105' >"$CHECK_ALLOW"
	git_commit "$CHECK_TOP"
	passes size
	echo 'src/base/b.c:f lines 103' >"$CHECK_ALLOW"
	stops size 'src/base/b.c:f: 105 (lines)'
	printf '%s\n' 'src/base/b.c:f lines 105' 'src/base/a.c:g lines 200' >"$CHECK_ALLOW"
	stops size 'grew from 1 to 2 entries'
	assert_output --partial 'no longer over the limit'
}

@test "shell: a script with an unquoted variable is stopped" {
	# shellcheck disable=SC2016
	printf '#!/bin/sh\necho "$HOME"\n' >"$CHECK_TOP/good"
	passes shell
	# shellcheck disable=SC2016
	printf '#!/bin/sh\nrm $1\n' >"$CHECK_TOP/bad"
	stops shell 'bad:2'
}

@test "spelling: a common mistake is stopped" {
	passes spelling
	# Spelt in two pieces, for the gate to pass over this file.
	echo "rec""ieve" >"$CHECK_TOP/text.md"
	stops spelling 'text.md:1'
}

@test "static: a null dereference is stopped" {
	passes static
	source_file base/b.c 'int f(void)' '{' '	int *p = 0;' '	return *p;' '}'
	stops static nullPointer
}

@test "words: left-overs and missing licences are stopped" {
	passes words
	echo "/* FIX""ME later */" >"$CHECK_TOP/src/base/b.c"
	stops words 'src/base/b.c:1'
	assert_output --partial 'src/base/b.c has no SPDX line'
}

# fake_docgen TEXT: a docgen whose one page holds TEXT.
fake_docgen() {
	export CHECK_DOCGEN=$BATS_TEST_TMPDIR/docgen
	# shellcheck disable=SC2016
	printf '#!/bin/sh\necho "%s" >"$1/reference/boat.md"\n' "$1" >"$CHECK_DOCGEN"
	chmod +x "$CHECK_DOCGEN"
}

@test "reference: a page that is not what docgen writes is stopped, as is a missing one" {
	mkdir -p "$CHECK_TOP/docs/reference"
	fake_docgen 'as it is'
	echo 'as it is' >"$CHECK_TOP/docs/reference/boat.md"
	passes reference
	echo 'as it was' >"$CHECK_TOP/docs/reference/boat.md"
	stops reference '+as it was'
	rm "$CHECK_TOP/docs/reference/boat.md"
	stops reference ': boat.md'
}

@test "docs: dead links, long lines and unknown commands are stopped" {
	mkdir -p "$CHECK_TOP/docs/reference"
	# shellcheck disable=SC2016
	printf '### `boat:sail <app>`\n' >"$CHECK_TOP/docs/reference/boat.md"
	mkdir -p "$CHECK_TOP/src/core"
	printf '\tKEY(sails, "2", NULL),\n' >"$CHECK_TOP/src/core/instance.c"
	echo sails=2 >"$CHECK_TOP/docs/instance.conf"
	printf '# One\n\n[two](#one) [page](reference/boat.md)\n\n    dokku boat:sail x\n' >"$CHECK_TOP/docs/one.md"
	passes docs
	echo '[x](nowhere.md)' >"$CHECK_TOP/docs/two.md"
	stops docs 'docs/two.md: no file for the link nowhere.md'
	echo '[x](one.md#three)' >"$CHECK_TOP/docs/two.md"
	stops docs 'docs/two.md: no heading for the link one.md#three'
	printf '%0111d\n' 1 >"$CHECK_TOP/docs/two.md"
	stops docs 'docs/two.md:1: 111 columns'
	# shellcheck disable=SC2016
	echo 'Say `dokku boat:sink x`.' >"$CHECK_TOP/docs/two.md"
	stops docs 'docs/two.md: boat:sink is not in docs/reference'
	# shellcheck disable=SC2016
	printf '## Not there yet\n\n`boat:sail`\n' | sed '1i\\' >"$CHECK_TOP/docs/two.md"
	stops docs 'docs/two.md: boat:sail is there by now'
	echo sails=3 >"$CHECK_TOP/docs/instance.conf"
	stops docs 'docs/instance.conf: no line sails=2'
}

# spec NAME LINES...: a table, columns are separated by blanks here.
spec() {
	mkdir -p "$CHECK_TOP/tests/spec"
	printf '%s\n' "${@:2}" | tr ' ' '\t' >"$CHECK_TOP/tests/spec/$1.tsv"
}

# test_file LINES...: the one file with tests.
test_file() {
	printf '%s\n' '#!/usr/bin/env bats' "$@" >"$CHECK_TOP/tests/cli/boat.bats"
}

# boat_test TAG BODY: a test with a comment above.
boat_test() {
	test_file "# $1" '@test "a boat sails" {' "	$2" '}'
}

conformance_tree() {
	mkdir -p "$CHECK_TOP"/tests/cli "$CHECK_TOP"/docs
	spec commands 'plugin command args_and_flags scope' 'boat boat:sail <app> app' 'boat boat:help  none' \
		'raft raft:float <app> app'
	spec properties 'plugin property app/global default effect'
	spec reports 'report label flag scope json_key how_computed'
	spec triggers 'trigger args kind doc_status'
	echo raft >"$CHECK_TOP/tests/spec/later"
	printf 'ABSENT = set()\nLATER = set()\n' >"$CHECK_TOP/tests/cli/conformance.py"
	printf '@test "all of it" {\n\tconform commands < <(list)\n}\n' >"$CHECK_TOP/tests/cli/conformance.bats"
	boat_test 'proves effect: command boat:sail' 'dokku boat:sail it'
	bash "$TOP/tests/check/conformance" --write
}

conformance() {
	run bash "$TOP/tests/check/conformance"
}

@test "conformance: the page says which test proves a row, and what is later" {
	conformance_tree
	conformance
	refute_output --partial 'not ok'
	# shellcheck disable=SC2016 # Markdown
	for row in '| `boat:sail` | effect | `tests/cli/boat.bats`: a boat sails |' '| `raft:float` | later |  |' \
		'| `boat:help` | golden | `tests/cli/conformance.bats`: all of it |'; do
		grep -qxF "$row" "$CHECK_TOP/docs/conformance.md" || fail "no line: $row"
	done
	echo more >>"$CHECK_TOP/docs/conformance.md"
	conformance
	assert_output --partial 'not ok 3'
	assert_output --partial '-more'
}

@test "conformance: a row without a test is stopped" {
	conformance_tree
	rm "$CHECK_TOP/tests/spec/later"
	conformance
	assert_output --partial 'no test proves: command raft:float'
	test_file '@test "a boat sails" {' '	dokku boat:sail it' '}'
	conformance
	assert_output --partial 'no test proves: command boat:sail'
	spec triggers 'trigger args kind doc_status' 'sail-set <app> event documented'
	conformance
	assert_output --partial 'no test proves: trigger sail-set'
}

@test "conformance: a comment that names no row, no kind or what the test never mentions is stopped" {
	conformance_tree
	boat_test 'proves effect: command boat:sink' 'dokku boat:sink it'
	conformance
	assert_output --partial "no row 'command boat:sink' in tests/spec"
	boat_test 'proves hope: command boat:sail' 'dokku boat:sail it'
	conformance
	assert_output --partial "'hope' is no kind of proof"
	for body in 'dokku boat:sailor it' '# dokku boat:sail it' 'true'; do
		boat_test 'proves effect: command boat:sail' "$body"
		conformance
		assert_output --partial "proves 'command boat:sail', but never mentions it"
	done
	test_file 'set_sail() {' '	dokku boat:sail "$1"' '}' '# proves effect: command boat:sail' \
		'@test "a boat sails" {' '	set_sail it' '}'
	conformance
	refute_output --partial 'not ok'
}
