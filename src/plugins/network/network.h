/* SPDX-License-Identifier: MIT */
#pragma once

/* What the files of the network plugin share. */

#include "core/args.h"
#include "core/ctx.h"
#include "core/procs.h"
#include "core/scheduler.h"

/* Of a process type; for web the static one where it is set. */
MUST_CHECK int network_listeners(struct ctx *ctx, const char *app, const char *process,
	struct listeners *ret, struct err *err);
/* Address of a container on the app's initial network; "" when it has none. For free(). */
MUST_CHECK int network_container_address(struct ctx *ctx, const char *app, const char *id,
	char **ret, struct err *err);
/* Writes one of the scheduler's IP and PORT files, which third-party plugins know, too. */
MUST_CHECK int network_write_state(struct ctx *ctx, const char *app, const char *file,
	const char *value, struct err *err);
/* Writes the addresses of running containers down again. */
MUST_CHECK int network_rebuild(struct ctx *ctx, const char *app, struct err *err);

/* Commands. */
MUST_CHECK int network_run_create(struct ctx *ctx, const struct args *args, struct err *err);
MUST_CHECK int network_run_destroy(struct ctx *ctx, const struct args *args, struct err *err);
MUST_CHECK int network_run_exists(struct ctx *ctx, const struct args *args, struct err *err);
MUST_CHECK int network_run_info(struct ctx *ctx, const struct args *args, struct err *err);
MUST_CHECK int network_run_list(struct ctx *ctx, const struct args *args, struct err *err);
MUST_CHECK int network_run_rebuild(struct ctx *ctx, const struct args *args, struct err *err);
MUST_CHECK int network_run_rebuildall(struct ctx *ctx, const struct args *args, struct err *err);
