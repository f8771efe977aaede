# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# For .bats files that push apps whose packages come from an index: `load ../lab/index`. A build on this
# machine finds the one of the tests at $INDEX, filled from Debian's archive by index-<language>.

# index_up LANGUAGE [ARGUMENT...]: sets INDEX; index_down in teardown_file ends it.
index_up() {
	local dir=$BATS_FILE_TMPDIR/index tree=${MOORAGE_TEST_CACHE:-/var/cache/moorage-tests}/index/tree
	mkdir -p "$dir" "$tree"
	(
		exec 9>"$tree/.lock"
		flock 9
		"$TOP/tests/lab/index-$1" "$tree" "${@:2}"
	) || return 1
	: >"$dir/requests"
	python3 "$TOP/tests/lab/index-serve.py" "$tree" "$dir/requests" "$dir/port" </dev/null >"$dir/said" 2>&1 3>&- &
	echo $! >"$dir/pid"
	wait_until 30 test -s "$dir/port"
	INDEX=http://$(docker_lab network inspect -f '{{(index .IPAM.Config 0).Gateway}}' bridge):$(<"$dir/port")
	export INDEX
}

index_down() {
	[ ! -s "$BATS_FILE_TMPDIR/index/pid" ] || kill "$(<"$BATS_FILE_TMPDIR/index/pid")"
}

# What was asked of it since index_forget, a line each.
index_requests() {
	cat "$BATS_FILE_TMPDIR/index/requests"
}

index_forget() {
	: >"$BATS_FILE_TMPDIR/index/requests"
}
