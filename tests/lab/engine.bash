# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Engines. Tests share the machine's engine; where none answers one is started, and stopped at the
# end. A test that kills and restarts an engine has one of its own (lab up --own-engine):
# - in a network namespace of its own, since a second dockerd in the same one takes docker0 and
#   the packet filter rules away from the first;
# - with a containerd of its own (dockerd would share one it finds in /run/containerd, and each
#   would remove the other's tasks);
# - in a mount namespace that outlives it, so that after a restart it finds its containers' mounts.
# It has no way out: images come in through `lab images --into NAME`.

engine_answers() {
	docker_ version >/dev/null 2>&1
}

# What dockerd changes on the machine and does not take back when it ends.
engine_note_host() {
	{
		ip link show docker0 >/dev/null 2>&1 || echo no-docker0
		iptables-save 2>/dev/null | grep -qi docker || echo no-rules
		iptables -S FORWARD 2>/dev/null | grep -qx -e '-P FORWARD ACCEPT' && echo forward-accept
		[ "$(cat /proc/sys/net/ipv4/ip_forward)" = 1 ] || echo no-ip-forward
	} >"$1"
}

engine_restore_host() {
	local note=$1
	if grep -qx no-docker0 "$note"; then
		ip link del docker0 2>/dev/null
	fi
	if grep -qx no-rules "$note"; then
		iptables-save | grep -vi docker | iptables-restore
	fi
	if grep -qx forward-accept "$note"; then
		iptables -P FORWARD ACCEPT
	fi
	if grep -qx no-ip-forward "$note"; then
		echo 0 >/proc/sys/net/ipv4/ip_forward
	fi
	return 0
}

# What is mounted at or below DIR: dockerd leaves its network namespaces and its own folder so.
unmount_below() {
	local dir=$1 mount
	while read -r mount; do
		case $mount in
		"$dir" | "$dir"/*) umount "$mount" || umount -l "$mount" ;;
		esac
	done < <(cut -d' ' -f5 /proc/self/mountinfo | tac)
}

# Callers hold the lab's lock, so that two runs do not both start one.
engine_up() {
	local dir=$LAB_ROOT/.engine
	need_root
	lab_base
	engine_answers && return 0
	mkdir -p "$dir"
	proc_read "$dir/pid" >/dev/null || {
		engine_note_host "$dir/host"
		setsid /usr/sbin/dockerd --host "unix://$LAB_SOCKET" --data-root "$LAB_CACHE/engine" \
			--exec-root "$dir/exec" --pidfile "$dir/dockerd.pid" ${1:+"$@"} \
			</dev/null >"$dir/log" 2>&1 9>&- &
		proc_record "$dir/pid" $!
	}
	wait_for 60 engine_answers || {
		tail -20 "$dir/log" >&2
		die "the engine did not come up"
	}
	echo "started an engine (pid $(proc_read "$dir/pid"))" >&2
}

# Ends the engine that engine_up started, if it did; one that was there stays.
engine_down() {
	local dir=$LAB_ROOT/.engine pid
	[ -d "$dir" ] || return 0
	if pid=$(proc_read "$dir/pid"); then
		proc_stop "$pid" 60 || die "the engine (pid $pid) does not end"
	fi
	[ ! -e "$dir/host" ] || engine_restore_host "$dir/host"
	unmount_below "$dir"
	unmount_below "$LAB_CACHE/engine"
	rm -rf --one-file-system "$dir" "$LAB_CACHE/engine"
}

own_engine_docker() {
	engine_docker "$INST/engine/d.sock" "$@"
}

own_engine_answers() {
	own_engine_docker version
}

# Waits until process number PID is gone altogether: a dockerd that finds the number of its old
# containerd in use, be it by a zombie, takes it for alive.
pid_unused() {
	[ ! -e "/proc/$1" ]
}

own_engine_start() {
	local dir=$INST/engine live=false file pid
	proc_read "$dir/pid" >/dev/null && return 0
	[ ! "$LIVE_RESTORE" ] || live=true
	mkdir -p "$dir/data"
	for file in "$dir/docker.pid" "$dir/exec/containerd/containerd.pid"; do
		pid=$(cat "$file" 2>/dev/null) || continue
		[ ! "$pid" ] || wait_for 20 pid_unused "$pid" || die "process $pid of the old engine does not end"
		rm -f "$file"
	done
	cat >"$dir/daemon.json" <<-JSON
		{ "data-root": "$dir/data", "exec-root": "$dir/exec", "pidfile": "$dir/docker.pid",
		  "hosts": ["unix://$dir/d.sock"], "group": "$(inst_socket_group)",
		  "cgroup-parent": "/moorage-$LAB_NAME", "exec-opts": ["native.cgroupdriver=cgroupfs"],
		  "dns": ["127.0.0.1"], "live-restore": $live }
	JSON
	inst_exec setsid /usr/sbin/dockerd --config-file "$dir/daemon.json" </dev/null >>"$dir/log" 2>&1 9>&- &
	wait_for 30 own_engine_answers || {
		tail -20 "$dir/log" >&2
		die "the engine of '$LAB_NAME' did not come up"
	}
	proc_record "$dir/pid" "$(cat "$dir/docker.pid")"
}

# The group of the user's socket, by the instance's own group file.
inst_socket_group() {
	awk -F: '$4 ~ /(^|,)dokku$/ { print $1; exit }' "$INST/etc/group"
}

# Kills dockerd; its containerd dies with it, containers and their shims live on.
own_engine_kill() {
	local pid
	pid=$(proc_read "$INST/engine/pid") || return 0
	kill -KILL "$pid"
	wait_for 10 proc_gone "$pid"
}

own_engine_stop() {
	local pid
	pid=$(proc_read "$INST/engine/pid") || return 0
	proc_stop "$pid" 60
}

own_engine_cgroups() {
	find /sys/fs/cgroup -maxdepth 2 -type d -name "moorage-$LAB_NAME" 2>/dev/null
}

own_engine_pids() {
	local dir
	for dir in $(own_engine_cgroups); do
		find "$dir" -name cgroup.procs -exec cat {} + 2>/dev/null
	done | sort -un
}

own_engine_empty() {
	[ -z "$(own_engine_pids)" ]
}

# No orderly stop: it would wait ten seconds for each container that ignores SIGTERM. The shims
# are in the instance's mount namespace and go with its other processes.
own_engine_destroy() {
	local pids dir
	own_engine_kill
	pids=$(own_engine_pids)
	# shellcheck disable=SC2086
	[ ! "$pids" ] || kill -KILL $pids 2>/dev/null
	wait_for 5 own_engine_empty
	inst_stop_processes
	for dir in $(own_engine_cgroups); do
		find "$dir" -depth -type d -exec rmdir {} \; 2>/dev/null
	done
	return 0
}
