/* SPDX-License-Identifier: MIT */
#pragma once

/* Scripts that a release runs in a container of its own: predeploy, release, postdeploy ... */

#include "core/operation.h"

struct phase {
	const char *app;
	const char *image;
	const char *name;      /* "predeploy", "release", "postdeploy", "heroku.postdeploy" */
	bool commit;           /* what it leaves behind becomes IMAGE */
	const char *operation; /* id, for the label com.moorage.operation */
};

/*
 * Finds the phase's command (app.json or Procfile), runs it and shows its output. Nothing to run is
 * success. ERR_FAILED when the command fails; the container is gone in every case.
 */
MUST_CHECK int phase_run(struct ctx *ctx, const struct phase *phase, struct err *err);

/*
 * Removes containers that phases of interrupted operations on APP left, and of ones that lost the
 * engine half-way. The caller holds the app's lock, so none of them is at work. LATE: one may still
 * be in the making, since the engine goes on with a request whose sender has died; waits a moment
 * for it.
 */
MUST_CHECK int phase_sweep(struct ctx *ctx, const char *app, bool late, struct err *err);
