/* SPDX-License-Identifier: MIT */
#pragma once

/* The commands url and urls. */

#include "core/plugin.h"

MUST_CHECK int urls_run(struct ctx *ctx, const struct args *args, struct err *err);
MUST_CHECK int urls_run_first(struct ctx *ctx, const struct args *args, struct err *err);
