#!/bin/sh
# SPDX-License-Identifier: MIT
# A minimal Debian 12 image without a registry: this machine's apt sources and extra certificates,
# mmdebstrap, docker import. About 30 s; 2 s when CACHE names an archive of an earlier run.
# usage: mk-debian.sh [TAG]       DOCKER_HOST is honoured; DOCKER=client; LABEL=KEY=VALUE; CACHE=FILE;
#                                 PACKAGES=NAME,... are in it as well, without the files EXCLUDE=/PATH,...
set -eu
tag=${1:-debian:bookworm}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cache=${CACHE:-$scratch/bookworm.tar}

sources() {
	for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources; do
		[ -s "$file" ] && echo "$file"
	done
	return 0
}

# Hooks are shell text that mmdebstrap runs with the new root as $1; a daemon that a package brings
# is not started in an image, and programs in it trust what this machine trusts.
build() {
	target=$1
	set -f -- # "*" in a path is for dpkg
	IFS=,
	for path in ${EXCLUDE:-}; do
		set -- "$@" --dpkgopt="path-exclude=$path"
	done
	unset IFS
	set +f
	# shellcheck disable=SC2016,SC2046
	mmdebstrap --quiet "$@" --variant=minbase --include="ca-certificates${PACKAGES:+,$PACKAGES}" \
		--dpkgopt='path-exclude=/usr/share/doc/*' \
		--dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		--aptopt='Acquire::Languages "none"' \
		--aptopt='Acquire::Check-Valid-Until "false"' \
		--aptopt='Acquire::Check-Date "false"' \
		--aptopt='APT::Install-Recommends "false"' \
		--customize-hook='printf "#!/bin/sh\nexit 101\n" >"$1/usr/sbin/policy-rc.d"; chmod +x "$1/usr/sbin/policy-rc.d"' \
		--customize-hook='for f in /usr/local/share/ca-certificates/*.crt; do [ ! -e "$f" ] || cp "$f" "$1/usr/local/share/ca-certificates/"; done; chroot "$1" update-ca-certificates >/dev/null 2>&1' \
		--customize-hook='rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/*.bin "$1"/var/log/*.log' \
		bookworm "$target" $(sources)
}

if [ ! -s "$cache" ]; then
	mkdir -p "$(dirname "$cache")"
	# Under another name until complete: a killed run must not leave half an archive in the cache.
	build "$scratch/new.tar"
	mv "$scratch/new.tar" "$cache.$$"
	mv "$cache.$$" "$cache"
fi
"${DOCKER:-docker}" import ${LABEL:+-c "LABEL $LABEL"} -c 'CMD ["bash"]' \
	-c 'ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt' \
	-c 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' "$cache" "$tag"
