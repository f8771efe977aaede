# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# shellcheck disable=SC2154 # variables of pack.bash
# Which package manager: npm is the stack's own; yarn and pnpm come from the registry at the version
# that the app names, into the cache, and with the app, whose Procfile may call them.

package() { # COMMAND
	node "$PACK_DIR/lib/package.js" "$1" "$BUILD_DIR"
}

# A start of node takes longer than all that is asked here: their names are read once.
has_script() { # NAME
	: "${SCRIPTS:=|$(package scripts | tr '\n' '|')}"
	[[ $SCRIPTS == *"|$1|"* ]]
}

# Lock files that are there, one a line.
lock_files() {
	local file
	for file in package-lock.json npm-shrinkwrap.json yarn.lock pnpm-lock.yaml bun.lock bun.lockb; do
		[[ ! -f $file ]] || echo "$file"
	done
}

manager_of() { # LOCK-FILE
	case $1 in
	yarn.lock) echo yarn ;;
	pnpm-lock.yaml) echo pnpm ;;
	bun.*) echo bun ;;
	*) echo npm ;;
	esac
}

# Sets MANAGER, LOCK ("" without one) and VERSION ("" when the app does not say).
choose_manager() {
	local locks file
	mapfile -t locks < <(lock_files)
	read -r MANAGER VERSION < <(package manager) || true
	if [[ ! ${MANAGER:-} ]]; then
		if [[ ${#locks[@]} -gt 1 && ${locks[*]} != "package-lock.json npm-shrinkwrap.json" ]]; then
			fail "Two lock files: ${locks[*]}" "Keep the one of the package manager that the app uses, and remove the others"
		fi
		MANAGER=$(manager_of "${locks[0]:-}") VERSION=
	fi
	LOCK=
	for file in "${locks[@]}"; do
		[[ $(manager_of "$file") != "$MANAGER" ]] || LOCK=$file
	done
	[[ $MANAGER =~ ^(npm|yarn|pnpm)$ ]] ||
		fail "The app is installed with $MANAGER, which this stack cannot do" "Commit the lock file of npm, yarn or pnpm, or build with a Dockerfile"
	[[ $LOCK ]] || warn "There is no lock file for $MANAGER: versions are whatever fits today. Commit one"
}

is_berry() {
	[[ $MANAGER == yarn ]] && { grep -qs '^__metadata:' yarn.lock || [[ $VERSION =~ ^([2-9]|[1-9][0-9]) ]]; }
}

# "PACKAGE VERSION" in the registry, from what the app says or from what its lock file needs.
tool_package() {
	local format
	if [[ $MANAGER == pnpm ]]; then
		format=$(sed -nE "s/^lockfileVersion: *'?([0-9]+).*/\1/p" pnpm-lock.yaml 2>/dev/null || true)
		case $format in
		5) echo "pnpm ${VERSION:-7}" ;;
		6) echo "pnpm ${VERSION:-8}" ;;
		*) echo "pnpm ${VERSION:-9}" ;;
		esac
	elif is_berry; then
		format=$(sed -nE '/^__metadata:/,/^$/ s/^ +version: *([0-9]+).*/\1/p' yarn.lock 2>/dev/null || true)
		[[ ${format:-8} -ge 8 ]] && format=4 || format=3
		echo "@yarnpkg/cli-dist ${VERSION:-$format}"
	else
		echo "yarn ${VERSION:-1.22}"
	fi
}

# Debian's yarn does when the app does not name a version; it also starts the one that the app has
# in itself (yarnPath).
own_yarn() {
	have yarnpkg || return 1
	grep -qsE '^yarnPath:|^yarn-path ' .yarnrc.yml .yarnrc || { [[ ! $VERSION ]] && ! is_berry; }
}

# Puts the tool in PATH, for the build and for the app.
get_manager() {
	local package version place=$BUILD_DIR/.moorage/$MANAGER key
	[[ $MANAGER != npm ]] || return 0
	mkdir -p "$place/node_modules/.bin"
	if [[ $MANAGER == yarn ]] && own_yarn; then
		ln -sf "$(command -v yarnpkg)" "$place/node_modules/.bin/yarn"
	else
		read -r package version < <(tool_package)
		key=$(cache_key -- "$package" "$version" "$HAVE_NODE")
		if ! cache_restore "$MANAGER" "$key" "$place"; then
			title "Installing $MANAGER $version"
			(cd / && run_tool explain_node npm install --prefix "$place" --no-save --no-package-lock --no-audit --no-fund "$package@$version")
			cache_save "$MANAGER" "$key" "$place"
		fi
	fi
	PATH=$place/node_modules/.bin:$PATH
}
