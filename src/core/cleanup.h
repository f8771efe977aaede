/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Removal of what deploys leave behind: dead containers and images without a name, of one app or of
 * all. Only what carries this instance's labels is ever touched.
 */

#include <stdbool.h>

#include "core/ctx.h"

/*
 * APP NULL: of all apps. Does nothing where the builder's skip-cleanup is set, unless FORCE.
 * Containers that a scheduler still counts on (its failed deploys, what a running deploy has made)
 * are those that are not dead; what cannot be removed right now stays and is no failure. ERR_REMOTE
 * and its kin only when the engine does not answer at all.
 */
MUST_CHECK int cleanup_run(struct ctx *ctx, const char *app, bool force, struct err *err);
