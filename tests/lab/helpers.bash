# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Loaded by every .bats file: `load ../lab/helpers`. Needs root.
#
#   setup_file() { setup_instance; }        options are those of `lab up`
#   teardown_file() { teardown_instance; }
#
# setup_instance exports INST HTTP_PORT HTTPS_PORT SSH_PORT LABEL ENGINE_SOCKET; one instance per
# file, so that files run side by side. Nothing here sleeps for a fixed time: wait_until polls.

TOP=$(cd -P "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
LAB=$TOP/tests/lab/lab
BUILD=${MOORAGE_BUILD:-$TOP/build}
MOORAGE_BINARY=${MOORAGE_BINARY:-$BUILD/src/moorage}
HTTP_PROBE=$BUILD/tests/lab/http-probe
export TOP LAB BUILD HTTP_PROBE

# --- the instance ---

# setup_instance [OPTIONS]: the program under test is MOORAGE_BINARY unless --binary is given.
setup_instance() {
	local name layer
	layer=$(basename "$(dirname "$BATS_TEST_FILENAME")")
	name=${MOORAGE_LAB_RUN:-hand}-$layer-$(basename "$BATS_TEST_FILENAME" .bats)
	name=${name//[^a-z0-9-]/-}
	case " $* " in
	*" --binary "*) ;;
	*) set -- --binary "$MOORAGE_BINARY" "$@" ;;
	esac
	"$LAB" up "$name" "$@" >/dev/null || return 1
	# From here on teardown has something to remove.
	export LAB_NAME=$name
	local line
	while IFS= read -r line; do
		export "${line?}"
	done < <("$LAB" env "$name")
	HOLDER=$(cut -d' ' -f1 "$INST/holder.pid")
	export HOLDER
	export GIT_CONFIG_GLOBAL=$INST/keys/gitconfig GIT_CONFIG_SYSTEM=/dev/null
	export GIT_SSH_COMMAND="ssh -F $INST/keys/ssh_config"
	# What the person who runs the tests has set must not matter.
	unset DOCKER_HOST DOCKER_CONTEXT DOCKER_CONFIG DOKKU_ROOT DOKKU_LIB_ROOT SSH_AUTH_SOCK
	unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE
}

# Fails when a sanitizer had something to say, in whichever process of the instance it was.
teardown_instance() {
	local rc=0
	[ "${LAB_NAME:-}" ] || return 0
	if [ "${INST:-}" ] && [ -n "$(ls -A "$INST/sanitizer" 2>/dev/null)" ]; then
		echo "sanitizer reports:"
		cat "$INST"/sanitizer/*
		rc=1
	fi
	"$LAB" down "$LAB_NAME" || rc=1
	return "$rc"
}

# in_instance COMMAND...: in the instance's namespaces, as root, with nothing of our environment
# but what is given as K=V in front of the command.
in_instance() {
	local ns=(-m)
	[ ! "${OWN_ENGINE:-}" ] || ns+=(-n -u)
	# EXEC: in place of the shell, for the background, so that $! is the command's.
	# shellcheck disable=SC2086
	${EXEC:-} nsenter -t "$HOLDER" "${ns[@]}" -- env -i PATH="$INST/bin:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin" \
		HOME=/root LANG=C.UTF-8 "$@"
}

# as_dokku COMMAND...: the same as the instance's user, in its home.
as_dokku() {
	local id
	id=$(stat -c %u "$INST/home")
	in_instance setpriv --reuid "$id" --regid "$id" --init-groups \
		env -C "$INST/home" HOME="$INST/home" USER=dokku LOGNAME=dokku "$@"
}

# The program as an administrator on the machine calls it.
dokku() {
	in_instance "$INST/bin/dokku" "$@"
}

# ssh_dokku ARGS...: as somebody with the key `admin` calls it from elsewhere. (Without the dashes
# ssh takes words that begin with one for its own, behind the host as well.)
ssh_dokku() {
	in_instance ssh -F "$INST/keys/ssh_config" lab ${1:+--} "$@" </dev/null
}

# The same with the key `other`, which the instance does not know until a test adds it.
ssh_other() {
	in_instance ssh -F "$INST/keys/ssh_config-other" lab ${1:+--} "$@" </dev/null
}

# docker_lab ARGS...: against the instance's engine.
docker_lab() {
	"${MOORAGE_TEST_DOCKER:-/usr/bin/docker}" -H "unix://$ENGINE_SOCKET" "$@"
}

# --- apps ---

lab_git() {
	git -c user.name=Lab -c user.email=lab@example.com -c init.defaultBranch=master "$@"
}

# git_app DIR: DIR becomes a repository with everything in it committed.
git_app() {
	lab_git -C "$1" init -q && git_commit "$1" first
}

# git_commit DIR [MESSAGE]: all changes.
git_commit() {
	lab_git -C "$1" add -A && lab_git -C "$1" commit -q -m "${2:-change}"
}

# git_push DIR APP [REFSPEC] [GIT-OPTIONS]: over ssh to the instance.
git_push() {
	local dir=$1 app=$2 refspec=${3:-master:master}
	shift 2
	[ $# -eq 0 ] || shift
	in_instance GIT_CONFIG_GLOBAL="$GIT_CONFIG_GLOBAL" GIT_CONFIG_SYSTEM=/dev/null \
		GIT_SSH_COMMAND="$GIT_SSH_COMMAND" \
		git -C "$dir" push "$@" "ssh://dokku@lab/$app" "$refspec" </dev/null
}

# --- HTTP ---

# http_get HOST PATH [CURL-OPTIONS]: the body, through the instance's nginx.
http_get() {
	local host=$1 path=$2
	shift 2
	in_instance curl -sS --max-time 10 -H "Host: $host" "$@" "http://127.0.0.1:$HTTP_PORT$path"
}

http_status() {
	http_get "$@" -o /dev/null -w '%{http_code}'
}

http_body_is() {
	[ "$(http_get "$1" "$2")" = "$3" ]
}

# probe_start FILE ARGS...: a load in the background, JSON to FILE; returns at its first answer.
probe_start() {
	local out=$1
	shift
	EXEC="exec" in_instance "$HTTP_PROBE" "$@" >"$out" 2>"$out.log" 3>&- &
	PROBE_PID=$!
	wait_until 10 grep -q 'first answer' "$out.log"
}

# Ends it; its JSON is complete then. The exit code is the load's.
probe_stop() {
	kill -TERM "$PROBE_PID" 2>/dev/null
	wait "$PROBE_PID"
}

# --- ports ---

# claim_port: one that nobody else in any run gets, until free_ports (in teardown).
claim_port() {
	bash -c '. "$1" && lab_base && port_claim "$2"' claim "$TOP/tests/lab/common.bash" "$BATS_TEST_TMPDIR"
}

free_ports() {
	bash -c '. "$1" && port_free "$2"' free "$TOP/tests/lab/common.bash" "$BATS_TEST_TMPDIR"
}

# --- waiting ---

# wait_until SECONDS COMMAND...: the command may be a function; says what it waited for in vain.
wait_until() {
	local seconds=$1
	local end=$((${EPOCHREALTIME/./} + seconds * 1000000))
	shift
	until "$@" >/dev/null 2>&1; do
		if [ "${EPOCHREALTIME/./}" -ge "$end" ]; then
			echo "not within ${seconds} s: $*" >&2
			return 1
		fi
		sleep 0.05
	done
}

# hold_pushes, let_pushes_go: in between a push of the instance stops when its files are extracted,
# says "held" and waits; for tests of what happens meanwhile, however slow the machine.
hold_pushes() {
	local dir=$INST/lib/plugins/enabled/zz-hold
	as_dokku mkdir -p "$dir"
	as_dokku touch "$INST/lib/held"
	printf '#!/bin/sh\necho held\nwhile [ -e "%s" ]; do sleep 0.1; done\n' "$INST/lib/held" >"$dir/post-extract"
	chmod 755 "$dir/post-extract"
}

let_pushes_go() {
	rm "$INST/lib/held"
}

# --- assertions; each shows what it saw. `run` comes before those about status and output. ---

fail() {
	printf '%s\n' "$@" >&2
	return 1
}

# shellcheck disable=SC2154 # status, output and lines are set by bats' run
assert_success() {
	[ "$status" -eq 0 ] || fail "exit code $status instead of 0" "output: $output"
}

# assert_failure [CODE]
assert_failure() {
	if [ $# -gt 0 ]; then
		[ "$status" -eq "$1" ] || fail "exit code $status instead of $1" "output: $output"
	else
		[ "$status" -ne 0 ] || fail "succeeded, a failure was expected" "output: $output"
	fi
}

# assert_output [--partial|--regexp] TEXT
assert_output() {
	case $1 in
	--partial) [[ $output == *"$2"* ]] || fail "not in the output: $2" "output: $output" ;;
	--regexp) [[ $output =~ $2 ]] || fail "no match of: $2" "output: $output" ;;
	*) [ "$output" = "$1" ] || fail "$(diff <(echo "$1") <(echo "$output") | sed 's/^</expected</; s/^>/seen    >/')" ;;
	esac
}

# refute_output [--partial|--regexp] TEXT; without TEXT: there is none.
refute_output() {
	case ${1:-} in
	--partial) [[ $output != *"$2"* ]] || fail "in the output: $2" "output: $output" ;;
	--regexp) ! [[ $output =~ $2 ]] || fail "matches: $2" "output: $output" ;;
	'') [ -z "$output" ] || fail "output where none was expected: $output" ;;
	*) [ "$output" != "$1" ] || fail "output is: $output" ;;
	esac
}

# assert_line TEXT: one whole line of the output.
assert_line() {
	local line
	# shellcheck disable=SC2154
	for line in "${lines[@]}"; do
		[ "$line" != "$1" ] || return 0
	done
	fail "no such line: $1" "output: $output"
}

assert_equal() {
	[ "$1" = "$2" ] || fail "expected: $2" "seen:     $1"
}

assert_file_exists() {
	[ -e "$1" ] || fail "'$1' does not exist"
}

refute_file_exists() {
	[ ! -e "$1" ] || fail "'$1' exists"
}

# assert_file_is FILE TEXT: its whole content, but for a last newline.
assert_file_is() {
	assert_equal "$(cat "$1")" "$2"
}

# assert_http HOST PATH STATUS [BODY]
assert_http() {
	assert_equal "$(http_status "$1" "$2")" "$3" || return 1
	[ $# -lt 4 ] || assert_equal "$(http_get "$1" "$2")" "$4"
}

# assert_json FILTER VALUE FILE: what jq makes of it.
assert_json() {
	assert_equal "$(jq -r "$1" "$3")" "$2"
}
