#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The engine that test.sh starts where none answers. Tried in a network and a mount namespace of
# this test's own, as on a machine without an engine, so that a running one is not disturbed.

load ../lab/helpers

# on_bare_machine SCRIPT: the lab there has its own folder, cache and socket.
# shellcheck disable=SC2016 # the script's variables are its own shell's
on_bare_machine() {
	mkdir -p "$BATS_TEST_TMPDIR/cg" /run/containerd
	MOORAGE_LAB_ROOT=$BATS_TEST_TMPDIR/lab MOORAGE_TEST_CACHE=$BATS_TEST_TMPDIR/cache \
		MOORAGE_LAB_SOCKET=$BATS_TEST_TMPDIR/d.sock \
		unshare --mount --net --propagation slave bash -euc '
			ip link set lo up
			mount --rbind /sys/fs/cgroup "$1/cg"
			mount -t sysfs sysfs /sys
			mount --move "$1/cg" /sys/fs/cgroup
			mount -t tmpfs tmpfs /run/containerd
			lab=$2
			docker_() { /usr/bin/docker -H "unix://$1/d.sock" "${@:2}"; }
			eval "$3"' bare "$BATS_TEST_TMPDIR" "$LAB" "$1" 3>&-
}

@test "an engine that the lab started runs containers and leaves nothing when it is stopped" {
	# shellcheck disable=SC2016 # for the shell in there
	run on_bare_machine '
		echo 0 >/proc/sys/net/ipv4/ip_forward
		# A table of which nothing but its empty chains is left counts as none.
		state() { ip -o link; iptables-save | grep -E "^(-A|:.* (-|DROP) )"; cat /proc/sys/net/ipv4/ip_forward; }
		iptables -N OURS
		state >"$1/before"
		"$lab" engine up
		pid=$(cut -d" " -f1 "$1/lab/.engine/pid")
		"$lab" images busybox
		docker_ "$1" run --rm moorage-lab/busybox:1 echo from a container
		"$lab" engine up
		test "$pid" = "$(cut -d" " -f1 "$1/lab/.engine/pid")"
		"$lab" engine down
		! kill -0 "$pid" || grep -q "^State:.Z" "/proc/$pid/status"
		state >"$1/after"
		diff "$1/before" "$1/after"
		test ! -e "$1/cache/engine"'
	assert_success
	assert_output --partial 'from a container'
}

@test "an engine that was there is not stopped" {
	run "$LAB" engine up
	assert_success
	[ -e "${MOORAGE_LAB_ROOT:-/tmp/moorage-lab}/.engine" ] || run "$LAB" engine down
	assert_success
	run /usr/bin/docker -H unix:///var/run/docker.sock version
	assert_success
}
