/* SPDX-License-Identifier: MIT */
#include "core/app_life.h"

#include "base/alloc.h"
#include "base/fs.h"
#include "base/timing.h"
#include "core/app.h"
#include "core/domains.h"
#include "core/output.h"
#include "core/plugin.h"
#include "core/state.h"
#include "core/trigger.h"

int app_drop_settings(struct ctx *ctx, const char *name, struct err *err)
{
	int r = 0;

	for (const struct plugin *const *p = ctx->plugins; r >= 0 && *p; p++)
		r = (*p)->on_destroy ? (*p)->on_destroy(ctx, name, err) :
				       plugin_drop_settings(ctx, *p, name, err);
	return r;
}

static int fill(struct ctx *ctx, const char *name, struct err *err)
{
	AUTO_FREE char *now = xasprintf("%lld", (long long)wall_seconds());
	AUTO_FREE char *dir = inst_home(&ctx->inst, "%s", name);
	int r = fs_mkdir_p(dir, 0755, err);

	if (r >= 0)
		r = state_set(ctx, "apps", name, "created-at", now, err);
	if (r >= 0)
		r = domains_setup(ctx, name, err);
	if (r >= 0)
		r = trigger_fire(ctx, err, "post-create", name, NULL);
	return r;
}

static void take_back(struct ctx *ctx, const char *name)
{
	AUTO_FREE char *dir = inst_home(&ctx->inst, "%s", name);
	AUTO_ERR err = ERR_INIT;

	if (app_drop_settings(ctx, name, &err) < 0 || fs_rm_rf(dir, &err) < 0)
		out_error(&err);
}

int app_create(struct ctx *ctx, const char *name, struct err *err)
{
	int r = app_name_check(name, err);

	if (r < 0)
		return r;
	if (app_exists(ctx, name))
		return err_set(err, ERR_EXISTS, "Name is already taken");
	out_info1_quiet("Creating %s...", name);
	r = fill(ctx, name, err);
	if (r < 0)
		take_back(ctx, name);
	return r;
}

int app_maybe_create(struct ctx *ctx, const char *name, struct err *err)
{
	bool was_quiet = output_is_quiet();
	int r;

	if (app_exists(ctx, name))
		return 0;
	if (state_is_true(ctx, "apps", SCOPE_GLOBAL, "disable-autocreation"))
		return err_set(err, ERR_DENIED,
			"App auto-creation disabled.\nRe-enable app auto-creation or create an app "
			"with 'dokku apps:create %s'",
			name);
	output_set_quiet(true);
	r = app_create(ctx, name, err);
	output_set_quiet(was_quiet);
	return r < 0 ? r : 1;
}
