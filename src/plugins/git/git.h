/* SPDX-License-Identifier: MIT */
#pragma once

/* Handlers of git's own protocol verbs, and of the hook that a push runs. */

#include "core/args.h"
#include "core/ctx.h"

MUST_CHECK int git_run_hook(struct ctx *ctx, const struct args *args, struct err *err);
MUST_CHECK int git_run_receive_pack(struct ctx *ctx, const struct args *args, struct err *err);
MUST_CHECK int git_run_upload_archive(struct ctx *ctx, const struct args *args, struct err *err);
MUST_CHECK int git_run_upload_pack(struct ctx *ctx, const struct args *args, struct err *err);
