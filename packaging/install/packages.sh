# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Debian's packages: those of packaging/packages.txt, and an engine if none answers.

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

apt_install() {
	local log rc=0
	log=$(mktemp)
	{
		apt-get update -qq &&
			DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
				-o DPkg::Lock::Timeout=300 "$@"
	} >"$log" 2>&1 </dev/null || rc=$?
	((rc == 0)) || tail -n 20 "$log" >&2
	rm -f "$log"
	((rc == 0)) || fail "apt-get could not install these packages." \
		"Look at its words above, mend the cause (often the network or /etc/apt/sources.list) and run this again."
}

install_packages() {
	local -a want kinds=(run build)
	! $DEMO || kinds+=(demo)
	mapfile -t want < <(missing_packages "${kinds[@]}")
	if ((${#want[@]})); then
		say "Installing ${#want[@]} packages with apt; this takes a minute or two"
		note "${want[*]}" | fold -s -w 92 | sed '2,$s/^/       /'
		apt_install "${want[@]}"
		[[ " ${want[*]} " != *" nginx"* ]] || leave_port_80
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

# nginx comes with a site on port 80. Where that port is somebody else's, nginx could not start.
leave_port_80() {
	local site=/etc/nginx/sites-enabled/default
	[[ -L $site ]] && ! running nginx && port_owner 80 >/dev/null || return 0
	note "port 80 is taken, so nginx's welcome page there is switched off"
	rm "$site"
	mark default-site
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
