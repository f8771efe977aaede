# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# For the gates in this folder: each looks at the whole tree and prints TAP.

CHECK_DIR=$(cd -P "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# Tests of the gates point them at another tree.
CHECK_TOP=${CHECK_TOP:-$(cd -P "$CHECK_DIR/../.." && pwd)}
cd "$CHECK_TOP" || exit 1
check_number=0

# tree_files PATTERN...: names in the tree that match one of the shell patterns and exist.
tree_files() {
	{
		git -c safe.directory='*' ls-files -co --exclude-standard 2>/dev/null ||
			find . -type f -not -path './build*' -not -path './.git/*' | sed 's,^\./,,'
	} | while IFS= read -r file; do
		for pattern; do
			# shellcheck disable=SC2053 # the pattern is meant to match
			if [[ $file == $pattern && -f $file && ! -L $file ]]; then
				echo "$file"
				break
			fi
		done
	done
}

c_files() {
	tree_files '*.c' '*.h'
}

# Shell scripts by name or by first line.
shell_files() {
	tree_files '*' | while IFS= read -r file; do
		case $file in
		*.sh | *.bash | *.bats) echo "$file" ;;
		*.* | */corpus/*) ;;
		*) head -c 64 "$file" | head -n 1 | grep -aqE '^#!.*/(env )?(ba)?sh( |$)' && echo "$file" ;;
		esac
	done
}

plan() {
	echo "1..$1"
}

# check NAME COMMAND...: one line of TAP, and what the command said if it failed.
check() {
	local name=$1 out
	shift
	check_number=$((check_number + 1))
	if out=$("$@" 2>&1); then
		echo "ok $check_number - $name"
	else
		echo "not ok $check_number - $name"
		printf '%s\n' "$out" | sed 's/^/# /'
	fi
}
