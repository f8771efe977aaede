# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Composer's work: vendor and the autoloader.

# Logins go to a folder of this build, which is gone at its end; archives to the cache.
composer_environment() {
	export_env . '^(COMPOSER|COMPOSER_(HOME|CACHE_DIR|NO_DEV|VENDOR_DIR|BIN_DIR|ROOT_VERSION|ALLOW_SUPERUSER)|PHP(RC|_INI_SCAN_DIR))$'
	COMPOSER_HOME=$(mktemp -d)
	# shellcheck disable=SC2064 # the folder of now
	trap "rm -rf '$COMPOSER_HOME'" EXIT
	COMPOSER_CACHE_DIR=$(cache_dir composer)
	export COMPOSER_HOME COMPOSER_CACHE_DIR COMPOSER_MEMORY_LIMIT=-1 COMPOSER_NO_INTERACTION=1 COMPOSER_MIRROR_PATH_REPOS=1
	# The short form that other platforms have for a login at GitHub.
	if [[ ${COMPOSER_GITHUB_OAUTH_TOKEN:-} ]]; then
		(umask 077 && composer_json login >"$COMPOSER_HOME/auth.json")
	fi
}

composer_json() { # WORDS of lib/composer.php
	php "$PACK_DIR/lib/composer.php" "$@"
}

php_vendor_dir() {
	composer_json setting vendor-dir vendor
}

php_bin_dir() {
	local vendor
	vendor=$(php_vendor_dir)
	composer_json setting bin-dir "$vendor/bin" "$vendor"
}

composer_hints() { # LOG CODE
	local text package
	text=$(<"$1")
	package=$(sed -nE 's/.*(Failed to download|Failed to extract) ([^ ]+) from dist.*/\2/p; s/.*Downloading ([^ ]+) \(([^)]*)\) *$/&/; s/^ *Install of ([^ ]+) failed.*/\1/p' "$1" | head -1)
	[[ ! $package ]] || echo "The package that failed: $package"
	case $text in
	*"not present in the lock file"* | *"lock file is not up to date"*)
		echo "composer.json and composer.lock do not fit each other: run 'composer update <package>' and commit both" ;;
	*"Could not authenticate"* | *"requires authentication"* | *"Invalid credentials"* | *"HTTP/2 401"* | *"HTTP/1.1 401"*)
		echo "A private source wants a login: config:set <app> COMPOSER_AUTH='{\"http-basic\": {\"<host>\": {\"username\": \"...\", \"password\": \"...\"}}}'" ;;
	*"API rate limit"* | *"Could not fetch https://api.github.com"*)
		echo "GitHub refuses more downloads without a login: config:set <app> COMPOSER_GITHUB_OAUTH_TOKEN=..." ;;
	*"404 Not Found"* | *"HTTP/1.1 404"* | *"could not be found"*)
		echo "What composer.lock names is not (or no more) at its source: run 'composer update <package>' and commit composer.lock" ;;
	*"Your configuration does not allow connections to http://"*)
		echo "Composer fetches over https only; for a server of yours set \"secure-http\": false in composer.json's config" ;;
	*"handling the "*" event returned with error code"*)
		echo "A script of composer.json failed: $(grep -oE 'Script .* event returned with error code [0-9]+' "$1" | head -1)" ;;
	*"JSON"*"rror"* | *"does not match the expected JSON schema"*)
		echo "composer.json is not valid: run 'composer validate'" ;;
	esac
}

# Composer looks itself at what vendor has: under the same lock it finds nothing to do, writes the
# autoloader, and runs the app's scripts.
composer_install() {
	local key vendor
	vendor=$(php_vendor_dir)
	if [[ ! -f composer.lock ]]; then
		! composer_json wants-packages || fail "There is no composer.lock beside composer.json" \
			"Run 'composer install' and commit composer.lock: it says which versions to install"
		run_tool composer_hints composer dump-autoload --no-dev --optimize
		return
	fi
	key=$(cache_key composer.json composer.lock -- "$(php_version)")
	rm -rf "$vendor"
	if cache_restore php "$key" "$vendor"; then
		title "composer.lock is that of the last build: packages taken from the cache, nothing to install"
	else
		cache_restore_any php "$vendor" || true
		title "Installing packages of composer.lock (without those for development)"
	fi
	run_tool composer_hints composer install --no-dev --prefer-dist --optimize-autoloader --no-interaction --no-progress
	cache_has php "$key" || cache_save php "$key" "$vendor"
	trim_downloads "$COMPOSER_CACHE_DIR"
}

# The script "compile", as on other platforms.
composer_compile() {
	composer_json script compile || return 0
	title "Running the script 'compile' of composer.json"
	run_tool composer_hints composer run-script --no-dev --no-interaction compile
}
