#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# install.sh where no Docker Engine answers: it starts one. Tried in a root folder, a network and a
# process namespace of its own, as on a machine without one; nothing there reaches the outside.

load ../lab/helpers
load machine

setup_file() {
	machine_prepare
	export MACHINE_ROOT=$BATS_FILE_TMPDIR/root
	mkdir "$MACHINE_ROOT"
	id=$(docker_lab create moorage-lab/machine:12)
	docker_lab export "$id" | tar -x --numeric-owner -C "$MACHINE_ROOT"
	docker_lab rm "$id" >/dev/null
	mkdir -p "$MACHINE_ROOT$TOP" "$MACHINE_ROOT/etc/docker"
	machine_tree build-release | tar -x -C "$MACHINE_ROOT$TOP"
	# All its containers below one cgroup, to find them by.
	printf '{ "cgroup-parent": "/moorage-%s", "dns": ["127.0.0.1"] }\n' "$MACHINE" >"$MACHINE_ROOT/etc/docker/daemon.json"
	printf '127.0.0.1 localhost\n127.0.1.1 paas.example.com paas\n' >"$MACHINE_ROOT/etc/hosts"
	boot
}

# shellcheck disable=SC2016 # the script's variables are its own shell's
boot() {
	setsid unshare --mount --net --pid --uts --ipc --fork --propagation slave bash -euc '
		ip link set lo up
		hostname paas.example.com
		mount --bind "$1" "$1"
		cd "$1"
		mount -t proc proc proc
		mount --rbind /dev dev
		mount -t sysfs sysfs sys
		mount --rbind /sys/fs/cgroup sys/fs/cgroup
		mount -t tmpfs tmpfs run
		pivot_root . mnt
		umount -l /mnt
		touch /run/booted
		# The first process of the namespace: waits for whatever is left to it.
		trap : CHLD
		while :; do read -r -t 3600 <>/run/never || true; done' \
		init "$MACHINE_ROOT" </dev/null >"$BATS_FILE_TMPDIR/boot.log" 2>&1 3>&- &
	echo $! >"$BATS_FILE_TMPDIR/pid"
	wait_until 10 first_process
	wait_until 10 inside test -e /run/booted
}

first_process() {
	pgrep -P "$(cat "$BATS_FILE_TMPDIR/pid")"
}

inside() {
	nsenter -t "$(first_process)" --all env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
		HOME=/root "$@" </dev/null
}

teardown_file() {
	kill -KILL "$(first_process)" 2>/dev/null
	wait_until 10 gone
	find /sys/fs/cgroup -depth -type d -path "*/moorage-$MACHINE*" -exec rmdir {} \; 2>/dev/null
	rm -rf --one-file-system "$MACHINE_ROOT"
}

gone() {
	! first_process && ! kill -0 "$(cat "$BATS_FILE_TMPDIR/pid")"
}

@test "--demo starts an engine and makes the demo's image, without a network" {
	run inside docker version
	assert_failure
	run inside "$TOP/install.sh" --demo
	echo "$output"
	assert_success
	assert_line '-----> Starting the Docker Engine'
	assert_line "-----> Making the image moorage/busybox:1 from Debian's busybox-static"
	assert_line '-----> hello is live at http://hello.paas.example.com'
	assert_line '       HTTP 200'
	run inside docker ps --format '{{.Names}}'
	assert_output hello.web.1
}

@test "an engine that runs stays as it is" {
	pid=$(inside pgrep -x dockerd)
	run inside "$TOP/install.sh" --demo
	assert_success
	refute_output --partial 'Docker Engine'
	assert_equal "$(inside pgrep -x dockerd)" "$pid"
}

@test "--uninstall --purge leaves no container and no image" {
	run inside "$TOP/install.sh" --uninstall --purge
	assert_success
	run inside docker ps -aq
	assert_output ''
	run inside docker images -aq
	assert_output ''
	run inside docker volume ls -q
	assert_output ''
}
