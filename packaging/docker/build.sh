#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds the image from this folder's tree and Debian's packages; nothing comes from a registry.
# usage: packaging/docker/build.sh [TAG]        default moorage:latest
#   PREFIX=NAME   names of the two base images it makes and keeps: NAME-run:12, NAME-build:12 (default moorage)
#   CACHE=FOLDER  keeps their archives, so that they can be made again in seconds
#   LABEL=K=V     for all three; DOCKER=client; DOCKER_HOST is honoured
set -eu
cd "$(dirname "$(readlink -f "$0")")/../.."
tag=${1:-moorage:latest}
prefix=${PREFIX:-moorage}
docker=${DOCKER:-docker}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

packages() { # KIND: of packages.txt, as mmdebstrap wants them
	awk -v kind="$1" '$1 == kind { sub(/\|.*/, "", $2); print $2 }' packaging/packages.txt
}

base() { # NAME PACKAGES
	image="$prefix-$1:12"
	list=$(printf '%s\n' "$2" | sort | paste -sd,)
	made=$("$docker" image inspect --format '{{ index .Config.Labels "moorage.packages" }}' "$image" 2>/dev/null || true)
	[ "$made" != "$list" ] || return 0
	echo "-----> Making $image of Debian's packages"
	# Of docker.io the client alone: the engine is the host's.
	EXCLUDE='/usr/sbin/dockerd,/usr/sbin/runc,/usr/bin/containerd*,/usr/bin/ctr,/usr/bin/docker-proxy' \
		PACKAGES=$list LABEL="moorage.packages=$list${LABEL:+ $LABEL}" DOCKER=$docker \
		CACHE=${CACHE:-$scratch}/container-$1-$(echo "$list" | cksum | cut -d' ' -f1).tar \
		packaging/images/mk-debian.sh "$image" >/dev/null
}

command -v mmdebstrap >/dev/null || {
	echo "build.sh: the package mmdebstrap is not installed" >&2
	exit 1
}
base run "$(packages run; sed '/^#/d' packaging/docker/packages.txt)"
base build "$(packages build)"

# What the Dockerfile copies, and nothing else: a change elsewhere builds nothing again.
tar -c --sort=name --owner=0 --group=0 --mtime=@0 \
	-C packaging/docker . -C ../.. meson.build meson_options.txt meson/release.ini src stack packaging/sysv packaging/logrotate |
	DOCKER_BUILDKIT=0 "$docker" build -t "$tag" --build-arg "PREFIX=$prefix" ${LABEL:+--label "$LABEL"} -
