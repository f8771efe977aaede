/* SPDX-License-Identifier: MIT */
#pragma once

#include "core/args.h"
#include "core/ctx.h"

MUST_CHECK int builds_run_cancel(struct ctx *ctx, const struct args *args, struct err *err);
MUST_CHECK int builds_run_info(struct ctx *ctx, const struct args *args, struct err *err);
MUST_CHECK int builds_run_list(struct ctx *ctx, const struct args *args, struct err *err);
MUST_CHECK int builds_run_output(struct ctx *ctx, const struct args *args, struct err *err);
MUST_CHECK int builds_run_prune(struct ctx *ctx, const struct args *args, struct err *err);

/* A record's time without its fraction of a second; TEXT may be NULL. */
void builds_add_time(const char *text, struct strbuf *out);
