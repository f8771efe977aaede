# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# For bin/compile of the stack's own buildpacks:
#
#	#!/bin/bash
#	source "${MOORAGE_STACK:-/usr/share/moorage-stack}/lib/pack.bash"
#	pack_begin "$@"                         # BUILD_DIR CACHE_DIR ENV_DIR; goes to BUILD_DIR
#
# Variables afterwards: BUILD_DIR, CACHE_DIR, ENV_DIR, PACK_DIR (the buildpack's own folder),
# STACK_NAME (debian-12). A command that fails ends the build: through step with its words, the line
# and a hint, otherwise with its line.
set -Eeuo pipefail

title() {
	printf -- '-----> %s\n' "$*"
}

note() {
	printf '       %s\n' "$@"
}

warn() {
	printf ' !     %s\n' "$@" >&2
}

# Ends the build: what is wrong, then what to do about it.
fail() { # MESSAGE [HINT...]
	trap - ERR
	warn "$@"
	exit 1
}

pack_where() { # LINE FILE
	local file=$2
	[[ $file != "$PACK_DIR"/* ]] || file=buildpacks/${PACK_DIR##*/}/${file#"$PACK_DIR"/}
	printf 'line %s of %s' "$1" "$file"
}

# An unforeseen failure.
pack_err() { # CODE LINE FILE COMMAND
	trap - ERR
	warn "Command failed (exit code $1): $4" "at $(pack_where "$2" "$3")"
	exit "$1"
}

pack_begin() { # BUILD_DIR CACHE_DIR ENV_DIR
	BUILD_DIR=$1 CACHE_DIR=${2:-$1/.cache} ENV_DIR=${3:-/nonexistent}
	PACK_DIR=$(cd "$(dirname "$0")/.." && pwd)
	STACK_NAME=${MOORAGE_STACK_NAME:-debian}
	export BUILD_DIR CACHE_DIR ENV_DIR
	mkdir -p "$CACHE_DIR"
	cd "$BUILD_DIR"
	trap 'pack_err $? $LINENO "${BASH_SOURCE[0]}" "$BASH_COMMAND"' ERR
}

# step [--hint TEXT]... COMMAND...: runs it, its output in the margin. When it fails the build ends
# with its exit code, after its words, the line that called it, and the hints.
step() {
	local hints=() rc=0
	while [[ $1 == --hint ]]; do
		hints+=("$2")
		shift 2
	done
	"$@" </dev/null || rc=$?
	[[ $rc != 0 ]] || return 0
	trap - ERR
	warn "Command failed (exit code $rc): $*" "at $(pack_where "${BASH_LINENO[0]}" "${BASH_SOURCE[1]}")" "${hints[@]}"
	exit "$rc"
}

# A script of the app, as bin/post_compile; nothing happens when there is none. bash scripts tell
# the line that failed.
app_script() { # PATH-IN-THE-APP [ARGUMENT...]
	local path=$BUILD_DIR/$1 rc=0 run=()
	[[ -f $path ]] || return 0
	title "Running $1"
	[[ -x $path ]] || run=(bash)
	BASH_ENV=${BASH_SOURCE[0]%/*}/trace.bash MOORAGE_TRACE_OF=$path "${run[@]}" "$path" "${@:2}" </dev/null || rc=$?
	[[ $rc == 0 ]] || {
		trap - ERR
		warn "$1 of the app ended with exit code $rc"
		exit "$rc"
	}
}

# Is COMMAND there?
have() {
	command -v "$1" >/dev/null 2>&1
}

# How many jobs at once: what the container may use of the machine.
cpus() {
	local quota period
	if [[ -r /sys/fs/cgroup/cpu.max ]]; then
		read -r quota period </sys/fs/cgroup/cpu.max
	else
		quota=$(cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us 2>/dev/null) || quota=max
		period=$(cat /sys/fs/cgroup/cpu/cpu.cfs_period_us 2>/dev/null) || period=100000
	fi
	if [[ $quota =~ ^[1-9][0-9]*$ && $((quota / period)) -lt $(nproc) ]]; then
		echo $((quota < period ? 1 : quota / period))
	else
		nproc
	fi
}

# --- the cache ---
#
# Entry NAME lies in CACHE_DIR/moorage/NAME: a folder "files" and the key it belongs to. A killed
# build never leaves half an entry.

# A key of the files (what is missing counts as such), of further words, and of the stack.
cache_key() { # FILE... [-- WORD...]
	local files=()
	while [[ $# -gt 0 && $1 != -- ]]; do
		files+=("$1")
		shift
	done
	{
		printf '%s\n' "$STACK_NAME" "${MOORAGE_STACK_PACKAGES:-}" "$@"
		for file in "${files[@]}"; do
			printf '%s ' "$file"
			{ sha256sum <"$BUILD_DIR/$file"; } 2>/dev/null || echo none
		done
	} | sha256sum | cut -c1-40
}

# Is entry NAME there, under KEY? (Any key when none is given.)
cache_has() { # NAME [KEY]
	local dir=$CACHE_DIR/moorage/$1
	[[ -d $dir/files ]] && { [[ $# == 1 ]] || [[ $(cat "$dir/key" 2>/dev/null) == "$2" ]]; }
}

# Puts entry NAME in TARGET, which must not be there (an empty folder counts as such). 1: there is no
# such entry, or it belongs to another key; nothing happened.
cache_restore() { # NAME KEY TARGET
	cache_has "$1" "$2" || return 1
	cache_restore_any "$1" "$3"
}

# The same whatever key it has: something to begin with.
cache_restore_any() { # NAME TARGET
	cache_has "$1" || return 1
	mkdir -p "$2"
	cp -a "$CACHE_DIR/moorage/$1/files/." "$2"
}

# Keeps SOURCE (a folder) as entry NAME in place of the earlier one.
cache_save() { # NAME KEY SOURCE
	local dir=$CACHE_DIR/moorage/$1
	[[ -d $3 ]] || return 0
	rm -rf "$dir.new"
	mkdir -p "$dir.new"
	cp -a "$3" "$dir.new/files"
	printf '%s\n' "$2" >"$dir.new/key"
	rm -rf "$dir"
	mv "$dir.new" "$dir"
}

cache_drop() { # NAME
	rm -rf "$CACHE_DIR/moorage/$1"
}

# A folder that tools keep their own cache in (downloads), without a key; prints its path.
cache_dir() { # NAME
	mkdir -p "$CACHE_DIR/moorage/$1"
	printf '%s\n' "$CACHE_DIR/moorage/$1"
}

# --- config and the environment ---

# The app's config into the environment, but what would break the build's tools. ALLOW and DENY are
# extended regular expressions of names.
export_env() { # [ALLOW [DENY]]
	local file name allow=${1:-.} deny=${2:-^$}
	local never='^(PATH|HOME|USER|LOGNAME|SHELL|PWD|IFS|BASH.*|SHELLOPTS|GIT_DIR|CPATH|CPPATH|LD_PRELOAD|LIBRARY_PATH|LD_LIBRARY_PATH|PORT|BUILD_DIR|CACHE_DIR|ENV_DIR|PACK_DIR|STACK_NAME)$'
	[[ -d $ENV_DIR ]] || return 0
	for file in "$ENV_DIR"/*; do
		name=${file##*/}
		[[ -f $file && $name =~ ^[A-Za-z_][A-Za-z0-9_]*$ && $name =~ $allow ]] || continue
		[[ ! $name =~ $never && ! $name =~ $deny ]] || continue
		export "$name=$(<"$file")"
	done
}

# One variable of the app's config; DEFAULT when it is not set.
env_get() { # NAME [DEFAULT]
	if [[ -f $ENV_DIR/$1 ]]; then
		printf '%s\n' "$(<"$ENV_DIR/$1")"
	else
		printf '%s\n' "${2:-}"
	fi
}

# Lines for the app's start, from standard input: .profile.d/NAME.sh. The app lies in /app then.
profile() { # NAME
	mkdir -p "$BUILD_DIR/.profile.d"
	cat >"$BUILD_DIR/.profile.d/$1.sh"
}

# Lines for the buildpacks after this one, from standard input.
export_lines() {
	cat >>"${MOORAGE_EXPORT:-/dev/null}"
}
