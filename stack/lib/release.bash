# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# shellcheck disable=SC2154 # variables of common.bash
# What bin/release of a buildpack prints: YAML of two flat maps, default_process_types and
# config_vars. Read here without a YAML library: block maps, values plain or in quotes.

# "KEY<tab>VALUE" lines of the map NAME.
release_map() { # FILE NAME
	awk -v want="$2" '
	function unquote(v) {
		sub(/[ \t\r]+$/, "", v)
		if (v ~ /^".*"$/) {
			v = substr(v, 2, length(v) - 2)
			gsub(/\\"/, "\"", v)
			gsub(/\\\\/, "\\", v)
		} else if (v ~ /^\047.*\047$/) {
			v = substr(v, 2, length(v) - 2)
			gsub(/\047\047/, "\047", v)
		} else {
			sub(/[ \t]+#.*$/, "", v)
		}
		return v
	}
	/^[ \t]*(#|$)/ || /^(---|\.\.\.)/ { next }
	/^[^ \t-]/ {
		name = $0
		sub(/[ \t]*:.*$/, "", name)
		inside = (unquote(name) == want)
		next
	}
	inside && /^[ \t]+[^ \t]/ {
		line = $0
		sub(/^[ \t]+/, "", line)
		at = match(line, /:([ \t]|$)/)
		if (!at)
			next
		value = substr(line, at + 1)
		sub(/^[ \t]+/, "", value)
		print unquote(substr(line, 1, at - 1)) "\t" unquote(value)
	}' "$1"
}

# Defaults only: what the app's config says stays.
release_config() { # FILE
	local name value
	mkdir -p "$build_path/.profile.d"
	while IFS=$'\t' read -r name value; do
		[[ $name =~ ^[A-Za-z_][A-Za-z0-9_]*$ ]] || continue
		# shellcheck disable=SC2016 # expanded when the app starts
		printf 'export %s=${%s-%q}\n' "$name" "$name" "$value"
	done < <(release_map "$1" config_vars) >"$build_path/.profile.d/00_config_vars.sh"
}

release_join() { # lines -> "a, b"
	paste -sd, | sed 's/,/, /g'
}

# A Procfile of the app wins whole; without one it is written from the defaults.
release_types() { # NAME-OF-THE-PACK
	local types
	title "Discovering process types"
	if [[ -f $app_path/Procfile ]]; then
		types=$(sed -nE 's/^[[:space:]]*([A-Za-z0-9_-]+)[[:space:]]*:.*/\1/p' "$app_path/Procfile" | sort -u | release_join)
		echo "Procfile declares types -> $types"
		return
	fi
	[[ ! -s $app_path/.release ]] || types=$(release_map "$app_path/.release" default_process_types)
	[[ ${types:-} ]] || {
		echo "No process types found"
		return
	}
	echo "Default types for $1 -> $(cut -f1 <<<"$types" | release_join)"
	printf '%s\n' "${types//$'\t'/: }" >"$app_path/Procfile"
}
