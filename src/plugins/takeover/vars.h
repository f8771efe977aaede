/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Environment variables that were settings in Dokku before 0.38, and the properties they are now. A
 * property that is set already counts; the variable goes in any case.
 */

#include "core/ctx.h"

/* Those of SCOPE, an app or "--global". Says what it moves; under --dry-run only that. */
MUST_CHECK int takeover_vars(struct ctx *ctx, const char *scope, struct err *err);
/* Global ones that every app has taken over by now. */
MUST_CHECK int takeover_drop_global_vars(struct ctx *ctx, struct err *err);
