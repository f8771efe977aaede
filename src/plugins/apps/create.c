/* SPDX-License-Identifier: MIT */
#include "plugins/apps/apps.h"

#include "core/app.h"
#include "core/app_life.h"
#include "core/applock.h"

int apps_run_create(struct ctx *ctx, const struct args *args, struct err *err)
{
	const char *app = args_pos(args, 0);
	int r = app_name_check(app, err);

	if (r >= 0 && !ctx->dry_run)
		r = app_lock(ctx, app, APP_LOCK_WAIT, err);
	return r < 0 ? r : app_create(ctx, app, err);
}
