# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Daemons: through systemd where it runs, else through init scripts, else by starting them here.

start_service() { # NAME DAEMON-COMMAND...
	local name=$1
	shift
	if has_systemd; then
		systemctl enable -q "$name" 2>/dev/null || true
		systemctl start "$name" || true
	elif [[ ! -x /etc/init.d/$name ]] || ! "/etc/init.d/$name" start >/dev/null 2>&1; then
		setsid "$@" </dev/null >"/var/log/moorage-$name.log" 2>&1 &
	fi
}

# await_service SECONDS NAME COMMAND...: until COMMAND succeeds; else says what NAME had to say.
await_service() {
	local seconds=$1 name=$2
	shift 2
	! wait_for "$seconds" "$@" || return 0
	if has_systemd; then
		systemctl status --no-pager -n 10 "$name" >&2 || true
	else
		tail -n 10 "/var/log/moorage-$name.log" >&2 2>/dev/null || true
	fi
	fail "$name does not come up; its last words are above"
}

sshd_ports() { /usr/sbin/sshd -T 2>/dev/null | awk '$1 == "port" { print $2 }'; }
sshd_has_port() { sshd_ports | grep -qx "$1"; }

reload_sshd() {
	running sshd || return 0
	if has_systemd; then systemctl restart ssh; else pkill -HUP -o -x --ns $$ --nslist pid sshd || true; fi
}

add_ssh_port() {
	local conf=/etc/ssh/sshd_config.d/moorage.conf
	say "Making sshd listen on port $SSH_PORT as well"
	grep -qiE '^[[:space:]]*include[[:space:]]+/etc/ssh/sshd_config.d/' /etc/ssh/sshd_config ||
		fail "/etc/ssh/sshd_config does not include sshd_config.d: add 'Port $SSH_PORT' to it yourself and run this again"
	mark "file $conf"
	rm -f "$conf"
	{
		echo "# From install.sh --ssh-port"
		# The first Port line replaces sshd's default.
		grep -rqsiE '^[[:space:]]*port[[:space:]]' /etc/ssh/sshd_config /etc/ssh/sshd_config.d ||
			echo "Port 22"
		echo "Port $SSH_PORT"
	} >"$conf.new"
	mv "$conf.new" "$conf"
	/usr/sbin/sshd -t || {
		rm -f "$conf"
		fail "sshd refuses this port; its settings are as they were"
	}
	reload_sshd
}

setup_sshd() {
	local port settings
	mkdir -p /run/sshd
	ssh-keygen -A >/dev/null
	[[ -z $SSH_PORT ]] || sshd_has_port "$SSH_PORT" || add_ssh_port
	port=${SSH_PORT:-$(sshd_ports | head -n 1)}
	running sshd || {
		say "Starting sshd"
		start_service ssh /usr/sbin/sshd -D
	}
	await_service 10 ssh listens "$port"
	settings=$'\n'$(/usr/sbin/sshd -T)$'\n'
	[[ $settings != *$'\nallowusers '* || $settings == *$'\nallowusers dokku\n'* ]] ||
		note "sshd lets in certain users only (AllowUsers): add dokku there"
}

start_services() {
	engine_answers || {
		say "Starting the Docker Engine"
		start_service docker dockerd
		await_service 60 docker engine_answers
	}
	running nginx || {
		say "Starting nginx"
		start_service nginx nginx -g 'daemon off;'
		await_service 10 nginx running nginx
	}
	running cron || start_service cron cron -f
	setup_sshd
}

# --- what happens at boot and from time to time ---

setup_boot() {
	local unit
	put_system 0644 packaging/logrotate /etc/logrotate.d/dokku
	if has_systemd; then
		for unit in dokku-retire.service dokku-retire.timer dokku-redeploy.service; do
			put_system 0644 "packaging/systemd/$unit" "/etc/systemd/system/$unit"
		done
		systemctl daemon-reload
		systemctl enable -q --now dokku-retire.timer
		systemctl enable -q dokku-redeploy.service
	else
		put_system 0644 packaging/sysv/dokku-retire.cron /etc/cron.d/dokku-retire
		put_system 0755 packaging/sysv/dokku-redeploy /etc/init.d/dokku-redeploy
		! command -v update-rc.d >/dev/null || update-rc.d dokku-redeploy defaults >/dev/null 2>&1 || true
	fi
}

remove_boot() {
	if has_systemd; then
		systemctl disable -q --now dokku-retire.timer dokku-redeploy.service 2>/dev/null || true
	elif [[ -e /etc/init.d/dokku-redeploy ]] && command -v update-rc.d >/dev/null; then
		rm -f /etc/init.d/dokku-redeploy
		update-rc.d dokku-redeploy remove >/dev/null 2>&1 || true
	fi
}
