#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# examples/go pushed as it is, built by the stack; the module proxy is the tests' own.

bats_require_minimum_version 1.5.0
load ../lab/helpers
load ../lab/apps
load ../lab/index
load ../lab/languages

setup_file() {
	language_up go
	dokku config:set --global GOPROXY="$INDEX/go" GOSUMDB=off >/dev/null
}

teardown_file() {
	language_down
}

@test "a push builds the programs of the module and serves the one that is named as it" {
	run -0 git_push "$DIR" go
	assert_output --partial '-----> Go app detected'
	assert_output --partial 'Downloading modules'
	assert_output --partial 'Default types for Go -> web'
	assert_http "$(host_of go)" / 200 'Hello from Go!'
	[ "$(grep -c '/v1.3.0.zip 200' <(index_requests))" = 1 ]
}

@test "the image has the program, and neither secrets nor sources of modules" {
	run -0 in_image go 'ls /app/bin'
	assert_output hello
	no_secrets go
	run -1 in_image go 'find / -xdev -path "*google/uuid*" | grep .'
}

@test "a push with the same go.sum downloads nothing" {
	index_forget
	sed -i 's/from Go/from Go again/' "$DIR/main.go"
	git_commit "$DIR"
	run -0 git_push "$DIR" go
	assert_output --partial 'go.sum is that of the last build: modules taken from the cache, nothing to download'
	assert_http "$(host_of go)" / 200 'Hello from Go again!'
	[ -z "$(index_requests)" ]
}

@test "config, scale and run need no build" {
	config_scale_run go 'Ahoy from Go again!' 'ls bin' hello
}

@test "a line that does not compile is named, and what served goes on" {
	sed -i 's/fmt.Fprintln(w, "ready")/fmt.Printline(w, "ready")/' "$DIR/main.go"
	git_commit "$DIR"
	run ! git_push "$DIR" go
	assert_output --regexp 'Command failed \(exit code [12]\): go build '
	assert_output --regexp 'The first line that failed: \./main\.go:[0-9]+:6: undefined: fmt\.Printline'
	assert_http "$(host_of go)" / 200 'Ahoy from Go again!'
}

@test "a module for a newer Go is refused with the ways out" {
	sed -i 's/^go 1.19$/go 1.99/' "$DIR/go.mod"
	git_commit "$DIR"
	run ! git_push "$DIR" go
	assert_output --regexp 'go\.mod asks for Go 1\.99; this stack has Go 1\.[0-9.]+'
	assert_output --partial 'go mod edit -go=1.'
	assert_output --partial 'builder:set <app> selected pack'
}
