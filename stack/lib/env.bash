# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# shellcheck disable=SC2154 # variables of common.bash
# An app's .env: lines NAME=VALUE, with or without "export", in single quotes, double quotes or none.
# $NAME is expanded but in single quotes; nothing is run.

# Names that would change the build's own tools.
env_reserved() { # NAME
	[[ $1 =~ ^(PATH|HOME|USER|LOGNAME|SHELL|PWD|IFS|BASH.*|SHELLOPTS|EUID|UID|PPID|GIT_DIR|LD_PRELOAD)$ ]]
}

# Into $unquoted: escapes taken off, names replaced by what they hold now.
env_unquote() { # TEXT
	local rest=$1 name
	unquoted=
	while [[ $rest =~ ^([^\\$]*)([\\$])(.*)$ ]]; do
		unquoted+=${BASH_REMATCH[1]}
		rest=${BASH_REMATCH[3]}
		if [[ ${BASH_REMATCH[2]} == \\ ]]; then
			case ${rest:0:1} in
			n) unquoted+=$'\n' ;;
			r) unquoted+=$'\r' ;;
			t) unquoted+=$'\t' ;;
			*) unquoted+=${rest:0:1} ;;
			esac
			rest=${rest:1}
		elif [[ $rest =~ ^(([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)\})(.*)$ ]]; then
			name=${BASH_REMATCH[2]}${BASH_REMATCH[3]}
			rest=${BASH_REMATCH[4]}
			unquoted+=${!name-}
		else
			unquoted+=\$
		fi
	done
	unquoted+=$rest
}

env_line() { # LINE
	local line=${1%$'\r'} name value unquoted
	[[ $line =~ ^[[:space:]]*(export[[:space:]]+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)$ ]] || return 0
	name=${BASH_REMATCH[2]}
	value=${BASH_REMATCH[3]}
	! env_reserved "$name" || return 0
	case $value in
	\'*\') unquoted=${value:1:-1} ;;
	\"*\") env_unquote "${value:1:-1}" ;;
	*) env_unquote "$value" ;;
	esac
	export "$name=$unquoted"
}

env_load_file() { # FILE
	local line
	[[ -f $1 ]] || return 0
	while IFS= read -r line || [[ $line ]]; do
		env_line "$line"
	done <"$1"
}
