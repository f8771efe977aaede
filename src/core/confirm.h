/* SPDX-License-Identifier: MIT */
#pragma once

/* The question before something is destroyed. */

#include "core/ctx.h"

/*
 * Has the person type NAME, unless --force was given. KIND is what it is ("network"), NOTE (may be
 * NULL) one more line of warning. ERR_SILENT with exit code 1 when something else is typed.
 */
MUST_CHECK int confirm_destroy(struct ctx *ctx, const char *kind, const char *name,
	const char *note, struct err *err);
