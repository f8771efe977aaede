/* SPDX-License-Identifier: MIT */
#include "core/app_life.h"

#include "base/alloc.h"
#include "base/fs.h"
#include "base/timing.h"
#include "core/app.h"
#include "core/app_data.h"
#include "core/domains.h"
#include "core/git_repo.h"
#include "core/output.h"
#include "core/plugin.h"
#include "core/proxy.h"
#include "core/procs.h"
#include "core/state.h"
#include "core/trigger.h"

int app_drop_settings(struct ctx *ctx, const char *name, struct err *err)
{
	int r = 0;

	for (const struct plugin *const *p = ctx->plugins; r >= 0 && *p; p++)
		r = (*p)->on_destroy ? (*p)->on_destroy(ctx, name, err)
				     : plugin_drop_settings(ctx, *p, name, err);
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
		r = git_repo_init(ctx, name, err);
	if (r >= 0)
		r = procs_setup(ctx, name, err);
	if (r >= 0)
		r = trigger_fire(ctx, err, "post-create", name, NULL);
	return r;
}

static int take_back(struct ctx *ctx, const char *name, struct err *err)
{
	AUTO_FREE char *dir = inst_home(&ctx->inst, "%s", name);
	int r = app_drop_settings(ctx, name, err);

	if (r >= 0)
		r = app_data_drop(ctx, name, err);
	if (r >= 0)
		r = proxy_drop_copies(ctx, name, err);
	return r < 0 ? r : fs_rm_rf(dir, err);
}

static void describe_create(const struct step *step, struct strbuf *out)
{
	strbuf_addf(out, "create the app %s with its folder and default domains",
		step_arg(step, "app"));
}

static int run_create(struct operation *op, struct step *step, struct err *err)
{
	return fill(op->ctx, step_arg(step, "app"), err);
}

static int undo_create(struct operation *op, struct step *step, struct err *err)
{
	return take_back(op->ctx, step_arg(step, "app"), err);
}

const struct step_kind app_steps[] = {
	{ "app:create", 0, describe_create, run_create, undo_create },
	{},
};

int app_plan_create(struct operation *op, const char *name, struct err *err)
{
	return operation_add(op, &app_steps[0], json_pack("{s:s}", "app", name), err);
}

int app_create(struct ctx *ctx, const char *name, struct err *err)
{
	struct operation *op;
	int r = app_name_check(name, err);

	if (r < 0)
		return r;
	if (app_exists(ctx, name))
		return err_set(err, ERR_EXISTS, "Name is already taken");
	if (!ctx->dry_run)
		out_info1_quiet("Creating %s...", name);
	r = operation_begin(ctx, "create", name, NULL, NULL, &op, err);
	if (r < 0)
		return r;
	return operation_run_planned(op, app_plan_create(op, name, err), err);
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
