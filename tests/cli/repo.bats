#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# repo:gc and repo:purge-cache.

bats_require_minimum_version 1.5.0
load sources.bash

setup_file() {
	sources_begin
}

teardown_file() {
	docker volume ls -q --filter "name=$label" | xargs -r docker volume rm -f > /dev/null || true
	sources_end
}

setup() {
	make_app "r$BATS_TEST_NUMBER"
}

# proves effect: command repo:gc
@test "repo:gc packs objects and leaves the heads where other programs read them" {
	source_files "$src" one
	git -C "$src" add -A
	git -C "$src" commit -qm one
	git -C "$src" push -q "dokku@test:$APP" main
	head=$(in_repo rev-parse main)
	[ -n "$(find "$inst/home/$APP/objects" -path '*/??/*' -type f)" ]
	run -0 dokku repo:gc "$APP"
	[ -z "$(find "$inst/home/$APP/objects" -path '*/objects/??/*' -type f)" ]
	[ "$(cat "$inst/home/$APP/refs/heads/main")" = "$head" ]
	in_repo fsck --strict
	[ "$(dokku git:report "$APP" --git-sha)" = "$head" ]
	run -20 dokku repo:gc nothing
	[ "$output" = " !     App nothing does not exist" ]
}

# A cache as builds keep one.
make_cache() {
	docker volume create --label "com.moorage.instance=$label" "$label.cache-$APP" > /dev/null
}

has_cache() {
	docker volume inspect "$label.cache-$APP" > /dev/null 2>&1
}

# proves effect: command repo:purge-cache
@test "repo:purge-cache removes the cache and the containers of builds that hold it" {
	run -0 dokku repo:purge-cache "$APP"
	make_cache
	docker create --label dokku --label "com.moorage.instance=$label" --label "com.dokku.app-name=$APP" \
		--label com.dokku.image-stage=build -v "$label.cache-$APP:/cache" moorage-lab/busybox:1 > /dev/null
	run -0 dokku repo:purge-cache "$APP"
	[ -z "$output" ]
	run ! has_cache
	[ -z "$(docker ps -aq --filter "label=com.moorage.instance=$label")" ]
	run -20 dokku repo:purge-cache nothing
}

@test "a cache that something else holds is not removed, and that is said" {
	make_cache
	holder=$(docker create --label "com.moorage.instance=$label" -v "$label.cache-$APP:/cache" moorage-lab/busybox:1)
	run -1 dokku repo:purge-cache "$APP"
	[[ "$output" == *"Unable to remove cache volume"* ]]
	has_cache
	docker rm "$holder" > /dev/null
}

# proves effect: trigger post-stack-set
@test "another stack and the end of the app end the cache" {
	make_cache
	plugn trigger post-stack-set "$APP" gliderlabs/herokuish
	run ! has_cache
	make_cache
	dokku --force apps:destroy "$APP"
	run ! has_cache
}
