/* SPDX-License-Identifier: MIT */
#pragma once

/* Creation of apps, by command or by a first push. */

#include "core/operation.h"

/*
 * Makes the app, as an operation: folder, created-at, default domains, then post-create. Says
 * "Creating x...". ERR_EXISTS "Name is already taken". The caller holds the app's lock. If anything
 * fails, nothing of the app remains.
 */
MUST_CHECK int app_create(struct ctx *ctx, const char *name, struct err *err);
/*
 * For pushes: creates a missing app quietly, unless auto-creation is off (then ERR_DENIED with the
 * way out). Returns 1 when it was created, 0 when it was there.
 */
MUST_CHECK int app_maybe_create(struct ctx *ctx, const char *name, struct err *err);
/* The step alone ("app:create" with {"app": NAME}), for operations that make an app among other
 * things; its undo() takes everything of the app away again. */
MUST_CHECK int app_plan_create(struct operation *op, const char *name, struct err *err);
extern const struct step_kind app_steps[];

/* Lets every plugin drop the settings it has for the app. Safe to repeat. */
MUST_CHECK int app_drop_settings(struct ctx *ctx, const char *name, struct err *err);
