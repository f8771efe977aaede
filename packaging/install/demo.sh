# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# --demo: a key, git push of examples/hello over ssh, and a request to what came of it.

demo_image() {
	docker image inspect moorage/busybox:1 >/dev/null 2>&1 && return
	say "Making the image moorage/busybox:1 from Debian's busybox-static"
	packaging/images/mk-busybox.sh moorage/busybox:1 >/dev/null
	mark demo-image
}

demo_key() {
	install -d -m 0700 "$DEMO_DIR"
	[[ -f $DEMO_DIR/key ]] || ssh-keygen -q -t ed25519 -N '' -C moorage-demo -f "$DEMO_DIR/key"
	! grep -qF "$(cut -d ' ' -f 2 "$DEMO_DIR/key.pub")" "$ROOT/.ssh/authorized_keys" || return 0
	say "Authorizing the demo's key"
	dokku ssh-keys:remove demo >/dev/null 2>&1 || true
	note "$(dokku ssh-keys:add demo "$DEMO_DIR/key.pub")"
	note "Take it back with: dokku ssh-keys:remove demo"
}

demo_push() { # PORT
	rm -rf "$DEMO_DIR/hello"
	cp -r examples/hello "$DEMO_DIR/hello"
	cd "$DEMO_DIR/hello" || return
	# What root has set for git and ssh must not matter; the host is this machine.
	export GIT_CONFIG_GLOBAL=/dev/null
	export GIT_SSH_COMMAND="ssh -F none -i $DEMO_DIR/key -p $1 -o IdentitiesOnly=yes -o LogLevel=ERROR -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null"
	git init -q -b main
	git add -A
	git -c user.name=demo -c user.email=demo@localhost commit -qm hello
	# Every run of the demo starts a history of its own, hence --force.
	git push --force dokku@localhost:hello main </dev/null ||
		fail "the push failed: see above; 'dokku logs:failed hello' may say more"
}

demo_request() { # HOST PORT: what hello answers, then the status of it
	curl -sS --max-time 10 -w '\nHTTP %{http_code}' --resolve "$1:$2:127.0.0.1" "http://$1:$2/" || true
}

# The port of hello, which may be older than the one that instance.conf has now.
demo_port() {
	local maps
	maps=$(dokku ports:report hello --ports-map)
	[[ -n $maps ]] || maps=$(dokku ports:report hello --ports-map-detected)
	maps=${maps#*http:}
	echo "${maps%%:*}"
}

demo() {
	local answer url host port line
	demo_image
	demo_key
	say "Pushing examples/hello with git push dokku@localhost:hello"
	(demo_push "${SSH_PORT:-$(sshd_ports | head -n 1)}") || exit
	read -r host _ <<<"$(dokku domains:report hello --domains-app-vhosts)"
	port=$(demo_port)
	url=http://$host
	[[ $port == 80 ]] || url+=:$port
	answer=$(demo_request "$host" "$port")
	say "hello is live at $url"
	while IFS= read -r line; do [[ -z $line ]] || note "$line"; done <<<"$answer"
	[[ $answer == *"HTTP 200" ]] ||
		fail "hello does not answer as it should; look at 'dokku logs hello' and 'dokku nginx:error-logs hello'"
	getent hosts "$host" >/dev/null || {
		note "The name $host does not lead here yet. Until it does, ask with:"
		note "  curl -H 'Host: $host' http://127.0.0.1:$port/"
	}
}
