#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Deploying an app from a private repository on another SSH server, and from archives that come
# over SSH.

bats_require_minimum_version 1.5.0
load ../lab/helpers
load ../lab/apps

setup_file() {
	setup_instance --libexec "$BUILD/src/tools"
	"$LAB" images busybox http
	lab_domain
	host_start
}

teardown_file() {
	[ ! -e "$INST/host/pid" ] || kill "$(cat "$INST/host/pid")"
	teardown_instance
}

setup() {
	APP=p$BATS_TEST_NUMBER
	DIR=$BATS_TEST_TMPDIR/app
}

# The other server: an sshd with a key of its own that lets in whoever stands in its file.
host_start() {
	HOST=127.0.0.1:$("$LAB" port "$LAB_NAME")
	mkdir "$INST/host"
	ssh-keygen -q -t ed25519 -N '' -f "$INST/host/key"
	cat >"$INST/host/sshd_config" <<-CONF
		ListenAddress $HOST
		HostKey $INST/host/key
		PidFile none
		AuthorizedKeysFile $INST/host/authorized
		StrictModes no
		PasswordAuthentication no
		KbdInteractiveAuthentication no
		UsePAM no
		UseDNS no
		PermitRootLogin prohibit-password
	CONF
	export HOST
	host_up
}

host_up() {
	/usr/sbin/sshd -D -f "$INST/host/sshd_config" -E "$INST/host/sshd.log" 3>&- </dev/null &
	echo $! >"$INST/host/pid"
	wait_until 30 ssh-keyscan -p "${HOST#*:}" 127.0.0.1
}

host_down() {
	kill "$(cat "$INST/host/pid")"
}

# ssh_with FILE ARGS...: with FILE as standard input.
ssh_with() {
	local file=$1
	shift
	in_instance ssh -F "$INST/keys/ssh_config" lab -- "$@" <"$file"
}

# What must be as before after a refusal.
state_of() {
	git -C "$INST/home/$APP" -c safe.directory='*' for-each-ref
	dokku git:report "$APP"
	dokku apps:report "$APP"
	served "$APP"
	running_of "$APP"
}

# proves effect: command git:sync, command git:allow-host, command git:public-key, command git:generate-deploy-key
@test "an app from a private repository: key, host, deploy, the next version, a key that no longer fits" {
	http_app "$DIR" v1
	url=ssh://root@$HOST$DIR
	dokku apps:create "$APP"
	dokku checks:skip "$APP"
	dokku git:generate-deploy-key

	# The host is unknown, then the key is.
	run ssh_dokku git:sync --build "$APP" "$url" master
	assert_failure
	assert_output --partial 'Host key verification failed'
	assert_output --partial "git:allow-host <host>"
	run ssh_dokku git:allow-host "$HOST"
	assert_success
	assert_output "-----> $HOST added to known hosts"
	known=$(cat "$INST/home/.ssh/known_hosts")
	[[ $known == *"$(cut -d' ' -f1,2 "$INST/host/key.pub")"* ]] || fail "known hosts: $known"
	ssh_dokku git:allow-host "$HOST"
	assert_equal "$(cat "$INST/home/.ssh/known_hosts")" "$known"
	run ssh_dokku git:sync --build "$APP" "$url" master
	assert_failure
	assert_output --partial 'Permission denied (publickey)'
	assert_output --partial "'dokku git:public-key' shows it"
	assert_equal "$(dokku git:report "$APP" --git-sha)" ''

	ssh_dokku git:public-key >"$INST/host/authorized"
	run ssh_dokku git:sync --build "$APP" "$url" master
	assert_success
	assert_output --partial "-----> Cloning $APP from $url#master"
	assert_output --partial '=====> Application deployed:'
	assert_http "$(host_of "$APP")" / 200 v1

	run ssh_dokku git:sync --build-if-changes "$APP" "$url"
	assert_success
	assert_output --partial 'Skipping build as no changes were detected'
	set_version "$DIR" v2
	run ssh_dokku git:sync --build-if-changes "$APP" "$url"
	assert_success
	assert_http "$(host_of "$APP")" / 200 v2
	assert_equal "$(dokku apps:report "$APP" --app-deploy-source-metadata)" "$url#$(git -C "$DIR" rev-parse master)"

	set_version "$DIR" v3
	state_of >"$BATS_TEST_TMPDIR/before"
	: >"$INST/host/authorized"
	run ssh_dokku git:sync --build "$APP" "$url"
	assert_failure
	assert_output --partial 'Permission denied (publickey)'
	# Another server behind the same address is not trusted.
	host_down
	ssh-keygen -q -t ed25519 -N '' -f "$INST/host/other"
	sed -i "s,^HostKey .*,HostKey $INST/host/other," "$INST/host/sshd_config"
	host_up
	run ssh_dokku git:sync --build "$APP" "$url"
	assert_failure
	assert_output --partial 'Host key verification failed'
	state_of | diff "$BATS_TEST_TMPDIR/before" -
}

# proves effect: command git:from-archive
@test "an archive over SSH is deployed, a hostile one is not" {
	http_app "$DIR" v1
	dokku apps:create "$APP"
	dokku checks:skip "$APP"
	tar -C "$DIR" --exclude .git -cf "$BATS_TEST_TMPDIR/x.tar" .
	run ssh_with "$BATS_TEST_TMPDIR/x.tar" git:from-archive "$APP" --
	assert_success
	assert_output --partial '-----> Fetching tar file from stdin'
	assert_http "$(host_of "$APP")" / 200 v1
	state_of >"$BATS_TEST_TMPDIR/before"
	echo v2 >"$DIR/VERSION"
	ln -s /etc/passwd "$DIR/link"
	tar -C "$DIR" --exclude .git -czf "$BATS_TEST_TMPDIR/y.tar.gz" .
	run ssh_with "$BATS_TEST_TMPDIR/y.tar.gz" git:from-archive --archive-type tar.gz "$APP" --
	assert_failure
	assert_output --partial "'./link' is a link to an absolute path"
	state_of | diff "$BATS_TEST_TMPDIR/before" -
	rm "$DIR/link"
	tar -C "$DIR" --exclude .git -czf "$BATS_TEST_TMPDIR/y.tar.gz" .
	run ssh_with "$BATS_TEST_TMPDIR/y.tar.gz" git:from-archive --archive-type tar.gz "$APP" --
	assert_success
	assert_http "$(host_of "$APP")" / 200 v2
}

@test "a password for git:auth comes over SSH without being on a command line" {
	printf 'sesame\n' >"$BATS_TEST_TMPDIR/password"
	run ssh_with "$BATS_TEST_TMPDIR/password" git:auth git.example.com alice
	assert_success
	ssh_with "$BATS_TEST_TMPDIR/password" git:auth-status git.example.com alice
	assert_equal "$(stat -c '%a %u' "$INST/home/.netrc")" "600 $(stat -c %u "$INST/home")"
	ssh_dokku git:auth git.example.com
}
