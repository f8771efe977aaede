/* SPDX-License-Identifier: MIT */
#pragma once

/* Commands without a plugin of their own. */

#include "core/args.h"
#include "core/ctx.h"
#include "core/plugin.h"

MUST_CHECK int standard_run_cleanup(struct ctx *ctx, const struct args *args, struct err *err);
MUST_CHECK int standard_run_report(struct ctx *ctx, const struct args *args, struct err *err);
/* Prints the sections of the built-in plugins. */
MUST_CHECK int standard_on_report(struct trigger_call *call, struct err *err);
