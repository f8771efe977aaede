#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Installs Moorage on a Debian machine, or takes it away again. Can be run at any time: it looks what
# is there and does the rest. See docs/install.md.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")"

DEMO=false UNINSTALL=false PURGE=false TAKEOVER=false
DOMAIN='' SSH_PORT='' HTTP_PORT='' HTTPS_PORT=''
ROOT=/home/dokku LIB=/var/lib/dokku LOGS=/var/log/dokku
CONF=/etc/moorage/instance.conf
MANIFEST=$LIB/data/moorage/install # what we made, so that --uninstall takes only that
LIBEXEC=/usr/libexec/moorage
BUILD=build-release

usage() {
	cat <<'EOF'
Usage: sudo ./install.sh [--demo] [--domain NAME] [--ssh-port N] [--http-port N] [--https-port N]
       sudo ./install.sh --uninstall [--purge]

  --demo           also push examples/hello over SSH and show what it answers
  --domain NAME    global domain; apps answer at <app>.NAME (default: this host's full name)
  --ssh-port N     make sshd listen on this port as well (default: the port it has)
  --http-port N    port for http (default 80)
  --https-port N   port for https (default 443)
  --takeover       install over an existing Dokku: its apps and settings are kept
  --uninstall      remove the program; apps, settings and data stay
  --purge          with --uninstall: remove apps, containers, images, settings and user, too
EOF
}

say() { printf -- '-----> %s\n' "$*"; }
note() { printf '       %s\n' "$*"; }
fail() {
	printf ' !     %s\n' "$*" >&2
	exit 1
}

check_port() { # FLAG VALUE
	if ! [[ $2 =~ ^[1-9][0-9]{0,4}$ ]] || (($2 > 65535)); then
		fail "$1 takes a port from 1 to 65535, not '$2'"
	fi
}

parse() {
	while (($#)); do
		case $1 in
		--demo) DEMO=true ;;
		--uninstall) UNINSTALL=true ;;
		--purge) PURGE=true ;;
		--takeover) TAKEOVER=true ;;
		--domain | --ssh-port | --http-port | --https-port)
			(($# >= 2)) || fail "$1 needs a value"
			[[ $1 == --domain ]] || check_port "$1" "$2"
			case $1 in
			--domain) DOMAIN=$2 ;;
			--ssh-port) SSH_PORT=$2 ;;
			--http-port) HTTP_PORT=$2 ;;
			--https-port) HTTPS_PORT=$2 ;;
			esac
			shift
			;;
		-h | --help)
			usage
			exit 0
			;;
		*)
			usage >&2
			fail "unknown option '$1'"
			;;
		esac
		shift
	done
	[[ -z $DOMAIN || $DOMAIN =~ ^[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?$ ]] ||
		fail "'$DOMAIN' is not a domain name"
	! $PURGE || $UNINSTALL || fail "--purge goes with --uninstall"
}

has_systemd() { [[ -d /run/systemd/system ]]; }
made() { grep -qxF -- "$1" "$MANIFEST" 2>/dev/null; }
mark() { made "$1" || echo "$1" >>"$MANIFEST"; }

# --- packages ---

installed() { [[ $(dpkg-query -W -f '${db:Status-Abbrev}' "$1" 2>/dev/null) == ii* ]]; }

missing_packages() { # KIND...
	local kind names name found
	while read -r kind names; do
		[[ " $* " == *" $kind "* ]] || continue
		found=false
		for name in ${names//|/ }; do
			! installed "$name" || found=true
		done
		$found || echo "${names%%|*}"
	done < <(grep -v '^#' packaging/packages.txt)
}

engine_answers() {
	[[ -S /var/run/docker.sock ]] &&
		curl -fsS --max-time 5 --unix-socket /var/run/docker.sock http://engine/_ping >/dev/null 2>&1
}

apt_install() {
	apt-get update -qq
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

install_packages() {
	local -a want kinds=(run build)
	! $DEMO || kinds+=(demo)
	mapfile -t want < <(missing_packages "${kinds[@]}")
	if ((${#want[@]})); then
		say "Installing packages: ${want[*]}"
		apt_install "${want[@]}"
	fi
	# Looked for only now: curl itself may have been among the missing ones.
	if ! engine_answers && ! command -v dockerd >/dev/null; then
		say "No Docker Engine answers: installing Debian's docker.io"
		apt_install docker.io iptables
	elif ! command -v docker >/dev/null; then
		say "Installing the docker program; the engine that answers stays as it is"
		install_client
	fi
}

# Debian has the client and the engine in one package; the engine that comes along stays off.
install_client() {
	local policy=/usr/sbin/policy-rc.d ours=false
	if [[ ! -e $policy ]]; then
		printf '#!/bin/sh\nexit 101\n' >$policy
		chmod 755 $policy
		ours=true
	fi
	apt_install docker.io
	! $ours || rm -f $policy
	! has_systemd || systemctl disable -q docker.service docker.socket containerd.service 2>/dev/null || true
}

# --- services: systemd where it runs, else init scripts, else the daemon itself ---

start_service() { # NAME DAEMON-COMMAND...
	local name=$1
	shift
	if has_systemd; then
		systemctl enable -q "$name" 2>/dev/null || true
		systemctl start "$name"
	elif [[ -x /etc/init.d/$name ]] && "/etc/init.d/$name" start >/dev/null 2>&1; then
		return
	else
		setsid "$@" </dev/null >"/var/log/$name.start.log" 2>&1 &
	fi
}

wait_for() { # SECONDS WHAT COMMAND...
	local tries=$(($1 * 5)) what=$2
	shift 2
	until "$@"; do
		((tries-- > 0)) || fail "$what did not come up"
		sleep 0.2
	done
}

running() { pgrep -x "$1" >/dev/null 2>&1; }
sshd_port() { /usr/sbin/sshd -T 2>/dev/null | awk '$1 == "port" {print $2}' | head -n 1; }
sshd_has_port() { /usr/sbin/sshd -T 2>/dev/null | grep -qx "port $1"; }
listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

reload_sshd() {
	running sshd || return 0
	if has_systemd; then systemctl restart ssh; else pkill -HUP -o -x sshd || true; fi
}

setup_sshd() {
	local conf=/etc/ssh/sshd_config.d/moorage.conf port
	mkdir -p /run/sshd
	ssh-keygen -A >/dev/null
	if [[ -n $SSH_PORT ]] && ! sshd_has_port "$SSH_PORT"; then
		say "Making sshd listen on port $SSH_PORT as well"
		{
			echo "Port $(sshd_port)"
			echo "Port $SSH_PORT"
		} >"$conf.new"
		mv "$conf.new" "$conf"
		mark sshd-port
		/usr/sbin/sshd -t || fail "sshd refuses $conf"
		reload_sshd
	fi
	port=${SSH_PORT:-$(sshd_port)}
	listens "$port" || {
		say "Starting sshd"
		start_service ssh /usr/sbin/sshd -D
		wait_for 10 sshd listens "$port"
	}
}

start_services() {
	engine_answers || {
		say "Starting the Docker Engine"
		start_service docker dockerd
		wait_for 60 "the Docker Engine" engine_answers
	}
	running nginx || {
		say "Starting nginx"
		start_service nginx nginx -g 'daemon off;'
	}
	running cron || start_service cron cron -f
	setup_sshd
}

# --- program ---

build() {
	mkdir -p "$BUILD"
	[[ -f $BUILD/build.ninja ]] ||
		meson setup "$BUILD" --native-file meson/release.ini --prefix /usr --libexecdir libexec \
			>"$BUILD/setup.log" 2>&1 || {
		tail -n 30 "$BUILD/setup.log" >&2
		fail "the build could not be set up; the whole log is in $BUILD/setup.log"
	}
	ninja -C "$BUILD" >"$BUILD/ninja.log" 2>&1 || {
		tail -n 30 "$BUILD/ninja.log" >&2
		fail "the build failed; the whole log is in $BUILD/ninja.log"
	}
}

put() { # MODE SOURCE TARGET: replaces the target only if it differs, in one rename
	cmp -s "$2" "$3" 2>/dev/null && return
	install -D -m "$1" "$2" "$3.new"
	mv "$3.new" "$3"
}

install_program() {
	local name
	put 0755 "$BUILD/src/moorage" /usr/bin/moorage
	for name in dokku plugn sshcommand; do
		ln -sfn moorage "/usr/bin/$name"
	done
	for name in x509 archive root; do
		put 0755 "$BUILD/src/tools/moorage-$name" "$LIBEXEC/moorage-$name"
	done
	if [[ -d $BUILD/generated ]]; then
		put 0644 "$BUILD/generated/moorage.1" /usr/share/man/man1/moorage.1
		put 0644 "$BUILD/generated/moorage.bash" /usr/share/bash-completion/completions/dokku
		put 0644 "$BUILD/generated/_moorage" /usr/share/zsh/vendor-completions/_dokku
	fi
	mark program
}

# The group that may use the engine's socket. One that comes from outside (a container's mount) may
# have a number without a name here; it gets one.
engine_group() {
	local gid
	gid=$(stat -c %g /var/run/docker.sock)
	getent group "$gid" >/dev/null || groupadd --gid "$gid" docker-engine
	getent group "$gid" | cut -d: -f1
}

setup_user() {
	local group
	if ! getent passwd dokku >/dev/null; then
		say "Creating user dokku"
		useradd --create-home --home-dir "$ROOT" --shell /bin/bash --user-group dokku
		mark user
	fi
	# "*" and not "!": no password, but sshd accepts keys.
	usermod -p '*' dokku
	for group in adm "$(engine_group)"; do
		! getent group "$group" >/dev/null || usermod -aG "$group" dokku
	done
	chmod 0755 "$ROOT"
	install -d -o dokku -g dokku -m 0700 "$ROOT/.ssh"
	[[ -f $ROOT/.ssh/authorized_keys ]] ||
		install -o dokku -g dokku -m 0600 /dev/null "$ROOT/.ssh/authorized_keys"
	echo /usr/bin/dokku >"$ROOT/.sshcommand"
	chown dokku:dokku "$ROOT/.sshcommand"
}

setup_folders() {
	local d
	for d in '' /config /data /data/moorage /plugins /plugins/available /plugins/enabled \
		/core-plugins /core-plugins/available /core-plugins/enabled; do
		install -d -o dokku -g dokku -m 0755 "$LIB$d"
	done
	install -d -o dokku -g dokku -m 0755 "$LOGS"
	dokku version | sed 's/^dokku version //' >"$LIB/VERSION"
	cp "$LIB/VERSION" "$LIB/STABLE_VERSION"
	touch "$LIB/plugins/config.toml" "$LIB/core-plugins/config.toml" "$LOGS/events.log"
	chown dokku:dokku "$LIB"/*VERSION "$LIB"/*/config.toml "$LOGS/events.log"
}

setup_conf() {
	mkdir -p "$(dirname "$CONF")"
	touch "$CONF"
	{
		echo "# This machine's Moorage; install.sh keeps what stands here."
		grep -vE "^(#|${HTTP_PORT:+http_port=|}${HTTPS_PORT:+https_port=|}\$)" "$CONF" || true
		[[ -z $HTTP_PORT ]] || echo "http_port=$HTTP_PORT"
		[[ -z $HTTPS_PORT ]] || echo "https_port=$HTTPS_PORT"
	} >"$CONF.new"
	chmod 0644 "$CONF.new"
	mv "$CONF.new" "$CONF"
}

setup_domain() {
	[[ -n $DOMAIN || ! -s $ROOT/VHOST ]] || return 0
	[[ -n $DOMAIN ]] || DOMAIN=$(hostname -f 2>/dev/null || hostname)
	echo "$DOMAIN" >"$ROOT/VHOST"
	chown dokku:dokku "$ROOT/VHOST"
	note "Apps answer at <app>.$DOMAIN (change it with dokku domains:set-global)"
}

setup_sudoers() {
	local file
	file=$(mktemp)
	{
		echo "# All that user dokku may do as root: the fixed verbs of this helper."
		echo "dokku ALL=(root) NOPASSWD: $LIBEXEC/moorage-root"
	} >"$file"
	visudo -cqf "$file" || fail "sudo refuses the line for user dokku"
	put 0440 "$file" /etc/sudoers.d/moorage
	rm -f "$file"
}

setup_boot() {
	local unit
	put 0644 packaging/logrotate /etc/logrotate.d/dokku
	if has_systemd; then
		for unit in dokku-retire.service dokku-retire.timer dokku-redeploy.service; do
			put 0644 "packaging/systemd/$unit" "/etc/systemd/system/$unit"
		done
		systemctl daemon-reload
		systemctl enable -q --now dokku-retire.timer
		systemctl enable -q dokku-redeploy.service
	else
		put 0644 packaging/sysv/dokku-retire.cron /etc/cron.d/dokku-retire
		put 0755 packaging/sysv/dokku-redeploy /etc/init.d/dokku-redeploy
		! command -v update-rc.d >/dev/null || update-rc.d dokku-redeploy defaults >/dev/null 2>&1 || true
	fi
}

check_foreign() {
	[[ -e /usr/bin/dokku && ! -L /usr/bin/dokku ]] || return 0
	$TAKEOVER || fail "a Dokku is installed here (/usr/bin/dokku is not ours); --takeover replaces the program and keeps its apps"
}

# --- demo ---

demo_image() {
	docker image inspect moorage/busybox:1 >/dev/null 2>&1 && return
	say "Making the image moorage/busybox:1 from Debian's busybox-static"
	packaging/images/mk-busybox.sh moorage/busybox:1 >/dev/null
	mark demo-image
}

demo_push() { # FOLDER PORT
	rm -rf "$1/hello"
	cp -r examples/hello "$1/hello"
	cd "$1/hello"
	git init -q -b main
	git add -A
	git -c user.name=demo -c user.email=demo@localhost commit -qm hello
	export GIT_SSH_COMMAND="ssh -i $1/key -p $2 -o IdentitiesOnly=yes -o StrictHostKeyChecking=accept-new -o UserKnownHostsFile=$1/known_hosts"
	# Every run of the demo starts a history of its own, hence --force.
	git push --force "dokku@localhost:hello" main
}

demo_request() { # prints what hello answers, then its HTTP status
	local url host port
	url=$(dokku url hello)
	host=${url#*://}
	host=${host%%:*}
	port=$(sed -n 's/^http_port=//p' "$CONF")
	port=${port:-80}
	say "hello is live at $url"
	curl -sS --max-time 10 -w '\nHTTP %{http_code}' --resolve "$host:$port:127.0.0.1" "http://$host:$port/"
}

demo() {
	local dir=/root/.moorage-demo answer
	demo_image
	install -d -m 0700 "$dir"
	[[ -f $dir/key ]] || ssh-keygen -q -t ed25519 -N '' -C moorage-demo -f "$dir/key"
	if ! dokku --quiet ssh-keys:list demo-admin >/dev/null 2>&1; then
		say "Authorizing the demo's key"
		dokku ssh-keys:add demo-admin "$dir/key.pub"
	fi
	say "Pushing examples/hello with git push dokku@localhost:hello"
	(demo_push "$dir" "${SSH_PORT:-$(sshd_port)}")
	answer=$(demo_request)
	while IFS= read -r line; do note "$line"; done <<<"$answer"
	[[ $answer == *"HTTP 200" ]] ||
		fail "hello does not answer as it should; look at 'dokku logs hello' and 'dokku nginx:error-logs hello'"
}

# --- removal ---

remove_boot() {
	if has_systemd; then
		systemctl disable -q --now dokku-retire.timer dokku-redeploy.service 2>/dev/null || true
	elif [[ -e /etc/init.d/dokku-redeploy ]] && command -v update-rc.d >/dev/null; then
		update-rc.d -f dokku-redeploy remove >/dev/null 2>&1 || true
	fi
	rm -f /etc/systemd/system/dokku-{retire.service,retire.timer,redeploy.service} \
		/etc/init.d/dokku-redeploy /etc/cron.d/dokku-retire /etc/logrotate.d/dokku
	! has_systemd || systemctl daemon-reload
}

purge_apps() {
	local app
	engine_answers || return 0
	for app in $(dokku --quiet apps:list 2>/dev/null); do
		say "Destroying app $app"
		dokku --force apps:destroy "$app" >/dev/null || note "something of app $app may be left"
	done
	! made demo-image || docker image rm moorage/busybox:1 >/dev/null 2>&1 || true
}

purge_data() {
	local had_user=false
	say "Removing settings and data"
	! made user || had_user=true
	rm -rf /root/.moorage-demo "$LOGS" "$LIB"
	if $had_user; then
		pkill -u dokku 2>/dev/null || true
		wait_for 10 "the end of user dokku's processes" bash -c '! pgrep -u dokku >/dev/null'
		userdel dokku
		rm -rf "$ROOT"
	fi
	note "Debian packages stay; apt-get is yours to run"
}

uninstall() {
	local name port_was_ours=false
	[[ -x /usr/bin/moorage ]] || made program || fail "Moorage is not installed here"
	! made sshd-port || port_was_ours=true
	! $PURGE || purge_apps
	say "Removing the program"
	remove_boot
	dokku nginx:unsetup || note "the nginx settings could not be removed wholly"
	if $port_was_ours; then
		rm -f /etc/ssh/sshd_config.d/moorage.conf
		reload_sshd
	fi
	rm -rf "$LIBEXEC" "$(dirname "$CONF")"
	rm -f /etc/sudoers.d/moorage /usr/share/man/man1/moorage.1 \
		/usr/share/bash-completion/completions/dokku /usr/share/zsh/vendor-completions/_dokku
	for name in dokku plugn sshcommand moorage; do
		rm -f "/usr/bin/$name"
	done
	if $PURGE; then
		purge_data
	else
		note "Apps, settings and data stay in $ROOT and $LIB; containers go on running"
	fi
	say "Moorage is gone"
}

main() {
	parse "$@"
	[[ $(id -u) == 0 ]] || fail "run this as root: sudo ./install.sh"
	[[ -f /etc/debian_version ]] || fail "this installer is for Debian; see docs/install.md for others"
	if $UNINSTALL; then
		uninstall
		return
	fi
	check_foreign
	install_packages
	say "Building"
	build
	mkdir -p "$(dirname "$MANIFEST")"
	start_services
	setup_user
	say "Installing into /usr/bin"
	setup_conf
	install_program
	setup_folders
	setup_domain
	setup_sudoers
	dokku nginx:setup
	setup_boot
	say "Moorage is installed: $(moorage version)"
	if $DEMO; then
		demo
	else
		note "Next: authorize your key with"
		note "  dokku ssh-keys:add <name> < ~/.ssh/id_ed25519.pub"
		note "and push an app: git push dokku@$(hostname):my-app main"
	fi
}

main "$@"
