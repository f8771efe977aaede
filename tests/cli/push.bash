# SPDX-License-Identifier: MIT
# An instance in a temporary folder, and pushes into it as sshd would hand them on. The engine is the
# one that answers; everything made in it carries the instance's label and is removed again.

push_setup() {
	: "${MOORAGE:=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)/build/src/moorage}"
	inst=$(mktemp -d /tmp/moorage-push.XXXXXX)
	label=push$$x$RANDOM
	mkdir -p "$inst"/{home,lib,logs,run,bin,src}
	printf '%s\n' "dokku_root=$inst/home" "lib_root=$inst/lib" "logs_dir=$inst/logs" \
		"run_dir=$inst/run" "user=$(id -un)" "group=$(id -gn)" "label=$label" \
		"nginx_control=direct" "dokku_command=$inst/bin/dokku" > "$inst/instance.conf"
	printf '#!/bin/sh\nMOORAGE_INSTANCE=%s exec %s "$@"\n' "$inst/instance.conf" "$MOORAGE" \
		> "$inst/bin/dokku"
	# The last word is what the client asks for.
	printf '%s\n' '#!/bin/sh' 'for last; do :; done' \
		"NAME=tester SSH_ORIGINAL_COMMAND=\"\$last\" exec $inst/bin/dokku" > "$inst/bin/ssh"
	chmod +x "$inst/bin/dokku" "$inst/bin/ssh"
	export GIT_SSH_COMMAND=$inst/bin/ssh GIT_SSH_VARIANT=simple
	export GIT_CONFIG_GLOBAL=$inst/gitconfig
	unset GIT_DIR GIT_WORK_TREE DOKKU_PID DOKKU_BUILD_ID DOKKU_REDIRECT_OUTPUT
	git config --global user.name tester
	git config --global user.email tester@example.com
	git config --global init.defaultBranch main
	src=$inst/src
	git init -q "$src"
}

push_teardown() {
	docker images -aq --filter "label=com.moorage.instance=$label" | sort -u |
		xargs -r docker rmi -f > /dev/null 2>&1 || true
	rm -rf "$inst"
}

dokku() {
	"$inst/bin/dokku" "$@"
}

# property PLUGIN APP NAME VALUE
property() {
	mkdir -p "$inst/lib/config/$1/$2"
	printf '%s' "$4" > "$inst/lib/config/$1/$2/$3"
}

# commit FILE TEXT: writes and commits it
commit() {
	printf '%b' "$2" > "$src/$1"
	git -C "$src" add -A
	git -C "$src" commit -q -m "change $1"
}

# push [REFSPEC...]: to the app "hello"
push() {
	git -C "$src" push dokku@test:hello "${@:-main}"
}

head_of() {
	git -C "$inst/home/hello" rev-parse --verify -q "refs/heads/$1"
}

# An app whose pushes are built and released but not started: what comes after has its own tests.
app_without_deploy() {
	property ps hello skip-deploy true
	property proxy hello disabled true
	commit Dockerfile 'FROM scratch\nCOPY Dockerfile /\nEXPOSE 8080\nCMD ["/none"]\n'
}
