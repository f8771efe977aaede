/* SPDX-License-Identifier: MIT */
#pragma once

/* What a phase's script runs as, worked out without any engine. */

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"
#include "base/strvec.h"

struct phase_command {
	const char *command;
	const char *shell;
	json_t *entrypoint; /* the image's, an array or NULL; one that is just tini counts as none */
	bool herokuish; /* the image keeps herokuish's contract: an app in /app, its .profile.d */
	bool trace;
};

/*
 * Appends the words that run the command: "SHELL -c 'set -e; ...'", or, in an image with an
 * ENTRYPOINT of its own, the words of the command as its arguments.
 */
MUST_CHECK int phase_words(const struct phase_command *c, struct strvec *ret, struct err *err);

/* Removes flags that make no sense for a script: limits, published ports, restart policy. */
void phase_filter_flags(struct strvec *flags);
