/* SPDX-License-Identifier: MIT */
/*
 * Removing an app. Up to the commit step nothing is gone, from there on it is finished, at once or
 * by recovery: the app is wholly there or wholly gone.
 */
#include "plugins/apps/apps.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/app.h"
#include "core/app_data.h"
#include "core/app_life.h"
#include "core/applock.h"
#include "core/confirm.h"
#include "core/cron.h"
#include "core/output.h"
#include "core/proxy.h"
#include "core/registry.h"
#include "core/scheduler.h"
#include "core/trigger.h"

int apps_step_unroute(struct operation *op, struct step *step, struct err *err)
{
	const struct proxy *proxy;
	AUTO_ERR why = ERR_INIT;
	int r = proxy_of(op->ctx, step_arg(step, "app"), &proxy, &why);

	if (r >= 0 && proxy)
		r = proxy->clear(op->ctx, step_arg(step, "app"), &why);
	/* Its configuration goes with the folder; the rest must not wait for a broken proxy. */
	if (r < 0)
		out_warn("The proxy was not told: %s", err_text(&why));
	return 0;
}

int apps_step_drop(struct operation *op, struct step *step, struct err *err)
{
	const char *app = step_arg(step, "app");
	int r = app_drop_settings(op->ctx, app, err);

	if (r >= 0)
		r = proxy_drop_copies(op->ctx, app, err);
	return r < 0 ? r : app_data_drop(op->ctx, app, err);
}

int apps_step_folder(struct operation *op, struct step *step, struct err *err)
{
	AUTO_FREE char *dir = inst_home(&op->ctx->inst, "%s", step_arg(step, "app"));
	AUTO_FREE char *real = NULL;
	struct stat st;
	int r = 0;

	/* Some keep an app elsewhere and link to it. */
	if (lstat(dir, &st) == 0 && S_ISLNK(st.st_mode))
		real = realpath(dir, NULL);
	if (real)
		r = fs_rm_rf(real, err);
	return r < 0 ? r : fs_rm_rf(dir, err);
}

/* A step for a trigger that is about the scheduler; none when nobody hears it. */
static int plan_scheduler_trigger(struct operation *op, const char *trigger, const char *app,
	const char *more, struct err *err)
{
	AUTO_FREE char *name = NULL;

	if (!trigger_is_heard(op->ctx, trigger))
		return 0;
	name = scheduler_name(op->ctx, app);
	return operation_add(op, apps_step("apps:deleted"),
		json_pack("{s:s, s:s, s:s, s:s*}", "trigger", trigger, "first", name, "second", app,
			"third", more),
		err);
}

static int plan_scheduler_removal(struct operation *op, const char *app, const char *tag,
	struct err *err)
{
	const struct scheduler *scheduler;
	int r = scheduler_of(op->ctx, app, &scheduler, err);

	if (r >= 0)
		r = plan_scheduler_trigger(op, "scheduler-stop", app, "true", err);
	if (r >= 0)
		r = scheduler->plan_remove(op, app, err);
	return r < 0 ? r : plan_scheduler_trigger(op, "scheduler-post-delete", app, tag, err);
}

int apps_plan_removal(struct operation *op, const char *app, const char *tag, struct err *err)
{
	int r = operation_add(op, apps_step("apps:unroute"), json_pack("{s:s}", "app", app), err);

	if (r >= 0)
		r = plan_scheduler_removal(op, app, tag, err);
	if (r >= 0)
		r = apps_plan_trigger(op, "apps:deleted", "post-delete", app, tag, err);
	if (r >= 0)
		r = plan_scheduler_trigger(op, "scheduler-retire", app, NULL, err);
	if (r >= 0)
		r = operation_add(op, apps_step("apps:drop-settings"),
			json_pack("{s:s}", "app", app), err);
	if (r >= 0)
		r = operation_add(op, apps_step("apps:drop-folder"), json_pack("{s:s}", "app", app),
			err);
	return r < 0 ? r : cron_plan_write(op, app, err);
}

static int plan_destroy(struct operation *op, const char *app, struct err *err)
{
	AUTO_FREE char *tag = registry_tag_in_use(op->ctx, app);
	int r = apps_plan_trigger(op, "apps:trigger", "pre-delete", app, tag, err);

	if (r >= 0)
		r = operation_add(op, apps_step("apps:doomed"), json_pack("{s:s}", "app", app),
			err);
	return r < 0 ? r : apps_plan_removal(op, app, tag, err);
}

int apps_destroy(struct ctx *ctx, const char *app, struct err *err)
{
	struct operation *op;
	int r;

	if (!ctx->dry_run)
		out_info1("Destroying %s (including all add-ons)", app);
	r = operation_begin(ctx, "destroy", app, NULL, NULL, &op, err);
	if (r < 0)
		return r;
	return operation_run_planned(op, plan_destroy(op, app, err), err);
}

int apps_run_destroy(struct ctx *ctx, const struct args *args, struct err *err)
{
	const char *app = args_pos(args, 0);
	int r;

	if (ctx->dry_run)
		return apps_destroy(ctx, app, err);
	/* The question comes first: nobody waits for a person who thinks. */
	r = confirm_destroy(ctx, "app", app, NULL, err);
	if (r >= 0)
		r = app_lock(ctx, app, APP_LOCK_WAIT, err);
	if (r >= 0)
		r = app_verify(ctx, app, err);
	return r < 0 ? r : apps_destroy(ctx, app, err);
}
