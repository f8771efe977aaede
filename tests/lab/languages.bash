# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# For .bats files that push an example of a language to the Debian stack: `load ../lab/languages` after
# helpers, apps and index. The file's tests share one app, which has the language's name, and its
# source in $DIR.

STACK_IMAGE=${STACK_IMAGE:-moorage-lab/stack:12}
SECRET=s3cr3t-of-the-app

# language_up NAME [ARGUMENT OF index-NAME...]; not every language has an index of the tests
language_up() {
	setup_instance
	[ "$STACK_IMAGE" != moorage-lab/stack:12 ] || "$LAB" images stack
	lab_domain
	export DIR=$BATS_FILE_TMPDIR/app
	cp -r "$TOP/examples/$1" "$DIR"
	git_app "$DIR"
	dokku buildpacks:set-property --global stack "$STACK_IMAGE" >/dev/null
	dokku apps:create "$1" >/dev/null
	dokku config:set "$1" API_TOKEN="$SECRET" >/dev/null
	[ ! -e "$TOP/tests/lab/index-$1" ] || index_up "$@"
}

language_down() {
	index_down
	teardown_instance
}

# in_image APP COMMAND: by a shell in the image of the app's last build, without its config.
in_image() {
	docker_lab run --rm --network none --entrypoint sh "$(image_of "$1")" -c "$2"
}

image_of() { # APP
	echo "dokku-$LABEL/$1:latest"
}

# no_secrets APP: its config is neither in a file of its image nor in what the image says of itself.
no_secrets() {
	run -0 docker_lab image inspect "$(image_of "$1")"
	refute_output --partial "$SECRET"
	run -1 in_image "$1" "grep -rsl '$SECRET' /app /tmp /var /etc /root /home /cache | grep ."
}

# config_scale_run APP FRONT-PAGE COMMAND OUTPUT: after config:set GREETING=Ahoy there are two processes of
# the same image that say FRONT-PAGE, and a one-off COMMAND prints OUTPUT as a line.
config_scale_run() {
	local image
	image=$(docker_lab inspect -f '{{.Image}}' "$(web_container "$1")")
	dokku ps:scale --skip-deploy "$1" web=2 >/dev/null
	run -0 dokku config:set "$1" GREETING=Ahoy
	refute_output --partial 'app detected'
	# Beside those that retire.
	assert_equal "$(running_of "$1" | grep -cE "^$1\.web\.[12]\$")" 2
	assert_equal "$(docker_lab inspect -f '{{.Image}}' "$(web_container "$1")")" "$image"
	assert_http "$(host_of "$1")" / 200 "$2"
	run -0 dokku run "$1" bash -c "$3"
	assert_line "$4"
}
