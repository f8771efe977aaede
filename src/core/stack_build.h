/* SPDX-License-Identifier: MIT */
#pragma once

#include "core/ctx.h"

/* Makes the image moorage/stack:SUITE ("debian-12"), or makes it anew, showing what happens. */
MUST_CHECK int stack_build(struct ctx *ctx, const char *suite, struct err *err);
