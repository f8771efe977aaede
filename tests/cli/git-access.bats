#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What other hosts are reached with: git:auth, git:auth-status, the deploy key.

bats_require_minimum_version 1.5.0
load push.bash

setup() {
	push_setup
	netrc=$inst/home/.netrc
}

teardown() {
	push_teardown
}

# proves golden: command git:auth
@test "git:auth writes, replaces and removes one host's entry and leaves the rest" {
	run -0 dokku git:auth git.example.com alice 'one two'
	[ "$output" = "-----> Setting netrc auth entry for host git.example.com" ]
	[ "$(cat "$netrc")" = 'machine git.example.com
  login alice
  password "one two"' ]
	[ "$(stat -c %a "$netrc")" = 600 ]
	printf '# by hand\nmachine other.example.com login bob password x # kept\n' >> "$netrc"
	chmod 644 "$netrc"
	dokku git:auth git.example.com carol three
	[ "$(cat "$netrc")" = 'machine git.example.com
  login carol
  password three
# by hand
machine other.example.com login bob password x # kept' ]
	[ "$(stat -c %a "$netrc")" = 600 ]
	run -0 dokku git:auth git.example.com
	[ "$output" = "-----> Removing netrc auth entry for host git.example.com" ]
	[ "$(cat "$netrc")" = '# by hand
machine other.example.com login bob password x # kept' ]
	# Removing what is not there is fine.
	run -0 dokku git:auth git.example.com
}

@test "the password may come on standard input, in its first line" {
	printf 'from stdin\nmore\n' | dokku git:auth git.example.com alice
	grep -qx '  password "from stdin"' "$netrc"
	printf 'no newline' > "$inst/password"
	dokku git:auth git.example.com alice < "$inst/password"
	grep -qx '  password "no newline"' "$netrc"
	run -1 dokku git:auth git.example.com alice < /dev/null
	[ "$output" = " !     Missing password for netrc auth entry" ]
	run -1 dokku git:auth
	[ "$output" = " !     Please supply a git host" ]
}

@test "what does not fit into the file is refused, and a file that does not parse is left alone" {
	dokku git:auth git.example.com alice secret
	cp "$netrc" "$inst/before"
	run -1 dokku git:auth git.example.com alice 'a
machine evil.example.com'
	run -1 dokku git:auth 'a b' alice secret
	run -1 dokku git:auth -- -h alice secret
	cmp "$netrc" "$inst/before"
	printf 'machine x login "a\n' > "$netrc"
	run -1 dokku git:auth git.example.com alice secret
	[[ "$output" == *"line 1 of .netrc: a quote has no end"* ]]
	[ "$(cat "$netrc")" = 'machine x login "a' ]
}

# proves effect: command git:auth-status
@test "git:auth-status tells by its exit code whether the entry is as asked" {
	run -0 dokku git:auth-status git.example.com
	run -1 dokku git:auth-status git.example.com alice secret
	dokku git:auth git.example.com alice secret
	run -0 dokku git:auth-status git.example.com alice secret
	[ -z "$output" ]
	run -1 dokku git:auth-status git.example.com alice other
	[ -z "$output" ]
	run -1 dokku git:auth-status git.example.com bob secret
	run -1 dokku git:auth-status git.example.com
	echo secret | dokku git:auth-status git.example.com alice
	run -1 dokku git:auth-status git.example.com alice < /dev/null
	[ "$output" = " !     Missing password for netrc auth entry" ]
}

# proves effect: command git:generate-deploy-key, command git:public-key
@test "git:generate-deploy-key makes a key once, git:public-key prints it" {
	run -1 dokku git:public-key
	[ "$output" = " !     There is no deploy key associated with the $(id -un) user.
 !     Generate an ssh key with the following command:
 !       dokku git:generate-deploy-key
 !     As an alternative, configure the netrc authentication via the git:auth command" ]
	dokku git:generate-deploy-key
	key=$inst/home/.ssh/id_ed25519
	[ "$(stat -c %a "$inst/home/.ssh")" = 700 ]
	[ "$(stat -c %a "$key")" = 600 ]
	[ "$(ls -A "$inst/home/.ssh")" = "id_ed25519
id_ed25519.pub" ]
	run -0 dokku git:public-key
	[ "$output" = "$(cat "$key.pub")" ]
	[ "$(ssh-keygen -y -P '' -f "$key" | cut -d' ' -f1,2)" = "$(cut -d' ' -f1,2 <<< "$output")" ]
	[ "$(cut -d' ' -f3 <<< "$output")" = "$(id -un)@$(hostname)" ]
	sha256sum "$key" > "$inst/sum"
	run -0 dokku git:generate-deploy-key
	[ "$output" = " !     A deploy key already exists for this host" ]
	sha256sum --quiet -c "$inst/sum"
}

@test "a key of one's own stays: only its public part is added" {
	mkdir -m 700 "$inst/home/.ssh"
	ssh-keygen -q -t ed25519 -N '' -C own -f "$inst/home/.ssh/id_ed25519"
	public=$(cut -d' ' -f1,2 "$inst/home/.ssh/id_ed25519.pub")
	rm "$inst/home/.ssh/id_ed25519.pub"
	sha256sum "$inst/home/.ssh/id_ed25519" > "$inst/sum"
	dokku git:generate-deploy-key
	sha256sum --quiet -c "$inst/sum"
	[ "$(dokku git:public-key | cut -d' ' -f1,2)" = "$public" ]
	mv "$inst/home/.ssh/id_ed25519.pub" "$inst/home/.ssh/id_rsa.pub"
	[ "$(dokku git:public-key | cut -d' ' -f1,2)" = "$public" ]
}

@test "git:allow-host says when nobody answers, and takes no options for hosts" {
	run -1 dokku git:allow-host 127.0.0.1:1
	[ "$output" = " !     No SSH server answered with its keys at 127.0.0.1, port 1" ]
	run -1 dokku git:allow-host
	[ "$output" = " !     Please supply a git host" ]
	run -1 dokku git:allow-host -- "-f/etc/hostname"
	run -1 dokku git:allow-host '*'
	run -1 dokku git:allow-host "a
b"
	[ ! -e "$inst/home/.ssh/known_hosts" ]
}
