# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Behind pack.bash: programs whose output says why they failed. What they print is shown as it comes,
# without passwords in addresses, and kept until they end, so that what is known of the failure can
# be said at its end.

# Passwords and tokens in addresses; user names stay unless they are all there is.
hide_passwords() {
	sed -u -E 's,(://)([^/@: ]*):[^/@ ]*@,\1\2:****@,g; s,(://)[^/@: ]+@,\1****@,g'
}

# What any tool may have met; one line each.
explain_common() { # LOG CODE
	if [[ $2 == 137 ]] || grep -qE '^Killed|signal 9|heap out of memory|MemoryError|virtual memory exhausted' "$1"; then
		echo "The build ran out of memory: give it more (resource:limit --process-type build --memory 1g <app>)"
	fi
	if grep -qiE 'no space left on device|ENOSPC' "$1"; then
		echo "The disk is full"
	fi
	if grep -qiE 'certificate verify failed|SELF_SIGNED_CERT|UNABLE_TO_VERIFY|unable to get local issuer' "$1"; then
		echo "The server's certificate is not trusted: the stack trusts what the machine trusted when it was built (stack:build)"
	fi
	if grep -qiE 'temporary failure in name resolution|EAI_AGAIN|\bENOTFOUND\b|could not resolve host|connection refused|ECONNREFUSED|ETIMEDOUT|network is unreachable|NewConnectionError|failed to connect to' "$1"; then
		echo "A server could not be reached: is its address right, and may the build's containers go there?"
	fi
	if grep -qE "fatal error: [^ ]+\.h: No such file" "$1"; then
		echo "A C header is missing: $(sed -nE 's/.*fatal error: ([^ ]+\.h): No such file.*/\1/p' "$1" | head -1)." \
			"Its Debian package (find it with: apt-file search) has to be in the stack (stack:build --packages)"
	fi
	if grep -qE 'cannot find -l[A-Za-z0-9_+-]+' "$1"; then
		echo "A library is missing: $(grep -oE 'cannot find -l[A-Za-z0-9_+-]+' "$1" | head -1 | sed 's/.*-l/lib/'); its Debian package has to be in the stack (stack:build --packages)"
	fi
}

# run_tool EXPLAIN COMMAND...: as step. When the command fails, EXPLAIN LOG CODE prints what failed
# and what to do about it, a line each.
run_tool() {
	local explain=$1 log rc=0 lines=()
	shift
	log=$(mktemp)
	{ "$@" </dev/null 2>&1 && echo 0 >"$log.code" || echo $? >"$log.code"; } | hide_passwords | tee "$log"
	rc=$(<"$log.code")
	if [[ $rc != 0 ]]; then
		mapfile -t lines < <(
			set +Eeo pipefail
			"$explain" "$log" "$rc"
			explain_common "$log" "$rc"
		)
	fi
	rm -f "$log" "$log.code"
	[[ $rc != 0 ]] || return 0
	trap - ERR
	warn "Command failed (exit code $rc): $(hide_passwords <<<"$*")" "${lines[@]}"
	exit "$rc"
}

# Downloads that a tool keeps (cache_dir): away with all of them once they are more than a gigabyte.
trim_downloads() { # FOLDER
	[[ $(du -sm "$1" | cut -f1) -le 1024 ]] || rm -rf "${1:?}"/*
}

# Megabytes of memory that this container may use; nothing when it is not limited.
# shellcheck disable=SC2016 # lines for another shell
memory_lines() {
	cat <<'EOL'
moorage_memory() {
	local bytes
	bytes=$(cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null | head -n 1)
	case $bytes in '' | *[!0-9]*) return 0 ;; esac
	# Without a limit the kernel shows a number that no machine has.
	[ "${#bytes}" -gt 14 ] || echo $((bytes / 1048576))
}
EOL
}
