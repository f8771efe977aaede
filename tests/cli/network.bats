#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# network: settings, and networks of the engine.

load ../lab/helpers

setup_file() {
	setup_instance --no-nginx --no-sshd
}

teardown_file() {
	teardown_instance
}

setup() {
	app=app-$BATS_TEST_NUMBER
	as_dokku mkdir -p "$INST/home/$app"
}

@test "an app joins several networks, each once" {
	run dokku network:set "$app" attach-post-create one two
	assert_success
	assert_output "=====> Setting attach-post-create to one,two"
	run dokku network:set "$app" attach-post-deploy two
	assert_failure 1
	assert_output " !     Network name already associated with this app: two"
	run dokku network:set "$app" attach-post-deploy host
	assert_failure 1
	assert_output " !     Invalid network name specified for attach: host"
	run dokku network:set "$app" attach-post-create
	assert_output "=====> Unsetting attach-post-create"
}

# proves golden: trigger network-get-listeners, trigger network-config-exists
@test "the static listener replaces those of containers" {
	run dokku network:report "$app" --network-web-listeners
	assert_output ""
	run dokku network:set "$app" static-web-listener 10.1.2.3:8080
	assert_success
	run dokku network:report "$app" --network-web-listeners
	assert_output 10.1.2.3:8080
	run in_instance "$INST/bin/plugn" trigger network-get-listeners "$app" web
	assert_output 10.1.2.3:8080
	run in_instance "$INST/bin/plugn" trigger network-config-exists "$app"
	assert_output true
	run dokku network:set "$app" static-web-listener "a; b"
	assert_failure 1
	run dokku network:set --global static-web-listener 10.1.2.3:8080
	assert_failure 1
	assert_output " !     Property cannot be specified globally"
}

# proves golden: trigger network-get-property, trigger network-write-ipaddr
@test "scripts get computed properties and write addresses" {
	dokku network:set --global tld local
	run in_instance "$INST/bin/plugn" trigger network-get-property "$app" tld
	assert_output local
	run in_instance "$INST/bin/plugn" trigger network-get-property "$app" static-web-listener
	assert_failure 1
	dokku network:set --global tld
	run in_instance "$INST/bin/plugn" trigger network-write-ipaddr "$app" web 1 10.9.9.9
	assert_success
	assert_file_is "$INST/home/$app/IP.web.1" 10.9.9.9
	run in_instance "$INST/bin/plugn" trigger network-write-port "$app" ../x 1 80
	assert_failure 1
}

# proves effect: command network:create, command network:exists, command network:list
# proves effect: command network:info, command network:destroy
@test "networks are made with our labels, listed, shown and removed" {
	net=$LABEL-net
	run dokku network:create "$net"
	assert_success
	assert_output "-----> Creating network $net"
	run dokku network:create "$net"
	assert_failure 1
	assert_output --partial " !     Unable to create network"
	run dokku network:exists "$net"
	assert_success
	assert_output "-----> Network exists"
	run dokku network:list --dokku-managed
	assert_line "$net"
	refute_output --partial "bridge"
	run dokku network:list
	assert_line bridge
	run dokku network:info --format json "$net"
	echo "$output" >"$BATS_TEST_TMPDIR/info"
	assert_json .Name "$net" "$BATS_TEST_TMPDIR/info"
	assert_json .DokkuManaged true "$BATS_TEST_TMPDIR/info"
	assert_json '.ID | length' 12 "$BATS_TEST_TMPDIR/info"
	assert_json '.Labels["com.dokku.network-name"]' "$net" "$BATS_TEST_TMPDIR/info"
	run dokku network:info "$net"
	assert_line "       Dokku managed:  true"
	run dokku network:destroy "$net" <<<"wrong"
	assert_failure 1
	assert_line "> Confirmation did not match test. Aborted."
	run dokku network:destroy "$net" <<<"$net"
	assert_success
	run dokku network:exists "$net"
	assert_failure 1
	assert_output " !     Network does not exist"
}

@test "a network that is not ours is said to be foreign before it goes" {
	docker_lab network create --label "com.moorage.instance=$LABEL" "$LABEL-foreign"
	run dokku network:destroy "$LABEL-foreign" <<<"no"
	assert_failure 1
	assert_line " !     It was not made by network:create."
	run dokku --force network:destroy "$LABEL-foreign"
	assert_success
	refute_output --partial WARNING
}

@test "a name is required" {
	for command in create destroy exists info; do
		run dokku "network:$command"
		assert_failure 1
		assert_output " !     No network name specified"
	done
	run dokku network:info --format xml x
	assert_failure 1
	assert_output " !     Invalid format specified, use either text or json"
}
