/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * One container that runs a command to its end while somebody waits: a script of a release, a
 * build. Made by the API, or by the docker program where the flags need it.
 */

#include <jansson.h>

#include "core/ctx.h"
#include "lib/engine/stream.h"
#include "lib/envfile/envfile.h"

struct task {
	struct ctx *ctx;
	const char *image;     /* borrowed */
	struct strvec flags;   /* of `docker container create`, but for labels */
	struct strvec command; /* empty: what the image says */
	struct env env;        /* values of flags that only name a variable; then our own */
	json_t *labels;        /* object of strings, NULL: none */
	char *id;              /* the container, once there is one */
};

#define TASK_INIT                                                                                  \
	{                                                                                          \
		.flags = STRVEC_INIT, .command = STRVEC_INIT, .env = ENV_INIT                      \
	}
/* Frees the fields; the container stays. */
void task_done(struct task *t);
#define AUTO_TASK CLEANUP(task_done) struct task

/* Makes the container. --rm, --tty and --interactive among the flags have no effect. */
MUST_CHECK int task_create(struct task *t, struct err *err);
/* Tells plugins (post-container-create) of it, which connect it to networks. */
MUST_CHECK int task_announce(struct task *t, const char *app, const char *phase, struct err *err);
/*
 * Starts it, hands its output to SINK as it comes and waits for the end. The operation's signals
 * break it off with an error, and leave it running.
 */
MUST_CHECK int task_run(struct task *t, stream_sink sink, void *cookie, int *ret_code,
	struct err *err);
/* Removes the container, whatever it is doing, if there is one. Says what is wrong to nobody. */
void task_remove(struct task *t);

/*
 * Removes containers of interrupted tasks: those of APP (NULL: any) with all the LABELS ("k",
 * "k=v"; NULL-terminated), deployed ones left out. LATE: one may still be in the making, since the
 * engine goes on with a request whose sender has died; waits a moment for it.
 */
MUST_CHECK int task_sweep(struct ctx *ctx, const char *app, const char *const *labels, bool late,
	struct err *err);
