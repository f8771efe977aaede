/* SPDX-License-Identifier: MIT */
/* dokku cleanup */
#include "core/cleanup.h"

#include "plugins/standard/standard.h"

int standard_run_cleanup(struct ctx *ctx, const struct args *args, struct err *err)
{
	const char *app = args_pos(args, 0);

	return cleanup_run(ctx, *app ? app : NULL, true, err);
}
