# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# The task assets:precompile, where an app has it.

# 0: it has. A Rakefile that cannot be read counts only for Rails, which always has one.
assets_task() {
	local tasks lines
	[[ -f Rakefile || -f rakefile || -f Rakefile.rb ]] && locked rake || return 1
	if tasks=$(assets_environment bundle exec rake -P 2>&1 </dev/null); then
		grep -q '^rake assets:precompile$' <<<"$tasks"
	elif locked railties; then
		printf '%s\n' "$tasks"
		mapfile -t lines < <(assets_hints <(printf '%s\n' "$tasks"))
		fail "The Rakefile cannot be read (bundle exec rake -P)" "${lines[@]}"
	else
		note "The Rakefile cannot be read, so no task of it is run: $(head -1 <<<"$tasks")"
		return 1
	fi
}

assets_compiled() {
	compgen -G 'public/assets/.sprockets-manifest-*.json' || compgen -G 'public/assets/manifest-*.json' ||
		compgen -G 'public/assets/.manifest.json'
}

# No secret of the app is needed to build assets. Rails before 7.1 does not know of the stand-in.
assets_environment() { # COMMAND...
	local database=$DATABASE_URL secret=${SECRET_KEY_BASE:-}
	[[ $secret ]] || secret=$(head -c 32 /dev/urandom | sha256sum | cut -c1-64)
	DATABASE_URL=$database SECRET_KEY_BASE_DUMMY=1 SECRET_KEY_BASE=$secret RAILS_GROUPS=assets "$@"
}

# Never connected to; only its kind matters.
assets_database() {
	[[ ${DATABASE_URL:-} ]] && return 0
	local adapter=nulldb
	if locked pg; then
		adapter=postgresql
	elif locked mysql2; then
		adapter=mysql2
	elif locked sqlite3; then
		adapter=sqlite3
	fi
	DATABASE_URL=$adapter://user:pass@127.0.0.1/none
	[[ $adapter != sqlite3 ]] || DATABASE_URL=sqlite3::memory:
}

assets_hints() { # LOG
	local text
	text=$(<"$1")
	case $text in
	*ExecJS::RuntimeUnavailable* | *"yarn: not found"* | *"No such file or directory - yarn"* | *"No such file or directory - npm"* | *"node: not found"*)
		echo "The assets need Node.js: two buildpacks, buildpacks:add <app> moorage/nodejs and buildpacks:add <app> moorage/ruby" ;;
	*"Missing encryption key"* | *MessageEncryptor::InvalidMessage* | *RAILS_MASTER_KEY*)
		echo "The credentials are encrypted: config:set <app> RAILS_MASTER_KEY=<content of config/master.key>" ;;
	*ConnectionBad* | *ConnectionNotEstablished* | *"could not connect to server"* | *"onnection refused"*)
		echo "The app reads its database while it starts; there is none during a build. Look for queries in config/initializers and in class bodies" ;;
	*"key not found:"*)
		echo "A variable is missing: config:set <app> $(grep -oE 'key not found: "[^"]+"' "$1" | head -1 | cut -d'"' -f2)=..." ;;
	esac
}

assets_build() {
	if assets_compiled >/dev/null; then
		note "public/assets has a manifest: assets were compiled before the push"
		return 0
	fi
	assets_database
	assets_task || return 0
	title "Compiling assets (rake assets:precompile)"
	cache_restore_any ruby-assets tmp/cache/assets || true
	local secret=tmp/local_secret.txt
	[[ ! -e $secret ]] || secret=
	run_tool assets_hints assets_environment bundle exec rake assets:precompile
	[[ ! $secret ]] || rm -f "$secret"
	cache_save ruby-assets any tmp/cache/assets
	rm -rf tmp/cache/assets
}
