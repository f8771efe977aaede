# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Ruby's version and the gems of Gemfile.lock.

# Sets ruby_here, ruby_api and bundler_here.
# shellcheck disable=SC2034 # ruby_api is for the profile
ruby_check_version() {
	local log lines asked
	log=$(mktemp)
	mapfile -t lines < <(ruby "$PACK_DIR/lib/version.rb" 2>"$log" || true)
	[[ ${#lines[@]} -ge 3 ]] || fail "The Gemfile cannot be read:" "$(<"$log")"
	rm -f "$log"
	ruby_here=${lines[0]} ruby_api=${lines[1]} bundler_here=${lines[2]}
	title "Using Ruby $ruby_here of the stack, Bundler $bundler_here"
	if [[ ${lines[3]:-} ]]; then
		mapfile -t asked < <(other_ways Ruby)
		fail "The Gemfile asks for Ruby ${lines[3]%%$'\t'*}; this stack has Ruby ${lines[3]##*$'\t'}" \
			"If the app runs with that, write in the Gemfile: ruby \"~> ${ruby_here%.*}\"" "${asked[@]}"
	fi
	if [[ -f .ruby-version && $(<.ruby-version) != *"$ruby_here"* ]] && ! grep -qE '^[[:space:]]*ruby[[:space:](]' Gemfile; then
		note ".ruby-version says $(head -1 .ruby-version); the Gemfile asks for no version, so it is not looked at"
	fi
}

# Nothing is written to .bundle/config: all settings are of the environment, and at the start of the
# app those of the profile. The locked version of Bundler itself is not fetched.
gems_environment() {
	export BUNDLE_PATH=$BUILD_DIR/vendor/bundle BUNDLE_DEPLOYMENT=1 BUNDLE_CLEAN=1 BUNDLE_IGNORE_MESSAGES=1
	export BUNDLE_WITHOUT=${BUNDLE_WITHOUT:-development:test} BUNDLE_JOBS=${BUNDLE_JOBS:-$(cpus)}
	export BUNDLE_SILENCE_ROOT_WARNING=1 BUNDLE_DISABLE_VERSION_CHECK=1
	BUNDLE_USER_HOME=$(cache_dir bundler)
	export BUNDLE_USER_HOME BUNDLER_VERSION=$bundler_here
	if [[ -e .bundle/config ]]; then
		note "Leaving out .bundle/config: settings of gems are config variables (BUNDLE_...)"
		rm -f .bundle/config
	fi
}

gems_hint_native() { # LOG
	local gem
	gem=$(tr '\n' ' ' <"$1" | sed -nE 's/.*(An error occurred while installing|Could not find gem|Your bundle is locked to|Could not find) \W?([^ ()]+) \(([^)]+)\).*/\2 \3/p')
	[[ $gem ]] || return 0
	echo "The gem that failed: $gem"
	case $gem in
	mysql2*) package_hint default-libmysqlclient-dev ;;
	rmagick*) package_hint libmagickwand-dev ;;
	esac
}

gems_hints() { # LOG
	local text
	text=$(<"$1")
	gems_hint_native "$1"
	case $text in
	*"only supports platforms"* | *"local platform is"*)
		echo "Gemfile.lock was made on another kind of machine: run 'bundle lock --add-platform x86_64-linux' and commit it" ;;
	*"deployment mode"* | *"frozen mode"* | *"Gemfile changed"* | *"lockfile is frozen"*)
		echo "Gemfile and Gemfile.lock do not fit each other: run 'bundle install' and commit both" ;;
	*"Authentication is required"* | *"Bad username or password"*)
		echo "A private source wants a login: config:set <app> BUNDLE_<HOST WITH __ FOR EACH DOT>=user:password" ;;
	*"requires ruby version"* | *"incompatible with the current version"* | *"depends on Ruby"* | *"ruby version is"*)
		echo "A gem of Gemfile.lock is for another Ruby: run 'bundle update <gem>' with Ruby ${ruby_here%.*}" ;;
	*"Could not find gem"* | *"Could not find "*" in "* | *"Your bundle is locked to"*)
		echo "A version in Gemfile.lock is not (or no more) at its source: run 'bundle update <gem>' and commit Gemfile.lock" ;;
	*"Could not reach host"* | *"Could not fetch specs"* | *"Network error"* | *"Could not download"*)
		echo "The source of gems does not answer; a mirror of yours: config:set <app> BUNDLE_MIRROR__ALL=https://..." ;;
	esac
}

# What is in the cache serves twice: as it is under the same lock, else as a beginning.
gems_install() {
	local key
	key=$(cache_key Gemfile Gemfile.lock -- "$ruby_here" "$BUNDLE_WITHOUT")
	rm -rf vendor/bundle
	if cache_restore ruby "$key" vendor/bundle; then
		title "Gemfile.lock is that of the last build: gems taken from the cache, nothing to install"
		return 0
	fi
	title "Installing gems (without: $BUNDLE_WITHOUT)"
	cache_restore_any ruby vendor/bundle || true
	run_tool gems_hints bundle install
	gems_clean
	cache_save ruby "$key" vendor/bundle
}

# Archives of gems, and clones of repositories: the latter hold the password of who fetched them.
gems_clean() {
	[[ ! -d vendor/bundle ]] || rm -rf vendor/bundle/ruby/*/cache vendor/bundle/ruby/*/bundler/gems/*/.git
}
