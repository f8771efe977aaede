# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# shellcheck disable=SC2154 # variables of common.bash
# Buildpacks from elsewhere: a git repository, with "#ref" or not, or an archive. What was fetched
# stays in the cache of the app, so that only what is new comes over the network.

# As people write them: shorter where the host says little.
fetch_name() { # URL
	local name=${1#https://github.com/}
	name=${name#git@github.com:}
	printf '%s\n' "${name%.git}"
}

fetch_valid() { # URL
	[[ -d $1 || $1 =~ ^(https?|git|ssh|file)://.+ || $1 =~ ^[A-Za-z0-9_.-]+@[A-Za-z0-9_.-]+:.+ ]]
}

# A branch, a tag or a commit. Servers without git's own protocol know nothing of depth, and not every
# other hands out a commit by its id: then all of it comes.
fetch_ref() { # REPOSITORY URL REF
	git -C "$1" fetch --quiet --depth 1 --force "$2" "$3" </dev/null >/dev/null 2>&1 ||
		git -C "$1" fetch --quiet --force "$2" "$3" </dev/null >/dev/null 2>&1 || {
		[[ $3 =~ ^[0-9a-f]{7,64}$ ]] || return 1
		git -C "$1" fetch --quiet --force --tags "$2" '+refs/heads/*:refs/remotes/o/*' </dev/null >/dev/null 2>&1
		git -C "$1" rev-parse --verify --quiet "$3^{commit}" >"$1/FETCH_HEAD"
	}
}

# A full commit id that is here already needs no network.
fetch_git() { # URL REF TARGET
	local url=$1 ref=${2:-HEAD} target=$3 repo commit
	repo=$cache_path/.buildpacks/$(printf %s "$url" | sha256sum | cut -c1-32).git
	export GIT_TERMINAL_PROMPT=0 GIT_SSH_COMMAND=${GIT_SSH_COMMAND:-ssh -o BatchMode=yes}
	[[ -f $repo/HEAD ]] || {
		rm -rf "$repo"
		git init --quiet --bare "$repo" || return 1
	}
	commit=$ref
	if ! [[ $ref =~ ^[0-9a-f]{40}$ ]] || ! git -C "$repo" cat-file -e "$ref^{commit}" 2>/dev/null; then
		fetch_ref "$repo" "$url" "$ref" || {
			complain "'$ref' cannot be fetched from $url" "Is the name of the branch, tag or commit right?"
			return 1
		}
		commit=$(git -C "$repo" rev-parse --verify 'FETCH_HEAD^{commit}') || return 1
	fi
	rm -rf "$target"
	mkdir -p "$target"
	git -C "$repo" archive "$commit" | tar -x -C "$target"
}

# One folder around everything is left out, as archives of a forge have it.
fetch_archive() { # URL TARGET
	local compression top
	case ${1%%\?*} in
	*.tgz | *.tar.gz) compression=-z ;;
	*.tbz | *.tar.bz | *.tar.bz2) compression=-j ;;
	*.txz | *.tar.xz) compression=-J ;;
	*.tar) compression=--no-auto-compress ;;
	*)
		complain "$1 is neither a git repository that answers nor an archive (.tgz, .tar.gz, .tbz, .tar.bz, .txz, .tar)"
		return 1
		;;
	esac
	rm -rf "$2"
	mkdir -p "$2"
	curl --fail --silent --show-error --location --retry 2 --connect-timeout "${CURL_CONNECT_TIMEOUT:-30}" \
		--max-time "${CURL_TIMEOUT:-180}" "$1" | tar -x $compression -C "$2" || return 1
	top=$(ls -A "$2")
	[[ -d $2/bin || ! -d $2/$top/bin ]] || {
		mv "$2/$top" "$2.top"
		rmdir "$2"
		mv "$2.top" "$2"
	}
}

# URL may end in "#ref". Nothing is left at TARGET when it fails.
fetch_buildpack() { # URL TARGET
	local url=${1%%#*} ref=''
	[[ $1 != *#* ]] || ref=${1#*#}
	fetch_valid "$url" || {
		complain "Invalid buildpack URL: '$url'" \
			"Expected a git remote (https://, git://, ssh://, git@host:path, file://), an archive (https://...tar.gz) or moorage/<name>"
		return 1
	}
	mkdir -p "$cache_path/.buildpacks" "${2%/*}"
	if GIT_TERMINAL_PROMPT=0 git ls-remote "$url" </dev/null >/dev/null 2>&1; then
		fetch_git "$url" "$ref" "$2"
	elif [[ $ref =~ ^[0-9a-f]{40}$ ]] && fetch_git "$url" "$ref" "$2" 2>/dev/null; then
		return 0
	else
		fetch_archive "$url" "$2"
	fi || {
		rm -rf "$2"
		return 1
	}
}
