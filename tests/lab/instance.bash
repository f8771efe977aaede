# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Instances: a whole Moorage of its own (home, state, nginx, sshd, login user) in one folder.
#
# The login user. sshd, git hooks and the program itself ask the user database for a user `dokku`
# whose home is the instance's. Each instance has a private mount namespace in which its own
# passwd, group and shadow files lie over the system's: nothing is created on the machine, several
# instances can each have "their" dokku, and what a crash leaves is processes, not accounts. (A
# test user made with useradd would be one for all instances, with one home, and a killed run
# would leave it behind.) The namespace is held by a sleeping process, so it ends with its last
# process and no mount has to be cleaned up. Only mounts are private: container addresses,
# loopback ports and the engine's socket are the machine's, and the socket's group is given to
# the user through the private group file. Crontabs lie in a private folder as well.
#
# With --own-engine the instance also has a network namespace and an engine of its own in it
# (engine.bash says why); then nginx, sshd and all commands live there too.

inst_dir() {
	[[ $1 =~ ^[a-z0-9][a-z0-9-]{0,47}$ ]] || die "'$1' is not a name for an instance"
	echo "${LAB_AT:-$LAB_ROOT}/$1"
}

# inst_load NAME: the instance's facts into the variables INST, HTTP_PORT, ..., or fails.
inst_load() {
	INST=$(inst_dir "$1") || exit 1
	[ -r "$INST/lab.env" ] || return 1
	# shellcheck disable=SC1091
	. "$INST/lab.env"
}

inst_holder() {
	proc_read "$INST/holder.pid"
}

# inst_exec COMMAND...: inside the instance's namespaces, as root.
inst_exec() {
	local holder
	holder=$(inst_holder) || die "instance '$INST' is not up"
	if [ "${OWN_ENGINE:-}" ]; then
		nsenter -t "$holder" -m -n -u -- "$@"
	else
		nsenter -t "$holder" -m -- "$@"
	fi
}

# The user gets one of the machine's passwd, group and shadow each, with `dokku` replaced or added.
inst_user_files() {
	local home=$INST/home gid
	mkdir "$INST/etc" "$INST/etc/sudoers.d"
	awk -F: -v uid="$LAB_UID" '$3 == uid && $1 != "dokku" { exit 1 }' /etc/passwd ||
		die "user id $LAB_UID is taken on this machine; set MOORAGE_LAB_UID"
	grep -v '^dokku:' /etc/passwd >"$INST/etc/passwd"
	echo "dokku:x:$LAB_UID:$LAB_UID::$home:/bin/bash" >>"$INST/etc/passwd"
	# '*' and not '!': sshd refuses a locked account even for keys.
	(umask 077 && { grep -v '^dokku:' /etc/shadow; echo 'dokku:*:19000:0:99999:7:::'; } >"$INST/etc/shadow")
	# By number: the socket's group need not be the one that is called docker here.
	gid=$(stat -c %g "$LAB_SOCKET" 2>/dev/null || getent group docker | cut -d: -f3)
	awk -F: -v OFS=: -v gid="${gid:-63018}" '
		$1 == "dokku" { next }
		$3 == gid { $4 = $4 ($4 == "" ? "" : ",") "dokku"; seen = 1 }
		{ print }
		END { if (!seen) print "lab-engine", "x", gid, "dokku" }' /etc/group >"$INST/etc/group"
	echo "dokku:x:$LAB_UID:" >>"$INST/etc/group"
}

# Runs as the first process of the instance's namespaces; ends as the sleeper that holds them.
inst_holder_script() {
	cat <<'SH'
set -e
inst=$1 own=$2
for f in passwd group shadow; do mount --bind "$inst/etc/$f" "/etc/$f"; done
[ ! -d /etc/sudoers.d ] || mount --bind "$inst/etc/sudoers.d" /etc/sudoers.d
# Crontabs, so that none of the machine's is ever seen or written.
mount --bind "$inst/crontabs" /var/spool/cron/crontabs
if [ "$own" ]; then
	hostname lab
	ip link set lo up
	# sysfs shows the network namespace it was mounted in; the cgroup mounts below it are kept.
	mkdir "$inst/engine/cg"
	mount --rbind /sys/fs/cgroup "$inst/engine/cg"
	mount -t sysfs sysfs /sys
	mount --move "$inst/engine/cg" /sys/fs/cgroup
	mkdir -p /run/containerd
	mount -t tmpfs -o mode=711 tmpfs /run/containerd
fi
echo ready >&3
exec 3>&-
exec sleep infinity
SH
}

inst_start_holder() {
	local fifo=$INST/holder.fifo ready ns=(--mount --propagation slave)
	if [ "$OWN_ENGINE" ]; then
		mkdir -p "$INST/engine"
		ns+=(--net --uts)
	fi
	mkfifo "$fifo"
	# setsid and no inherited descriptors: the caller may be a test that waits for its pipes to close.
	setsid unshare "${ns[@]}" sh -c "$(inst_holder_script)" holder "$INST" "$OWN_ENGINE" \
		</dev/null >"$INST/logs/holder.log" 2>&1 3>"$fifo" &
	proc_record "$INST/holder.pid" $!
	read -r -t 10 ready <"$fifo" || true
	rm -f "$fifo"
	if [ "${ready:-}" != ready ]; then
		cat "$INST/logs/holder.log" >&2
		die "the namespaces of '$INST' could not be set up"
	fi
}

# write_conf: instance.conf, the same keys as in docs/instance.conf.
inst_write_conf() {
	cat >"$INST/instance.conf" <<-CONF
		# The instance of a test; made by tests/lab, gone with it.
		dokku_root=$INST/home
		lib_root=$INST/lib
		logs_dir=$INST/logs
		run_dir=$INST/run
		user=dokku
		group=dokku
		engine_socket=$ENGINE_SOCKET
		docker_bin=$LAB_DOCKER
		nginx_bin=/usr/sbin/nginx
		nginx_conf=$INST/nginx/nginx.conf
		nginx_conf_dir=$INST/nginx/conf.d
		nginx_log_dir=$INST/logs/nginx
		nginx_pid=$INST/run/nginx.pid
		nginx_control=$NGINX_CONTROL
		http_port=$HTTP_PORT
		https_port=$HTTPS_PORT
		label=$LABEL
		dokku_command=$INST/bin/dokku
		crontab_bin=/usr/bin/crontab
		libexec_dir=$INST/prog/libexec
		share_dir=$INST/prog/share
		disk_reserve=${LAB_DISK_RESERVE:-512m}
	CONF
}

# The program is copied: the checkout may lie where the user cannot look (/root), and a rebuild
# during the test must not change what is tested.
inst_install_program() {
	local binary=$1 libexec=$2 name
	cp --reflink=auto "$binary" "$INST/prog/moorage" || die "no program at '$binary'"
	chmod 755 "$INST/prog/moorage"
	[ ! "$libexec" ] || cp -r "$libexec/." "$INST/prog/libexec/"
	mkdir "$INST/prog/share" && cp -r "$LAB_TOP/stack" "$INST/prog/share/"
	for name in moorage dokku plugn sshcommand; do
		[ "$name" = moorage ] || ln -s moorage "$INST/prog/$name"
		# Sanitizer reports go to files: output stays what it is, and teardown can look for them.
		cat >"$INST/bin/$name" <<-SH
			#!/bin/sh
			export MOORAGE_INSTANCE=$INST/instance.conf
			export ASAN_OPTIONS=log_path=$INST/sanitizer/asan:exitcode=99
			export UBSAN_OPTIONS=log_path=$INST/sanitizer/ubsan:print_stacktrace=1
			exec $INST/prog/$name "\$@"
		SH
		chmod 755 "$INST/bin/$name"
	done
}

inst_write_keys() {
	local key
	for key in host admin other; do
		ssh-keygen -q -t ed25519 -N '' -C "$key" -f "$INST/keys/$key"
	done
	echo "[127.0.0.1]:$SSH_PORT $(cut -d' ' -f1,2 "$INST/keys/host.pub")" >"$INST/keys/known_hosts"
	cat >"$INST/keys/ssh_config" <<-CONF
		Host *
		    HostName 127.0.0.1
		    Port $SSH_PORT
		    User dokku
		    IdentityFile $INST/keys/admin
		    IdentitiesOnly yes
		    UserKnownHostsFile $INST/keys/known_hosts
		    GlobalKnownHostsFile /dev/null
		    StrictHostKeyChecking yes
		    BatchMode yes
		    ConnectTimeout 10
		    LogLevel ERROR
	CONF
	sed 's,/keys/admin$,/keys/other,' "$INST/keys/ssh_config" >"$INST/keys/ssh_config-other"
	cat >"$INST/keys/gitconfig" <<-CONF
		[user]
			name = Lab
			email = lab@example.com
		[init]
			defaultBranch = master
	CONF
	mkdir -m 700 "$INST/home/.ssh"
	echo "$INST/bin/dokku" >"$INST/home/.sshcommand"
	: >"$INST/home/.ssh/authorized_keys"
	inst_authorize admin "$INST/keys/admin.pub"
}

# inst_authorize NAME FILE: the line that `ssh-keys:add` has to write, for tests of other things.
inst_authorize() {
	local fingerprint
	fingerprint=$(ssh-keygen -lf "$2" | cut -d' ' -f2)
	# shellcheck disable=SC2016
	printf 'command="FINGERPRINT=%s NAME=\\"%s\\" `cat %s/home/.sshcommand` $SSH_ORIGINAL_COMMAND",no-agent-forwarding,no-user-rc,no-X11-forwarding,no-port-forwarding %s\n' \
		"$fingerprint" "$1" "$INST" "$(cat "$2")" >>"$INST/home/.ssh/authorized_keys"
}

inst_start_sshd() {
	# sshd insists on this folder, which its service makes at boot.
	if mkdir -m 755 /run/sshd 2>/dev/null; then
		touch "$LAB_ROOT/.made-run-sshd"
	fi
	cat >"$INST/sshd_config" <<-CONF
		ListenAddress 127.0.0.1:$SSH_PORT
		HostKey $INST/keys/host
		PidFile none
		AuthorizedKeysFile $INST/home/.ssh/authorized_keys
		PasswordAuthentication no
		KbdInteractiveAuthentication no
		UsePAM no
		UseDNS no
		AllowUsers dokku
		AcceptEnv LANG LC_*
		MaxStartups 100:30:200
		PrintMotd no
		PrintLastLog no
	CONF
	chmod 600 "$INST/keys/host"
	inst_exec /usr/sbin/sshd -t -f "$INST/sshd_config" || die "sshd refuses its configuration"
	inst_exec setsid /usr/sbin/sshd -D -f "$INST/sshd_config" -E "$INST/logs/sshd.log" </dev/null >/dev/null 2>&1 &
	inst_exec bash -c "$(declare -f wait_for port_answers); wait_for 10 port_answers $SSH_PORT" || {
		cat "$INST/logs/sshd.log" >&2
		die "sshd does not answer on port $SSH_PORT"
	}
}

# With nginx_control=direct nginx runs as the instance's user, who may then signal it; with
# `helper` as root, as on a real machine.
inst_start_nginx() {
	local user_line=''
	[ "$NGINX_CONTROL" = direct ] || user_line='user dokku dokku;'
	cat >"$INST/nginx/nginx.conf" <<-CONF
		$user_line
		worker_processes 1;
		pid $INST/run/nginx.pid;
		error_log $INST/logs/nginx/error.log;
		events { worker_connections 4096; }
		http {
		    include /etc/nginx/mime.types;
		    default_type application/octet-stream;
		    access_log $INST/logs/nginx/access.log;
		    client_body_temp_path $INST/nginx/tmp/body;
		    proxy_temp_path $INST/nginx/tmp/proxy;
		    fastcgi_temp_path $INST/nginx/tmp/fastcgi;
		    uwsgi_temp_path $INST/nginx/tmp/uwsgi;
		    scgi_temp_path $INST/nginx/tmp/scgi;
		    server_names_hash_max_size 8192;
		    include $INST/nginx/conf.d/*.conf;
		}
	CONF
	[ "$user_line" ] || sed -i 1d "$INST/nginx/nginx.conf"
	cat >"$INST/nginx/conf.d/dokku.conf" <<-CONF
		server_names_hash_bucket_size 512;
		include $INST/home/*/nginx.conf;
	CONF
	# shellcheck disable=SC2119
	inst_nginx
	# Its master process writes the file after it has bound its ports.
	wait_for 10 test -s "$INST/run/nginx.pid" || die "nginx did not start; see $INST/logs/nginx/error.log"
}

# shellcheck disable=SC2120 # `lab nginx` passes arguments
# inst_nginx ARGS...: the nginx binary on this instance, as whoever runs it there.
inst_nginx() {
	local as=()
	[ "$NGINX_CONTROL" != direct ] || as=(setpriv --reuid "$LAB_UID" --regid "$LAB_UID" --clear-groups)
	# -e: else it tries the compiled-in log first, which is the system's.
	inst_exec "${as[@]}" /usr/sbin/nginx -e "$INST/logs/nginx/error.log" -c "$INST/nginx/nginx.conf" "$@" </dev/null
}

inst_save() {
	cat >"$INST/lab.env" <<-ENV
		LAB_NAME=$1
		LAB_AT=${LAB_AT:-$LAB_ROOT}
		RUN=$LAB_RUN
		HTTP_PORT=$HTTP_PORT
		HTTPS_PORT=$HTTPS_PORT
		SSH_PORT=$SSH_PORT
		LABEL=$LABEL
		NGINX_CONTROL=$NGINX_CONTROL
		ENGINE_SOCKET=$ENGINE_SOCKET
		OWN_ENGINE=$OWN_ENGINE
		LIVE_RESTORE=$LIVE_RESTORE
	ENV
}

inst_make_dirs() {
	mkdir -p "$(dirname "$INST")"
	mkdir "$INST" 2>/dev/null || die "instance '$1' exists; 'lab down $1' removes it"
	install -d -m 1730 -g crontab "$INST/crontabs"
	mkdir -p "$INST"/{home,lib,logs/nginx,run,nginx/conf.d,nginx/tmp,bin,prog/libexec,keys,sanitizer}
	# The sanitizer folder takes files of root and of the user.
	chmod 1777 "$INST/sanitizer"
	chmod 755 "$INST"
}

# up NAME [--binary PATH] [--libexec DIR] [--root DIR] [--control direct|helper]
#    [--own-engine] [--live-restore] [--no-sshd] [--no-nginx]
inst_up() {
	local name=$1 binary='' libexec='' sshd=1 nginx=1
	shift
	OWN_ENGINE='' LIVE_RESTORE='' NGINX_CONTROL=direct ENGINE_SOCKET=$LAB_SOCKET
	while [ $# -gt 0 ]; do
		case $1 in
		--binary) binary=$2 && shift ;;
		--libexec) libexec=$2 && shift ;;
		--root) LAB_AT=$2 && shift ;;
		--control) NGINX_CONTROL=$2 && shift ;;
		--own-engine) OWN_ENGINE=1 ;;
		--live-restore) LIVE_RESTORE=1 ;;
		--no-sshd) sshd='' ;;
		--no-nginx) nginx='' ;;
		*) die "unknown option '$1'" ;;
		esac
		shift
	done
	need_root
	lab_base
	INST=$(inst_dir "$name") || exit 1
	inst_make_dirs "$name"
	# From here on a failure takes the half-made instance with it.
	trap '[ $? = 0 ] || inst_down "$LAB_NAME" >&2' EXIT
	LAB_NAME=$name LABEL=lab-$name
	[ ! "$OWN_ENGINE" ] || ENGINE_SOCKET=$INST/engine/d.sock
	HTTP_PORT=$(port_claim "$INST") HTTPS_PORT=$(port_claim "$INST") SSH_PORT=$(port_claim "$INST")
	inst_save "$name"
	inst_user_files
	inst_write_conf
	[ ! "$binary" ] || inst_install_program "$binary" "$libexec"
	inst_write_keys
	chown -R "$LAB_UID:$LAB_UID" "$INST"/{home,lib,logs,run,nginx}
	inst_start_holder
	[ ! "$OWN_ENGINE" ] || own_engine_start
	[ ! "$nginx" ] || inst_start_nginx
	[ ! "$sshd" ] || inst_start_sshd
	trap - EXIT
	echo "$INST"
}

# Every process in the instance's mount namespace, whatever it is and whoever started it. One find
# for all of them: a readlink for each took most of the time that removing an instance takes.
inst_pids() {
	local holder ns pid
	holder=$(inst_holder) || return 0
	ns=$(readlink "/proc/$holder/ns/mnt")
	ns=${ns/[/\\[}
	while IFS=/ read -r _ _ pid _; do
		[ "$pid" = "$holder" ] || echo "$pid"
	done < <(find /proc/[0-9]*/ns/mnt -prune -lname "$ns" 2>/dev/null)
	return 0
}

inst_stop_processes() {
	local pids holder
	pids=$(inst_pids)
	# shellcheck disable=SC2086
	[ ! "$pids" ] || kill $pids 2>/dev/null
	wait_for 2 inst_alone || {
		# shellcheck disable=SC2046
		kill -KILL $(inst_pids) 2>/dev/null
		wait_for 5 inst_alone
	}
	holder=$(inst_holder) && kill -KILL "$holder"
	return 0
}

inst_alone() {
	[ -z "$(inst_pids)" ]
}

# engine_sweep SOCKET LABEL: containers, networks, volumes and images with the label, nothing else.
engine_sweep() {
	local socket=$1 filter=(--filter "label=$2") ids
	engine_docker "$socket" version >/dev/null 2>&1 || return 0
	ids=$(engine_docker "$socket" ps -aq "${filter[@]}")
	# shellcheck disable=SC2086
	[ ! "$ids" ] || engine_docker "$socket" rm -f -v $ids >/dev/null
	ids=$(engine_docker "$socket" network ls -q "${filter[@]}")
	# shellcheck disable=SC2086
	[ ! "$ids" ] || engine_docker "$socket" network rm $ids >/dev/null
	ids=$(engine_docker "$socket" volume ls -q "${filter[@]}")
	# shellcheck disable=SC2086
	[ ! "$ids" ] || engine_docker "$socket" volume rm -f $ids >/dev/null
	ids=$(engine_docker "$socket" images -aq "${filter[@]}" | sort -u)
	# shellcheck disable=SC2086
	[ ! "$ids" ] || engine_docker "$socket" rmi -f $ids >/dev/null 2>&1 || true
}

inst_down() {
	inst_load "$1" || {
		# No record yet: the folder and the claims are all there can be.
		[ ! -d "$INST" ] || { port_free "$INST" && rm -rf --one-file-system "$INST"; }
		return 0
	}
	if [ "$OWN_ENGINE" ]; then
		own_engine_destroy
	else
		engine_sweep "$ENGINE_SOCKET" "com.moorage.instance=$LABEL"
	fi
	inst_stop_processes
	port_free "$INST"
	# Twice: a process that was just killed may have been writing.
	rm -rf --one-file-system "$INST" 2>/dev/null || { sleep 0.2 && rm -rf --one-file-system "$INST"; }
}

# inst_names [RUN]: instances in the usual place, of that run if given.
inst_names() {
	local env
	for env in "$LAB_ROOT"/*/lab.env; do
		[ -r "$env" ] || continue
		[ ! "${1:-}" ] || grep -qx "RUN=$1" "$env" || continue
		basename "$(dirname "$env")"
	done
}

# run_sweep RUN: all instances of the run.
run_sweep() {
	local name
	for name in $(inst_names "$1"); do
		(inst_down "$name")
	done
	rm -f "$LAB_ROOT/.runs/$1"
}

# dead_runs_sweep: of runs whose lock nobody holds any more.
dead_runs_sweep() {
	local lock
	for lock in "$LAB_ROOT"/.runs/*; do
		[ -e "$lock" ] || continue
		flock -n "$lock" true && run_sweep "$(basename "$lock")"
	done
	return 0
}

# True if no run holds its lock.
runs_over() {
	local lock
	for lock in "$LAB_ROOT"/.runs/*; do
		[ ! -e "$lock" ] || flock -n "$lock" true || return 1
	done
}
