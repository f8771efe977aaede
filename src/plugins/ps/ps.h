/* SPDX-License-Identifier: MIT */
#pragma once

/* What the files of the ps plugin share. */

#include "core/args.h"
#include "core/operation.h"
#include "core/plugin.h"

extern const struct step_kind ps_steps[];
enum { PS_SCALE, PS_STOPPED, PS_POST_STOP };

/* Commands. */
MUST_CHECK int ps_run_inspect(struct ctx *ctx, const struct args *args, struct err *err);
MUST_CHECK int ps_run_rebuild(struct ctx *ctx, const struct args *args, struct err *err);
MUST_CHECK int ps_run_restart(struct ctx *ctx, const struct args *args, struct err *err);
MUST_CHECK int ps_run_restore(struct ctx *ctx, const struct args *args, struct err *err);
MUST_CHECK int ps_run_retire(struct ctx *ctx, const struct args *args, struct err *err);
MUST_CHECK int ps_run_scale(struct ctx *ctx, const struct args *args, struct err *err);
MUST_CHECK int ps_run_start(struct ctx *ctx, const struct args *args, struct err *err);
MUST_CHECK int ps_run_stop(struct ctx *ctx, const struct args *args, struct err *err);

/* The scheduler's view in Dokku's words: "true", "false" or "mixed", and how many there are. */
struct ps_status {
	const char *running; /* static */
	size_t count;
	struct report *report; /* NULL, or gets a --status row for each */
};
MUST_CHECK int ps_status(struct ctx *ctx, const char *app, struct ps_status *status,
	struct err *err);

/*
 * Changes the scale and, unless SKIP_DEPLOY, brings it about, as one operation. With ALL also types
 * whose count stays the same are deployed.
 */
struct scale;
MUST_CHECK int ps_scale(struct ctx *ctx, const char *app, const struct scale *changes, bool clear,
	bool skip_deploy, bool all, struct err *err);

/* app-restart, ps:restart without a process type. */
MUST_CHECK int ps_restart(struct ctx *ctx, const char *app, const char *process, struct err *err);
