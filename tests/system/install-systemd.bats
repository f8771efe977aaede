#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# install.sh where systemd is PID 1: units, the timer, and a reboot.

load ../lab/helpers
load machine

setup_file() {
	machine_prepare
	# Without cgroups and limits of its own, which a container would need more rights for. The image is
	# made for a machine without init; here it becomes one, with an engine from outside.
	machine_up moorage-lab/machine:12 --cgroupns private --cap-add SYS_ADMIN --cap-add DAC_READ_SEARCH \
		--cap-add SYS_PTRACE --security-opt seccomp=unconfined --tmpfs /run --tmpfs /run/lock \
		--stop-signal SIGRTMIN+3 -- sh -euc '
			rm -f /usr/sbin/policy-rc.d /lib/systemd/system/multi-user.target.wants/getty* \
				/lib/systemd/system/sysinit.target.wants/systemd-udev*
			systemctl mask -q systemd-logind getty.target console-getty.service systemd-udevd.service \
				docker.socket docker.service containerd.service
			exec /lib/systemd/systemd'
	wait_until 30 booted
	machine_fill build-release
	machine_label
}

teardown_file() {
	machine_down
}

booted() {
	on_machine systemctl is-system-running | grep -qE 'running|degraded'
}

is_active() {
	on_machine systemctl is-active -q "$1"
}

hello_answers() {
	[ "$(machine_http hello.paas.example.com 80)" = $'Hello from Moorage.\n 200' ]
}

@test "--demo brings up units, a timer and the app" {
	run machine_install --demo
	assert_success
	assert_line '-----> hello is live at http://hello.paas.example.com'
	assert_line '       HTTP 200'
	for unit in nginx ssh cron dokku-retire.timer; do
		run on_machine systemctl is-active "$unit"
		assert_output active
	done
	for unit in nginx ssh cron dokku-retire.timer dokku-redeploy.service; do
		run on_machine systemctl is-enabled "$unit"
		assert_output enabled
	done
	refute_unit_of_others
}

# Init scripts and cron entries are for machines without systemd.
refute_unit_of_others() {
	! on_machine test -e /etc/init.d/dokku-redeploy || fail "an init script, too"
	! on_machine test -e /etc/cron.d/dokku-retire || fail "a cron entry, too"
}

@test "the units are well-formed and the timer's service succeeds" {
	run on_machine systemd-analyze verify /etc/systemd/system/dokku-{retire.service,retire.timer,redeploy.service}
	refute_output --partial dokku-
	on_machine systemctl start dokku-retire.service
	run on_machine systemctl show -P Result dokku-retire.service
	assert_output success
	run on_machine systemctl list-timers --no-pager dokku-retire.timer
	assert_output --partial dokku-retire.service
}

@test "a changed ssh port is served after a restart of sshd by systemd" {
	run machine_install --ssh-port 2222
	assert_success
	run machine_ssh 2222 apps:list
	assert_line hello
	run machine_ssh 22 apps:list
	assert_line hello
}

@test "after a reboot apps that were stopped with the machine run again" {
	machine_containers | xargs -r docker -H "unix://$ENGINE_SOCKET" stop -t 1 >/dev/null
	docker_lab restart -t 10 "$MACHINE"
	wait_until 30 booted
	wait_until 60 hello_answers
	run on_machine systemctl show -P Result dokku-redeploy.service
	assert_output success
}

@test "a second run is quick" {
	machine_fill build-release # the reboot may have emptied /tmp
	started=$SECONDS
	run machine_install
	assert_success
	echo "# second run: $((SECONDS - started)) s" >&3
	[ $((SECONDS - started)) -lt 15 ]
}

@test "--uninstall --purge takes the units away" {
	run machine_install --uninstall --purge
	assert_success
	run on_machine systemctl list-unit-files --no-pager 'dokku*'
	assert_output --partial '0 unit files listed'
	run on_machine find /etc/systemd /lib/systemd -name 'dokku*'
	assert_output ''
	run on_machine systemctl is-active nginx
	assert_output active
	assert_equal "$(machine_containers)" ''
	assert_equal "$(machine_images)" ''
	wait_until 10 is_active ssh
}
