# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# shellcheck disable=SC2154 # variables of common.bash
# Running an app: its environment, its profile scripts, and a command put in this process's place.

# The command of a process type; nothing when there is none.
run_parse() { # TYPE
	local line
	[[ -r $app_path/Procfile ]] || return 0
	while IFS= read -r line || [[ $line ]]; do
		line=${line%$'\r'}
		[[ $line =~ ^[[:space:]]*"$1"[[:space:]]*:[[:space:]]*(.*)$ ]] || continue
		printf '%s\n' "${BASH_REMATCH[1]}"
		return 0
	done <"$app_path/Procfile"
}

load_env_dir() {
	local file name
	for file in "$env_path"/*; do
		name=${file##*/}
		[[ -r $file && $name =~ ^[A-Za-z_][A-Za-z0-9_]*$ ]] || continue
		export "$name=$(<"$file")"
	done
}

# An app's scripts are not written for errexit.
load_profile() {
	local file
	set +eo pipefail
	for file in /etc/profile.d/*.sh "$app_path"/.profile.d/*.sh; do
		# shellcheck source=/dev/null
		[[ ! -r $file ]] || source "$file"
	done
	# shellcheck source=/dev/null
	[[ ! -s $app_path/.profile ]] || source "$app_path/.profile"
	hash -r
}

prepare() {
	export HOME=$app_path PS1='\w \$ '
	cd "$app_path" || die "There is no $app_path in this image"
	[[ ! -d $env_path ]] || load_env_dir
	load_profile
}

# bash puts the last command of such a line in its own place, so that signals reach the app.
run_line() {
	exec /bin/bash -c "$1"
}

run_start() { # TYPE
	local type=${1:-} line
	line=$(run_parse "$type")
	[[ $line ]] || {
		echo "Proc entrypoint $type does not exist. Please check your Procfile"
		exit 1
	}
	[[ $type != web ]] || export PORT=${PORT:-5000}
	prepare
	run_line "$line"
}

# "$NAME" and "${NAME}" replaced; what a value holds is not looked at again.
expand() { # WORD
	local rest=$1 out='' name
	while [[ $rest =~ ^([^$]*)\$(([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)\})(.*)$ ]]; do
		name=${BASH_REMATCH[3]}${BASH_REMATCH[4]}
		out+=${BASH_REMATCH[1]}${!name-}
		rest=${BASH_REMATCH[5]}
	done
	expanded=$out$rest
}

# One word may be a whole line of shell. Several are a command and its arguments; those that look
# like text for another shell stay as they are.
run_exec() { # COMMAND...
	local word expanded words=()
	[[ $# -gt 0 ]] || return 0
	prepare
	[[ $# -gt 1 ]] || run_line "$1"
	for word; do
		expanded=$word
		[[ $word == *[[:space:]\'\"\`\\\;\&\|\<\>\(\)]* ]] || expand "$word"
		words+=("$expanded")
	done
	exec "${words[@]}"
}
