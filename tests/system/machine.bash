# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Machines to install on: containers that hold a plain Debian and talk to the machine's engine, where
# the label in instance.conf keeps their apps apart from all others.

# The same path as here, so that a build folder fits.
MACHINE_TREE=$TOP

# machine_name: of this file's machine, and of its apps' label.
machine_name() {
	local name
	name=${MOORAGE_LAB_RUN:-hand}-$(basename "$BATS_TEST_FILENAME" .bats)
	echo "${name//[^a-z0-9-]/-}"
}

# machine_prepare: what every file needs once; the release build of test.sh is used if it is there.
machine_prepare() {
	export ENGINE_SOCKET=${MOORAGE_LAB_SOCKET:-/var/run/docker.sock}
	MACHINE=$(machine_name)
	export MACHINE
	"$LAB" images busybox debian machine
	# The demo's image is one for the whole engine: no machine may make it and take it from the others.
	docker_lab image inspect moorage/busybox:1 >/dev/null 2>&1 ||
		docker_lab tag moorage-lab/busybox:1 moorage/busybox:1
	[ -f "$TOP/build-release/build.ninja" ] ||
		meson setup "$TOP/build-release" --native-file "$TOP/meson/release.ini" >/dev/null
	ninja -C "$TOP/build-release" >/dev/null
}

# machine_tree [EXTRA-PATH...]: this working tree without its history, as an archive.
machine_tree() {
	(cd "$TOP" && git ls-files -z --cached --others --exclude-standard &&
		for path; do printf '%s\0' "$path"; done) |
		tar -C "$TOP" --null --files-from - --owner 0 --group 0 -c
}

# machine_up IMAGE DOCKER-RUN-ARGS... [-- COMMAND...]: starts it.
machine_up() {
	local image=$1 args=()
	shift
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		args+=("$1")
		shift
	done
	if [ $# -gt 0 ]; then shift; else set -- sleep infinity; fi
	docker_lab run -d --name "$MACHINE" --hostname paas.example.com \
		-v "$ENGINE_SOCKET:/var/run/docker.sock" "${args[@]}" "$image" "$@" >/dev/null
}

# machine_fill [EXTRA-PATH...]
machine_fill() {
	machine_tree "$@" | docker_lab exec -i "$MACHINE" sh -c \
		"mkdir -p $MACHINE_TREE && tar -C $MACHINE_TREE -x"
}

# machine_label: keeps the machine's apps apart; the installer leaves what stands in this file.
machine_label() {
	on_machine sh -c "mkdir -p /etc/moorage && echo label=$MACHINE >/etc/moorage/instance.conf"
}

on_machine() {
	docker_lab exec "$MACHINE" "$@"
}

# machine_install ARGS...: with what it says in the test's output.
machine_install() {
	on_machine "$MACHINE_TREE/install.sh" "$@" </dev/null
}

# machine_http HOST PORT [CURL-ARGS...]: the body and the status.
machine_http() {
	on_machine curl -s --max-time 10 -w ' %{http_code}' -H "Host: $1" "http://127.0.0.1:$2/"
}

# The demo's key, as somebody on the machine uses it.
machine_ssh() { # PORT COMMAND...
	local port=$1
	shift
	on_machine ssh -n -F none -i /root/.moorage-demo/key -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR \
		-p "$port" dokku@localhost "$@"
}

# machine_files: all that is on its disk but for what daemons write while they run.
machine_files() {
	on_machine find / -xdev \( -path /proc -o -path /sys -o -path /run -o -path /tmp -o -path "$MACHINE_TREE" \
		-o -path /var/cache -o -path /var/lib/dpkg -o -path /var/lib/apt -o -path /var/log/journal \
		-o -path /var/lib/systemd -o -path '/var/lib/nginx/*' -o -path '/etc/*-' \) -prune -o -print | LC_ALL=C sort
}

machine_containers() {
	docker_lab ps -aq --filter "label=com.moorage.instance=$MACHINE" "$@"
}

machine_images() {
	docker_lab images -q --filter "label=com.moorage.instance=$MACHINE"
}

machine_down() {
	[ "${MACHINE:-}" ] || return 0
	docker_lab rm -f -v "$MACHINE" >/dev/null 2>&1
	bash -c '. "$1/tests/lab/common.bash" && . "$1/tests/lab/instance.bash" && engine_sweep "$2" "$3"' sweep \
		"$TOP" "$ENGINE_SOCKET" "com.moorage.instance=$MACHINE"
}
