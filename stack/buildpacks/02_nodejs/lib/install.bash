# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# shellcheck disable=SC2154 # variables of pack.bash
# node_modules: from the cache, or filled by the package manager; built with, and then freed of
# what only the build needs.

# NODE_ENV, NPM_CONFIG_PRODUCTION and YARN_PRODUCTION mean what they mean on Heroku. Sets WITH_DEV
# ("" without devDependencies) and PRUNE.
choose_mode() {
	local asked=${NPM_CONFIG_PRODUCTION:-${YARN_PRODUCTION:-}}
	WITH_DEV=yes PRUNE=yes
	[[ $asked != true ]] || WITH_DEV=
	[[ $asked != false && $WITH_DEV && $NODE_ENV == production ]] || PRUNE=
	[[ ${PNPM_SKIP_PRUNING:-} != true && ${YARN2_SKIP_PRUNING:-} != true ]] || PRUNE=
	# npm warns of the old name whenever it sees it.
	unset NPM_CONFIG_PRODUCTION YARN_PRODUCTION
}

# Where tools keep what they fetch, and how much they say.
tool_environment() {
	local dir
	dir=$(cache_dir npm)
	export npm_config_cache=$dir npm_config_logs_max=0 npm_config_update_notifier=false npm_config_progress=false
	export npm_config_fund=false npm_config_audit=false npm_config_color=false
	# Headers for packages that are compiled; else they are fetched from nodejs.org.
	[[ ! -f /usr/include/node/node.h ]] || export npm_config_nodedir=${npm_config_nodedir:-/usr}
	XDG_CACHE_HOME=$(cache_dir xdg)
	export XDG_CACHE_HOME XDG_STATE_HOME=$XDG_CACHE_HOME/state XDG_DATA_HOME=$XDG_CACHE_HOME/data
	export DISABLE_OPENCOLLECTIVE=true ADBLOCK=true
}

# The same for the one that the app uses; each refuses to know another's settings.
manager_environment() {
	local dir
	dir=$(cache_dir "$MANAGER-packages")
	if is_berry; then
		export YARN_NODE_LINKER=node-modules YARN_ENABLE_TELEMETRY=0 YARN_GLOBAL_FOLDER=$dir
		[[ -d .yarn/cache ]] || export YARN_ENABLE_GLOBAL_CACHE=true
	elif [[ $MANAGER == yarn ]]; then
		# The range in package.json is a warning here, to yarn 1 it is a law.
		export YARN_CACHE_FOLDER=$dir YARN_IGNORE_ENGINES=true
	elif [[ $MANAGER == pnpm ]]; then
		export npm_config_store_dir=$dir
	fi
}

# Registry passwords: in a file that ends with the build. The token itself is only in the
# environment; npm and its like put it in.
registry_access() {
	local registry=${NPM_CONFIG_REGISTRY:-${npm_config_registry:-https://registry.npmjs.org/}}
	SECRETS=$(mktemp -d)
	trap 'rm -rf "$SECRETS"' EXIT
	if [[ ${NPMRC:-} ]]; then
		printf '%s\n' "$NPMRC" >"$SECRETS/npmrc"
	fi
	if [[ ${NPM_TOKEN:-} ]] && ! grep -qs 'NPM_TOKEN' .npmrc "$SECRETS/npmrc"; then
		# shellcheck disable=SC2016 # for npm
		printf '//%s/:_authToken=${NPM_TOKEN}\n' "$(sed -E 's,^https?://,,; s,/+$,,' <<<"$registry")" >>"$SECRETS/npmrc"
		export YARN_NPM_AUTH_TOKEN=${YARN_NPM_AUTH_TOKEN:-$NPM_TOKEN}
	fi
	[[ ! -f $SECRETS/npmrc ]] || export NPM_CONFIG_USERCONFIG=${NPM_CONFIG_USERCONFIG:-$SECRETS/npmrc}
}

run_manager() {
	run_tool explain_node "$MANAGER" "$@"
}

run_script() { # NAME
	has_script "$1" || return 0
	title "Running $1"
	run_manager run "$1"
}

install_npm() {
	local mode=(--include=dev)
	[[ $WITH_DEV ]] || mode=(--omit=dev)
	if [[ $LOCK ]]; then
		run_manager ci "${mode[@]}"
	else
		run_manager install --no-package-lock "${mode[@]}"
	fi
}

install_yarn() {
	if is_berry; then
		run_manager install --immutable
		[[ $WITH_DEV ]] || prune_yarn
		return
	fi
	local mode=(--production=false)
	[[ $WITH_DEV ]] || mode=(--production=true)
	[[ ! $LOCK ]] || mode+=(--frozen-lockfile)
	run_manager install --ignore-engines --prefer-offline --non-interactive --no-progress "${mode[@]}"
}

install_pnpm() {
	local mode=(--prod=false)
	[[ $WITH_DEV ]] || mode=(--prod)
	if [[ $LOCK ]]; then
		mode+=(--frozen-lockfile)
	else
		mode+=(--no-frozen-lockfile)
	fi
	CI=true run_manager install --reporter=append-only "${mode[@]}"
}

prune_npm() {
	local more=()
	[[ $LOCK ]] || more=(--no-package-lock)
	run_manager prune --omit=dev "${more[@]}"
}

prune_yarn() {
	if ! is_berry; then
		run_manager install --ignore-engines --prefer-offline --non-interactive --no-progress --production=true --ignore-scripts ${LOCK:+--frozen-lockfile}
	elif [[ $(yarn --version) =~ ^[23]\. ]] && ! grep -qs workspace-tools .yarnrc.yml; then
		note "yarn $(yarn --version) cannot remove them: devDependencies stay"
	else
		YARN_ENABLE_SCRIPTS=false run_manager workspaces focus --all --production
	fi
}

prune_pnpm() {
	CI=true run_manager prune --prod --ignore-scripts
}

modules_key() {
	local files=(.npmrc .yarnrc .yarnrc.yml .pnpmfile.cjs pnpm-workspace.yaml) dir patches
	[[ ! $LOCK ]] || files+=("$LOCK")
	for dir in patches .yarn/patches; do
		[[ -d $dir ]] || continue
		mapfile -t patches < <(find "$dir" -type f | sort)
		files+=("${patches[@]}")
	done
	cache_key "${files[@]}" -- "$(package essence)" "$BUILD_DIR" "$MANAGER $VERSION" "$WITH_DEV" "$NODE_ENV" "$HAVE_NODE" "$HAVE_NPM"
}

# All node_modules of the app, as a workspace has several.
save_modules() { # KEY
	local stage dirs
	mapfile -t dirs < <(find . -path ./.moorage -prune -o -name node_modules -type d -prune -print)
	[[ ${#dirs[@]} -gt 0 ]] || return 0
	stage=$(mktemp -d "$BUILD_DIR/.moorage-save.XXXXXX")
	cp -al --parents "${dirs[@]}" "$stage"
	cache_save modules "$1" "$stage"
	rm -rf "$stage"
}

# A package manager runs the app's own scripts after it installed.
install_scripts() {
	if has_script install; then
		run_script install
	else
		run_script preinstall
		run_script postinstall
	fi
	[[ ! $WITH_DEV ]] || run_script prepare
}

remove_foreign_modules() {
	[[ -d node_modules ]] || return 0
	warn "node_modules of the repository is not used: leave it out with .gitignore"
	rm -rf node_modules
}

make_modules() {
	local key use=${NODE_MODULES_CACHE:-true}
	remove_foreign_modules
	key=$(modules_key)
	if [[ $use != false ]] && cache_restore modules "$key" "$BUILD_DIR"; then
		title "Using the packages of the last build"
		note "${LOCK:-package.json} is unchanged: nothing to install"
		install_scripts
		return
	fi
	title "Installing packages of ${LOCK:-package.json} with $MANAGER"
	"install_$MANAGER"
	trim_downloads "$npm_config_cache"
	trim_downloads "$CACHE_DIR/moorage/$MANAGER-packages"
	[[ $use == false ]] || save_modules "$key"
}

build_app() {
	if has_script heroku-postbuild; then
		run_script heroku-postbuild
	else
		run_script build
	fi
}

prune_modules() {
	[[ $PRUNE && -d node_modules ]] || return 0
	title "Removing devDependencies"
	"prune_$MANAGER"
}
