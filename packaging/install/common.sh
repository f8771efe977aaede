# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034 # used where this is sourced
# What every part of the installer shares: where things are, what it says, what it remembers.

ROOT=/home/dokku
LIB=/var/lib/dokku
LOGS=/var/log/dokku
ETC=/etc/moorage
CONF=$ETC/instance.conf
MANIFEST=$ETC/installed # one line for each thing that we made and --uninstall has to take away
REPLACED=$ETC/replaced  # files of others that ours stand in for, to be put back
LIBEXEC=/usr/libexec/moorage
SHARE=/usr/share/moorage
BUILD=build-release
DEMO_DIR=/root/.moorage-demo

say() { printf -- '-----> %s\n' "$*"; }
note() { printf '       %s\n' "$*"; }
fail() {
	trap - ERR
	printf ' !     %s\n' "$@" >&2
	exit 1
}

made() { grep -qxF -- "$1" "$MANIFEST" 2>/dev/null; }
mark() { made "$1" || echo "$1" >>"$MANIFEST"; }
made_all() { [[ ! -e $MANIFEST ]] || sed -n "s/^$1 //p" "$MANIFEST"; } # KIND: the names after it

has_systemd() { [[ -d /run/systemd/system ]]; }
# Not those in containers, nor the dead that nobody has buried.
running() { pgrep -x --ns $$ --nslist pid --runstates DIRS "$1" >/dev/null 2>&1; }

engine_answers() {
	[[ -S /var/run/docker.sock ]] &&
		curl -fsS --max-time 5 --unix-socket /var/run/docker.sock http://engine/_ping >/dev/null 2>&1
}

# conf_value KEY: what instance.conf says, or nothing.
conf_value() { [[ ! -e $CONF ]] || sed -n "s/^$1=//p" "$CONF" | tail -n 1; }

# put MODE SOURCE TARGET [OWNER]: in one rename, and only if the target differs.
put() {
	cmp -s "$2" "$3" 2>/dev/null && return
	install -D -m "$1" -o "${4:-root}" -g "${4:-root}" "$2" "$3.new"
	mv "$3.new" "$3"
}

# put_text MODE TARGET [OWNER]: the same with what stands on stdin.
put_text() {
	local file rc=0
	file=$(mktemp)
	cat >"$file"
	put "$1" "$file" "$2" "${3:-root}" || rc=$?
	rm -f "$file"
	return $rc
}

# put_system MODE SOURCE TARGET: a file that a Dokku may have put there before us is set aside.
put_system() {
	if ! made "file $3"; then
		if [[ -e $3 ]]; then
			install -D -m 0600 /dev/null "$REPLACED$3"
			cp -a "$3" "$REPLACED$3"
		fi
		mark "file $3"
	fi
	put "$@"
}

remove_system() {
	local file
	while IFS= read -r file; do
		rm -f "$file"
		[[ ! -e $REPLACED$file ]] || mv "$REPLACED$file" "$file"
	done < <(made_all file)
}

wait_for() { # SECONDS COMMAND...
	local tries=$(($1 * 5))
	shift
	until "$@"; do
		((tries-- > 0)) || return 1
		sleep 0.2
	done
}

# --- ports ---

listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# port_owner PORT: the name of the program that listens there; fails if none does.
port_owner() {
	local inode fd
	inode=$(awk -v port="$(printf ':%04X' "$1")" \
		'$4 == "0A" && substr($2, length($2) - 4) == port { print $10; exit }' \
		/proc/net/tcp /proc/net/tcp6 2>/dev/null || true)
	[[ -n $inode ]] || return 1
	fd=$(find /proc/[0-9]*/fd -lname "socket:\[$inode\]" -print -quit 2>/dev/null || true)
	if [[ -n $fd ]]; then cat "${fd%/fd/*}/comm"; else echo "another program"; fi
}
