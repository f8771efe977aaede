# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Sources for each builder, quick to build or never done. Loaded after faults.bash. All serve the
# test server, which answers with their VERSION, and are pushed as the app "app" from $SOURCE.

SOURCE=$BATS_FILE_TMPDIR/app

# What a build that is never done waits with: told from all others by its time.
NEVER=$((1000000 + $$))

# source_of BUILDER VERSION [slow]: replaces the source, committed.
source_of() {
	mkdir -p "$SOURCE"
	[ -d "$SOURCE/.git" ] || lab_git -C "$SOURCE" init -q
	find "$SOURCE" -mindepth 1 -maxdepth 1 ! -name .git -exec rm -rf {} +
	health_check "$SOURCE" '{ "type": "startup", "path": "/health", "attempts": 20, "wait": 1, "timeout": 2 }'
	echo "$2" >"$SOURCE/VERSION"
	WAITS=
	[ ! "${3:-}" ] || WAITS="echo now-building-$2; sleep $NEVER"
	"source_$1"
	git_commit "$SOURCE" "$2"
}

source_dockerfile() {
	printf 'FROM moorage-lab/http:1\n%sCOPY VERSION /app/VERSION\n' "${WAITS:+RUN $WAITS
}" >"$SOURCE/Dockerfile"
}

# A stand-in for the stack runs the source's own script (tests/fixtures/images/contract).
source_herokuish() {
	mkdir "$SOURCE/bin"
	cat >"$SOURCE/bin/compile" <<-COMPILE
		#!/bin/bash
		set -e
		echo "of \$(cat VERSION)" >"\$2/half"
		$WAITS
		mv "\$2/half" "\$2/whole"
	COMPILE
	chmod +x "$SOURCE/bin/compile"
	echo 'web: /bin/http-server' >"$SOURCE/Procfile"
}

# The lifecycle is a stand-in (tests/stand-in/lifecycle), the buildpacks are real.
source_pack() {
	printf '[_]\nschema-version = "0.2"\n' >"$SOURCE/project.toml"
	echo app >"$SOURCE/kind"
	echo one >"$SOURCE/deps.txt"
	[ ! "$WAITS" ] || touch "$SOURCE/slow"
}

# building_text BUILDER VERSION: what a build that is never done says.
building_text() {
	[ "$1" = pack ] && echo '\[builder\] waiting' || echo "now-building-$2"
}

# A stand-in for the program hands the source to docker.
source_nixpacks() {
	touch "$SOURCE/nixpacks.toml"
	source_made_by_docker
}

# A third-party plugin's scripts: one that builds, in a session of its own.
source_plugin() {
	touch "$SOURCE/by-plugin"
	source_made_by_docker
}

source_made_by_docker() {
	printf '%s\n' "$WAITS" >"$SOURCE/waits"
	# With a bash, which what nixpacks makes is started by.
	printf 'FROM moorage-lab/contract:1\nCMD ["/bin/http-server"]\nCOPY VERSION /app/VERSION\n' >"$SOURCE/for-docker"
}

# builder_ready BUILDER: what the machine needs for it.
builder_ready() {
	case $1 in
	pack) "$LAB" images --into "$LAB_NAME" cnb ;;
	dockerfile) ;;
	*) "$LAB" images --into "$LAB_NAME" contract ;;
	esac
	case $1 in
	herokuish) builds_in moorage-lab/contract:1 ;;
	pack) builds_in moorage-lab/cnb-builder:1 ;;
	nixpacks)
		cat >"$INST/bin/nixpacks" <<-'SH'
			#!/bin/sh
			while [ $# -gt 1 ]; do
				[ "$1" != --name ] || image=$2
				shift
			done
			sh waits
			exec docker build -q --file for-docker --tag "$image" . >/dev/null
		SH
		chmod 755 "$INST/bin/nixpacks"
		;;
	plugin)
		install_plugin by-plugin builder-detect builder-build <<-SH
			#!/bin/sh
			case \${0##*/} in
			builder-detect) [ ! -e "\$2/by-plugin" ] || echo by-plugin ;;
			builder-build)
				[ "\$1" = by-plugin ] || exit 0
				cd "\$3" || exit
				setsid sh waits & wait
				docker build -q --file for-docker --tag "dokku-$LABEL/\$2:latest" --label com.moorage.instance=$LABEL \\
					--label com.dokku.app-name=\$2 --label com.dokku.image-stage=build . >/dev/null
				;;
			esac
		SH
		;;
	esac
}

# builds_in IMAGE: the stack of the app.
builds_in() {
	local dir=$INST/lib/config/buildpacks/app
	as_dokku mkdir -p "$dir"
	printf %s "$1" | as_dokku tee "$dir/stack" >/dev/null
}

# selected_for BUILDER: what `builder:set selected` says of it; the others are detected.
selected_for() {
	[ "$1" != herokuish ] || echo herokuish
}

# builder_is BUILDER: the app's next pushes are built by it; one has been.
builder_is() {
	builder_ready "$1"
	dokku builder:set app selected "$(selected_for "$1")" >/dev/null
	source_of "$1" v1
	git_push "$SOURCE" app
	wait_until 20 serves app v1
	assert_output_of_builder "$1"
}

assert_output_of_builder() {
	local detected
	detected=$(dokku builder:report app --builder-detected)
	case $1 in
	plugin) assert_equal "$detected" by-plugin ;;
	*) assert_equal "$detected" "$1" ;;
	esac
}

# Nothing of a build that was never to be done runs any more, in no container either.
nothing_builds() {
	! pgrep -f "sleep $NEVER" >/dev/null && ! pgrep -f "com.dokku.app-name=app " >/dev/null
}

# Volumes that builds keep.
remove_caches() {
	docker_lab volume ls -q --filter "label=com.moorage.instance=$LABEL" | xargs -r "${MOORAGE_TEST_DOCKER:-/usr/bin/docker}" \
		-H "unix://$ENGINE_SOCKET" volume rm -f >/dev/null
}
