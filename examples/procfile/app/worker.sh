#!/bin/sh
# SPDX-License-Identifier: MIT
# Does something every few seconds and ends when it is told to.
trap 'echo "worker: told to stop"; exit 0' TERM INT
touch /tmp/app-began
n=0
while true; do
	n=$((n + 1))
	echo "worker $DYNO: round $n"
	# In the background, so that a signal is heard at once.
	sleep "${INTERVAL:-10}" &
	wait $!
done
