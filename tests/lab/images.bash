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
	image_busybox "$1"
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

# A builder with a stand-in for the lifecycle of Cloud Native Buildpacks, and the image that it builds on.
image_cnb() {
	local dir=$LAB_TOP/tests/stand-in/lifecycle
	image_exists "$1" moorage-lab/cnb-builder:1 && image_exists "$1" moorage-lab/cnb-run:1 && return 0
	image_http "$1"
	image_debian "$1"
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

# images [--into INSTANCE] [busybox] [http] [cnb] [debian] [machine] [container]; busybox and http when none is named.
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
		busybox | cnb | http | debian | machine | container) "image_$name" "$socket" >/dev/null || die "image '$name' could not be made" ;;
		*) die "unknown image '$name'" ;;
		esac
	done
}

images_remove() {
	engine_sweep "$LAB_SOCKET" "$LAB_IMAGE_LABEL"
}
