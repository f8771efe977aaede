#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# registry: settings, refusals, names; pushes and logins are in tests/system.

bats_require_minimum_version 1.5.0
load ../lab/helpers
load ../lab/apps

setup_file() {
	setup_instance --no-nginx --no-sshd
	dokku apps:create shop
}

teardown_file() {
	teardown_instance
}

@test "registry:set refuses what cannot be part of an image's name" {
	refused() {
		local property=$1 value=$2 why=$3
		run dokku registry:set shop "$property" -- "$value"
		assert_failure 1
		assert_output --partial " !     $why"
		run dokku registry:report shop "--registry-$property"
		assert_output ''
	}
	refused server https://registry.example.com 'Invalid server value, a host without https:// is needed'
	refused server 'registry.example.com:x' 'Invalid server value'
	refused image-repo 'Upper/Case' 'Invalid image-repo value'
	refused image-repo 'team/app:tag' 'Invalid image-repo value'
	refused image-repo-template 'team/{{ .AppName' 'Invalid value for image-repo-template'
	refused image-repo-template 'team/{{ .NoSuchThing }}' 'Invalid image-repo-template value'
	refused push-extra-tags 'fine,not fine' 'Invalid push-extra-tags value'
	refused push-on-release maybe 'Invalid value for push-on-release'
}

@test "the server is written with one slash, and Docker Hub as none" {
	computed() {
		dokku registry:set shop server "$1"
		run dokku registry:report shop --registry-computed-server
		assert_output "$2"
	}
	computed registry.example.com:5000 registry.example.com:5000/
	computed registry.example.com/team/ registry.example.com/team/
	computed docker.io ''
	computed hub.docker.com/ ''
	dokku registry:set --global server ghcr.io
	computed '' ghcr.io/
	computed localhost localhost/
	dokku registry:set --global server
	dokku registry:set shop server
}

@test "the repository is the app's, the template's, or that of builds" {
	computed() {
		run dokku registry:report shop --registry-computed-image-repo
		assert_output "$1"
		assert_equal "$(in_instance "$INST/bin/plugn" trigger deployed-app-image-repo shop)" "$1"
	}
	computed "dokku-$LABEL/shop"
	dokku registry:set --global image-repo-template 'all/{{ .AppName }}'
	computed all/shop
	dokku registry:set shop image-repo-template 'one/{{ $.AppName }}-x'
	computed one/shop-x
	dokku registry:set shop image-repo own/name
	computed own/name
	for property in image-repo image-repo-template; do
		dokku registry:set shop "$property"
	done
	dokku registry:set --global image-repo-template
}

@test "a login needs its arguments, and an app that exists" {
	login() {
		run dokku registry:login "$@" </dev/null
		assert_failure
	}
	login
	assert_output ' !     Missing server argument'
	login --global
	assert_output ' !     Missing server argument'
	login --global registry.example.com
	assert_output ' !     Missing username argument'
	login --global registry.example.com me
	assert_output ' !     Missing password argument'
	login --password-stdin shop registry.example.com me
	assert_output ' !     Missing password argument'
	login --password-stdin registry.example.com me
	assert_line ' !     Deprecated: please use --global flag for global registry login'
	login absent registry.example.com me secret
	assert_failure 20
	run dokku registry:logout
	assert_failure 1
	assert_output ' !     Missing server argument'
	run dokku registry:logout absent registry.example.com
	assert_failure 20
}

@test "registry:logout of what was never logged in changes nothing" {
	run dokku registry:logout --global registry.example.com
	assert_success
	assert_output ' !     There was no login for registry.example.com'
	refute_file_exists "$INST/home/.docker/config.json"
}

@test "a damaged config.json is named, and stays as it is" {
	as_dokku mkdir -p "$INST/home/.docker"
	echo '{ "auths": ' | as_dokku tee "$INST/home/.docker/config.json" >/dev/null
	run dokku registry:logout --global registry.example.com
	assert_failure 1
	assert_output " !     '$INST/home/.docker/config.json' is not JSON; repair or remove it"
	assert_file_is "$INST/home/.docker/config.json" '{ "auths": '
	rm -r "$INST/home/.docker"
}

@test "settings go along with a clone and a rename, and away with the app" {
	dokku apps:create first
	dokku registry:set first image-repo team/first
	printf '{"auths":{"registry.example.com":{"auth":"eDp5"}}}' | as_dokku tee "$INST/lib/config/registry/first/config.json" >/dev/null
	as_dokku chmod 600 "$INST/lib/config/registry/first/config.json"
	dokku apps:clone --skip-deploy first second
	run dokku registry:report second --registry-image-repo
	assert_output team/first
	assert_equal "$(stat -c %a "$INST/lib/config/registry/second/config.json" "$INST/lib/config/registry/second" | tr '\n' ' ')" '600 700 '
	dokku apps:rename second third
	refute_file_exists "$INST/lib/config/registry/second"
	assert_json '.auths | length' 1 "$INST/lib/config/registry/third/config.json"
	dokku --force apps:destroy third
	refute_file_exists "$INST/lib/config/registry/third"
	assert_json '.auths | length' 1 "$INST/lib/config/registry/first/config.json"
	dokku --force apps:destroy first
}
