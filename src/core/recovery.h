/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What the executor (operation.c) and recovery (recovery.c) share of an operation's insides. Private
 * to these two; all others use core/operation.h.
 */

#include "core/journal.h"
#include "core/operation.h"

/* An operation without journal, apps and steps. ARGS is taken over (may be NULL). */
struct operation *operation_new(struct ctx *ctx, const char *id, const char *name,
	json_t *args) MUST_CHECK;
/* Frees it, but not its journal. */
void operation_free(struct operation *op);
/* Adds a step without recording it. ARGS is taken over (may be NULL). */
struct step *operation_append(struct operation *op, const struct step_kind *kind, json_t *args);

/* Runs the steps that are not done yet. `stuck` tells a failure that leaves the journal. */
MUST_CHECK int operation_run_steps(struct operation *op, struct err *err);
/* Undoes all, last step first, and ends the journal. */
MUST_CHECK int operation_undo_all(struct operation *op, struct err *err);
/* Records how it ended, and moves the journal to the history. */
MUST_CHECK int operation_finish(struct operation *op, const char *outcome, struct err *err);
