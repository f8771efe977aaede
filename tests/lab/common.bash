# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034 # used where this is sourced
# What every part of the lab shares: where things are, processes by identity, ports, waiting.

LAB_DIR=$(cd -P "$(dirname "${BASH_SOURCE[0]}")" && pwd)
LAB_TOP=$(cd -P "$LAB_DIR/../.." && pwd)
LAB_ROOT=${MOORAGE_LAB_ROOT:-/tmp/moorage-lab}
LAB_CACHE=${MOORAGE_TEST_CACHE:-/var/cache/moorage-tests}
LAB_UID=${MOORAGE_LAB_UID:-63017}
# The run that instances belong to; test.sh sets it, and sweeps by it. Those made by hand stay.
LAB_RUN=${MOORAGE_LAB_RUN:-hand}
LAB_SOCKET=${MOORAGE_LAB_SOCKET:-/var/run/docker.sock}
# Label on every base image, inherited by what is built on it.
LAB_IMAGE_LABEL=moorage.lab=base
# Below the kernel's range for outgoing connections, so nobody is given one of these by chance.
LAB_PORT_FIRST=20000
LAB_PORT_LAST=29999
# Debian's client, not whatever comes first in PATH: its BuildKit works without the buildx plugin.
LAB_DOCKER=${MOORAGE_TEST_DOCKER:-/usr/bin/docker}

die() {
	echo "lab: $*" >&2
	exit 1
}

need_root() {
	[ "$(id -u)" = 0 ] || die "must be run as root"
}

# lab_base: the folder of all instances, which must be root's own.
lab_base() {
	mkdir -p "$LAB_ROOT"
	# Not a folder that another user made under /tmp to be asked into.
	[ "$(stat -c '%F %u' "$LAB_ROOT")" = 'directory 0' ] || die "'$LAB_ROOT' is not a folder of root's"
	mkdir -p "$LAB_ROOT/.ports" "$LAB_ROOT/.runs"
}

# engine_docker SOCKET ARGS...: the client, free of whatever the caller's environment says.
engine_docker() {
	local socket=$1
	shift
	env -u DOCKER_HOST -u DOCKER_CONTEXT -u DOCKER_TLS_VERIFY "$LAB_DOCKER" -H "unix://$socket" "$@"
}

# docker_ ARGS...: the same against the shared engine.
docker_() {
	engine_docker "$LAB_SOCKET" "$@"
}

# wait_for SECONDS COMMAND...: polls every 50 ms; fails when time is up.
wait_for() {
	local end=$((${EPOCHREALTIME/./} + ${1} * 1000000))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "${EPOCHREALTIME/./}" -lt "$end" ] || return 1
		sleep 0.05
	done
}

# The start time tells a process from a later one that got its number.
proc_start() {
	local stat
	stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
	# The second field, the name, may hold spaces and parentheses.
	stat=${stat##*) }
	# shellcheck disable=SC2086
	set -- $stat
	[ "$1" != Z ] && [ "$1" != X ] && echo "${20}"
}

# proc_record FILE PID
proc_record() {
	echo "$2 $(proc_start "$2")" >"$1"
}

# proc_read FILE: prints the pid if that very process lives (a zombie does not).
proc_read() {
	local pid start
	read -r pid start 2>/dev/null <"$1" || return 1
	[ -n "$start" ] && [ "$(proc_start "$pid")" = "$start" ] && echo "$pid"
}

proc_gone() {
	! proc_start "$1" >/dev/null
}

# proc_stop PID [SECONDS]: TERM, then KILL.
proc_stop() {
	kill "$1" 2>/dev/null || return 0
	wait_for "${2:-10}" proc_gone "$1" && return 0
	kill -KILL "$1" 2>/dev/null
	wait_for 5 proc_gone "$1"
}

port_listens() {
	local hex
	hex=$(printf ':%04X' "$1")
	awk -v port="$hex" '$4 == "0A" && substr($2, length($2) - 4) == port { found = 1 }
		END { exit !found }' /proc/net/tcp /proc/net/tcp6 2>/dev/null
}

port_answers() {
	# In a subshell, so that the descriptor is closed again.
	(exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# port_claim OWNER: prints a port that is the owner's until port_free. mkdir decides between
# instances that ask at once; ports that a stranger listens on are passed over.
port_claim() {
	local port try
	for ((try = 0; try < 200; try++)); do
		port=$((LAB_PORT_FIRST + RANDOM % (LAB_PORT_LAST - LAB_PORT_FIRST + 1)))
		mkdir "$LAB_ROOT/.ports/$port" 2>/dev/null || continue
		if port_listens "$port"; then
			rmdir "$LAB_ROOT/.ports/$port"
			continue
		fi
		echo "$1" >"$LAB_ROOT/.ports/$port/owner"
		echo "$port"
		return 0
	done
	die "no free port found"
}

# port_free OWNER
port_free() {
	local dir
	for dir in "$LAB_ROOT"/.ports/*/; do
		[ "$(cat "$dir/owner" 2>/dev/null)" = "$1" ] && rm -rf "$dir"
	done
	return 0
}
