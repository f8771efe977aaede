# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# For what makes small package indexes (index-go, index-php, index-ruby): files of Debian's archive,
# kept between runs in LAB_CACHE/index.

set -euo pipefail
LAB_CACHE=${MOORAGE_TEST_CACHE:-/var/cache/moorage-tests}
INDEX_KEPT=$LAB_CACHE/index

# Asks for several at once, which takes no longer than asking for one.
know_debs() { # PACKAGE...
	deb_addresses=$(apt-get download --print-uris "$@" | sed -nE "s/^'([^']+)'.*/\\1/p")
}

# The address of the newest build of a Debian package.
deb_address() { # PACKAGE
	[[ ${deb_addresses:-} == *"/$1_"* ]] || know_debs "$1"
	grep -F "/$1_" <<<"$deb_addresses"
}

kept_download() { # ADDRESS; prints the file
	local file=$INDEX_KEPT/${1##*/}
	mkdir -p "$INDEX_KEPT"
	[[ -s $file ]] || {
		curl -fsS --retry 3 --max-time 120 -o "$file.$$" "$1" && mv "$file.$$" "$file" || return 1
	}
	printf '%s\n' "$file"
}

fetch_deb() { # PACKAGE; prints the file
	local address
	address=$(deb_address "$1")
	[[ $address ]] || {
		echo "Debian has no package $1; is apt's list of packages there?" >&2
		return 1
	}
	kept_download "$address"
}

# What upstream released, as the package's maintainers took it: whole, so that its checksum is the
# one that everybody knows. VERSION is upstream's.
fetch_orig() { # PACKAGE SOURCE VERSION; prints the file
	local dir end
	dir=$(deb_address "$1")
	dir=${dir%/*}
	# A security update has the package's new build only; what it is made from lies where it did.
	dir=${dir/-security\/pool\/updates\//\/pool\/}
	for end in gz xz; do
		! kept_download "$dir/$2_$3.orig.tar.$end" 2>/dev/null || return 0
	done
	echo "Debian's archive has no $2 $3" >&2
	return 1
}

# The files below a folder, without entries for folders, which module proxies refuse.
zip_files() { # FOLDER ZIP
	python3 - "$1" "$2" <<-'END'
		import pathlib, sys, zipfile
		top = pathlib.Path(sys.argv[1])
		with zipfile.ZipFile(sys.argv[2], "w", zipfile.ZIP_DEFLATED) as out:
		    for path in sorted(top.rglob("*")):
		        if path.is_file():
		            out.write(path, path.relative_to(top))
	END
}
