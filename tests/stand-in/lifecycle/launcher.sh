#!/bin/sh
# SPDX-License-Identifier: MIT
# The stand-in's launcher: a process type by the name it is called by, or a command; with what the
# layers say for it.
layers=${CNB_LAYERS_DIR:?} app=${CNB_APP_DIR:?}
type=${0##*/}
cd "$app" || exit 82
export LAUNCHED=yes
PATH=${PATH#/cnb/process:}
for bin in "$layers"/*/*/bin; do
	[ ! -d "$bin" ] || PATH=$bin:$PATH
done
export PATH
unset CNB_LAYERS_DIR CNB_APP_DIR
tab=$(printf '\t')
if [ "$type" != launcher ]; then
	line=$(grep "^$type$tab" "$layers/config/processes") || exit 82
	IFS=$tab
	# shellcheck disable=SC2086 # words are what the tabs part
	set -- ${line#*"$tab"} "$@"
	unset IFS
	exec "$@"
fi
[ $# -gt 0 ] || { echo "ERROR: failed to launch: determine start command: when there is no default process a command is required" >&2; exit 82; }
if [ "$1" = -- ]; then
	shift
	exec "$@"
fi
for file in "$layers"/*/*/profile.d/*; do
	# shellcheck disable=SC1090
	[ ! -e "$file" ] || . "$file"
done
exec sh -c 'exec "$@"' sh "$@"
