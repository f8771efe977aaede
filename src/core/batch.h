/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * One command for many apps. Each app is a process of its own, which takes the app's lock, so that
 * the failure of one touches no other and all of them are tried.
 */

#include "core/ctx.h"

enum {
	BATCH_PARALLEL_MAX = 256,
	BATCH_AUTO = -2, /* as many as the machine bears, see core/load.h */
};

/* The value of --parallel: 0 or 1 one after the other, N at once, -1 as many as there are CPUs,
 * "auto" as many as the machine bears. */
MUST_CHECK int batch_parallel(const char *text, int *ret, struct err *err);

/*
 * Runs "<command> <flags...> <app>" for every app that who asks may see. VERB ("rebuild") is for
 * messages. ERR_FAILED with the exit code of the first failure when there was one; each has been
 * reported by then.
 */
MUST_CHECK int batch_run(struct ctx *ctx, const char *verb, const char *command,
	const struct strvec *flags, int parallel, struct err *err);
