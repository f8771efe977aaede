# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2154 # variables of the files that source this one, and of its own
# Paths (stack_dir comes from the program itself), marks of output, and the step from root to the app's user.

app_path=${APP_PATH:-/app}
env_path=${ENV_PATH:-/tmp/env}
build_path=${BUILD_PATH:-$app_path}
cache_path=${CACHE_PATH:-/tmp/cache}
import_path=${IMPORT_PATH:-/tmp/app}
buildpack_path=${BUILDPACK_PATH:-/tmp/buildpacks}
default_user=herokuishuser

title() {
	printf -- '-----> %s\n' "$*"
}

# ! lines; further words are lines of their own.
complain() {
	printf ' !     %s\n' "$@" >&2
}

die() {
	complain "$@"
	exit 1
}

# Owners of a tree, in one pass; what is right already is not touched.
own_tree() { # USER GROUP PATH...
	local user=$1 group=$2
	shift 2
	find "$@" \( ! -user "$user" -o ! -group "$group" \) -exec chown -h "$user:$group" {} +
}

as_user() { # USER GROUP WORDS-FOR-THIS-PROGRAM...
	local user=$1 group=$2
	shift 2
	export USER=$user LOGNAME=$user HOME=$app_path
	exec setpriv --reuid="$user" --regid="$group" --init-groups --inh-caps=-all \
		"$stack_dir/bin/herokuish" "$@"
}

import_source() {
	[[ -d $import_path && -n $(ls -A "$import_path") ]] || return 0
	# /app may be a mount: its content goes, not itself.
	mkdir -p "$app_path"
	find "$app_path" -mindepth 1 -delete
	cp -a "$import_path/." "$app_path"
}

# A build never runs as root, whatever user the app is to run as.
drop_for_build() {
	local user=${USER:-$default_user} group
	[[ $EUID == 0 ]] || return 0
	id -u "$user" >/dev/null 2>&1 || die "There is no user '$user' in this image" \
		"Unset DOKKU_APP_USER, or use an image that has it"
	[[ $(id -u "$user") != 0 ]] || user=$default_user
	group=$(id -g "$user")
	import_source
	mkdir -p "$app_path" "$build_path" "$cache_path" "$env_path" "$buildpack_path"
	own_tree "$user" "$group" "$app_path" "$build_path" "$cache_path" "$env_path" "$buildpack_path"
	as_user "$user" "$group" "$@"
}

# Without a name in USER, the owner of the app's files is the one who runs them.
drop_for_run() {
	local user=${USER:-} group
	[[ $EUID == 0 && ${HEROKUISH_SETUIDGUID:-} != false ]] || return 0
	[[ $user ]] || user=$(stat -c %U "$app_path")
	[[ $user != UNKNOWN ]] || user=$default_user
	group=$(id -g "$user") || die "There is no user '$user' in this image" \
		"Unset DOKKU_APP_USER, or use an image that has it"
	# Deep inside, a build left the right owners; only what was added on top of it can be wrong.
	[[ ${HEROKUISH_DISABLE_CHOWN:-} == true ]] || {
		if [[ $(stat -c %U "$app_path") == "$user" ]]; then
			find "$app_path" -maxdepth 2 \( ! -user "$user" -o ! -group "$group" \) -exec chown -h "$user:$group" {} +
		else
			own_tree "$user" "$group" "$app_path"
		fi
	}
	[[ $(id -u "$user") != 0 ]] || return 0
	as_user "$user" "$group" "$@"
}
