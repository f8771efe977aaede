#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# install.sh on Debian 12 with apt and nothing else: packages and the build are part of it.

load ../lab/helpers
load machine

setup_file() {
	machine_prepare
	machine_up moorage-lab/debian:12
	machine_fill
	machine_label
}

teardown_file() {
	machine_down
}

@test "--demo installs packages, builds and serves, beside a program that has port 80" {
	# shellcheck disable=SC2016 # perl's variable
	docker_lab exec -d "$MACHINE" perl -MIO::Socket::INET -e \
		'$s = IO::Socket::INET->new(Listen => 1, LocalPort => 80, ReuseAddr => 1) or die; sleep 3600'
	run on_machine bash -c 'type -P gcc nginx sshd git curl sudo docker cron'
	assert_output ''
	started=$SECONDS
	run machine_install --demo --domain apps.example.com --ssh-port 2222 --http-port 8080
	echo "$output"
	echo "# packages, build and demo: $((SECONDS - started)) s" >&3
	assert_success
	assert_output --partial "port 80 is taken, so nginx's welcome page there is switched off"
	assert_line '-----> hello is live at http://hello.apps.example.com:8080'
	assert_line '       Hello from Moorage.'
	assert_line '       HTTP 200'
	assert_equal "$(machine_http hello.apps.example.com 8080)" $'Hello from Moorage.\n 200'
}

@test "the next run says nothing of packages" {
	started=$SECONDS
	run machine_install
	assert_success
	[ $((SECONDS - started)) -lt 15 ]
	refute_output --partial packages
}

@test "--uninstall --purge leaves Debian's packages and nothing else" {
	run machine_install --uninstall --purge
	assert_success
	run on_machine find /home /usr/bin /usr/libexec /etc -name '*dokku*' -o -name '*moorage*'
	assert_output ''
	on_machine test -L /etc/nginx/sites-enabled/default
	run on_machine dpkg --audit
	assert_output ''
	assert_equal "$(machine_containers)" ''
	assert_equal "$(machine_images)" ''
}
