#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The helper that runs as root, in a build whose settings file is elsewhere. Needs root itself.

bats_require_minimum_version 1.5.0

setup() {
	[ "$(id -u)" -eq 0 ] || skip "needs root"
	root=$ROOT_HELPER
	# Not below a folder that others may write to: the helper looks at the one that holds a file.
	work=$(mktemp -d /var/tmp/moorage-root.XXXXXX)
	chmod 755 "$work"
	mkdir -p "$(dirname "$ROOT_CONF")" "$work/data/storage"
	chmod 755 "$(dirname "$ROOT_CONF")"
	storage=$work/data/storage
	rm -f "$ROOT_CONF"
	settings
}

teardown() {
	[ ! -s "$work/nginx.pid" ] || kill -TERM "$(cat "$work/nginx.pid")" || true
	rm -rf "$work"
	rm -f "$ROOT_CONF"
}

# settings [LINE...]: writes the settings file, LINEs after the usual ones
settings() {
	printf '%s\n' "# test" "lib_root=$work" "nginx_bin=/usr/sbin/nginx" \
		"nginx_conf=$work/nginx.conf" "nginx_pid=$work/nginx.pid" "nginx_init=signal" \
		"other=ignored" "$@" > "$ROOT_CONF"
	chmod 644 "$ROOT_CONF"
}

nginx_conf() {
	printf '%s\n' "pid $work/nginx.pid;" "error_log $work/error.log;" "worker_processes 2;" \
		"events {}" "http { access_log off; server { listen unix:$work/web.sock; return 200 ${1:-one}; } }" \
		> "$work/nginx.conf"
}

fails_with() {
	local text=$1
	shift
	run ! --separate-stderr "$@"
	[ "$status" -eq 1 ]
	[ -z "$output" ]
	[ "${#stderr_lines[@]}" -eq 1 ]
	[[ "$stderr" == *"$text"* ]] || { echo "got: $stderr" >&2; false; }
}

# wait_for COMMAND...: until it succeeds, at most 5 seconds
wait_for() {
	for _ in $(seq 100); do
		"$@" && return 0
		sleep 0.05
	done
	return 1
}

old_generation_gone() {
	run -0 "$root" nginx-workers
	for line in "${old_workers[@]}"; do
		[[ "$output" != *"$line "* ]] || return 1
	done
	[ "$(grep -c ' running$' <<< "$output")" -eq 2 ]
}

@test "root: settings that others could write are refused" {
	chmod 664 "$ROOT_CONF"
	fails_with "can be written by others" "$root" nginx-is-active
	settings
	chown 65534 "$ROOT_CONF"
	fails_with "can be written by others" "$root" nginx-is-active
	rm "$ROOT_CONF"
	settings
	chmod 777 "$(dirname "$ROOT_CONF")"
	fails_with "folder" "$root" nginx-is-active
	chmod 755 "$(dirname "$ROOT_CONF")"
	rm "$ROOT_CONF"
	fails_with "look at" "$root" nginx-is-active
}

@test "root: settings must make sense" {
	settings 'nginx_bin=nginx'
	fails_with "'nginx_bin' has a bad value" "$root" nginx-test
	settings 'nginx_service=--now'
	fails_with "'nginx_service' has a bad value" "$root" nginx-test
	settings 'nginx_init=upstart'
	fails_with "none of auto" "$root" nginx-reload
}

@test "root: only root may run it, and only with known verbs" {
	cp "$root" "$work/helper"
	chmod 755 "$work/helper"
	fails_with "must run as root" setpriv --reuid 65534 --regid 65534 --clear-groups "$work/helper" nginx-test
	fails_with "usage" "$root"
	fails_with "usage" "$root" nginx-test -c /etc/passwd
	fails_with "unknown verb" "$root" nginx-daemon-reload
	fails_with "usage" "$root" chown-storage a 0 extra
}

@test "root: nginx-test tests the configured file and no environment reaches it" {
	nginx_conf
	run -0 env LD_PRELOAD= NGINX=3 PATH=/nowhere "$root" nginx-test
	[[ "$output" == *"$work/nginx.conf test is successful"* ]]
	echo 'broken' >> "$work/nginx.conf"
	run -1 "$root" nginx-test
	[[ "$output" == *"$work/nginx.conf"* ]]
	chown 65534 "$work/nginx.conf"
	fails_with "can be written by others" "$root" nginx-test
	nginx_conf
	chown 0 "$work/nginx.conf"
	cp /bin/true "$work/nginx"
	chown 65534 "$work/nginx"
	settings "nginx_bin=$work/nginx"
	fails_with "can be written by others" "$root" nginx-test
	chown 0 "$work/nginx"
	printf '#!/bin/sh\nenv | sort\n' > "$work/nginx"
	run -0 env EVIL=1 LD_LIBRARY_PATH=/x "$root" nginx-test
	[[ "$output" != *EVIL* && "$output" != *LD_LIBRARY* ]]
	[[ "$output" == *"PATH=/usr/sbin:/usr/bin:/sbin:/bin"* ]]
}

@test "root: nginx is started, reloaded with workers replaced, and stopped" {
	nginx_conf
	run -3 "$root" nginx-is-active
	fails_with "not running" "$root" nginx-reload
	fails_with "not running" "$root" nginx-workers
	run -0 "$root" nginx-start
	wait_for "$root" nginx-is-active
	[ "$(curl -s --unix-socket "$work/web.sock" http://x/)" = one ]
	run -0 "$root" nginx-workers
	master=${lines[0]}
	[[ "$master" == "master $(cat "$work/nginx.pid") "* ]]
	[ "${#lines[@]}" -eq 3 ]
	[[ "${lines[1]}" =~ ^worker\ [0-9]+\ [0-9]+\ running$ ]]
	old_workers=("${lines[1]% *}" "${lines[2]% *}")
	nginx_conf two
	run -0 "$root" nginx-reload
	wait_for old_generation_gone
	[ "${lines[0]}" = "$master" ]
	[ "$(curl -s --unix-socket "$work/web.sock" http://x/)" = two ]
	run -0 "$root" nginx-restart
	wait_for "$root" nginx-is-active
	run -0 "$root" nginx-workers
	[ "${lines[0]}" != "$master" ]
	run -0 "$root" nginx-stop
	run -3 "$root" nginx-is-active
	run -0 "$root" nginx-stop
	fails_with "no init system" "$root" nginx-enable
}

@test "root: a worker that still serves is shown as shutting down" {
	nginx_conf
	run -0 "$root" nginx-start
	wait_for test -S "$work/web.sock"
	wait_for "$root" nginx-is-active
	# A request that is not finished keeps its worker. The answer to an earlier one on the same
	# connection tells that a worker has it.
	python3 -c 'import socket,sys,time
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
s.recv(1)
s.send(b"GET / HTTP/1.1\r\n")
open(sys.argv[2], "w").close()
time.sleep(60)' "$work/web.sock" "$work/held" 3>&- &
	holder=$!
	wait_for test -e "$work/held"
	run -0 "$root" nginx-reload
	shutting() { "$root" nginx-workers | grep -q 'shutting-down$'; }
	wait_for shutting
	kill "$holder"
	gone() { ! shutting; }
	wait_for gone
}

@test "root: a pid file cannot point the signals elsewhere" {
	nginx_conf
	sleep 60 3>&- &
	victim=$!
	echo "$victim" > "$work/nginx.pid"
	fails_with "not running" "$root" nginx-reload
	run -0 "$root" nginx-stop
	kill -0 "$victim"
	kill "$victim"
	rm "$work/nginx.pid"
}

@test "root: chown-storage changes all that is in the folder and nothing else" {
	mkdir -p "$storage/app/sub/deep" "$work/outside"
	touch "$storage/app/f" "$storage/app/sub/deep/g" "$work/outside/secret"
	ln -s "$work/outside" "$storage/app/dirlink"
	ln -s "$work/outside/secret" "$storage/app/filelink"
	run -0 "$root" chown-storage app 1000
	[ "$(stat -c %u:%g "$storage/app" "$storage/app/f" "$storage/app/sub/deep/g" "$storage/app/filelink" | sort -u)" = 1000:1000 ]
	[ "$(stat -c %u "$work/outside" "$work/outside/secret" "$storage" | sort -u)" = 0 ]
	run -0 "$root" chown-storage app 165536
	[ "$(stat -c %u "$storage/app/f")" = 165536 ]
}

@test "root: chown-storage refuses other names, links and numbers" {
	mkdir "$work/outside"
	ln -s "$work/outside" "$storage/link"
	for name in .. . '' /etc a/b ../outside 'a b' $'a\n'; do
		fails_with "Directory can only contain" "$root" chown-storage "$name" 1000
	done
	fails_with "open storage folder 'link'" "$root" chown-storage link 1000
	fails_with "open storage folder 'missing'" "$root" chown-storage missing 1000
	mkdir "$storage/app"
	for uid in -1 65536 165535 231072 1000x root ''; do
		fails_with "Unsupported chown permissions" "$root" chown-storage app "$uid"
	done
	# The folder that holds the storage may be exchanged for a link by whoever owns it.
	mv "$work/data" "$work/real"
	ln -s real "$work/data"
	fails_with "open '" "$root" chown-storage app 1000
	[ "$(stat -c %u "$work/outside" "$work/real/storage/app" | sort -u)" = 0 ]
}

@test "root: no owner changes outside while folders and links are being exchanged" {
	mkdir -p "$storage/app/d" "$work/outside/d"
	touch "$storage/app/d/f" "$work/outside/d/f" "$work/outside/f"
	python3 - "$storage/app" "$work/outside" 3>&- <<-'PY' &
		import os, sys, time
		app, out = sys.argv[1:]
		end = time.time() + 4
		while time.time() < end:
		    try:
		        os.rename(app + "/d", app + "/x"); os.symlink(out, app + "/d")
		        os.unlink(app + "/d"); os.rename(app + "/x", app + "/d")
		    except OSError:
		        pass
	PY
	swapper=$!
	for _ in $(seq 100); do
		"$root" chown-storage app 1000 2> /dev/null || true
	done
	kill "$swapper" 2> /dev/null || true
	[ "$(stat -c %u "$work/outside" "$work/outside/d" "$work/outside/d/f" "$work/outside/f" | sort -u)" = 0 ]
	[ "$(stat -c %u "$storage/app")" = 1000 ]
}

@test "root: chmod-storage and remove-storage keep to their folder" {
	mkdir -p "$storage/app/sub" "$work/outside"
	touch "$work/outside/keep"
	ln -s "$work/outside" "$storage/app/link"
	ln -s "$work/outside" "$storage/link"
	run -0 "$root" chmod-storage app 0770
	[ "$(stat -c %a "$storage/app")" = 770 ]
	fails_with "Unsupported directory mode" "$root" chmod-storage app 8
	fails_with "Unsupported directory mode" "$root" chmod-storage app 00755
	fails_with "open storage folder" "$root" chmod-storage link 0777
	fails_with "is not a folder" "$root" remove-storage link
	fails_with "Directory can only contain" "$root" remove-storage ..
	run -0 "$root" remove-storage app
	run -0 "$root" remove-storage app
	[ ! -e "$storage/app" ]
	[ -e "$work/outside/keep" ]
}
