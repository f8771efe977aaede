#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# install.sh on a machine that has all packages already, without an init system: chosen ports, a
# second run, neighbours, removal. In the order of a machine's life: each test goes on from the last.

load ../lab/helpers
load machine

setup_file() {
	machine_prepare
	machine_up moorage-lab/machine:12 -v "$BATS_FILE_TMPDIR:/mnt"
	machine_fill build-release
	# A site, a container and a sudoers file of somebody else's, and a docker that notes its arguments.
	on_machine bash -euc '
		echo "server { listen 8080; server_name other.example; return 200 other; }" >/etc/nginx/conf.d/other.conf
		echo "# mine" >/etc/sudoers.d/other
		printf "#!/bin/sh\necho \"\$*\" >>/mnt/docker-calls\nexec /usr/bin/docker \"\$@\"\n" >/usr/local/bin/docker
		chmod 755 /usr/local/bin/docker; chmod 1777 /mnt; mkdir -p -m 700 /usr/share/man/man1 /root/.ssh; install -m 666 /dev/null /mnt/docker-calls'
	docker_lab run -d --name "$MACHINE-neighbour" moorage-lab/busybox:1 sleep 3600 >/dev/null
	neighbour >"$BATS_FILE_TMPDIR/neighbour"
	machine_files >"$BATS_FILE_TMPDIR/before"
	machine_label
	on_machine sha256sum /etc/nginx/conf.d/other.conf /etc/sudoers.d/other /etc/nginx/nginx.conf \
		/etc/nginx/sites-available/default /etc/ssh/sshd_config >"$BATS_FILE_TMPDIR/foreign"
}

teardown_file() {
	docker_lab rm -f "$MACHINE-neighbour" >/dev/null 2>&1
	machine_down
}

neighbour() {
	docker_lab inspect -f '{{.Id}} {{.State.StartedAt}} {{.State.Running}} {{.RestartCount}}' "$MACHINE-neighbour"
}

# Everything that the installer could have written, with content and times.
# Lock files say who held them last; that is no state.
state() {
	on_machine bash -c 'find /etc /usr /home /root/.moorage-demo /var/lib/dokku /var/log/dokku -xdev \
		-path /var/lib/dokku/data/moorage/locks -prune -o -type f \
		-printf "%p %m %U:%G %T@\n" | sort; find /etc /usr/bin /home /var/lib/dokku -type l -printf "%p %l\n" | sort'
}

@test "bad arguments are refused with the way out, before anything is done" {
	while IFS='|' read -r args words; do
		# shellcheck disable=SC2086 # words
		run machine_install $args
		assert_failure
		assert_output --partial "$words"
	done <<-'ARGS'
		--http-port 0|--http-port takes a port from 1 to 65535, not '0'
		--http-port 70000|from 1 to 65535
		--https-port 8o|from 1 to 65535
		--ssh-port|--ssh-port needs a value
		--domain a;b|'a;b' is not a domain name
		--domain -x|not a domain name
		--purge|--purge goes with --uninstall
		--uninstall --demo|--demo does not go with --uninstall
		--http-port 443|http and https need ports of their own
		--http-port 81 --ssh-port 81|port 81 cannot be both
		--frobnicate|unknown option '--frobnicate'
		--uninstall|Moorage is not installed here
	ARGS
	on_machine sh -c "mkdir /opt/try && cp -r $MACHINE_TREE/install.sh $MACHINE_TREE/packaging /opt/try"
	run on_machine su -s /bin/sh nobody -c /opt/try/install.sh
	assert_failure
	assert_output --partial 'run this as root: sudo ./install.sh'
	on_machine rm -r /opt/try
	run machine_install --help
	assert_success
	assert_output --partial 'Usage: sudo ./install.sh'
	refute_file_on_machine /etc/moorage/installed /usr/bin/moorage /home/dokku
}

@test "a port that another program has is named with its owner" {
	docker_lab exec -d "$MACHINE" busybox httpd -f -p 127.0.0.1:8181
	wait_until 5 on_machine curl -s http://127.0.0.1:8181/
	run machine_install --http-port 8181
	assert_failure
	assert_output --partial 'port 8181 is in use by busybox'
	assert_output --partial '--http-port'
	on_machine pkill -x busybox
}

@test "a dokku that is not ours is not overwritten" {
	on_machine sh -c 'printf "#!/bin/sh\necho theirs\n" >/usr/bin/dokku; chmod 755 /usr/bin/dokku'
	run machine_install
	assert_failure
	assert_output --partial '/usr/bin/dokku is there and is not ours'
	assert_output --partial '--takeover'
	assert_equal "$(on_machine dokku)" theirs
}

@test "--takeover sets it aside, and --uninstall puts it back" {
	run machine_install --takeover --http-port 8080
	assert_success
	assert_output --partial '/usr/bin/dokku.distrib'
	assert_equal "$(on_machine readlink /usr/bin/dokku)" moorage
	assert_equal "$(on_machine /usr/bin/dokku.distrib)" theirs
	run machine_install --uninstall --purge
	assert_success
	assert_equal "$(on_machine dokku)" theirs
	on_machine rm /usr/bin/dokku
	machine_files >"$BATS_TEST_TMPDIR/now"
	diff "$BATS_FILE_TMPDIR/before" "$BATS_TEST_TMPDIR/now"
	machine_label
}

@test "--demo installs on chosen ports, pushes over ssh and shows what the app answers" {
	run machine_install --demo --ssh-port 2222 --http-port 8080
	assert_success
	assert_line '-----> hello is live at http://hello.paas.example.com:8080'
	assert_line '       Hello from Moorage.'
	assert_line '       HTTP 200'
	assert_equal "$(machine_http hello.paas.example.com 8080)" $'Hello from Moorage.\n 200'
	run machine_ssh 2222 apps:list
	assert_line hello
	# For "cron runs the entry": as it is, but every minute and with a trace of its having run.
	on_machine sh -c 'sed "s|^\*/5|*|; s|>/dev/null 2>&1|>/home/dokku/.retired 2>\&1|" /etc/cron.d/dokku-retire >/etc/cron.d/dokku-try'
}

@test "the program and all that comes with it are small" {
	binary=$(on_machine stat -c %s /usr/bin/moorage)
	on_machine readelf -h /usr/bin/moorage >/dev/null
	run on_machine sh -c 'readelf -S /usr/bin/moorage | grep -E "\.(symtab|debug)"'
	assert_failure
	all=$(on_machine sh -c 'sed -n "s/^file //p" /etc/moorage/installed |
		xargs du -cb /usr/bin/moorage /usr/libexec/moorage /etc/moorage /home/dokku /var/lib/dokku /var/log/dokku |
		tail -n 1 | cut -f1')
	echo "# binary $binary bytes, all files $all bytes" >&3
	[ "$binary" -lt 2000000 ]
	[ "$all" -lt 10000000 ]
}

@test "the user, its right to root and the names of the program are as small as promised" {
	run on_machine sudo -n -l -U dokku
	assert_output --regexp $'may run the following commands on paas:\n +\(root\) NOPASSWD: /usr/libexec/moorage/moorage-root$'
	assert_equal "$(on_machine stat -c '%a %U' /etc/sudoers.d/moorage)" '440 root'
	run on_machine setpriv --reuid dokku --regid dokku --init-groups sudo -n id
	assert_failure
	for name in dokku plugn sshcommand; do
		assert_equal "$(on_machine readlink "/usr/bin/$name")" moorage
	done
	# Root's commands run as dokku: what they write is dokku's.
	on_machine dokku config:set --no-restart hello A=1
	run on_machine find /home/dokku /var/lib/dokku /var/log/dokku ! -user dokku
	assert_output ''
	assert_equal "$(on_machine getent shadow dokku | cut -d: -f2)" '*'
}

@test "keys are added by root, by ssh as root and by whom sudo lets" {
	on_machine bash -euc '
		useradd -m joe && echo "joe ALL=(dokku) NOPASSWD:SETENV: /usr/bin/dokku" >/etc/sudoers.d/joe
		ssh-keygen -q -t ed25519 -N "" -f ~joe/key && chown joe ~joe/key*
		cp ~joe/key.pub /root/.ssh/authorized_keys'
	on_machine sh -c 'ssh -F none -i ~joe/key -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -p 2222 root@localhost \
		dokku ssh-keys:add joe <~joe/key.pub'
	run on_machine su joe -c 'ssh -n -F none -i ~/key -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -p 2222 dokku@localhost apps:list'
	assert_line hello
	run on_machine su joe -c 'dokku --quiet apps:list </dev/null'
	assert_success
	assert_output hello
	on_machine dokku ssh-keys:remove joe
	run on_machine su joe -c 'ssh -n -F none -i ~/key -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -p 2222 dokku@localhost apps:list'
	assert_failure
	on_machine sh -c 'userdel -rf joe 2>/dev/null; rm -f /etc/sudoers.d/joe /root/.ssh/authorized_keys'
}

@test "what is around the program works: logs, rotation, manual, completion, cron" {
	run on_machine dokku nginx:access-logs hello
	assert_success
	assert_output --partial 'GET / HTTP/1.1'
	run on_machine logrotate -d /etc/logrotate.d/dokku
	assert_success
	refute_output --partial error
	run on_machine man -P cat moorage
	assert_success
	assert_output --partial 'apps:create'
	run on_machine man -w dokku
	assert_success
	# As a shell with bash-completion does it at the tab key.
	for name in dokku moorage; do
		run on_machine bash -ic "
			. /usr/share/bash-completion/bash_completion
			_completion_loader $name
			COMP_LINE='$name apps:l' COMP_POINT=\${#COMP_LINE} COMP_WORDS=($name apps : l) COMP_CWORD=3
			\$(complete -p $name | sed 's/.*-F \\([^ ]*\\).*/\\1/')
			printf '%s\n' \"\${COMPREPLY[@]}\""
		assert_success
		assert_line list
	done
	run on_machine cat /etc/cron.d/dokku-retire
	assert_line '*/5 * * * * dokku /usr/bin/dokku ps:retire >/dev/null 2>&1'
}

@test "cron runs the entry" {
	wait_until 90 on_machine grep -q 'Retiring old containers' /home/dokku/.retired
	on_machine rm /etc/cron.d/dokku-try /home/dokku/.retired
}

@test "the init script starts an app that is down" {
	machine_containers | xargs -r docker -H "unix://$ENGINE_SOCKET" stop -t 1 >/dev/null
	assert_equal "$(machine_containers --filter status=running)" ''
	run on_machine /etc/init.d/dokku-redeploy start
	assert_success
	wait_until 20 http_is_hello
}

http_is_hello() {
	[ "$(machine_http hello.paas.example.com 8080)" = $'Hello from Moorage.\n 200' ]
}

@test "a second run is quick and changes no file" {
	state >"$BATS_TEST_TMPDIR/before"
	started=$SECONDS
	run machine_install
	assert_success
	took=$((SECONDS - started))
	state >"$BATS_TEST_TMPDIR/after"
	diff "$BATS_TEST_TMPDIR/before" "$BATS_TEST_TMPDIR/after"
	echo "# second run: $took s" >&3
	[ "$took" -lt 15 ]
	refute_output --partial Installing\ packages
	refute_output --partial Starting
}

@test "another port for http leaves apps where they are and says how to move them" {
	run machine_install --http-port 8081
	assert_success
	assert_output --partial 'Apps that are here keep port 8080: hello'
	assert_output --partial 'dokku ports:set <app> http:8081:'
	http_is_hello
	run machine_install --http-port 8080
	assert_success
	assert_equal "$(on_machine cat /etc/moorage/instance.conf)" "label=$MACHINE"$'\n'http_port=8080
}

@test "after --uninstall the data is there and a later install serves again" {
	containers=$(machine_containers | sort)
	run machine_install --uninstall
	assert_success
	assert_output --partial 'Apps, settings and data stay'
	refute_file_on_machine /usr/bin/moorage /usr/bin/dokku /usr/libexec/moorage /etc/sudoers.d/moorage \
		/etc/nginx/conf.d/dokku.conf /etc/cron.d/dokku-retire /etc/ssh/sshd_config.d/moorage.conf
	assert_equal "$(machine_containers | sort)" "$containers"
	run machine_http hello.paas.example.com 8080
	refute_output --partial 'Hello from Moorage'
	run machine_install --uninstall
	assert_failure
	assert_output --partial 'already removed'
	run machine_install
	assert_success
	wait_until 10 http_is_hello
	assert_equal "$(machine_containers | sort)" "$containers"
}

refute_file_on_machine() {
	local file
	for file; do
		! on_machine test -e "$file" || fail "$file is still there"
	done
}

@test "--uninstall --purge after --uninstall leaves nothing of ours" {
	run machine_install --demo # a second deploy, so that there is an image that was replaced
	assert_success
	run machine_install --uninstall
	assert_success
	run machine_install --uninstall --purge
	assert_success
	assert_output --partial 'Moorage is gone'
	machine_files >"$BATS_TEST_TMPDIR/now"
	diff "$BATS_FILE_TMPDIR/before" "$BATS_TEST_TMPDIR/now"
	assert_equal "$(machine_containers)" ''
	assert_equal "$(machine_images)" ''
	run on_machine getent passwd dokku
	assert_failure
	run on_machine getent group dokku docker-engine
	assert_output ''
}

@test "what was there before is as it was, and no swarm was asked for" {
	assert_equal "$(neighbour)" "$(cat "$BATS_FILE_TMPDIR/neighbour")"
	docker_lab exec -i "$MACHINE" sha256sum --check --quiet <"$BATS_FILE_TMPDIR/foreign"
	assert_equal "$(machine_http other.example 8080)" 'other 200'
	grep -q build "$BATS_FILE_TMPDIR/docker-calls"
	run grep -w swarm "$BATS_FILE_TMPDIR/docker-calls"
	refute_output
	run grep -rnw 'swarm' "$TOP/install.sh" "$TOP/packaging"
	refute_output
}
