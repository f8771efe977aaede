/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * From a source revision or a built image to a serving app, as operations.
 *
 * build:   source -> extract -> detect -> build image      (deploy_plan_build)
 * release: app.json env -> predeploy -> label -> release command -> scale   (deploy_plan_release)
 * deploy:  scheduler's start steps -> switch (point of no return) -> finalize -> settle ->
 *          post-deploy -> retire -> report                  (deploy_plan_start)
 * A push is all three in one operation; ps:restart the last; config:set the last two.
 */

#include "core/operation.h"
#include "core/scheduler.h"

/* REV NULL: the head of the deploy branch. Plans build, then (by its last step) the rest. */
MUST_CHECK int deploy_plan_build(struct operation *op, const char *app, const char *rev,
	struct err *err);
MUST_CHECK int deploy_plan_release(struct operation *op, const char *app, const char *image,
	struct err *err);
MUST_CHECK int deploy_plan_start(struct operation *op, const struct deploy *d, struct err *err);

/* Whole operations. Not deployed yet: the latter two do nothing and return 0. */
MUST_CHECK int deploy_source(struct ctx *ctx, const char *app, const char *rev, const char *source,
	struct err *err);
MUST_CHECK int deploy_release(struct ctx *ctx, const char *app, struct err *err);
/* PROCESS NULL: all. */
MUST_CHECK int deploy_restart(struct ctx *ctx, const char *app, const char *process,
	struct err *err);

/* Step kinds of core, given to the common plugin's table. */
extern const struct step_kind deploy_steps[];
