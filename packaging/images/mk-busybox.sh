#!/bin/sh
# SPDX-License-Identifier: MIT
# A busybox image without a registry, from Debian's busybox-static.
# usage: mk-busybox.sh [TAG]      DOCKER_HOST is honoured; DOCKER=client; LABEL=KEY=VALUE
set -eu
tag=${1:-busybox:latest}
busybox=$(command -v busybox) || {
	echo "mk-busybox: the package busybox-static is not installed" >&2
	exit 1
}
if ldd "$busybox" >/dev/null 2>&1; then
	echo "mk-busybox: '$busybox' is not static (package busybox instead of busybox-static)" >&2
	exit 1
fi
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
chmod 755 "$root"
mkdir -p "$root/bin" "$root/etc" "$root/root" "$root/usr/bin" "$root/var/www"
install -d -m 1777 "$root/tmp"
cp "$busybox" "$root/bin/busybox"
for applet in $("$busybox" --list); do
	[ "$applet" = busybox ] || ln -sf busybox "$root/bin/$applet"
done
ln -sf /bin/env "$root/usr/bin/env"
printf 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n' >"$root/etc/passwd"
printf 'root:x:0:\nnogroup:x:65534:\n' >"$root/etc/group"
printf 'hosts: files dns\n' >"$root/etc/nsswitch.conf"
tar -C "$root" --owner=0 --group=0 -c . |
	"${DOCKER:-docker}" import ${LABEL:+-c "LABEL $LABEL"} \
		-c 'CMD ["sh"]' -c 'ENV PATH=/bin:/usr/bin' - "$tag"
