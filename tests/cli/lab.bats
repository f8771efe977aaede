#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The lab itself: what every other test takes for granted. The program is a stand-in script.

load ../lab/helpers

setup_file() {
	cat >"$BATS_FILE_TMPDIR/stand-in" <<-'SH'
		#!/bin/sh
		case $1 in
		git-receive-pack*) exec git receive-pack "$HOME/$(echo "$2" | tr -d "'/")" ;;
		esac
		echo "$(basename "$0") $(id -un) $(id -Gn) $HOME ${NAME:-nobody} $*"
	SH
	chmod 755 "$BATS_FILE_TMPDIR/stand-in"
	setup_instance --binary "$BATS_FILE_TMPDIR/stand-in"
}

teardown_file() {
	teardown_instance
}

@test "the user dokku exists in the instance and not on the machine" {
	run in_instance getent passwd dokku
	assert_output --partial ":$INST/home:"
	run getent passwd dokku
	refute_output --partial "$INST"
}

@test "a command on the machine reaches the program with the instance" {
	run dokku apps:list --quiet
	assert_success
	assert_output --regexp ' root .* nobody apps:list --quiet$'
}

@test "ssh runs the forced command as the user with the key's name" {
	run ssh_dokku apps:list 'two words'
	assert_success
	assert_output --regexp "dokku dokku .* $INST/home admin apps:list two words$"
}

@test "ssh refuses a key that was not added" {
	run ssh_other apps:list
	assert_failure 255
	assert_output --partial 'Permission denied'
}

@test "git pushes over ssh" {
	as_dokku git init -q --bare "$INST/home/app"
	mkdir "$BATS_TEST_TMPDIR/src"
	echo text >"$BATS_TEST_TMPDIR/src/file"
	git_app "$BATS_TEST_TMPDIR/src"
	run git_push "$BATS_TEST_TMPDIR/src" app
	assert_success
	run as_dokku git -C "$INST/home/app" show master:file
	assert_output text
}

@test "nginx serves the user's apps and reloads at the user's signal" {
	mkdir -p "$INST/home/page"
	echo "server { listen $HTTP_PORT; server_name page.example; location / { return 200 served; } }" \
		>"$INST/home/page/nginx.conf"
	run as_dokku /usr/sbin/nginx -e "$INST/logs/nginx/error.log" -t -c "$INST/nginx/nginx.conf"
	assert_success
	# shellcheck disable=SC2016
	as_dokku sh -c "kill -HUP \$(cat $INST/run/nginx.pid)"
	wait_until 5 http_body_is page.example / served
	assert_http page.example / 200 served
}

@test "the engine answers the user" {
	run as_dokku /usr/bin/docker -H "unix://$ENGINE_SOCKET" version --format '{{.Server.Os}}'
	assert_success
	assert_output linux
}

@test "a second instance has ports of its own and leaves nothing" {
	other=$LAB_NAME-2
	run "$LAB" up "$other" --no-sshd
	assert_success
	dir=$output
	run "$LAB" env "$other"
	refute_output --partial "HTTP_PORT=$HTTP_PORT"
	holder=$(cut -d' ' -f1 "$dir/holder.pid")
	nginx=$(cat "$dir/run/nginx.pid")
	run "$LAB" down "$other"
	assert_success
	refute_file_exists "$dir"
	for pid in $holder $nginx; do
		run grep State "/proc/$pid/status"
		refute_output --regexp '[RSD] \('
	done
	run grep -l "^$dir$" "$(dirname "$dir")"/.ports/*/owner
	refute_output
}

@test "an instance that exists is not made again" {
	run "$LAB" up "$LAB_NAME"
	assert_failure 1
	assert_output --partial exists
	run ssh_dokku still-there
	assert_success
}

@test "with --control helper nginx is root's and the user has the sudo rights given there" {
	other=$LAB_NAME-3
	dir=$("$LAB" up "$other" --control helper --no-sshd)
	run stat -c %U "/proc/$(cat "$dir/run/nginx.pid")"
	nginx_user=$output
	echo 'dokku ALL=(root) NOPASSWD: /usr/bin/id' >"$dir/etc/sudoers.d/dokku"
	chmod 440 "$dir/etc/sudoers.d/dokku"
	run "$LAB" as "$other" sudo -n /usr/bin/id -u
	sudo_output=$output
	"$LAB" down "$other"
	assert_equal "$nginx_user" root
	assert_equal "$sudo_output" 0
}
