# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Base images for tests, made from Debian packages: nothing is pulled. All carry LAB_IMAGE_LABEL,
# which images built on them inherit, and tags nobody else has.

image_exists() {
	engine_docker "$1" image inspect "$2" >/dev/null 2>&1
}

image_busybox() {
	image_exists "$1" moorage-lab/busybox:1 && return 0
	DOCKER_HOST=unix://$1 DOCKER=$LAB_DOCKER LABEL=$LAB_IMAGE_LABEL \
		"$LAB_TOP/packaging/images/mk-busybox.sh" moorage-lab/busybox:1
}

image_http() {
	local dir
	image_exists "$1" moorage-lab/http:1 && return 0
	image_make busybox "$1"
	dir=$(mktemp -d)
	gcc -std=gnu11 -D_GNU_SOURCE -O2 -Wall -Wextra -Werror -static -s -o "$dir/http-server" \
		"$LAB_TOP/tests/fixtures/images/http/server.c" &&
		cp "$LAB_TOP/tests/fixtures/images/http/Dockerfile" "$dir" &&
		# The classic builder: nothing here needs the other, and every client has it.
		DOCKER_BUILDKIT=0 engine_docker "$1" build -q -t moorage-lab/http:1 "$dir"
	local rc=$?
	rm -rf "$dir"
	return $rc
}

# The archive is kept between runs: 30 s the first time, 2 s after.
image_debian() {
	image_exists "$1" moorage-lab/debian:12 && return 0
	DOCKER_HOST=unix://$1 DOCKER=$LAB_DOCKER LABEL=$LAB_IMAGE_LABEL CACHE=$LAB_CACHE/bookworm.tar \
		"$LAB_TOP/packaging/images/mk-debian.sh" moorage-lab/debian:12
}

# A stand-in for the stack of builds without a Dockerfile.
image_contract() {
	image_exists "$1" moorage-lab/contract:1 && return 0
	image_make http "$1" && image_make debian "$1" || return
	DOCKER_BUILDKIT=0 engine_docker "$1" build -q -t moorage-lab/contract:1 "$LAB_TOP/tests/fixtures/images/contract"
}

# A builder with a stand-in for the lifecycle of Cloud Native Buildpacks, and the image that it builds on.
image_cnb() {
	local dir=$LAB_TOP/tests/stand-in/lifecycle
	image_exists "$1" moorage-lab/cnb-builder:1 && image_exists "$1" moorage-lab/cnb-run:1 && return 0
	image_make http "$1" && image_make debian "$1" || return
	DOCKER_BUILDKIT=0 engine_docker "$1" build -q -t moorage-lab/cnb-run:1 -f "$dir/run.Dockerfile" "$dir" &&
		DOCKER_BUILDKIT=0 engine_docker "$1" build -q -t moorage-lab/cnb-builder:1 -f "$dir/builder.Dockerfile" "$dir"
}

# A Debian with all that the installer would ask apt for, and what its tests look at. Made once per
# list of packages.
image_machine() {
	local packages
	image_exists "$1" moorage-lab/machine:12 && return 0
	packages=$(awk '!/^#/ { sub(/\|.*/, "", $2); print $2 }' "$LAB_TOP/packaging/packages.txt" | sort | paste -sd,)
	packages+=,bash-completion,dbus,docker.io,iptables,man-db,systemd-sysv
	DOCKER_HOST=unix://$1 DOCKER=$LAB_DOCKER LABEL=$LAB_IMAGE_LABEL PACKAGES=$packages \
		CACHE=$LAB_CACHE/machine-$(cksum <<<"$packages" | cut -d' ' -f1).tar \
		"$LAB_TOP/packaging/images/mk-debian.sh" moorage-lab/machine:12
}

# Moorage itself in a container: the two images that it is made from, and the one of this tree.
image_container() {
	DOCKER_HOST=unix://$1 DOCKER=$LAB_DOCKER LABEL=$LAB_IMAGE_LABEL CACHE=$LAB_CACHE PREFIX=moorage-lab/container \
		"$LAB_TOP/packaging/docker/build.sh" moorage-lab/moorage:latest
}

# What builds of apps without a Dockerfile run in, made by the program itself under its own name, which
# is the machine's; tests call it moorage-lab/stack:12. One that is there and current stays as it is. A run of test.sh (MOORAGE_LAB_TEMPORARY)
# that makes one leaves a note, so that it goes with the run.
image_stack() {
	local dir=$LAB_ROOT/.stack before rc=0
	before=$(engine_docker "$1" image inspect -f '{{ .Id }}' moorage/stack:debian-12 2>/dev/null || true)
	mkdir -p "$dir/home" "$dir/logs" "$dir/run" "$dir/lib"
	cat >"$dir/instance.conf" <<-CONF
		dokku_root=$dir/home
		lib_root=$dir/lib
		logs_dir=$dir/logs
		run_dir=$dir/run
		user=root
		group=root
		engine_socket=$1
		docker_bin=$LAB_DOCKER
		label=lab
		share_dir=$LAB_TOP
	CONF
	[ ! "${MOORAGE_LAB_TEMPORARY:-}" ] || [ "$before" ] || touch "$LAB_ROOT/.stack-made"
	MOORAGE_INSTANCE=$dir/instance.conf "${MOORAGE:-$LAB_TOP/build/src/moorage}" stack:build || rc=$?
	rm -rf "$dir"
	[ $rc != 0 ] || engine_docker "$1" tag moorage/stack:debian-12 moorage-lab/stack:12
	return $rc
}

# What a run made, and what it was at when it was killed.
stack_remove() {
	engine_docker "$LAB_SOCKET" rmi moorage-lab/stack:12 >/dev/null 2>&1 || true
	[ -e "$LAB_ROOT/.stack-made" ] || return 0
	engine_docker "$LAB_SOCKET" rm -f lab.stack-build.debian-12 >/dev/null 2>&1 || true
	engine_docker "$LAB_SOCKET" rmi moorage/stack:debian-12 moorage/stack-packages:debian-12 \
		moorage/stack-base:debian-12 moorage/stack-raw:lab-debian-12 >/dev/null 2>&1 || true
	rm -f "$LAB_ROOT/.stack-made"
}

# image_make NAME SOCKET: not twice at a time. Each image has a lock of its own, so that who needs a
# small one does not wait for the minutes that a big one takes.
image_make() {
	(flock 8 && "image_$1" "$2") 8>"$LAB_ROOT/.image-$1"
}

# images [--into INSTANCE] [busybox] [http] [debian] [contract] [cnb] [machine] [container] [stack]; busybox and http when none is named.
images_make() {
	local socket=$LAB_SOCKET name
	need_root
	if [ "${1:-}" = --into ]; then
		inst_load "$2" || die "no instance '$2'"
		socket=$ENGINE_SOCKET
		shift 2
	fi
	[ $# -gt 0 ] || set -- busybox http
	for name; do
		case $name in
		busybox | http | debian | contract | cnb | machine | container | stack) image_make "$name" "$socket" >/dev/null || die "image '$name' could not be made" ;;
		*) die "unknown image '$name'" ;;
		esac
	done
}

images_remove() {
	stack_remove
	engine_sweep "$LAB_SOCKET" "$LAB_IMAGE_LABEL"
}
