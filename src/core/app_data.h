/* SPDX-License-Identifier: MIT */
#pragma once

/* The folders below LIB_ROOT/data that belong to one app, whatever plugin made them. */

#include <stdbool.h>

#include "core/ctx.h"

/* Removes them all. */
MUST_CHECK int app_data_drop(struct ctx *ctx, const char *app, struct err *err);
/* Copies, replacing, what a clone, or a RENAME, takes along. Safe to repeat. */
MUST_CHECK int app_data_copy(struct ctx *ctx, const char *from, const char *to, bool rename,
	struct err *err);
