#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# examples/ruby pushed as it is, built by the stack; rubygems.org is the tests' own.

bats_require_minimum_version 1.5.0
load ../lab/helpers
load ../lab/apps
load ../lab/index
load ../lab/languages

setup_file() {
	language_up ruby "$STACK_IMAGE"
	# The latter takes half of puma out of what is compiled here.
	dokku config:set --global BUNDLE_MIRROR__ALL="$INDEX/ruby" DISABLE_SSL=1 >/dev/null
}

teardown_file() {
	language_down
}

# A task that needs what the app's config has, in place of an assets pipeline.
with_assets() {
	sed -i '/^group :development/,$d' "$DIR/Gemfile"
	echo 'gem "rake"' >>"$DIR/Gemfile"
	cat >"$DIR/Rakefile" <<-'TASKS'
		task "assets:precompile" do
		  mkdir_p "public/assets"
		  File.write("public/assets/app.txt", ENV.fetch("ASSETS_OF"))
		end
	TASKS
	git_commit "$DIR"
}

@test "a push installs the gems of Gemfile.lock and serves config.ru" {
	run -0 git_push "$DIR" ruby
	assert_output --partial '-----> Ruby app detected'
	assert_output --partial 'Installing puma 5.6.5 with native extensions'
	refute_output --partial 'Installing rake'
	assert_output --partial 'Default types for Ruby -> rake, console, web'
	assert_http "$(host_of ruby)" / 200 'Hello from Ruby!'
	[ "$(grep -c '/gems/.* 200' <(index_requests))" = 3 ]
}

@test "the image has no secrets and no archives of gems" {
	no_secrets ruby
	run -1 in_image ruby 'find / -xdev -name "*.gem" | grep .'
}

@test "a push with the same Gemfile.lock installs nothing" {
	index_forget
	sed -i 's/from Ruby/from Ruby again/' "$DIR/config.ru"
	git_commit "$DIR"
	run -0 git_push "$DIR" ruby
	assert_output --partial 'Gemfile.lock is that of the last build: gems taken from the cache, nothing to install'
	refute_output --partial 'Installing'
	assert_http "$(host_of ruby)" / 200 'Hello from Ruby again!'
	[ -z "$(index_requests)" ]
}

@test "config, scale and run need no build" {
	config_scale_run ruby 'Ahoy from Ruby again!' 'bundle exec ruby -e "puts Gem.loaded_specs.keys.sort"' bundler
}

@test "assets are compiled with the app's config; a task that fails says which variable it misses" {
	with_assets
	dokku ps:set ruby skip-deploy true >/dev/null
	run ! git_push "$DIR" ruby
	assert_output --partial 'Installing rake 13.0.6'
	refute_output --partial 'Installing puma'
	assert_output --partial 'Command failed (exit code 1): assets_environment bundle exec rake assets:precompile'
	assert_output --partial 'A variable is missing: config:set <app> ASSETS_OF=...'
	dokku config:set --no-restart ruby ASSETS_OF=config >/dev/null
	echo >>"$DIR/config.ru"
	git_commit "$DIR"
	run -0 git_push "$DIR" ruby
	run -0 in_image ruby 'cat /app/public/assets/app.txt'
	assert_output config
}

@test "a gem that is not there is named, and a Ruby that is not there, with the ways out" {
	sed -i 's/rack (2.2.22)/rack (2.2.99)/' "$DIR/Gemfile.lock"
	git_commit "$DIR"
	run ! git_push "$DIR" ruby
	assert_output --partial 'Command failed'
	assert_output --partial 'The gem that failed: rack 2.2.99'
	assert_output --partial "run 'bundle update <gem>' and commit Gemfile.lock"
	sed -i 's/^ruby .*/ruby "3.9.0"/' "$DIR/Gemfile"
	git_commit "$DIR"
	run ! git_push "$DIR" ruby
	assert_output --regexp 'The Gemfile asks for Ruby 3\.9\.0; this stack has Ruby 3\.1\.[0-9]+'
	assert_output --partial 'write in the Gemfile: ruby "~> 3.1"'
	assert_http "$(host_of ruby)" / 200 'Ahoy from Ruby again!'
}
