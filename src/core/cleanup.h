/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Removal of what deploys leave behind: dead containers and images without a name, of one app or of
 * all. Only what carries this instance's labels is ever touched.
 */

#include <stdbool.h>

#include "core/ctx.h"

/*
 * APP NULL: of all apps but those that another process works on. Does nothing where the builder's
 * skip-cleanup is set, unless FORCE. What cannot be removed right now stays and is no failure; only
 * an engine that does not answer is.
 */
MUST_CHECK int cleanup_run(struct ctx *ctx, const char *app, bool force, struct err *err);
