#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Builds and pushes that could fill a disk are refused before they begin. Small disks are stand-ins:
# file systems in memory that only the program sees, in a mount namespace of its own.

bats_require_minimum_version 1.5.0
load push.bash

setup_file() {
	push_setup
	export inst label src
	root=$(docker info -f '{{.DockerRootDir}}')
	export root
	reserve 0
	dokku apps:create hello
	app_without_deploy
	push
	cp "$inst/instance.conf" "$inst/conf"
}

teardown_file() {
	push_teardown
}

setup() {
	reserve 20m
}

# reserve SIZE: as disk_reserve in the instance's file.
reserve() {
	sed -i '/^disk_reserve/d' "$inst/instance.conf"
	echo "disk_reserve=$1" >>"$inst/instance.conf"
}

# on_small_disk PATH SIZE COMMAND...: COMMAND sees an empty disk of SIZE at PATH.
on_small_disk() {
	local path=$1 size=$2
	shift 2
	unshare -m sh -ec 'mount -t tmpfs -o size="$2" tmpfs "$1"; shift 2; exec "$@"' sh "$path" "$size" "$@"
}

# file_of MEGABYTES: in the source, of bytes that do not shrink.
file_of() {
	rm -f "$src"/blob-*
	head -c "$1M" /dev/urandom >"$src/blob-$RANDOM"
	git -C "$src" add -A
	git -C "$src" commit -q -m "a file of $1 MB"
}

image() {
	docker image inspect -f '{{.Id}}' "dokku-$label/hello:latest"
}

@test "a build is refused when the reserve is not there, and nothing has begun" {
	before=$(image)
	records=$(ls "$inst/lib/data/builds/hello")
	head=$(head_of main)
	reserve 1000t
	commit more 'x\n'
	run ! push
	reserve 1000000g
	run -1 dokku ps:rebuild hello
	[[ "$output" == " !     Not enough disk space to deploy hello
 !     "*" has "*" GB free; about "*" are needed, and 976.6 TB are kept in reserve
 !     Run 'dokku cleanup', remove what is not needed, or change disk_reserve in $inst/instance.conf" ]]
	[ "$(image)" = "$before" ]
	[ "$(ls "$inst/lib/data/builds/hello")" = "$records" ]
	[ "$(head_of main)" = "$head" ]
	reserve 20m
	run -0 push
	[ "$(image)" != "$before" ]
}

@test "a push is refused before anything is received when the repository's disk is at its reserve" {
	commit refused 'x\n'
	reserve 1000t
	run ! push
	[[ "$output" == *" !     Not enough disk space to receive a push to hello"* ]]
	[[ "$output" == *"$inst/home/hello has "*" free; 1000.0 TB are kept in reserve"* ]]
	[[ "$output" != *"Writing objects"* ]]
	git -C "$src" reset -q --hard HEAD~1
}

@test "a push that would use up the reserve is broken off, and its objects are gone" {
	mkdir "$inst/small"
	sed "s|^dokku_root=.*|dokku_root=$inst/small|; s|^dokku_command=.*|dokku_command=$inst/bin/small|" \
		"$inst/instance.conf" >"$inst/small.conf"
	echo "disk_reserve=20m" >>"$inst/small.conf"
	sed "s|instance.conf|small.conf|" "$inst/bin/dokku" >"$inst/bin/small"
	sed "s|bin/dokku|bin/small|" "$inst/bin/ssh" >"$inst/bin/ssh-small"
	chmod +x "$inst/bin/small" "$inst/bin/ssh-small"
	file_of 12
	run -0 --separate-stderr on_small_disk "$inst/small" 30m sh -c '
		"$0/bin/small" apps:create hello >/dev/null
		GIT_SSH_COMMAND=$0/bin/ssh-small git -C "$0/src" push -q dokku@test:hello main >&2 && exit 1
		df -k --output=avail "$0/small" | tail -n 1' "$inst"
	[[ "$stderr" == *"pack exceeds maximum allowed size"* ]]
	# Besides the reserve, what the push had brought is free again.
	[ "$output" -gt $((28 * 1024)) ]
	git -C "$src" reset -q --hard HEAD~1
}

@test "the engine's disk is looked at: the source's size counts twice" {
	file_of 15
	run -0 push
	run -1 on_small_disk "$root" 49m "$inst/bin/dokku" ps:rebuild hello
	[[ "$output" == *"$root has "*" MB free; about 3"*" MB are needed, and 20.0 MB are kept in reserve"* ]]
	run -0 on_small_disk "$root" 70m "$inst/bin/dokku" ps:rebuild hello
	git -C "$src" rm -q "blob-*"
	git -C "$src" commit -q -m "small again"
	run -0 push
}

@test "what the build before has added to the image counts" {
	commit Dockerfile 'FROM moorage-lab/busybox:1\nRUN dd if=/dev/zero of=/large bs=1M count=30\n'
	run -0 push
	run -1 on_small_disk "$root" 40m "$inst/bin/dokku" ps:rebuild hello
	# A base image of the last half hour, as a test's may be, counts with its 2 MB.
	[[ "$output" == *"$root has "*" MB free; about 3"[0-3].*" MB are needed"* ]]
	run -0 on_small_disk "$root" 60m "$inst/bin/dokku" ps:rebuild hello
}

@test "a restart is not refused, and a reserve of 0 switches the look off" {
	run -0 on_small_disk "$root" 1m "$inst/bin/dokku" ps:restart hello
	reserve 0
	run -0 on_small_disk "$root" 1m "$inst/bin/dokku" ps:rebuild hello
}

@test "a reserve that cannot be read is named" {
	reserve lots
	run -1 dokku ps:rebuild hello
	[[ "$output" == *"disk_reserve"*"'lots' is no size like 512m or 2g"* ]]
}
