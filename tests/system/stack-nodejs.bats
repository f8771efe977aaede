#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# examples/nodejs pushed as it is, built by the stack with packages of the npm registry.

bats_require_minimum_version 1.5.0
load ../lab/helpers
load ../lab/apps
load ../lab/index
load ../lab/languages

setup_file() {
	language_up nodejs
	dokku config:set nodejs "NPM_TOKEN=$SECRET" >/dev/null
}

teardown_file() {
	language_down
}

@test "a push installs what package-lock.json names, builds, and serves the app by npm start" {
	run -0 git_push "$DIR" nodejs
	assert_output --partial '-----> Node.js app detected'
	assert_output --partial 'Installing packages of package-lock.json with npm'
	assert_output --regexp 'added [0-9]+ packages'
	assert_output --partial 'Default types for Node.js -> web'
	assert_http "$(host_of nodejs)" / 200 "Hello from Node.js $(dokku run nodejs node --version)"
	assert_equal "$(http_get "$(host_of nodejs)" /about | head -1)" '<h1 id="about">About</h1>'
}

@test "SIGTERM reaches the app below npm, which ends with its own exit code" {
	id=$(web_container nodejs)
	docker_lab update --restart no "$id" >/dev/null
	docker_lab kill --signal TERM "$id" >/dev/null
	assert_equal "$(docker_lab wait "$id")" 0
	docker_lab start "$id" >/dev/null
}

@test "the image has neither packages that only the build needs, nor a token, nor the app's config" {
	run -0 in_image nodejs 'cd /app; ls node_modules; ls -A'
	assert_line express
	refute_output --partial marked
	refute_output --partial .npm
	no_secrets nodejs
}

# With a registry that nobody answers for.
@test "a push with the same package-lock.json installs nothing, and builds again" {
	dokku config:set --no-restart nodejs NPM_CONFIG_REGISTRY=http://127.0.0.1:1/ >/dev/null
	echo '# Second' >"$DIR/about.md"
	git_commit "$DIR"
	run -0 git_push "$DIR" nodejs
	assert_output --partial 'package-lock.json is unchanged: nothing to install'
	refute_output --regexp 'added [0-9]+ packages'
	assert_equal "$(http_get "$(host_of nodejs)" /about)" '<h1 id="second">Second</h1>'
	dokku config:unset --no-restart nodejs NPM_CONFIG_REGISTRY >/dev/null
}

@test "config, scale and run need no build" {
	version=$(dokku run nodejs node --version)
	config_scale_run nodejs "Ahoy from Node.js $version" 'echo $NODE_ENV; which mime' production
	assert_line /app/node_modules/.bin/mime
}

@test "a lock file that is out of date is named with what it lacks; the app serves on" {
	jq '.dependencies["left-pad"] = "1.3.0"' "$DIR/package.json" >"$DIR/new"
	mv "$DIR/new" "$DIR/package.json"
	git_commit "$DIR"
	run ! git_push "$DIR" nodejs
	assert_output --partial 'Command failed (exit code 1): npm ci --include=dev'
	assert_output --partial 'package-lock.json is out of date (Missing: left-pad@1.3.0 from lock file): run "npm install" and commit package-lock.json'
	assert_equal "$(http_get "$(host_of nodejs)" /about)" '<h1 id="second">Second</h1>'
}

# Nothing is to be installed: the app's one package is in its source, so that this is quick.
@test "yarn is installed at the version that the app names; engines and a build that fails are told" {
	mkdir -p "$DIR/tool"
	rm "$DIR/package-lock.json"
	printf '{ "name": "tool", "version": "1.0.0" }\n' >"$DIR/tool/package.json"
	cat >"$DIR/package.json" <<-'JSON'
		{
		  "private": true,
		  "packageManager": "yarn@1.22.19",
		  "engines": { "node": ">=99" },
		  "scripts": { "build": "yarn --version && tsc -p ." },
		  "dependencies": { "tool": "file:./tool" }
		}
	JSON
	printf '# yarn lockfile v1\n\n\n"tool@file:./tool":\n  version "1.0.0"\n' >"$DIR/yarn.lock"
	git_commit "$DIR"
	run ! git_push "$DIR" nodejs
	assert_output --regexp 'package\.json \(engines\.node\) asks for Node\.js >=99, this stack has v18\.'
	assert_output --partial 'Installing packages of yarn.lock with yarn'
	assert_output --partial '       1.22.19'
	assert_output --partial 'Command failed (exit code 127): yarn run build'
	assert_output --partial 'No program tsc: the package that has it must be in dependencies or devDependencies'
}
