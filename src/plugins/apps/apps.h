/* SPDX-License-Identifier: MIT */
#pragma once

/* What the files of the apps plugin share. */

#include "core/operation.h"
#include "core/plugin.h"

int apps_run_create(struct ctx *ctx, const struct args *args, struct err *err);
int apps_run_destroy(struct ctx *ctx, const struct args *args, struct err *err);
int apps_run_clone(struct ctx *ctx, const struct args *args, struct err *err);
int apps_run_rename(struct ctx *ctx, const struct args *args, struct err *err);

/* Destroys without asking; the caller holds the lock. */
MUST_CHECK int apps_destroy(struct ctx *ctx, const char *app, struct err *err);

/*
 * Plans what removes an app for good, in an operation that is past its point of no return by then:
 * each step can be run again. TAG: of the running image, for the post-delete trigger.
 */
MUST_CHECK int apps_plan_removal(struct operation *op, const char *app, const char *tag,
	struct err *err);

/*
 * Copies the folder, data and settings of FROM to TO, which has been created. A RENAME takes
 * certificates and custom domains along. Safe to repeat.
 */
MUST_CHECK int apps_copy(struct ctx *ctx, const char *from, const char *to, bool rename,
	struct err *err);

/* Plans a step that fires a trigger with two words. */
MUST_CHECK int apps_plan_trigger(struct operation *op, const char *step, const char *trigger,
	const char *first, const char *second, struct err *err);
/* A step kind of this plugin by name; never NULL for one that is in the table. */
const struct step_kind *apps_step(const char *name);
extern const struct step_kind apps_steps[];

/* The functions of those steps, by file. */
int apps_step_trigger(struct operation *op, struct step *step, struct err *err);
int apps_step_nothing(struct operation *op, struct step *step, struct err *err);
int apps_step_unroute(struct operation *op, struct step *step, struct err *err);
int apps_step_drop(struct operation *op, struct step *step, struct err *err);
int apps_step_folder(struct operation *op, struct step *step, struct err *err);
int apps_step_copy(struct operation *op, struct step *step, struct err *err);
int apps_step_image(struct operation *op, struct step *step, struct err *err);
int apps_undo_image(struct operation *op, struct step *step, struct err *err);
int apps_step_switch(struct operation *op, struct step *step, struct err *err);
int apps_undo_switch(struct operation *op, struct step *step, struct err *err);
int apps_step_drain(struct operation *op, struct step *step, struct err *err);
int apps_step_start(struct operation *op, struct step *step, struct err *err);
int apps_step_renamed(struct operation *op, struct step *step, struct err *err);

extern const struct trigger_handler apps_triggers[];
