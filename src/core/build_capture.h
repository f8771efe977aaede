/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Everything a deploy prints, on both streams, goes to standard output and into the build's log. A
 * process of its own copies, so what is printed by children is in it and nothing is lost when this
 * process dies.
 */

#include <sys/types.h>

#include "core/ctx.h"

struct build_capture {
	struct ctx *ctx;
	char *app;
	char *id; /* NULL: nothing is captured, a parent does it */
	int out;  /* the streams of before */
	int err;
	pid_t copier;
};
#define BUILD_CAPTURE_INIT                                                                         \
	{                                                                                          \
		.out = -1, .err = -1, .copier = -1                                                 \
	}

/*
 * Starts a record and the capture, unless a parent process does that already. Fails only when the
 * streams cannot be set up.
 */
MUST_CHECK int build_capture_begin(struct ctx *ctx, const char *app, const char *source,
	struct build_capture *ret, struct err *err);
/*
 * Ends both. A failure (ERR not empty) is reported first, so that the log has it, and becomes one
 * of kind ERR_SILENT with the same exit code.
 */
void build_capture_end(struct build_capture *c, struct err *err);
