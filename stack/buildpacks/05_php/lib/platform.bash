# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Does the stack have the PHP and the extensions that an app asks for?

php_version() {
	php -r 'echo PHP_MAJOR_VERSION, ".", PHP_MINOR_VERSION, ".", PHP_RELEASE_VERSION;'
}

composer_version() {
	composer --version --no-ansi 2>/dev/null | grep -oE '[0-9]+(\.[0-9]+)+' | head -1
}

# The Debian package of an extension; those that PHP itself has need none.
php_package() { # EXTENSION
	case $1 in
	dom | simplexml | xml | xmlreader | xmlwriter | xsl) echo php-xml ;;
	mysqli | mysqlnd | pdo_mysql) echo php-mysql ;;
	pgsql | pdo_pgsql) echo php-pgsql ;;
	sqlite3 | pdo_sqlite) echo php-sqlite3 ;;
	odbc | pdo_odbc) echo php-odbc ;;
	zend-opcache) echo php-opcache ;;
	*) echo "php-${1//_/-}" ;;
	esac
}

composer_check() {
	local answer name wanted who lines=()
	[[ -f composer.lock ]] || return 0
	answer=$(composer check-platform-reqs --lock --no-dev --no-interaction --no-plugins --format=json 2>/dev/null) || true
	while IFS=$'\t' read -r name wanted who; do
		case $name in
		php | php-64bit)
			lines+=("$who asks for PHP $wanted; this stack has PHP $(php_version)")
			mapfile -t -O "${#lines[@]}" lines < <(other_ways PHP)
			;;
		ext-*)
			lines+=("$who asks for the extension ${name#ext-} ($wanted), which the stack has not")
			lines+=("$(package_hint "$(php_package "${name#ext-}")")")
			;;
		*) lines+=("$who asks for $name $wanted, which the stack has not") ;;
		esac
	done < <(composer_json unmet <<<"$answer")
	[[ ${#lines[@]} == 0 ]] || fail "${lines[@]}"
}
