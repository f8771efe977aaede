# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Read by bash before a script (BASH_ENV): when the script fails, says at which line. Costs nothing
# until a command fails; a script that sets the same traps for itself loses nothing else.
unset BASH_ENV
if [[ ${MOORAGE_TRACE_OF:-} && $0 == "$MOORAGE_TRACE_OF" ]]; then
	unset MOORAGE_TRACE_OF
	set -E
	moorage_failed=
	trap 'moorage_failed="line $LINENO of ${BASH_SOURCE[0]}: $BASH_COMMAND"' ERR
	# shellcheck disable=SC2154
	trap 'moorage_code=$?; [[ $moorage_code == 0 || ! $moorage_failed ]] || printf " !     Failed at %s\n" "$moorage_failed" >&2' EXIT
fi
