# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# shellcheck disable=SC2154 # variables of pack.bash
# What in the logs of npm, yarn and pnpm says what failed.

# " (line 3 of package.json)", when it names the package.
package_line() { # NAME
	grep -nF -m1 "\"$1\"" package.json 2>/dev/null | sed -E 's/^([0-9]+):.*/ (line \1 of package.json)/'
}

# A package without its version: @a/b@^1 -> @a/b.
package_name() { # NAME@RANGE
	sed -E 's/(.)@.*/\1/' <<<"$1"
}

first_match() { # LOG SED-EXPRESSION...
	local log=$1 expression
	shift
	for expression; do
		sed -nE "s!$expression!p" "$log"
	done | head -1
}

explain_missing() { # LOG
	local package
	package=$(first_match "$1" \
		".*404 +'([^' ]+)' is not in (this|the npm) registry.*!\1" \
		".*No matching version found for ([^ ]+[^ .])\.?.*!\1" \
		".*Couldn't find (package|any versions for) \"([^\"]+)\".*!\2" \
		".*ERR_PNPM_FETCH_404.*GET [^ ]*/([^/ ]+): Not Found.*!\1" \
		".*YN0035:.*│ ([^ :]+@npm:[^ :]+).*!\1")
	[[ $package ]] || return 0
	echo "Package not found: $package$(package_line "$(package_name "$package")")"
	echo "Is its name right, does that version exist, and is it in the registry (NPM_CONFIG_REGISTRY, .npmrc, NPM_TOKEN)?"
}

explain_lock() { # LOG
	local detail
	grep -qE 'can only install packages when your|needs to be updated, but yarn was run with|lockfile would have been modified|ERR_PNPM_(OUTDATED_LOCKFILE|LOCKFILE_)' "$1" || return 0
	detail=$(grep -oE '(Missing|Invalid): [^ ]+.*' "$1" | head -1)
	echo "$LOCK is out of date${detail:+ ($detail)}: run \"$MANAGER install\" and commit $LOCK"
}

explain_scripts() { # LOG
	local package
	package=$(first_match "$1" 'npm ERR. path /.*/node_modules/(.+)!\1' '^error /.*/node_modules/([^:]+): Command failed.*!\1' \
		'^[^ ]*node_modules/\.pnpm/([^/]+)/.* (install|postinstall): Failed.*!\1')
	[[ ! $package ]] || echo "Package whose install script failed: $package"
	package=$(first_match "$1" "^(/bin/)?sh: [0-9]+: ([^ :]+): not found.*!\2" ".*Command \"?([^ \"]+)\"? not found.*!\1")
	[[ ! $package ]] || echo "No program $package: the package that has it must be in dependencies or devDependencies"
	package=$(first_match "$1" "^.*Error.*: Cannot find (module|package) '([^']+)'.*!\2")
	[[ ! $package ]] || echo "No module $package: is it in dependencies or devDependencies$([[ $WITH_DEV ]] || echo " (NPM_CONFIG_PRODUCTION=true leaves the latter out)")?"
}

explain_node() { # LOG CODE
	explain_missing "$1"
	explain_lock "$1"
	explain_scripts "$1"
	if grep -q 'ERESOLVE' "$1"; then
		echo "Packages contradict each other about a third one's version: put it right in package.json," \
			"or commit an .npmrc with legacy-peer-deps=true"
	fi
	if grep -qE 'EBADENGINE.*(Unsupported|Not compatible)|The engine "node" is incompatible|ERR_PNPM_UNSUPPORTED_ENGINE' "$1"; then
		echo "A package does not go with Node.js $(node --version) of this stack: take a version of it that does," \
			"or build with a Dockerfile, whose FROM line names any Node.js"
	fi
	if grep -qE 'E401|E403|ENEEDAUTH|Unable to authenticate|401 Unauthorized|403 Forbidden|YN0041' "$1"; then
		echo "The registry refused: is NPM_TOKEN set (config:set --no-restart <app> NPM_TOKEN=...) and right?"
	fi
	if grep -qE 'gyp ERR!' "$1" && ! grep -qE 'fatal error: ' "$1"; then
		echo "A package was compiled: see the lines with gyp ERR! and error: above"
	fi
}
