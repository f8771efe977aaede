/* SPDX-License-Identifier: MIT */
#pragma once

/* Handlers of git's own protocol verbs, and of the hook that a push runs. */

#include "core/args.h"
#include "core/ctx.h"

MUST_CHECK int git_run_hook(struct ctx *ctx, const struct args *args, struct err *err);
MUST_CHECK int git_run_receive_pack(struct ctx *ctx, const struct args *args, struct err *err);
MUST_CHECK int git_run_upload_archive(struct ctx *ctx, const struct args *args, struct err *err);
MUST_CHECK int git_run_upload_pack(struct ctx *ctx, const struct args *args, struct err *err);

/*
 * The connection of a pusher who hangs up ends with sshd's process for him. Git would not notice
 * while its hook works (it ignores SIGPIPE then), nobody would read what the deploy prints, and
 * nobody would learn how it ended. So whoever stands between sshd and the deploy ends with the one
 * before it; the deploy itself takes the signal for an interruption and undoes what it has begun.
 */
void git_die_with_parent(void);
