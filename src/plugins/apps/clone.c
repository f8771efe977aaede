/* SPDX-License-Identifier: MIT */
/* apps:clone: a new app with the code and settings of another one. */
#include "plugins/apps/apps.h"

#include "base/alloc.h"
#include "core/app.h"
#include "core/app_life.h"
#include "core/applock.h"
#include "core/deploy.h"
#include "core/git_repo.h"
#include "core/trigger.h"
#include "core/output.h"

static int plan(struct operation *op, const char *from, const char *to, struct err *err)
{
	int r = app_plan_create(op, to, err);

	if (r >= 0)
		r = operation_add(op, apps_step("apps:copy"),
			json_pack("{s:s, s:s, s:b}", "from", from, "to", to, "rename", 0), err);
	if (r >= 0)
		r = apps_plan_trigger(op, "apps:trigger", "post-app-clone-setup", from, to, err);
	if (r >= 0 && trigger_is_heard(op->ctx, "post-certs-remove"))
		r = apps_plan_trigger(op, "apps:trigger", "post-certs-remove", to, NULL, err);
	if (r >= 0)
		r = operation_add(op, apps_step("apps:cloned"), json_pack("{s:s}", "app", to), err);
	if (r >= 0)
		r = apps_plan_trigger(op, "apps:late-trigger", "post-app-clone", from, to, err);
	return r;
}

static int make(struct ctx *ctx, const char *from, const char *to, struct err *err)
{
	struct operation *op;
	int r;

	if (!ctx->dry_run) {
		out_info1_quiet("Cloning %s to %s", from, to);
		out_info1_quiet("Creating %s...", to);
	}
	r = operation_begin(ctx, "clone", to, NULL, NULL, &op, err);
	if (r < 0)
		return r;
	return operation_run_planned(op, plan(op, from, to, err), err);
}

/* Is there something to deploy? */
static int has_code(struct ctx *ctx, const char *app, struct err *err)
{
	AUTO_FREE char *branch = git_deploy_branch(ctx, app, "master");
	AUTO_FREE char *ref = xasprintf("refs/heads/%s", branch);
	AUTO_STRBUF rev = STRBUF_INIT;

	return git_repo_exists(ctx, app) ? git_resolve(ctx, app, ref, &rev, err) : 0;
}

int apps_run_clone(struct ctx *ctx, const struct args *args, struct err *err)
{
	const char *from = args_pos(args, 0);
	const char *to = args_pos(args, 1);
	int r = app_name_check(to, err);

	if (r >= 0 && !ctx->dry_run)
		r = app_lock_two(ctx, from, to, err);
	if (r >= 0)
		r = app_verify(ctx, from, err);
	if (r < 0)
		return r;
	if (app_exists(ctx, to)) {
		if (!args_has(args, "ignore-existing"))
			return err_set(err, ERR_EXISTS, "Name is already taken");
		out_warn("Name is already taken");
		return 0;
	}
	r = make(ctx, from, to, err);
	if (r < 0 || ctx->dry_run || args_has(args, "skip-deploy"))
		return r;
	app_unlock(ctx, from);
	r = has_code(ctx, to, err);
	if (r > 0)
		r = trigger_fire(ctx, err, "receive-app", to, NULL) < 0 ? -(int)err->kind : 1;
	return r <= 0 ? r : deploy_source(ctx, to, NULL, "ps-rebuild", err);
}
