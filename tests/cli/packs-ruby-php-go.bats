#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Decisions of the Ruby, PHP and Go buildpacks that need none of their tools: what they detect, the
# process types they offer, what they say of a failure.

bats_require_minimum_version 1.5.0

setup() {
	export MOORAGE_STACK=$BATS_TEST_DIRNAME/../../stack
	export PACKS=$MOORAGE_STACK/buildpacks
	cd "$BATS_TEST_TMPDIR" || exit 1
}

# part FILE...: functions of packs, for calling them here.
part() {
	local file
	# shellcheck source=stack/lib/hints.bash
	source "$MOORAGE_STACK/lib/hints.bash"
	for file; do
		# shellcheck source=/dev/null
		source "$PACKS/$file"
	done
}

detect() { # PACK
	"$PACKS/$1/bin/detect" .
}

release() { # PACK
	"$PACKS/$1/bin/release" .
}

lock() { # GEM VERSION...
	printf 'GEM\n  remote: https://rubygems.org/\n  specs:\n' >Gemfile.lock
	printf '    %s (%s)\n      needed (~> 1.0)\n' "$@" >>Gemfile.lock
}

@test "what makes an app one of Ruby, PHP or Go" {
	for pack in 01_ruby 05_php 06_go; do
		run -1 --separate-stderr detect "$pack"
		[ -z "$output$stderr" ]
	done
	touch Gemfile composer.json go.mod
	[ "$(detect 01_ruby) $(detect 05_php) $(detect 06_go)" = 'Ruby PHP Go' ]
	rm composer.json
	run -1 detect 05_php
	touch index.php
	[ "$(detect 05_php)" = PHP ]
}

@test "Ruby: web is the server in the lock" {
	touch config.ru
	while read -r gems wanted; do
		# shellcheck disable=SC2086 # words
		lock ${gems//,/ }
		run -0 release 01_ruby
		[ "$(sed -n 's/^  web: //p' <<<"$output")" = "$wanted" ]
		[[ $output == *'  console: bundle exec irb'* ]]
	done <<-'END'
		puma,6.4.2,rack,3.0.8 bundle exec puma -p ${PORT:-5000}
		thin,1.8.2,rack,2.2.8 bundle exec thin start -R config.ru -e $RACK_ENV -p ${PORT:-5000}
		unicorn,6.1.0,rack,3.0.8 bundle exec unicorn -p ${PORT:-5000}
		webrick,1.8.1,rack,2.2.8 bundle exec rackup config.ru --host 0.0.0.0 -p ${PORT:-5000}
		rack,3.0.8,rackup,2.1.0,webrick,1.8.1 bundle exec rackup config.ru --host 0.0.0.0 -p ${PORT:-5000}
		rack,2.2.8
		rack,3.0.8,rackup,2.1.0
		puma_worker_killer,0.3.1
	END
}

@test "Ruby: without config.ru there is no web, with Rails there is a worker" {
	lock puma 6.4.2
	run -0 release 01_ruby
	[[ $output != *web:* ]]
	lock railties 7.0.8 puma 6.4.2
	run -0 release 01_ruby
	[[ $output == *'  web: bin/rails server -b 0.0.0.0 -p ${PORT:-5000} -e $RAILS_ENV'* ]]
	[[ $output == *'  worker: bundle exec rake jobs:work'* ]]
	[[ $output == *'  console: bin/rails console'* ]]
}

@test "Ruby: a gem's version in the lock, with and without a platform" {
	part 01_ruby/lib/lock.bash
	lock nokogiri 1.15.4-x86_64-linux rack 2.2.8
	[ "$(locked_version nokogiri)" = 1.15.4 ]
	[ "$(locked_version rack)" = 2.2.8 ]
	run -1 locked needed
}

# hint FUNCTION TEXT: what it says of a tool's output.
hint() {
	printf '%s\n' "$2" >log
	"$1" log 1
}

@test "Ruby: what failed is named, and what helps" {
	part 01_ruby/lib/lock.bash 01_ruby/lib/gems.bash 01_ruby/lib/assets.bash
	run -0 hint gems_hints 'An error occurred while installing mysql2 (0.5.5), and Bundler cannot continue.'
	[ "${lines[0]}" = 'The gem that failed: mysql2 0.5.5' ]
	[[ ${lines[1]} == *'stack:build --packages "default-libmysqlclient-dev"'* ]]
	run -0 hint gems_hints 'Your bundle only supports platforms ["arm64-darwin-22"] but your local platform is x86_64-linux.'
	[[ $output == *'bundle lock --add-platform x86_64-linux'* ]]
	run -0 hint gems_hints 'Authentication is required for gems.example.com.'
	[[ $output == *'BUNDLE_<HOST WITH __ FOR EACH DOT>=user:password'* ]]
	run -0 hint assets_hints 'ExecJS::RuntimeUnavailable: Could not find a JavaScript runtime.'
	[[ $output == *'buildpacks:add <app> moorage/nodejs'* ]]
	run -0 hint assets_hints 'KeyError: key not found: "STRIPE_KEY"'
	[[ $output == *'config:set <app> STRIPE_KEY=...'* ]]
	run -0 hint gems_hints 'All is well'
	[ -z "$output" ]
}

@test "PHP: the document root is where the front page is" {
	touch index.php
	[ "$(release 05_php | tail -1)" = '  web: php-web .' ]
	mkdir web && touch web/index.php
	[ "$(release 05_php | tail -1)" = '  web: php-web web/' ]
	mkdir public && touch public/index.php
	[ "$(release 05_php | tail -1)" = '  web: php-web public/' ]
}

@test "PHP: Debian's names of extensions" {
	part 05_php/lib/platform.bash
	for pair in imagick:php-imagick pdo_mysql:php-mysql dom:php-xml pdo_pgsql:php-pgsql zend-opcache:php-opcache; do
		[ "$(php_package "${pair%%:*}")" = "${pair#*:}" ]
	done
}

@test "PHP: options of the web server that cannot be met are refused" {
	run -1 "$PACKS/05_php/run/heroku-php-apache2" -C apache.conf
	[[ $output == *'the web server is nginx'*'heroku-php-nginx -C <file>'* ]]
	run -1 "$PACKS/05_php/run/heroku-php-nginx" missing/
	[[ $output == *'there is no folder missing/'* ]]
	run -2 "$PACKS/05_php/run/php-web" -x
	[[ $output == *'php-web [OPTIONS] [DOCUMENT-ROOT]'* ]]
}

@test "Go: the module, its program, its version and its notes" {
	part 06_go/lib/module.bash
	printf '// +heroku goVersion go1.18\n// +heroku install ./cmd/... ./x \nmodule example.com/team/hello/v2\n\ngo 1.21.3 // not less\n' >go.mod
	[ "$(module_path)" = example.com/team/hello/v2 ]
	[ "$(module_program)" = hello ]
	[ "$(module_go)" = 1.21.3 ]
	[ "$(module_note goVersion)" = go1.18 ]
	[ "$(module_note install)" = './cmd/... ./x' ]
	echo 'module "hello"' >go.mod
	[ "$(module_program) $(module_go)" = 'hello ' ]
}

@test "Go: a version reaches what does not say more" {
	part 06_go/lib/version.bash
	while read -r here wanted code; do
		run "-$code" version_reaches "$here" "$wanted"
	done <<-'END'
		1.19.8 1.19 0
		1.19.8 1.9 0
		1.19.8 1.19.8 0
		1.19.8 1.19.9 1
		1.19.8 1.21 1
		1.22.1 1.21.3 0
	END
}

@test "Go: web is the program named as the module, or the only one" {
	echo 'module example.com/hello' >go.mod
	mkdir bin
	printf '#!/bin/sh\n' >bin/deploy
	cp "$(type -P true)" bin/server
	chmod +x bin/*
	[ "$(release 06_go | tail -1)" = '  web: bin/server' ]
	cp bin/server bin/worker
	[ "$(release 06_go | tail -1)" = 'default_process_types:' ]
	cp bin/server bin/hello
	[ "$(release 06_go | tail -1)" = '  web: bin/hello' ]
}

@test "Go: the first line that failed is named, and what helps" {
	part 06_go/lib/build.bash
	export go_here=1.19.8
	run -0 hint go_hints $'# example.com/hello\n./main.go:7:2: undefined: x\n./main.go:9:2: undefined: y'
	[ "$output" = 'The first line that failed: ./main.go:7:2: undefined: x' ]
	run -0 hint go_hints 'main.go:4:8: missing go.sum entry for module providing package x'
	[[ $output == *"run 'go mod tidy' and commit both"* ]]
	run -0 hint go_hints "go: errors parsing go.mod: invalid go version '1.21.0': must match format 1.23"
	[[ $output == *'go mod edit -go=1.19 -toolchain=none'* ]]
}
