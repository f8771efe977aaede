#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# Kills a deploy with SIGKILL before, in the middle of and after each of its steps (and each undo),
# lets the next command recover, and looks at what is there: the engine's containers, the state
# files, the journal. Needs an engine, an image that serves on $PORT, and a build with fault points.
#
#   docker-local-kill.sh DRIVER IMAGE
set -u

DRIVER=$1
IMAGE=$2
LABEL=killtest$$
APP=demo
ROOT=$(mktemp -d)
CONF=$ROOT/instance.conf
FAIL_SWITCH=$ROOT/lib/fail-switch
bad=0
tried=0

cleanup() {
	docker rm -f $(ours -aq) >/dev/null 2>&1
	rm -rf "$ROOT"
}
ours() { docker container ls "$@" --no-trunc --filter "label=com.moorage.instance=$LABEL"; }
drive() { "$DRIVER" "$CONF" "$APP" "$@" >"$ROOT/log" 2>&1; }
fail() {
	bad=$((bad + 1))
	echo "not ok: $*"
	sed 's/^/    /' "$ROOT/log"
	ours -a --format '    {{.Names}} {{.State}} {{.ID}}'
}
# Without the addresses: a container that is started again may get another one (look() compares).
state() { (cd "$ROOT/home/$APP" && head -n 99 CONTAINER.* PORT.* 2>/dev/null); }

mkdir -p "$ROOT"/{home/$APP,logs,run,lib/{data/{moorage,app-json/$APP},plugins/enabled}} \
	"$ROOT"/lib/config/{ps,checks}/{$APP,--global}
cat >"$CONF" <<CONF
dokku_root=$ROOT/home
lib_root=$ROOT/lib
logs_dir=$ROOT/logs
run_dir=$ROOT/run
user=$(id -un)
group=$(id -gn)
label=$LABEL
nginx_control=direct
CONF
printf 'web=2\nworker=1' >"$ROOT/lib/config/ps/$APP/scale"
printf 0 >"$ROOT/lib/config/checks/--global/default-wait"
printf 0 >"$ROOT/lib/config/checks/--global/wait-to-retire"
printf 1 >"$ROOT/lib/config/ps/--global/stop-timeout-seconds"
echo '{"formation":{"web":{"max_parallel":2}}}' >"$ROOT/lib/data/app-json/$APP/app.json"
trap cleanup EXIT

# What must hold after every recovery. $1: the state files of before; $2: what was tried
look() {
	[ -z "$(ls "$ROOT/lib/data/moorage/operations" 2>/dev/null)" ] ||
		fail "$2: a journal is left"
	ours --format '{{.Names}}' | grep -q upcoming && fail "$2: a new container still runs"
	sleep 1.2
	drive retire || fail "$2: retire"
	local names
	names=$(ours -a --format '{{.Names}} {{.State}}' | sort | tr '\n' ' ')
	[ "$names" = "$LABEL.$APP.web.1 running $LABEL.$APP.web.2 running $LABEL.$APP.worker.1 running " ] ||
		fail "$2: containers are: $names"
	for f in "$ROOT/home/$APP"/CONTAINER.*; do
		local unit=${f##*/CONTAINER.}
		[ "$(docker inspect -f '{{.Id}}' "$LABEL.$APP.$unit")" = "$(cat "$f")" ] ||
			fail "$2: $unit is not the container that its file names"
		[ "$(docker inspect -f '{{.NetworkSettings.IPAddress}}' "$LABEL.$APP.$unit")" = \
			"$(cat "$ROOT/home/$APP/IP.$unit")" ] || fail "$2: the address of $unit is wrong"
	done
}

# $1: step; $2: when; $3: "failing" when the switch is to fail
kill_at() {
	local before what="step $1 $2 ${3:-}"
	before=$(state)
	[ "${3:-}" = failing ] && : >"$FAIL_SWITCH"
	echo "deploy $1 $2" >"$ROOT/lib/data/moorage/fault"
	drive deploy "$IMAGE"
	local code=$?
	rm -f "$FAIL_SWITCH"
	if [ -e "$ROOT/lib/data/moorage/fault" ]; then
		rm "$ROOT/lib/data/moorage/fault"
		return 1 # there is no such point
	fi
	tried=$((tried + 1))
	[ $code -eq 137 ] || fail "$what: exit code $code instead of a kill"
	drive recover || fail "$what: recover"
	look "$before" "$what"
	if [ "$1" -lt "$SWITCH" ] || [ "${3:-}" = failing ]; then
		[ "$before" = "$(state)" ] || fail "$what: the state is not what it was"
	else
		[ "$before" != "$(state)" ] || fail "$what: the deploy was not finished"
	fi
}

drive deploy "$IMAGE" || { fail "first deploy"; exit 1; }
# numbers of the steps, from the journal of a deploy that went well
journal=$(ls -t "$ROOT"/lib/data/moorage/history/*.journal | head -1)
STEPS=$(grep -c '"t": *"plan"' "$journal")
SWITCH=$(grep '"t": *"plan"' "$journal" | grep -n 'test:switch' | cut -d: -f1)
for mode in normal disabled; do
	[ $mode = disabled ] && printf web >"$ROOT/lib/config/checks/$APP/disabled"
	drive deploy "$IMAGE" || fail "deploy, checks $mode"
	journal=$(ls -t "$ROOT"/lib/data/moorage/history/*.journal | head -1)
	STEPS=$(grep -c '"t": *"plan"' "$journal")
	SWITCH=$(grep '"t": *"plan"' "$journal" | grep -n 'test:switch' | cut -d: -f1)
	for n in $(seq 1 "$STEPS"); do
		for when in before effect after; do
			kill_at "$n" $when || fail "step $n $when was never reached ($mode)"
		done
	done
	for n in $(seq 1 "$SWITCH"); do
		for when in undo-before undo-effect; do
			kill_at "$n" $when failing || true # not every step has an undo
		done
	done
done
drive remove || fail "remove"
[ -z "$(ours -aq)" ] || fail "containers are left after remove"
echo "$tried kills, $bad failures"
[ $bad -eq 0 ] && [ $tried -gt 30 ]
