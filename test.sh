#!/bin/bash
# SPDX-License-Identifier: MIT
# test.sh [LAYER...]   builds and tests everything, or only these layers. As root, on Debian 12.
# test.sh --list       the layers
#
# Installs what is missing from tests/lab/packages.txt. Of the machine it uses a running Docker
# Engine, if there is one; all else (engine, nginx, sshd, user, files) is made for the run and
# removed after it. Reports lie in build-tests/. The last line is "N passed, N failed"; a skipped
# test counts as failed. Exit code 0 only if none failed.
set -u
cd "$(dirname "$(readlink -f "$0")")" || exit 1
top=$PWD
lab=$top/tests/lab/lab
reports=$top/build-tests
all_layers=(build gates unit cli system faults bench)

say() {
	printf '%4ds  %s\n' "$SECONDS" "$*"
}

describe_layers() {
	cat <<-'TEXT'
		build   gcc and clang with sanitizers, and the release build; warnings are errors
		gates   format, layers, sizes, shell, spelling, static analysis, words
		unit    unit tests and fuzz corpora, in both sanitized builds
		cli     the command line and the test tools, on instances (tests/cli)
		system  ssh, git push, nginx and engine together (tests/system)
		faults  kills, full disks, engine restarts (tests/faults)
		bench   measurements against their budgets, alone on the machine (tests/bench)
	TEXT
}

# --- what must be installed ---

missing_packages() {
	local have wanted
	wanted=$(grep -v '^#' tests/lab/packages.txt)
	# shellcheck disable=SC2086
	have=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $wanted 2>/dev/null | sed -n 's/^installed //p')
	comm -23 <(sort -u <<<"$wanted") <(sort -u <<<"$have")
}

apt_install() {
	apt-get update &&
		DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"
}

# Daemons that packages bring are not started: policy-rc.d is Debian's way to say so.
install_packages() {
	local missing policy='' rc
	mapfile -t missing < <(missing_packages)
	[ ${#missing[@]} -gt 0 ] || return 0
	say "installing ${missing[*]}"
	if [ ! -e /usr/sbin/policy-rc.d ]; then
		policy=/usr/sbin/policy-rc.d
		printf '#!/bin/sh\nexit 101\n' >$policy
		chmod 755 $policy
	fi
	apt_install "${missing[@]}" >"$reports/apt.log" 2>&1
	rc=$?
	[ ! "$policy" ] || rm -f "$policy"
	[ $rc = 0 ] || tail -20 "$reports/apt.log"
	return $rc
}

# --- jobs: a command that writes TAP to its own file ---

# So many at a time: half of them mostly wait, for containers, checks and clocks.
width=$(($(nproc) * 2))
running=0

# job LAYER NAME COMMAND...
job() {
	local layer=$1 name=$2 file=$reports/$1-$2.tap start=$SECONDS counts child
	shift 2
	# timeout leads a process group of its own and passes a signal on to all of it.
	timeout --kill-after=30 "${MOORAGE_JOB_TIMEOUT:-900}" "$@" >"$file" 2>"$file.err" </dev/null &
	child=$!
	# shellcheck disable=SC2064 # the job of now
	[ "$BASHPID" = $$ ] || trap "kill $child; wait $child; exit 143" TERM
	wait "$child" || echo "# exit code $?" >>"$file"
	counts=$(tests/lab/tap-sum "$file" 2>"$file.failed")
	say "$(printf '%-7s %-24s %4d passed %3d failed  %d s' "$layer" "$name" "${counts% *}" "${counts#* }" $((SECONDS - start)))"
	if [ "${counts#* }" != 0 ]; then
		cat "$file.failed"
		tail -n 40 "$file.err"
	fi
}

# spawn COMMAND...: beside the others, when there is room for it.
spawn() {
	if [ "$running" -ge "$width" ]; then
		wait -n
		running=$((running - 1))
	fi
	"$@" &
	running=$((running + 1))
}

# What runs side by side, each a command of plain words, in the order in which they begin: what
# mostly waits and what mostly computes. They begin by turns, so that the one kind fills the time of
# the other.
waiting=() computing=()

run_jobs() {
	local i
	for ((i = 0; i < ${#waiting[@]} || i < ${#computing[@]}; i++)); do
		# shellcheck disable=SC2086 # words
		[ "$i" -ge ${#computing[@]} ] || spawn ${computing[i]}
		# shellcheck disable=SC2086
		[ "$i" -ge ${#waiting[@]} ] || spawn ${waiting[i]}
	done
	wait
	running=0
}

# --- layers ---

build_one() {
	local dir=$1
	shift
	[ -f "$dir/build.ninja" ] || env "$1" meson setup "$dir" --native-file "$2" -Dwerror=true || return 1
	ninja -C "$dir"
}

# build_layer NAME...: TAP of the builds; what the compiler said goes along with a failure.
build_layer() {
	local number=0 name cc ini dir rc log
	echo "1..$#"
	while read -r name cc ini dir; do
		[[ " $* " == *" $name "* ]] || continue
		number=$((number + 1))
		log=$reports/build-$name.log
		build_one "$dir" "CC=$cc" "$ini" >"$log" 2>&1
		rc=$?
		touch "$reports/.built"
		[ $rc = 0 ] && echo "ok $number - $name" || echo "not ok $number - $name"
		[ $rc = 0 ] || tail -60 "$log" | sed 's/^/# /'
	done <<-'BUILDS'
		gcc-sanitized gcc meson/dev.ini build
		gcc-release gcc meson/release.ini build-release
		clang-sanitized clang meson/dev.ini build-clang
	BUILDS
}

# What bats files find their programs by.
export MOORAGE=$top/build/src/moorage TOOLS=$top/build/src/tools
export MOORAGE_NO_ENGINE=$top/build/tests/stand-in/moorage-no-engine
export ROOT_HELPER=$top/build/tests/cli/moorage-root-test ROOT_CONF=$top/build/tests/cli/root.d/instance.conf

bats_job() {
	local file=tests/$1/$2.bats
	if grep -q '^load routes$' "$file"; then
		# They listen on well-known ports: a network of their own has them free.
		# shellcheck disable=SC2016
		job "$1" "$2" unshare --net sh -c 'ip link set lo up && exec bats --tap "$1"' sh "$file"
	else
		job "$1" "$2" bats --tap "$file"
	fi
}

# bats_jobs LAYER: of each file.
bats_jobs() {
	local file
	for file in tests/"$1"/*.bats; do
		[ ! -e "$file" ] || echo "bats_job $1 $(basename "$file" .bats)"
	done
}

engine_live() {
	job system engine-live env CMOCKA_MESSAGE_OUTPUT=TAP build/tests/live/test-engine-live \
		/var/run/docker.sock moorage-lab/busybox:1
}

gate_jobs() {
	local gate
	for gate in tests/check/*; do
		[ ! -x "$gate" ] || [ ! -f "$gate" ] || echo "job gates $(basename "$gate") $gate"
	done
}

# Nothing else needs this build: it is made beside the tests.
clang_job() {
	! must_build || job build clang "$top/test.sh" --build-layer clang-sanitized
	! wants unit || job unit clang tests/lab/meson-tap build-clang clang
}

add_jobs() {
	# The longest first: nothing long is left to run alone at the end.
	! wants faults || mapfile -t -O ${#waiting[@]} waiting < <(bats_jobs faults)
	! wants system || mapfile -t -O ${#waiting[@]} waiting < <(bats_jobs system && echo engine_live)
	! must_build && ! wants unit || computing+=(clang_job)
	! wants cli || mapfile -t -O ${#computing[@]} computing < <(bats_jobs cli)
	! wants unit || computing+=("job unit gcc tests/lab/meson-tap build gcc")
	! wants gates || mapfile -t -O ${#computing[@]} computing < <(gate_jobs)
}

# Timings mean something only when nothing else runs: one after the other, after all others.
bench_layer() {
	local file
	for file in tests/bench/*.bats; do
		[ -e "$file" ] || continue
		job bench "$(basename "$file" .bats)" bats --tap "$file"
	done
}

wants() {
	[[ " ${layers[*]} " == *" $1 "* ]]
}

must_build() {
	wants build || [ "$unbuilt" ]
}

needs_engine() {
	wants cli || wants system || wants faults || wants bench
}

# --- the run ---

clean_up() {
	local rc=$? pid
	trap - EXIT
	trap '' INT TERM
	for pid in $(jobs -p); do
		kill "$pid" 2>/dev/null
	done
	wait
	"$lab" sweep "$MOORAGE_LAB_RUN"
	exec 8>&-
	# The shared things go with the last run that uses them.
	if "$lab" last-run; then
		"$lab" images-remove
		"$lab" engine down
		"$lab" forget
	fi
	exit "$rc"
}

begin_run() {
	# Bats' and git's words about the checkout of another user must not become failures.
	export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*'
	export LC_ALL=C.UTF-8 MOORAGE_LAB_RUN=r$$ MOORAGE_LAB_TEMPORARY=1
	"$lab" sweep
	mkdir -p /tmp/moorage-lab/.runs
	exec 8>"/tmp/moorage-lab/.runs/$MOORAGE_LAB_RUN"
	flock 8
	trap clean_up EXIT
	trap 'exit 130' INT TERM
}

# The image that apps without a Dockerfile are built in takes minutes, mostly apt's. It needs the
# program, so it begins as soon as the first build is there, beside the other builds; tests that need it wait.
prepare_stack() {
	local child=''
	# shellcheck disable=SC2154
	trap '[ ! "$child" ] || { kill "$child"; wait "$child"; }; exit 143' TERM
	until [ -e "$reports/.built" ]; do
		sleep 1
	done
	timeout --kill-after=30 900 "$lab" images stack >"$reports/stack.log" 2>&1 &
	child=$!
	wait "$child" || cat "$reports/stack.log"
}

# Images that few files need and that take a minute each; who needs one that is not there waits for it.
big_images() {
	"$lab" images debian machine container >"$reports/big-images.log" 2>&1
}

run_layers() {
	local prepare=''
	[ -f build/build.ninja ] || unbuilt=1
	if needs_engine; then
		"$lab" engine up || exit 1
		"$lab" images busybox http >"$reports/images.log" 2>&1 &
		prepare=$!
	fi
	if wants system; then
		spawn big_images
		spawn prepare_stack
	fi
	! must_build || job build gcc "$top/test.sh" --build-layer gcc-sanitized gcc-release
	touch "$reports/.built"
	[ ! "$prepare" ] || wait "$prepare" || {
		cat "$reports/images.log"
		exit 1
	}
	add_jobs
	run_jobs
	! wants bench || bench_layer
}

sum_up() {
	local counts
	shopt -s nullglob
	set -- "$reports"/*.tap
	[ $# -gt 0 ] || { echo "0 passed, 1 failed" && return 1; }
	counts=$(tests/lab/tap-sum "$@" 2>/dev/null)
	echo "${counts% *} passed, ${counts#* } failed"
	[ "${counts#* }" = 0 ]
}

case ${1:-} in
--list)
	describe_layers
	exit 0
	;;
--build-layer) # this script's own job
	shift
	build_layer "$@"
	exit 0
	;;
esac
layers=("$@") unbuilt=''
[ $# -gt 0 ] || layers=("${all_layers[@]}")
for layer in "${layers[@]}"; do
	[[ " ${all_layers[*]} " == *" $layer "* ]] || {
		echo "test.sh: no layer '$layer'; --list shows them" >&2
		exit 2
	}
done
[ "$(id -u)" = 0 ] || {
	echo "test.sh: must be run as root (sudo ./test.sh)" >&2
	exit 2
}
rm -rf "$reports"
mkdir -p "$reports"
install_packages || exit 1
begin_run
run_layers
sum_up
