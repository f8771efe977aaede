/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Changes of properties as a step: done together, and undone by writing back what was there. Old
 * and new values stand in the journal, so they may not be secrets.
 */

#include "core/operation.h"

/* Adds a change to CHANGES, a JSON array: VALUE NULL unsets. Nothing is added when the property has
 * that value already. */
MUST_CHECK int state_change(struct ctx *ctx, json_t *changes, const char *plugin, const char *scope,
	const char *name, const char *value, struct err *err);
/* The same for a list; no items unsets. */
MUST_CHECK int state_change_list(struct ctx *ctx, json_t *changes, const char *plugin,
	const char *scope, const char *name, const struct strvec *items, struct err *err);
/* Plans them as one step. Takes CHANGES over; an empty array plans nothing. */
MUST_CHECK int state_plan(struct operation *op, json_t *changes, struct err *err);
/* Makes them without an operation. CHANGES is borrowed. */
MUST_CHECK int state_apply(struct ctx *ctx, json_t *changes, struct err *err);
extern const struct step_kind state_steps[];
