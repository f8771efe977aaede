/* SPDX-License-Identifier: MIT */
#pragma once

/* Handlers of the git plugin: git's own protocol verbs, and what fetches sources. */

#include "core/args.h"
#include "core/ctx.h"
#include "core/operation.h"
#include "core/plugin.h"

#define GIT_ARCHIVE_MAX_FILES "10000"
#define GIT_ARCHIVE_MAX_SIZE  "1073741824"

MUST_CHECK int git_run_hook(struct ctx *ctx, const struct args *args, struct err *err);
MUST_CHECK int git_run_receive_pack(struct ctx *ctx, const struct args *args, struct err *err);
MUST_CHECK int git_run_upload_archive(struct ctx *ctx, const struct args *args, struct err *err);
MUST_CHECK int git_run_upload_pack(struct ctx *ctx, const struct args *args, struct err *err);

/* archive.c, image.c, folder.c, sync.c */
MUST_CHECK int git_run_from_archive(struct ctx *ctx, const struct args *args, struct err *err);
MUST_CHECK int git_run_from_image(struct ctx *ctx, const struct args *args, struct err *err);
MUST_CHECK int git_run_load_image(struct ctx *ctx, const struct args *args, struct err *err);
MUST_CHECK int git_run_sync(struct ctx *ctx, const struct args *args, struct err *err);
MUST_CHECK int git_on_from_archive(struct trigger_call *call, struct err *err);
MUST_CHECK int git_on_from_directory(struct trigger_call *call, struct err *err);
MUST_CHECK int git_on_from_image(struct trigger_call *call, struct err *err);

/* access.c: how other hosts are reached */
MUST_CHECK int git_run_allow_host(struct ctx *ctx, const struct args *args, struct err *err);
MUST_CHECK int git_run_auth(struct ctx *ctx, const struct args *args, struct err *err);
MUST_CHECK int git_run_auth_status(struct ctx *ctx, const struct args *args, struct err *err);
MUST_CHECK int git_run_generate_key(struct ctx *ctx, const struct args *args, struct err *err);
MUST_CHECK int git_run_public_key(struct ctx *ctx, const struct args *args, struct err *err);

/*
 * The connection of a pusher who hangs up ends with sshd's process for him. Git would not notice
 * while its hook works (it ignores SIGPIPE then), nobody would read what the deploy prints, and
 * nobody would learn how it ended. So whoever stands between sshd and the deploy ends with the one
 * before it; the deploy itself takes the signal for an interruption and undoes what it has begun.
 */
void git_die_with_parent(void);
