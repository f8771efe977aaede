/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What a person wants to read of a build's progress: the steps of the Dockerfile, what they print,
 * what fails. Digests, transfers and the builder's own housekeeping are left out.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/strbuf.h"

enum { SAID_STEPS_MAX = 1024 };

struct said {
	bool hidden[SAID_STEPS_MAX]; /* BuildKit's numbered steps that are its own */
	bool failed;                 /* from the first error on everything is shown */
	bool killed;                 /* the classic builder said so of a step */
	struct strbuf line;          /* the beginning of one */
};

#define SAID_LINE_MAX (64 * 1024)
#define SAID_INIT                                                                                  \
	{                                                                                          \
		.line = STRBUF_CAPPED(SAID_LINE_MAX)                                               \
	}

void said_done(struct said *p);
#define AUTO_SAID CLEANUP(said_done) struct said

/* Takes output as it comes, appends to OUT the lines that are to be shown. */
void said_feed(struct said *p, const char *data, size_t len, struct strbuf *out);
/* The last line, if it lacks its newline. */
void said_end(struct said *p, struct strbuf *out);
