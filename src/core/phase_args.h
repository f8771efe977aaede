/* SPDX-License-Identifier: MIT */
#pragma once

/* What a phase's script runs as, worked out without any engine. */

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"
#include "base/strvec.h"

/*
 * Appends the words that run COMMAND: "SHELL -c 'set -e; ...'", or, in an image with an ENTRYPOINT
 * (an array, may be NULL) of its own, the words of the command as its arguments. An entry point that
 * is just tini counts as none.
 */
MUST_CHECK int phase_command(const char *command, const char *shell, json_t *entrypoint, bool trace,
	struct strvec *ret, struct err *err);

/* Removes flags that make no sense for a script: limits, published ports, restart policy. */
void phase_filter_flags(struct strvec *flags);
