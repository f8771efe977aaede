# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# For tests of sources that are fetched: an instance as push.bash makes it, one for a whole file, in
# which apps are built and released but not started, and a host of repositories and files.
load push.bash

sources_begin() {
	push_setup
	echo "libexec_dir=$TOOLS" >> "$inst/instance.conf"
	property ps --global skip-deploy true
	property proxy --global disabled true
	mkdir "$inst/prog"
	ln -s "$MOORAGE" "$inst/prog/plugn"
	export inst label src
}

sources_end() {
	[ ! -e "$inst/host/pid" ] || kill "$(cat "$inst/host/pid")"
	push_teardown
}

plugn() {
	MOORAGE_INSTANCE=$inst/instance.conf "$inst/prog/plugn" "$@"
}

# A host at http://127.0.0.1:$HOST_PORT, the password of its repositories is "me:pass word".
host_begin() {
	mkdir -p "$inst/host"/{repos,files}
	python3 "$BATS_TEST_DIRNAME/git-server.py" "$inst/host" 'me:pass word' > /dev/null 2>&1 3>&- &
	echo $! > "$inst/host/pid"
	for _ in $(seq 600); do
		[ ! -s "$inst/host/port" ] || break
		sleep 0.1
	done
	HOST_PORT=$(cat "$inst/host/port")
	export HOST_PORT
}

# make_app NAME
make_app() {
	APP=$1
	dokku apps:create "$APP" > /dev/null
}

# source_files DIR TEXT: what builds, and carries TEXT.
source_files() {
	mkdir -p "$1"
	printf 'FROM scratch\nCOPY text /\nEXPOSE 8080\nCMD ["/none"]\n' > "$1/Dockerfile"
	echo "$2" > "$1/text"
}

# broken_files DIR: what does not build.
broken_files() {
	mkdir -p "$1"
	printf 'FROM scratch\nCOPY missing /\n' > "$1/Dockerfile"
}

# remote_repo NAME TEXT: a repository on the host, with a working copy in $inst/work/NAME.
remote_repo() {
	local work=$inst/work/$1
	source_files "$work" "$2"
	git -C "$work" init -q
	git -C "$work" add -A
	git -C "$work" commit -qm first
	git init -q --bare "$inst/host/repos/$1.git"
	git -C "$work" remote add host "$inst/host/repos/$1.git"
	remote_push "$1"
	export REPO=$inst/host/repos/$1.git WORK=$work
}

# remote_push NAME [REF...]
remote_push() {
	local name=$1
	shift
	git -C "$inst/work/$name" push -q host "${@:-main}"
}

# remote_change NAME TEXT
remote_change() {
	echo "$2" > "$inst/work/$1/text"
	git -C "$inst/work/$1" commit -qam "$2"
	remote_push "$1"
}

# in_repo ARGS...: git on the app's repository.
in_repo() {
	git -C "$inst/home/$APP" "$@"
}

# text_at REF: what the app's source says there.
text_at() {
	in_repo show "$1:text"
}

# built_text: what is in the app's image.
built_text() {
	local id
	id=$(docker create "dokku-$label/$APP:latest") || return 1
	docker cp "$id:/text" - | tar xO
	docker rm "$id" > /dev/null
}

# state_of_app: all of the app that a refusal must leave alone; what a build found out may stay.
state_of_app() {
	(
		in_repo for-each-ref
		cat "$inst/home/$APP/HEAD"
		cd "$inst/lib" && find config/*/"$APP" -type f ! -path 'config/builder/*' \
			! -path 'config/proxy/*' -exec sha256sum '{}' + | sort -k 2
		docker image inspect -f '{{.Id}}' "dokku-$label/$APP:latest" 2> /dev/null || echo none
	)
}

# refused COMMAND...: it fails, and nothing of the app has changed.
refused() {
	local before
	before=$(state_of_app)
	run dokku "$@"
	# shellcheck disable=SC2154 # run sets it
	[ "$status" -ne 0 ] || return 1
	diff <(echo "$before") <(state_of_app)
	[ -z "$(ls "$inst/lib/data/moorage/operations")" ]
}

deploy_source() {
	cat "$inst/lib/config/apps/$APP/deploy-source"
}

deploy_metadata() {
	cat "$inst/lib/config/apps/$APP/deploy-source-metadata"
}
