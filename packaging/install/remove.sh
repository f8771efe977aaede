# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# --uninstall and --purge: takes away what MANIFEST says we made.

# What earlier deploys of the app left: images without a name, which nothing uses any more.
purge_images() { # APP
	local -a ids filter=(--filter dangling=true --filter "label=com.dokku.app-name=$1")
	local label
	label=$(conf_value label)
	[[ -z $label ]] || filter+=(--filter "label=com.moorage.instance=$label")
	mapfile -t ids < <(docker image ls -q "${filter[@]}")
	((${#ids[@]} == 0)) || docker image rm "${ids[@]}" >/dev/null 2>&1 || true
}

purge_apps() {
	local app
	engine_answers || fail "no Docker Engine answers, so the apps' containers and images cannot be removed." \
		"Start it and run this again, or leave out --purge."
	for app in $(dokku --quiet apps:list 2>/dev/null); do
		say "Destroying app $app"
		dokku --force apps:destroy "$app" >/dev/null || note "something of app $app may be left"
		purge_images "$app"
		rm -f "/var/log/nginx/$app-access.log"* "/var/log/nginx/$app-error.log"*
	done
	dokku ps:retire >/dev/null 2>&1 || true
	! made demo-image || docker image rm moorage/busybox:1 >/dev/null 2>&1 || true
}

user_is_idle() {
	! pgrep -u dokku --ns $$ --nslist pid --runstates DIRS >/dev/null
}

purge_user() {
	local group
	# Not those in containers: a user of theirs may have the same number.
	pkill -u dokku --ns $$ --nslist pid || true
	wait_for 10 user_is_idle ||
		fail "processes of user dokku do not end: 'pgrep -lu dokku' lists them"
	# -f: a process that ended and was not waited for would count as one that uses the name.
	userdel -f dokku
	rm -rf "$ROOT"
	for group in $(made_all group); do
		groupdel "$group" 2>/dev/null || true
	done
}

purge_data() {
	say "Removing settings and data"
	rm -rf "$DEMO_DIR"
	rm -f /var/log/moorage-{docker,nginx,ssh,cron}.log
	# A Dokku that was here before keeps its folders: plugins hold data in them that is not ours.
	if made "folder $LIB"; then rm -rf "$LIB"; else rm -rf "$LIB/data/moorage"; fi
	! made "folder $LOGS" || rm -rf "$LOGS"
	if made user; then purge_user; else note "User dokku, $ROOT and $LIB were here before and stay"; fi
	! made default-site || ln -sfn /etc/nginx/sites-available/default /etc/nginx/sites-enabled/default
	rm -rf "$ETC"
	note "Debian's packages stay: apt-get is yours to run"
}

remove_nginx() {
	local hash=/etc/nginx/conf.d/server_names_hash_bucket_size.conf
	rm -f /etc/nginx/conf.d/dokku.conf
	! made "nginx-hash" || rm -f "$hash"
	[[ ! -x $LIBEXEC/moorage-root ]] || ! running nginx || "$LIBEXEC/moorage-root" nginx-reload >/dev/null ||
		note "nginx did not reload; it serves the apps until it is restarted"
}

remove_program() {
	local name had_ssh_port=false
	! made "file /etc/ssh/sshd_config.d/moorage.conf" || had_ssh_port=true
	remove_boot
	remove_nginx
	remove_system
	! has_systemd || systemctl daemon-reload
	! $had_ssh_port || reload_sshd
	rm -rf "$LIBEXEC" "$SHARE"
	rm -f /etc/sudoers.d/moorage
	for name in dokku plugn sshcommand moorage; do
		rm -f "/usr/bin/$name"
		! made "diverted $name" ||
			dpkg-divert --quiet --local --rename --remove "/usr/bin/$name" >/dev/null
	done
	rm -rf "$REPLACED"
	sed -i -E '/^(file|diverted) /d; /^(program|nginx-hash)$/d' "$MANIFEST"
}

uninstall() {
	[[ -e $MANIFEST ]] || fail "Moorage is not installed here"
	if $PURGE; then
		if [[ ! -x /usr/bin/moorage ]]; then
			say "Putting the program back for a moment: only it can remove the apps"
			build
			install_program
		fi
		purge_apps
	elif ! made program; then
		fail "the program is already removed; --uninstall --purge removes settings and data, too"
	fi
	say "Removing the program"
	remove_program
	if $PURGE; then
		purge_data
	else
		note "Apps, settings and data stay in $ROOT, $LIB and $ETC; containers go on running"
		note "but no requests reach them. Run ./install.sh to have all of it back."
	fi
	say "Moorage is gone"
}
