# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# A registry of the file's own, Debian's docker-registry, on a free port of 127.0.0.1, which engines
# speak plain http to. Loaded after helpers.bash: `load ../lab/registry`. Its user is `pusher` with
# the password `pa:ss word`. It sees what is pushed by every engine of this network namespace.

# registry_start, in setup_file: sets REGISTRY (host:port).
registry_start() {
	local dir=$BATS_FILE_TMPDIR/registry port
	mkdir -p "$dir/store"
	port=$(bash -c '. "$1" && lab_base && port_claim "$2"' claim "$TOP/tests/lab/common.bash" "$dir")
	REGISTRY=127.0.0.1:$port
	# Perl's crypt() makes the hash that the registry asks for.
	perl -e 'print "pusher:", crypt("pa:ss word", "\$2y\$05\$abcdefghijklmnopqrstuu"), "\n"' >"$dir/htpasswd"
	cat >"$dir/config.yml" <<-CONFIG
		version: 0.1
		log: { level: warn, accesslog: { disabled: true } }
		storage: { filesystem: { rootdirectory: $dir/store }, delete: { enabled: true } }
		http: { addr: "$REGISTRY" }
		auth: { htpasswd: { realm: tests, path: $dir/htpasswd } }
	CONFIG
	export REGISTRY
	registry_run
}

# The same again, after registry_halt.
registry_run() {
	docker-registry serve "$BATS_FILE_TMPDIR/registry/config.yml" \
		>>"$BATS_FILE_TMPDIR/registry/log" 2>&1 3>&- &
	echo $! >"$BATS_FILE_TMPDIR/registry/pid"
	wait_until 30 registry_answers
}

registry_answers() {
	[ "$(curl -s -o /dev/null -w '%{http_code}' "http://$REGISTRY/v2/")" = 401 ]
}

registry_halt() {
	local pid
	pid=$(cat "$BATS_FILE_TMPDIR/registry/pid")
	kill "$pid" 2>/dev/null || :
	wait_until 30 registry_gone "$pid"
}

registry_gone() {
	[ ! -d "/proc/$1" ] || grep -q '^State:.Z' "/proc/$1/status"
}

# registry_stop, in teardown_file
registry_stop() {
	[ ! -e "$BATS_FILE_TMPDIR/registry/pid" ] || registry_halt
	bash -c '. "$1" && port_free "$2"' free "$TOP/tests/lab/common.bash" "$BATS_FILE_TMPDIR/registry"
}

# registry_get PATH [CURL-OPTIONS]: below /v2/, as its user.
registry_get() {
	local path=$1
	shift
	curl -fsS -u 'pusher:pa:ss word' "$@" "http://$REGISTRY/v2/$path"
}

# registry_tags REPOSITORY: sorted, with blanks between them; nothing when it does not exist.
registry_tags() {
	registry_get "$1/tags/list" 2>/dev/null | jq -r '(.tags // []) | sort | join(" ")'
}

# registry_digest REPOSITORY TAG
registry_digest() {
	registry_get "$1/manifests/$2" -o /dev/null -D - -H 'Accept: application/vnd.docker.distribution.manifest.v2+json' |
		tr -d '\r' | sed -n 's/^[Dd]ocker-[Cc]ontent-[Dd]igest: //p'
}

# registry_login_global: the instance's own engine and all apps may push.
registry_login_global() {
	printf 'pa:ss word\n' | dokku registry:login --global --password-stdin "$REGISTRY" pusher
}
