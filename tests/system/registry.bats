#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Releases go to a real registry, which wants a password. What the pushes leave in it is asked of the
# registry itself.

bats_require_minimum_version 1.5.0
load ../lab/helpers
load ../lab/apps
load ../lab/registry

setup_file() {
	setup_instance
	"$LAB" images busybox http
	lab_domain
	lab_shell
	registry_start
	dokku apps:create shop
	dokku checks:skip shop
	dokku checks:set shop wait-to-retire 0
	http_app "$BATS_FILE_TMPDIR/shop" v1
}

teardown_file() {
	docker_lab images -q --filter "reference=$REGISTRY/*/*" | sort -u |
		xargs -r "${MOORAGE_TEST_DOCKER:-/usr/bin/docker}" -H "unix://$ENGINE_SOCKET" rmi -f >/dev/null || true
	registry_stop
	teardown_instance
}

setup() {
	SHOP=$BATS_FILE_TMPDIR/shop
	REPO=dokku-$LABEL/shop
}

# names: of all images under the shop's repository, here.
names() {
	docker_lab images --format '{{.Repository}}:{{.Tag}}' | grep "$LABEL/shop" | sort | tr '\n' ' '
}

# image_of_web APP: the name that its container was made from.
image_of_web() {
	docker_lab inspect -f '{{.Config.Image}}' "$(web_container "$1")"
}

version() {
	dokku registry:report "$1" --registry-tag-version
}

logins() {
	jq -c '.auths | keys' "$1"
}

app_config() {
	echo "$INST/lib/config/registry/$1/config.json"
}

# proves effect: command registry:login
@test "registry:login tries the password at the registry; one that is refused is not stored" {
	run dokku registry:login --global --password-stdin "$REGISTRY" pusher <<<wrong
	assert_failure 1
	assert_output --partial " !     Unable to log in to $REGISTRY as pusher: "
	assert_output --partial 401
	refute_file_exists "$INST/home/.docker/config.json"
	run dokku registry:login shop "$REGISTRY" pusher wrong
	assert_failure 1
	refute_file_exists "$(app_config shop)"
	run dokku registry:login absent "$REGISTRY" pusher 'pa:ss word'
	assert_failure 20
}

# proves effect: trigger post-registry-login
@test "a login stands in a closed file; the password is in no argument, log or journal" {
	# post-registry-login gets it in a variable, as Dokku's plugins do.
	install_plugin watcher post-registry-login <<-'SCRIPT'
		#!/bin/sh
		ps -eo args >"$DOKKU_LIB_ROOT/seen-args"
		echo "$1 $2 $DOCKER_REGISTRY_PASS" >"$DOKKU_LIB_ROOT/seen"
	SCRIPT
	run registry_login_global
	assert_success
	assert_output ' !     Login Succeeded for global registry'
	assert_equal "$(stat -c '%a %U' "$INST/home/.docker/config.json")" "600 $(stat -c %U "$INST/home")"
	assert_equal "$(jq -r ".auths[\"$REGISTRY\"].auth" "$INST/home/.docker/config.json" | base64 -d)" 'pusher:pa:ss word'
	assert_file_is "$INST/lib/seen" "$REGISTRY pusher pa:ss word"
	grep -q watcher "$INST/lib/seen-args"
	run ! grep -q 'pa:ss' "$INST/lib/seen-args"
	rm "$INST/lib/seen"
	remove_plugin watcher
	run ! grep -rqe 'pa:ss word' -e "$(printf 'pusher:pa:ss word' | base64)" "$INST/lib" "$INST/logs"
}

# proves effect: command registry:logout
@test "registry:logout forgets one login and keeps the rest of the file" {
	config=$INST/home/.docker/config.json
	jq '. + { detachKeys: "ctrl-p" } | .auths["https://index.docker.io/v1/"] = { auth: "eDp5" }' "$config" >"$config.new"
	cat "$config.new" >"$config"
	rm "$config.new"
	run dokku registry:logout --global hub.docker.com
	assert_success
	assert_equal "$(logins "$config")" "[\"$REGISTRY\"]"
	assert_equal "$(jq -r .detachKeys "$config")" ctrl-p
	run dokku registry:logout --global "$REGISTRY"
	assert_success
	assert_equal "$(logins "$config")" '[]'
	run dokku registry:logout shop "$REGISTRY"
	assert_failure 1
	assert_output ' !     No registry credentials found for app shop'
}

# proves effect: property registry/server, property registry/push-on-release
@test "without a login the push of a release is refused: the deploy fails before the switch and says why" {
	git_push "$SHOP" shop
	before=$(names)
	dokku registry:set shop server "$REGISTRY/"
	dokku registry:set shop push-on-release true
	run push_version "$SHOP" shop v2
	assert_failure
	assert_output --partial "App shop: unable to push image $REGISTRY/$REPO:1, the deploy ends here: "
	assert_output --partial "There is no login for this registry: dokku registry:login shop $REGISTRY <username>"
	assert_http "$(host_of shop)" / 200 v1
	assert_equal "$(names)" "$before"
	assert_equal "$(version shop)" ''
	assert_equal "$(registry_tags "$REPO")" ''
}

# proves effect: property registry/tag-version, property registry/push-extra-tags, trigger deployed-app-image-tag, trigger deployed-app-image-repo, trigger deployed-app-repository
@test "a release is pushed under its number and the extra tags, and that image is deployed" {
	printf 'pa:ss word\n' | dokku registry:login --password-stdin shop "$REGISTRY" pusher
	assert_equal "$(stat -c %a "$(app_config shop)" "$(dirname "$(app_config shop)")" | tr '\n' ' ')" '600 700 '
	dokku registry:set shop push-extra-tags foo,newest
	run push_version "$SHOP" shop v3
	assert_success
	assert_output --partial '-----> Pushing image to registry'
	assert_output --regexp "remote:        [0-9a-f]{12}: Pushed"
	# Number 1 was tried before; what a registry may have is not used again.
	assert_output --partial "Image $REGISTRY/$REPO:2 pushed"
	assert_equal "$(registry_tags "$REPO")" '2 foo newest'
	assert_equal "$(registry_digest "$REPO" foo)" "$(registry_digest "$REPO" 2)"
	assert_equal "$(dokku registry:report shop --format json | jq -r '.["tag-version"]')" 2
	assert_equal "$(image_of_web shop)" "$REGISTRY/$REPO:2"
	assert_http "$(host_of shop)" / 200 v3
	# The extra tags have their names here only for the push.
	assert_equal "$(names)" "$REGISTRY/$REPO:2 $REPO:2 $REPO:latest "
	assert_equal "$(in_instance "$INST/bin/plugn" trigger deployed-app-image-tag shop)" 2
	assert_equal "$(in_instance "$INST/bin/plugn" trigger deployed-app-image-repo shop)" "$REPO"
	assert_equal "$(in_instance "$INST/bin/plugn" trigger deployed-app-repository shop)" "$REGISTRY/"
	dokku registry:set shop push-extra-tags
}

@test "every release counts; what starts containers without one does not" {
	dokku config:set shop COLOUR=blue
	assert_equal "$(version shop)" 3
	assert_equal "$(image_of_web shop)" "$REGISTRY/$REPO:3"
	dokku ps:restart shop
	dokku ps:scale shop web=2
	assert_equal "$(image_of_web shop)" "$REGISTRY/$REPO:3"
	assert_equal "$(docker_lab inspect -f '{{.Config.Image}}' "$(cat "$INST/home/shop/CONTAINER.web.2")")" "$REGISTRY/$REPO:3"
	dokku ps:scale shop web=1
	assert_equal "$(version shop)" 3
	assert_equal "$(registry_tags "$REPO")" '2 3 foo newest'
	run dokku run shop cat /app/VERSION
	assert_output --partial v3
}

@test "an image that was removed here is pulled from the registry when it is needed" {
	docker_lab rmi -f "$REGISTRY/$REPO:3" "$REPO:3" "$REPO:latest" >/dev/null
	run dokku run shop cat /app/VERSION
	assert_success
	assert_output --partial "Image $REGISTRY/$REPO:3 not found locally, pulling from registry"
	assert_output --partial v3
	docker_lab rmi -f "$REGISTRY/$REPO:3" >/dev/null
	run dokku ps:restart shop
	assert_success
	assert_http "$(host_of shop)" / 200 v3
	# A release of what was built before needs the build's image.
	docker_lab rmi -f "$REGISTRY/$REPO:3" >/dev/null
	run dokku config:set shop COLOUR=green
	assert_success
	assert_equal "$(version shop)" 4
	assert_equal "$(app_env shop COLOUR)" green
}

@test "a registry that does not answer ends the deploy before the switch; later the next number is taken" {
	before=$(names)
	registry_halt
	run push_version "$SHOP" shop v5
	assert_failure
	assert_output --partial "App shop: unable to push image $REGISTRY/$REPO:5, the deploy ends here: "
	assert_output --partial 'connection refused'
	registry_run
	assert_equal "$(version shop)" 4
	assert_equal "$(names)" "$before"
	assert_http "$(host_of shop)" / 200 v3
	run git_push "$SHOP" shop
	assert_success
	assert_equal "$(version shop)" 6
	assert_http "$(host_of shop)" / 200 v5
	assert_equal "$(registry_tags "$REPO")" '2 3 4 6 foo newest'
}

@test "names of older releases go, and so do their images" {
	push_version "$SHOP" shop v6
	push_version "$SHOP" shop v7
	old_is_gone() {
		dokku ps:retire
		[ "$(names)" = "$REGISTRY/$REPO:8 $REPO:8 $REPO:latest " ]
	}
	wait_until 60 old_is_gone || fail "$(names)"
	# Not in the registry.
	assert_equal "$(registry_tags "$REPO")" '2 3 4 6 7 8 foo newest'
}

@test "skip-deploy pushes and counts, and the next restart starts it" {
	dokku ps:set shop skip-deploy true
	run push_version "$SHOP" shop v8
	assert_success
	assert_output --partial "Image $REGISTRY/$REPO:9 pushed"
	assert_output --partial 'Skipping deployment'
	assert_http "$(host_of shop)" / 200 v7
	dokku ps:set shop skip-deploy
	dokku ps:restart shop
	assert_http "$(host_of shop)" / 200 v8
	assert_equal "$(image_of_web shop)" "$REGISTRY/$REPO:9"
}

# proves effect: property registry/image-repo, property registry/image-repo-template
@test "image-repo and image-repo-template name the repository" {
	dokku registry:set --global image-repo-template "team-$LABEL/{{ .AppName }}-app"
	dokku config:set shop COLOUR=red
	assert_equal "$(image_of_web shop)" "$REGISTRY/team-$LABEL/shop-app:10"
	assert_equal "$(registry_tags "team-$LABEL/shop-app")" 10
	dokku registry:set shop image-repo "own-$LABEL/shop"
	dokku config:set shop COLOUR=white
	assert_equal "$(image_of_web shop)" "$REGISTRY/own-$LABEL/shop:11"
	assert_equal "$(registry_tags "own-$LABEL/shop")" 11
	dokku registry:set --global image-repo-template
}

@test "server and repository without a push: the image has that name here" {
	dokku registry:set shop push-on-release false
	run dokku ps:rebuild shop
	assert_success
	refute_output --partial Pushing
	assert_equal "$(image_of_web shop)" "$REGISTRY/own-$LABEL/shop:latest"
	dokku registry:set shop image-repo
	# Set after the build: the image that is there gets the name when it is needed.
	run dokku ps:restart shop
	assert_success
	assert_equal "$(image_of_web shop)" "$REGISTRY/$REPO:latest"
	assert_equal "$(version shop)" 11
	dokku registry:set shop push-on-release true
}

@test "a credential helper that config.json names keeps the login (a stand-in helper)" {
	cat >"$INST/bin/docker-credential-lab" <<-SCRIPT
		#!/bin/sh
		printf '%s %s\n' "\$1" "\$*" >>$INST/helper-args
		case \$1 in
		store) cat >$INST/helper-store ;;
		get) cat >/dev/null; [ -s $INST/helper-store ] || { echo 'credentials not found in native keychain'; exit 1; }; cat $INST/helper-store ;;
		erase) cat >/dev/null; rm -f $INST/helper-store ;;
		esac
	SCRIPT
	chmod 755 "$INST/bin/docker-credential-lab"
	: >"$INST/helper-store"
	chown --reference "$INST/home" "$INST/helper-store"
	chmod 777 "$INST"
	config=$(app_config shop)
	printf '{ "credHelpers": { "%s": "lab" }, "auths": { "%s": {} } }' "$REGISTRY" "$REGISTRY" >"$config"
	run push_version "$SHOP" shop v9
	assert_failure
	assert_output --partial 'There is no login for this registry'
	printf 'pa:ss word' | dokku registry:login shop --password-stdin "$REGISTRY" pusher
	assert_json .Secret 'pa:ss word' "$INST/helper-store"
	assert_json ".auths[\"$REGISTRY\"] | length" 0 "$config"
	run ! grep -q 'pa:ss' "$INST/helper-args"
	run git_push "$SHOP" shop
	assert_success
	assert_http "$(host_of shop)" / 200 v9
	dokku registry:logout shop "$REGISTRY"
	refute_file_exists "$INST/helper-store"
	rm "$config" "$INST/bin/docker-credential-lab"
}

@test "an app that is not ours to run is pushed as well" {
	printf 'pa:ss word' | dokku registry:login --global --password-stdin "$REGISTRY" pusher
	dokku apps:create away
	dokku scheduler:set away selected null
	dokku registry:set away server "$REGISTRY"
	dokku registry:set away push-on-release true
	for version in v1 v2 v3 v4; do
		[ -d "$BATS_TEST_TMPDIR/away" ] || http_app "$BATS_TEST_TMPDIR/away" "$version"
		set_version "$BATS_TEST_TMPDIR/away" "$version-$RANDOM"
		git_push "$BATS_TEST_TMPDIR/away" away
	done
	assert_equal "$(registry_tags "dokku-$LABEL/away")" '1 2 3 4'
	run docker_lab images --format '{{.Repository}}:{{.Tag}}' --filter "reference=$REGISTRY/dokku-$LABEL/away"
	assert_equal "$(sort <<<"$output" | tr '\n' ' ')" "$REGISTRY/dokku-$LABEL/away:3 $REGISTRY/dokku-$LABEL/away:4 "
	dokku --force apps:destroy away
}

@test "a renamed app is pushed under its new name; a clone has the logins; a destroyed app's names go" {
	printf 'pa:ss word' | dokku registry:login shop --password-stdin "$REGISTRY" pusher
	dokku apps:clone --skip-deploy shop shop-two
	assert_equal "$(stat -c %a "$(app_config shop-two)" "$(dirname "$(app_config shop-two)")" | tr '\n' ' ')" '600 700 '
	dokku --force apps:destroy shop-two
	refute_file_exists "$(app_config shop-two)"
	number=$(($(version shop) + 1))
	run dokku apps:rename shop shop-new
	assert_success
	wait_until 60 serves shop-new v9
	assert_equal "$(image_of_web shop-new)" "$REGISTRY/dokku-$LABEL/shop-new:$number"
	assert_equal "$(registry_tags "dokku-$LABEL/shop-new")" "$number"
	refute_file_exists "$(app_config shop)"
	assert_file_exists "$(app_config shop-new)"
	dokku --force apps:destroy shop-new
	names_gone() {
		[ "$(names)" = '' ]
	}
	wait_until 30 names_gone || fail "$(names)"
}
