#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Installs Moorage on a Debian machine, or takes it away again. Can be run at any time: it looks what
# is there and does the rest. See docs/install.md. Its parts are in packaging/install.
set -Eeuo pipefail
cd "$(dirname "$(readlink -f "$0")")"
# shellcheck source=packaging/install/common.sh
. packaging/install/common.sh
# shellcheck source=packaging/install/packages.sh
. packaging/install/packages.sh
# shellcheck source=packaging/install/services.sh
. packaging/install/services.sh
# shellcheck source=packaging/install/demo.sh
. packaging/install/demo.sh
# shellcheck source=packaging/install/remove.sh
. packaging/install/remove.sh

DEMO=false UNINSTALL=false PURGE=false TAKEOVER=false
DOMAIN='' SSH_PORT='' HTTP_PORT='' HTTPS_PORT=''

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

# --- arguments ---

check_port() { # FLAG VALUE
	if ! [[ $2 =~ ^[1-9][0-9]{0,4}$ ]] || (($2 > 65535)); then
		fail "$1 takes a port from 1 to 65535, not '$2'"
	fi
}

take_value() { # FLAG VALUE
	case $1 in
	--domain)
		[[ $2 =~ ^[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?$ && ${#2} -le 253 ]] ||
			fail "'$2' is not a domain name"
		DOMAIN=${2,,}
		return
		;;
	--ssh-port) SSH_PORT=$2 ;;
	--http-port) HTTP_PORT=$2 ;;
	--https-port) HTTPS_PORT=$2 ;;
	esac
	check_port "$1" "$2"
}

parse() {
	local installs=''
	while (($#)); do
		case $1 in
		--demo) DEMO=true installs=$1 ;;
		--uninstall) UNINSTALL=true ;;
		--purge) PURGE=true ;;
		--takeover) TAKEOVER=true installs=$1 ;;
		--domain | --ssh-port | --http-port | --https-port)
			(($# >= 2)) || fail "$1 needs a value"
			take_value "$1" "$2"
			installs=$1
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
	! $PURGE || $UNINSTALL || fail "--purge goes with --uninstall"
	! $UNINSTALL || [[ -z $installs ]] || fail "$installs does not go with --uninstall"
}

# --- what must be so before anything is changed ---

check_system() {
	local id version
	id=$(. /etc/os-release && echo "$ID")
	version=$(. /etc/os-release && echo "${VERSION_ID:-}")
	[[ $id == debian ]] || fail "this installer is for Debian 12; docs/install.md says what to do elsewhere"
	[[ $version == 12 ]] || note "tried on Debian 12 only; this is Debian ${version:-testing}"
}

foreign_programs() {
	local name
	for name in dokku plugn sshcommand moorage; do
		[[ -e /usr/bin/$name || -L /usr/bin/$name ]] || continue
		made program && [[ $(readlink "/usr/bin/$name") == moorage || $name == moorage ]] || echo "$name"
	done
}

check_foreign() {
	local found home
	found=$(foreign_programs)
	[[ -z $found ]] || $TAKEOVER || fail "/usr/bin/${found%%$'\n'*} is there and is not ours: is this a Dokku host?" \
		"--takeover sets the program aside, keeps its apps and settings, and --uninstall puts it back."
	home=$(getent passwd dokku | cut -d: -f6 || true)
	[[ -z $home || $home == "$ROOT" ]] ||
		fail "there is a user dokku whose home is '$home' instead of '$ROOT'; remove or rename it"
}

check_ports() {
	local http=${HTTP_PORT:-$(conf_value http_port)} https=${HTTPS_PORT:-$(conf_value https_port)} owner
	http=${http:-80}
	https=${https:-443}
	[[ $http != "$https" ]] || fail "http and https need ports of their own, both are $http"
	[[ $SSH_PORT != "$http" && $SSH_PORT != "$https" ]] || fail "port $SSH_PORT cannot be both ssh's and nginx's"
	owner=$(port_owner "$http") && [[ $owner != nginx ]] &&
		fail "port $http is in use by $owner: stop it, or choose another port with --http-port"
	owner=$(port_owner "$https") && [[ $owner != nginx ]] &&
		fail "port $https is in use by $owner: stop it, or choose another port with --https-port"
	[[ -n $SSH_PORT ]] && owner=$(port_owner "$SSH_PORT") && [[ $owner != sshd ]] &&
		fail "port $SSH_PORT is in use by $owner: choose another one for --ssh-port"
	return 0
}

# --- program ---

show_log() { # FILE
	tail -n 30 "$1" >&2
	fail "the build failed; the whole log is in $1"
}

build() {
	# One that was set up for another folder, before a move or a copy, is of no use here.
	[[ ! -f $BUILD/build.ninja ]] || grep -qF "\"source\": \"$PWD\"" "$BUILD/meson-info/meson-info.json" ||
		rm -rf "$BUILD"
	mkdir -p "$BUILD"
	[[ -f $BUILD/build.ninja ]] ||
		meson setup "$BUILD" --native-file meson/release.ini --prefix /usr --libexecdir libexec \
			>"$BUILD/setup.log" 2>&1 || show_log "$BUILD/setup.log"
	ninja -C "$BUILD" >"$BUILD/ninja.log" 2>&1 || show_log "$BUILD/ninja.log"
	# Whoever owns this folder can go on working in it.
	chown -R --reference=. "$BUILD"
}

divert_foreign() {
	local name
	for name in $(foreign_programs); do
		note "/usr/bin/$name becomes /usr/bin/$name.distrib until --uninstall"
		dpkg-divert --quiet --local --rename --add "/usr/bin/$name" >/dev/null
		mark "diverted $name"
	done
}

install_program() {
	local name completions=/usr/share/bash-completion/completions
	divert_foreign
	mark program
	put 0755 "$BUILD/src/moorage" /usr/bin/moorage
	for name in dokku plugn sshcommand; do
		[[ $(readlink "/usr/bin/$name") == moorage ]] || ln -sfn moorage "/usr/bin/$name"
	done
	for name in x509 archive backup root; do
		put 0755 "$BUILD/src/tools/moorage-$name" "$LIBEXEC/moorage-$name"
	done
	for name in moorage dokku; do
		put_system 0644 "$BUILD/generated/moorage.1" "/usr/share/man/man1/$name.1"
		put_system 0644 "$BUILD/generated/moorage.bash" "$completions/$name"
		put_system 0644 "$BUILD/generated/_moorage" "/usr/share/zsh/vendor-completions/_$name"
	done
}

# What stack:build puts into images. Files that an earlier version had go.
install_stack() {
	local file mode
	while read -r file; do
		[[ -e $file ]] || rm -f "$SHARE/$file"
	done < <(cd "$SHARE" 2>/dev/null && find stack -type f)
	while read -r file; do
		mode=0644
		[[ ! -x $file ]] || mode=0755
		put "$mode" "$file" "$SHARE/$file"
	done < <(find stack ! -type d ! -name README.md ! -name try)
}

# The group that may use the engine's socket. One that comes from outside (a container's mount) may
# have a number without a name here; it gets one.
engine_group() {
	local gid
	gid=$(stat -L -c %g /var/run/docker.sock)
	getent group "$gid" >/dev/null || {
		groupadd --gid "$gid" docker-engine
		mark "group docker-engine"
	}
	getent group "$gid" | cut -d: -f1
}

setup_user() {
	local group engine
	if ! getent passwd dokku >/dev/null; then
		say "Creating user dokku"
		useradd --create-home --home-dir "$ROOT" --shell /bin/bash --user-group dokku
		mark user
	fi
	# "*" and not "!": no password, but sshd accepts keys.
	[[ $(getent shadow dokku | cut -d: -f2) != '!'* ]] || usermod -p '*' dokku
	engine=$(engine_group)
	for group in adm "$engine"; do
		id -nG dokku | grep -qw -- "$group" || usermod -aG "$group" dokku
	done
	chmod 0755 "$ROOT"
	install -d -o dokku -g dokku -m 0700 "$ROOT/.ssh"
	[[ -f $ROOT/.ssh/authorized_keys ]] ||
		install -o dokku -g dokku -m 0600 /dev/null "$ROOT/.ssh/authorized_keys"
	put_text 0644 "$ROOT/.sshcommand" dokku <<</usr/bin/dokku
}

setup_folders() {
	local d version
	[[ -e $LIB ]] || mark "folder $LIB"
	[[ -e $LOGS ]] || mark "folder $LOGS"
	for d in '' /config /data /data/moorage /plugins /plugins/available /plugins/enabled \
		/core-plugins /core-plugins/available /core-plugins/enabled; do
		install -d -o dokku -g dokku -m 0755 "$LIB$d"
	done
	install -d -o dokku -g dokku -m 0755 "$LOGS"
	version=$(dokku version | sed 's/^dokku version //')
	for d in VERSION STABLE_VERSION; do
		put_text 0644 "$LIB/$d" dokku <<<"$version"
	done
	for d in "$LIB/plugins/config.toml" "$LIB/core-plugins/config.toml" "$LOGS/events.log"; do
		[[ -e $d ]] || install -o dokku -g dokku -m 0644 /dev/null "$d"
	done
}

# What stands in the file stays, but for the ports that are given now.
setup_conf() {
	{
		if [[ -e $CONF ]]; then
			grep -vE "^(${HTTP_PORT:+http_port|}${HTTPS_PORT:+https_port|}none)=" "$CONF" || true
		else
			echo "# This machine's Moorage; docs/instance.conf says what can stand here."
		fi
		[[ -z $HTTP_PORT ]] || echo "http_port=$HTTP_PORT"
		[[ -z $HTTPS_PORT ]] || echo "https_port=$HTTPS_PORT"
	} | put_text 0644 "$CONF"
}

setup_domain() {
	[[ -n $DOMAIN || ! -s $ROOT/VHOST ]] || return 0
	[[ -n $DOMAIN ]] || DOMAIN=$(hostname -f 2>/dev/null || hostname)
	put_text 0644 "$ROOT/VHOST" dokku <<<"$DOMAIN"
	note "Apps answer at <app>.$DOMAIN (dokku domains:set-global changes it)"
}

setup_sudoers() {
	local file
	file=$(mktemp)
	cat >"$file" <<-EOF
		# All that user dokku may do as root: the fixed verbs of this helper.
		dokku ALL=(root) NOPASSWD: $LIBEXEC/moorage-root
	EOF
	visudo -cqf "$file" || fail "sudo refuses the line for user dokku"
	put 0440 "$file" /etc/sudoers.d/moorage
	rm -f "$file"
}

# nginx takes this setting once only; nginx:setup leaves a file of that name alone.
setup_hash_size() {
	local setting=server_names_hash_bucket_size file=/etc/nginx/conf.d/server_names_hash_bucket_size.conf
	[[ ! -e $file ]] || return 0
	mark nginx-hash
	! grep -rqsE "^[[:space:]]*$setting" /etc/nginx/nginx.conf /etc/nginx/conf.d /etc/nginx/sites-enabled ||
		put_text 0644 "$file" <<<"# Set elsewhere."
}

setup_nginx() {
	"$LIBEXEC/moorage-root" nginx-test 2>/dev/null || {
		"$LIBEXEC/moorage-root" nginx-test || true
		fail "nginx refuses its settings, before ours are added: mend them and run this again"
	}
	setup_hash_size
	dokku nginx:setup
	"$LIBEXEC/moorage-root" nginx-test 2>/dev/null || {
		"$LIBEXEC/moorage-root" nginx-test || true
		remove_nginx
		fail "nginx refuses its settings with ours added; ours are removed again"
	}
	"$LIBEXEC/moorage-root" nginx-reload >/dev/null
}

# An app's port is its own from its first deploy on.
mention_old_port() { # OLD-PORT
	local new apps
	new=$(conf_value http_port)
	apps=$(dokku --quiet apps:list 2>/dev/null || true)
	[[ -n $apps && ${1:-80} != "${new:-80}" ]] || return 0
	note "Apps that are here keep port ${1:-80}: $(tr '\n' ' ' <<<"$apps")"
	note "To move one: dokku ports:set <app> http:${new:-80}:<port in the container>"
}

# --- the whole ---

install_all() {
	local old_port
	check_system
	check_foreign
	check_ports
	mkdir -p "$ETC"
	install_packages
	say "Building (the first time takes about a minute)"
	build
	start_services
	setup_user
	say "Installing into /usr/bin, $LIBEXEC, /etc"
	old_port=$(conf_value http_port)
	setup_conf
	install_program
	install_stack
	setup_folders
	setup_domain
	setup_sudoers
	setup_nginx
	dokku takeover
	mention_old_port "$old_port"
	setup_boot
	say "Moorage is installed: $(moorage version)"
	if $DEMO; then
		demo
	else
		note "Next: authorize your key with"
		note "  cat ~/.ssh/id_ed25519.pub | sudo dokku ssh-keys:add <name>"
		note "and push an app: git push dokku@$(hostname):my-app main"
	fi
}

# One at a time. The lock's descriptor is kept from daemons that are started here.
run_alone() {
	local rc=0
	MOORAGE_INSTALL_ALONE=1 flock -n -o -E 75 /run/moorage-install.lock "$PWD/install.sh" "$@" || rc=$?
	((rc != 75)) || fail "another install.sh is at work"
	exit "$rc"
}

main() {
	parse "$@"
	[[ $(id -u) == 0 ]] || fail "run this as root: sudo ./install.sh"
	[[ ${MOORAGE_INSTALL_ALONE:-} ]] || run_alone "$@"
	unset MOORAGE_INSTALL_ALONE DOCKER_HOST DOCKER_CONTEXT MOORAGE_INSTANCE
	export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
	trap '((BASH_SUBSHELL)) || fail "stopped at: $BASH_COMMAND" "Nothing is lost: run this again once the cause is mended."' ERR
	if $UNINSTALL; then
		uninstall
	else
		install_all
	fi
}

main "$@"
