#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# examples/php pushed, built by the stack. Its composer.lock names GitHub; here those addresses are
# the tests' own.

bats_require_minimum_version 1.5.0
load ../lab/helpers
load ../lab/apps
load ../lab/index
load ../lab/languages

setup_file() {
	language_up php
	"$TOP/tests/lab/index-php" --lock "$DIR/composer.lock" "$INDEX"
	in_json "$DIR/composer.json" '.config["secure-http"] = false'
	git_commit "$DIR"
}

teardown_file() {
	language_down
}

in_json() { # FILE FILTER
	local changed
	changed=$(jq "$2" "$1")
	printf '%s\n' "$changed" >"$1"
}

@test "a push installs what composer.lock names and serves public/" {
	run -0 git_push "$DIR" php
	assert_output --partial '-----> PHP app detected'
	assert_output --partial 'Installing nikic/fast-route (v1.3.0)'
	assert_http "$(host_of php)" / 200 'Hello from PHP!'
	assert_http "$(host_of php)" /hello/World 200 'Hello, World!'
	assert_equal "$(http_status "$(host_of php)" /.htaccess)" 404
	[ "$(index_requests)" = 'GET /php/nikic-fast-route-1.3.0.zip 200' ]
}

@test "the image has no secrets, and nothing of the web server runs as root" {
	no_secrets php
	run -0 docker_lab top "$(web_container php)" -eo pid,user,args
	assert_output --partial 'nginx: worker'
	refute_output --regexp ' root '
}

@test "a push with the same composer.lock installs nothing; the Procfile's heroku-php-apache2 is known" {
	index_forget
	echo 'web: vendor/bin/heroku-php-apache2 public/' >"$DIR/Procfile"
	sed -i 's/from PHP/from PHP again/' "$DIR/public/index.php"
	git_commit "$DIR"
	run -0 git_push "$DIR" php
	assert_output --partial 'composer.lock is that of the last build: packages taken from the cache, nothing to install'
	refute_output --partial 'Downloading'
	assert_http "$(host_of php)" / 200 'Hello from PHP again!'
	[ -z "$(index_requests)" ]
}

@test "config, scale and run need no build" {
	config_scale_run php 'Ahoy from PHP again!' 'ls vendor/nikic' fast-route
}

@test "an extension that is missing is named with its Debian package, before anything is installed" {
	in_json "$DIR/composer.json" '.require["ext-imagick"] = "*"'
	in_json "$DIR/composer.lock" '.platform["ext-imagick"] = "*"'
	git_commit "$DIR"
	run ! git_push "$DIR" php
	assert_output --regexp 'asks for the extension imagick \(\*\), which the stack has not'
	assert_output --partial 'php-imagick'
	refute_output --partial 'composer install'
}

@test "a package that cannot be fetched is named" {
	in_json "$DIR/composer.json" 'del(.require["ext-imagick"])'
	in_json "$DIR/composer.lock" 'del(.platform["ext-imagick"]) | .packages[0].dist.url += "x"
		| .packages[0].dist.reference = "0000000000000000000000000000000000000000"'
	git_commit "$DIR"
	run ! git_push "$DIR" php
	assert_output --regexp 'Command failed \(exit code [0-9]+\): composer install '
	assert_output --partial 'The package that failed: nikic/fast-route'
	assert_http "$(host_of php)" / 200 'Ahoy from PHP again!'
}
