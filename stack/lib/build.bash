# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# shellcheck disable=SC2154 # variables of common.bash
# A build: which buildpacks, then each one's bin/compile in turn, then what bin/release says. Runs
# as the app's user.

packs=()  # folders
labels=() # what bin/detect said of each

# Titles stay at the edge; a margin of seven that a buildpack made itself is not doubled.
indent() {
	sed -u -e '/^--*>/b' -e '/^==*>/b' -e '/^ !  /b' -e '/^ \{7\}/!s/^/       /'
}

# Further packs first: who adds some wants them.
build_list_paths() {
	local path
	for path in "$buildpack_path"/*/ "$stack_dir"/buildpacks/*/; do
		[[ -x $path/bin/detect && $path != "$buildpack_path"/custom*/ ]] || continue
		printf '%s\n' "${path%/}"
	done
}

build_list() {
	build_list_paths | sed 's,.*/,,'
}

build_environment() {
	export APP_DIR=$app_path HOME=$app_path REQUEST_ID=build-$RANDOM
	export CURL_CONNECT_TIMEOUT=${CURL_CONNECT_TIMEOUT:-30} CURL_TIMEOUT=${CURL_TIMEOUT:-180}
	env_load_file "$app_path/.env"
	[[ ${BUILDPACK_URL:-} || ! -f $env_path/BUILDPACK_URL ]] || BUILDPACK_URL=$(<"$env_path/BUILDPACK_URL")
	export GIT_TERMINAL_PROMPT=0
	if [[ $build_path != "$app_path" ]]; then
		cp -a "$app_path/." "$build_path"
	fi
}

# Lines of .buildpacks without comments.
build_wanted() {
	if [[ ${BUILDPACK_URL:-} ]]; then
		printf '%s\n' "$BUILDPACK_URL"
	elif [[ -f $build_path/.buildpacks ]]; then
		sed -e 's/\r$//' -e 's/^[[:space:]]*//' -e 's/[[:space:]]*$//' -e '/^#/d' -e '/^$/d' "$build_path/.buildpacks"
	fi
}

# moorage/NAME, or NAME alone, is one of the stack's own.
build_own_pack() { # NAME
	local path name=${1#moorage/}
	[[ $name =~ ^[a-z]+$ ]] || return 1
	for path in "$stack_dir"/buildpacks/[0-9][0-9]_"$name"; do
		[[ -d $path ]] || continue
		printf '%s\n' "$path"
		return 0
	done
	return 1
}

build_detect_one() { # PATH
	local label
	label=$("$1/bin/detect" "$build_path" </dev/null) && [[ $label ]] || return 1
	packs+=("$1")
	labels+=("$label")
}

# Buildpacks that the app names: all must fit.
build_select_named() { # URL...
	local url number=0 path
	for url; do
		if path=$(build_own_pack "$url"); then
			title "Using buildpack $url"
		else
			title "Fetching custom buildpack $(fetch_name "$url")"
			path=$buildpack_path/custom
			[[ $# == 1 ]] || path+=-$number
			fetch_buildpack "$url" "$path" || {
				title "Unable to fetch custom buildpack from ${url%%#*}"
				return 1
			}
		fi
		[[ -e $path/bin/detect && -e $path/bin/compile ]] || die "$url is no buildpack: it has no bin/detect or no bin/compile"
		chmod +x "$path"/bin/* 2>/dev/null || true
		build_detect_one "$path" || {
			title "Unable to select a buildpack"
			complain "$(fetch_name "$url") does not fit this app: its bin/detect said no"
			return 1
		}
		number=$((number + 1))
	done
}

# The first of the others that fits.
build_select_any() {
	local path
	while read -r path; do
		build_detect_one "$path" 2>/dev/null || true
	done < <(build_list_paths)
	if [[ ${#packs[@]} -gt 1 ]]; then
		title "Warning: Multiple default buildpacks reported the ability to handle this app. The first buildpack in the list below will be used."
		printf 'Detected buildpacks: %s\n' "$(printf '%s\n' "${packs[@]##*/}" | sed 's/^[0-9]*_//' | paste -sd' ')"
		packs=("${packs[0]}")
		labels=("${labels[0]}")
	fi
	[[ ${#packs[@]} -gt 0 ]] || {
		title "Unable to select a buildpack"
		complain "Nothing at the top of the source says what it is written in. Looked for by:" \
			"$(build_list | sed 's/^[0-9]*_//' | paste -sd' ')" \
			"Is the app in a folder of its own? (builder:set <app> build-dir <folder>)" \
			"Or name a buildpack: buildpacks:set <app> <git url>"
		return 1
	}
}

build_select() {
	local wanted
	mapfile -t wanted < <(build_wanted)
	if [[ ${#wanted[@]} -gt 0 ]]; then
		build_select_named "${wanted[@]}"
	else
		build_select_any
	fi
}

# What a pack exports for those after it, in this shell.
build_import() { # FILE
	[[ -f $1 ]] || return 0
	set +e
	# shellcheck source=/dev/null
	source "$1"
	set -e
}

build_compile() { # PATH
	local rc=0
	export MOORAGE_EXPORT=$scratch/export
	rm -f "$MOORAGE_EXPORT"
	cd "$build_path"
	BASH_ENV=$stack_dir/lib/trace.bash MOORAGE_TRACE_OF="$1/bin/compile" \
		"$1/bin/compile" "$build_path" "$cache_path" "$env_path" </dev/null || rc=$?
	[[ $rc == 0 ]] || {
		complain "The build failed in ${1##*/}/bin/compile (exit code $rc)"
		return $rc
	}
	build_import "$MOORAGE_EXPORT"
	build_import "$1/export"
}

build_run_packs() {
	local i
	for i in "${!packs[@]}"; do
		title "${labels[i]} app detected"
		build_compile "${packs[i]}" || return
		[[ ! -f ${packs[i]}/bin/release ]] || {
			"${packs[i]}/bin/release" "$build_path" "$cache_path" </dev/null >"$scratch/release" ||
				die "bin/release of ${packs[i]##*/} failed"
			cp "$scratch/release" "$build_path/.release"
		}
	done
	[[ ! -s $build_path/.release ]] || release_config "$build_path/.release"
}

build_move() {
	[[ $build_path != "$app_path" ]] || return 0
	find "$app_path" -mindepth 1 -delete
	cp -a "$build_path/." "$app_path"
}

build_all() {
	build_environment
	build_select || return
	build_run_packs || return
	build_move
	release_types "${labels[-1]}"
}

# The pipe is made here, by the app's user, so that what opens /dev/stderr again may do so.
build_build() {
	local rc
	scratch=$(mktemp -d)
	set +e
	(
		set -e
		build_all
	) 2>&1 | indent
	rc=${PIPESTATUS[0]}
	rm -rf "$scratch"
	exit "$rc"
}

build_detect() {
	build_environment
	build_select
	local label
	for label in "${labels[@]}"; do
		title "$label app detected"
	done
}
