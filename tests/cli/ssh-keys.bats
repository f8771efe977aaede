#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# shellcheck disable=SC2016,SC2154,SC2002,SC2012,SC1003 # texts for other shells; variables of bats
# Who may come in by ssh, as ssh-keys:* and sshcommand write it and as sshd reads it.

bats_require_minimum_version 1.5.0
load ../lab/helpers

setup_file() {
	setup_instance --no-nginx
	local name
	for name in one two three; do
		ssh-keygen -q -t ed25519 -N '' -C "$name comment" -f "$INST/keys/$name"
	done
	ssh-keygen -q -t rsa -b 2048 -N '' -C rsa -f "$INST/keys/four"
}

teardown_file() {
	teardown_instance
}

setup() {
	KEYS=$INST/home/.ssh/authorized_keys
	[ -e "$INST/first" ] || cp -p "$KEYS" "$INST/first"
	cp -p "$INST/first" "$KEYS"
}

fingerprint() {
	ssh-keygen -lf "$INST/keys/$1.pub" | cut -d' ' -f2
}

# piped FILE ARGS...: the program with FILE through a pipe.
piped() {
	local file=$1
	shift
	cat "$file" | in_instance "$INST/bin/dokku" "$@"
}

# proves effect: command ssh-keys:add
@test "ssh-keys:add writes the line that sshcommand writes, and the key comes in" {
	run ssh_other apps:list
	assert_failure 255
	run piped "$INST/keys/other.pub" ssh-keys:add laptop
	assert_success
	assert_output "$(fingerprint other)"
	assert_equal "$(tail -n1 "$KEYS")" "command=\"FINGERPRINT=$(fingerprint other) NAME=\\\"laptop\\\" \`cat $INST/home/.sshcommand\` \$SSH_ORIGINAL_COMMAND\",no-agent-forwarding,no-user-rc,no-X11-forwarding,no-port-forwarding $(cat "$INST/keys/other.pub")"
	run ssh_other apps:list
	assert_success
	run dokku ssh-keys:remove laptop
	assert_success
	run ssh_other apps:list
	assert_failure 255
}

@test "a key may come from a file, a pipe, a redirection or a socket" {
	run dokku ssh-keys:add file "$INST/keys/one.pub"
	assert_success
	run piped "$INST/keys/two.pub" ssh-keys:add pipe
	assert_success
	run in_instance bash -c 'dokku ssh-keys:add redirected <"$1"' - "$INST/keys/three.pub"
	assert_success
	run in_instance python3 - "$INST/keys/four.pub" "$INST/bin/dokku" <<-'PY'
		import socket, subprocess, sys
		a, b = socket.socketpair()
		a.send(open(sys.argv[1], "rb").read())
		a.shutdown(socket.SHUT_WR)
		sys.exit(subprocess.call([sys.argv[2], "ssh-keys:add", "socket"], stdin=b))
	PY
	assert_success
	assert_equal "$(dokku ssh-keys:list | grep -c SHA256)" 5
}

@test "no key, an empty one, several, a bad or a private one: refused, and the file is as it was" {
	run -1 in_instance script -qec "dokku ssh-keys:add name" /dev/null
	assert_output --partial 'No key specified via file or pipe'
	run -1 in_instance bash -c 'dokku ssh-keys:add name </dev/null'
	assert_output --partial 'No key specified via file or pipe'
	: >"$INST/keys/empty"
	run -1 piped "$INST/keys/empty" ssh-keys:add name
	assert_output ' !     Empty key was specified'
	cat "$INST/keys/one.pub" "$INST/keys/two.pub" >"$INST/keys/both"
	run -1 piped "$INST/keys/both" ssh-keys:add name
	assert_output --partial 'Too many keys provided'
	echo 'ssh-ed25519 AAAAnonsense' >"$INST/keys/bad"
	run -1 piped "$INST/keys/bad" ssh-keys:add name
	assert_output ' !     Key specified in is not a valid ssh public key'
	echo "command=\"id\" $(cat "$INST/keys/one.pub")" >"$INST/keys/optioned"
	run -1 piped "$INST/keys/optioned" ssh-keys:add name
	run -1 piped "$INST/keys/one" ssh-keys:add name
	cmp "$INST/first" "$KEYS"
}

@test "bad names are refused before anything is written" {
	local name
	for name in '' 'a"b' "a'b" 'a`b' 'a$(id)' 'a\b' $'a\nb' $'a\x1bb' $'\xff' ' a' 'a ' -a "$(printf 'x%.0s' {1..200})"; do
		run -1 piped "$INST/keys/one.pub" ssh-keys:add -- "$name"
	done
	cmp "$INST/first" "$KEYS"
}

@test "a name or a key is there once" {
	dokku ssh-keys:add name "$INST/keys/one.pub"
	run -1 dokku ssh-keys:add name "$INST/keys/two.pub"
	assert_output --partial 'Duplicate ssh key name'
	run -1 dokku ssh-keys:add other "$INST/keys/one.pub"
	assert_output --partial 'Duplicate ssh public key specified'
}

# proves golden: command ssh-keys:list
@test "ssh-keys:list in both formats, by name, and what is not there" {
	dokku ssh-keys:add one "$INST/keys/one.pub"
	run dokku ssh-keys:list one
	assert_output "$(fingerprint one) NAME=\"one\" SSHCOMMAND_ALLOWED_KEYS=\"no-agent-forwarding,no-user-rc,no-X11-forwarding,no-port-forwarding\""
	run dokku ssh-keys:list --format json one
	assert_equal "$(jq -r '.[0].fingerprint + .[0].name + .[0]["public-key"]' <<<"$output")" "$(fingerprint one)one$(cat "$INST/keys/one.pub")"
	run dokku ssh-keys:list --format json nobody
	assert_success
	assert_output '[]'
	run -1 dokku ssh-keys:list nobody
	run -1 dokku ssh-keys:list --format xml
	assert_output ' !     Invalid output format specified, supported formats: json, text'
	run ssh_dokku ssh-keys:list
	assert_success
	: >"$KEYS"
	run -1 dokku ssh-keys:list
	assert_output ' !     No public keys found.'
}

# proves effect: command ssh-keys:remove
@test "ssh-keys:remove by name and by fingerprint, exactly; one that is not there is fine" {
	dokku ssh-keys:add one "$INST/keys/one.pub"
	dokku ssh-keys:add one2 "$INST/keys/two.pub"
	run dokku ssh-keys:remove 'on.'
	assert_success
	assert_equal "$(dokku ssh-keys:list | wc -l)" 3
	dokku ssh-keys:remove one
	dokku ssh-keys:remove --fingerprint "$(fingerprint two)"
	cmp "$INST/first" "$KEYS"
	run -1 dokku ssh-keys:remove
	assert_output --partial 'A name is required to remove a key'
	run -1 dokku ssh-keys:remove --fingerprint ''
	assert_output --partial 'A fingerprint is required'
}

@test "owner, mode and foreign lines stay; nothing else is left in the folder" {
	printf '# mine\nssh-ed25519 %s foreign\n' "$(cut -d' ' -f2 "$INST/keys/three.pub")" >>"$KEYS"
	chmod 640 "$KEYS"
	before=$(stat -c '%a %u %g' "$KEYS")
	dokku ssh-keys:add one "$INST/keys/one.pub"
	assert_equal "$(stat -c '%a %u %g' "$KEYS")" "$before"
	grep -q '^# mine$' "$KEYS"
	assert_equal "$(ls -A "$INST/home/.ssh")" authorized_keys
	run -1 dokku ssh-keys:add again "$INST/keys/three.pub"
	assert_output --partial 'Duplicate ssh public key'
}

@test "a line that sshd cannot use is reported by its number" {
	echo 'not a key at all' >>"$KEYS"
	run -1 dokku ssh-keys:add one "$INST/keys/one.pub"
	assert_output --partial "authorized_keys line 2 failed ssh-keygen check."
}

@test "a link in place of the file is not followed" {
	cp "$INST/first" "$INST/home/elsewhere"
	ln -sf "$INST/home/elsewhere" "$KEYS"
	run -1 dokku ssh-keys:add one "$INST/keys/one.pub"
	cmp "$INST/first" "$INST/home/elsewhere"
	rm -f "$KEYS"
}

@test "additions at the same time are all there" {
	local name
	for name in one two three four; do
		dokku ssh-keys:add "$name" "$INST/keys/$name.pub" >/dev/null &
	done
	wait
	assert_equal "$(dokku ssh-keys:list | wc -l)" 5
}

@test "sshcommand adds, lists and removes by the same rules" {
	sshcommand() { in_instance "$INST/bin/sshcommand" "$@"; }
	run sshcommand acl-add dokku one "$INST/keys/one.pub"
	assert_success
	assert_output "$(fingerprint one)"
	run -1 sshcommand acl-add dokku one "$INST/keys/two.pub"
	assert_output 'Duplicate ssh key name'
	run in_instance SSHCOMMAND_CHECK_DUPLICATE_NAME=false "$INST/bin/sshcommand" acl-add dokku one "$INST/keys/two.pub"
	assert_success
	run sshcommand list dokku one
	assert_equal "${#lines[@]}" 2
	run sshcommand list dokku '' json
	assert_equal "$(jq length <<<"$output")" 3
	sshcommand acl-remove-by-fingerprint dokku "$(fingerprint one)"
	sshcommand acl-remove dokku one
	cmp "$INST/first" "$KEYS"
	run -1 sshcommand acl-add nobody-of-that-name one "$INST/keys/one.pub"
	run -1 sshcommand nonsense
	run sshcommand help
	assert_output --partial acl-remove-by-fingerprint
}
