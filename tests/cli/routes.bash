# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# An instance with an nginx of its own for tests about routes. The program is the real one but for
# its scheduler, a stand-in that runs nothing and answers with what `listens` has written.
MOORAGE=${MOORAGE_NO_ENGINE:?set it to the program made in tests/stand-in}

free_port() {
	python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

routes_begin() {
	INST=$(mktemp -d /tmp/moorage-routes.XXXXXX)
	HTTP=$(free_port)
	HTTPS=$(free_port)
	mkdir -p "$INST"/{home,lib/data/stand-in,lib/plugins/enabled,logs,run,nginx/conf.d}
	cat >"$INST/instance.conf" <<-CONF
		dokku_root=$INST/home
		lib_root=$INST/lib
		logs_dir=$INST/logs
		run_dir=$INST/run
		user=$(id -un)
		group=$(id -gn)
		nginx_control=direct
		nginx_conf=$INST/nginx/nginx.conf
		nginx_conf_dir=$INST/nginx/conf.d
		nginx_log_dir=$INST/logs
		nginx_pid=$INST/run/nginx.pid
		http_port=$HTTP
		https_port=$HTTPS
		libexec_dir=$TOOLS
	CONF
	cat >"$INST/nginx/nginx.conf" <<-CONF
		user $(id -un);
		worker_processes 2;
		pid $INST/run/nginx.pid;
		error_log $INST/logs/error.log notice;
		events { worker_connections 256; }
		http { access_log off; include $INST/nginx/conf.d/*.conf; }
	CONF
	export MOORAGE_INSTANCE=$INST/instance.conf
	"$MOORAGE" nginx:setup --default-vhost
	"$MOORAGE" nginx:start
	python3 "$BATS_TEST_DIRNAME/backend.py" "$INST/backend.port" 3>&- 4>&- &
	BACKEND_PID=$!
	for _ in $(seq 100); do
		[ -s "$INST/backend.port" ] && break
		sleep 0.05
	done
	BACKEND=$(cat "$INST/backend.port")
}

routes_end() {
	[ -z "$BACKEND_PID" ] || kill "$BACKEND_PID" 2>/dev/null || true
	"$MOORAGE" nginx:stop >/dev/null 2>&1 || true
	rm -rf "$INST"
}

moorage() {
	"$MOORAGE" "$@"
}

# make_app NAME [DOMAIN...]: an app that the backend answers for.
make_app() {
	local app=$1
	shift
	mkdir -p "$INST/home/$app"
	[ $# -eq 0 ] || printf '%s\n' "$@" >"$INST/home/$app/VHOST"
	listens "$app"
	mkdir -p "$INST/lib/config/ports/$app"
	echo "http:$HTTP:$BACKEND" >"$INST/lib/config/ports/$app/map-detected"
}

listens() {
	echo "web 127.0.0.1 $BACKEND" >"$INST/lib/data/stand-in/$1"
}

# answer HOST [PORT]: the status code.
answer() {
	curl -s -o /dev/null -w '%{http_code}' --max-time 5 -H "Host: $1" \
		"http://127.0.0.1:${2:-$HTTP}/"
}

tls_answer() {
	curl -sk -o /dev/null -w '%{http_code}' --max-time 5 --resolve "$1:$HTTPS:127.0.0.1" \
		"https://$1:$HTTPS/"
}

# The serial number of the certificate that is served for HOST.
served_serial() {
	echo | openssl s_client -connect "127.0.0.1:$HTTPS" -servername "$1" 2>/dev/null |
		openssl x509 -noout -serial
}

# handler PLUGIN TRIGGER <<SCRIPT: a third-party plugin's.
handler() {
	mkdir -p "$INST/lib/plugins/enabled/$1"
	cat >"$INST/lib/plugins/enabled/$1/$2"
	chmod +x "$INST/lib/plugins/enabled/$1/$2"
}

reloads() {
	grep -c 'signal 1 (SIGHUP)' "$INST/logs/error.log" || true
}

# Everything that a change could have touched, to be compared.
snapshot() {
	(cd "$INST" && find home lib -type f ! -path 'lib/data/moorage/*' -exec sha256sum {} + | sort)
}
