/* SPDX-License-Identifier: MIT */
/* ps:rebuild, :restart, :start, :stop, :restore, :retire, :inspect */
#include <jansson.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/lock.h"
#include "base/timing.h"
#include "core/app.h"
#include "core/applock.h"
#include "core/batch.h"
#include "core/cron.h"
#include "core/deploy.h"
#include "core/registry.h"
#include "core/output.h"
#include "core/proxy.h"
#include "core/scheduler.h"
#include "core/state.h"
#include "core/trigger.h"
#include "lib/engine/engine.h"
#include "plugins/ps/ps.h"

enum { ENGINE_WAIT_MS = 60 * 1000, ENGINE_POLL_MS = 250 };

/* --- one app or all --- */

/* 1: all apps were dealt with; 0: the app in ARGS is the one. */
static int run_all(struct ctx *ctx, const struct args *args, const char *verb, struct err *err)
{
	AUTO_STRVEC flags = STRVEC_INIT;
	AUTO_FREE char *command = xasprintf("ps:%s", verb);
	int parallel;
	int r = batch_parallel(args_value(args, "parallel", "0"), &parallel, err);

	if (r < 0)
		return r;
	if (!args_has(args, "all"))
		return args_need_app(args, err);
	r = batch_run(ctx, verb, command, &flags, parallel, err);
	return r < 0 ? r : 1;
}

/* True when there is nothing to do, which was said. */
static bool is_undeployed(struct ctx *ctx, const char *app)
{
	if (app_is_deployed(ctx, app))
		return false;
	out_warn("App %s has not been deployed", app);
	return true;
}

int ps_run_rebuild(struct ctx *ctx, const struct args *args, struct err *err)
{
	int r = run_all(ctx, args, "rebuild", err);

	if (r != 0)
		return r < 0 ? r : 0;
	r = ctx->dry_run ? 0 : trigger_fire(ctx, err, "receive-app", args_pos(args, 0), NULL);
	return r < 0 ? r : deploy_source(ctx, args_pos(args, 0), NULL, "ps:rebuild", err);
}

int ps_restart(struct ctx *ctx, const char *app, const char *process, struct err *err)
{
	AUTO_FREE char *tag = registry_tag_in_use(ctx, app);
	bool one = process && *process;
	int r = 0;

	if (is_undeployed(ctx, app))
		return 0;
	if (!ctx->dry_run)
		r = trigger_fire(ctx, err, "deploy", app, tag, one ? process : NULL, NULL);
	return r < 0 ? r : deploy_restart(ctx, app, one ? process : NULL, err);
}

int ps_run_restart(struct ctx *ctx, const struct args *args, struct err *err)
{
	int r;

	if (args_has(args, "all") && *args_pos(args, 1))
		return err_set(err, ERR_USAGE,
			"Unable to restart all apps when specifying a process name");
	r = run_all(ctx, args, "restart", err);
	if (r != 0)
		return r < 0 ? r : 0;
	return ps_restart(ctx, args_pos(args, 0), args_pos(args, 1), err);
}

/* --- start --- */

static int rebuild_proxy(struct ctx *ctx, const char *app, struct err *err)
{
	struct operation *op;
	int r = operation_begin(ctx, "proxy-rebuild", app, NULL, NULL, &op, err);

	return r < 0 ? r : operation_run_planned(op, proxy_plan_rebuild(op, app, err), err);
}

static int start_app(struct ctx *ctx, const char *app, struct err *err)
{
	struct ps_status status = { 0 };
	AUTO_FREE char *tag = NULL;
	int r;

	if (is_undeployed(ctx, app))
		return 0;
	if (!ctx->dry_run && trigger_fire(ctx, err, "pre-start", app, NULL) < 0)
		return err_wrap(err, "Failure in pre-start hook");
	r = ps_status(ctx, app, &status, err);
	if (r < 0)
		return r;
	if (str_eq(status.running, "true")) {
		out_warn("App %s already running", app);
		return rebuild_proxy(ctx, app, err);
	}
	out_warn(str_eq(status.running, "mixed")
			 ? "App is running in mixed mode, releasing"
			 : "App has been detected as not running, releasing");
	tag = registry_tag_in_use(ctx, app);
	if (!ctx->dry_run)
		r = trigger_fire(ctx, err, "release-and-deploy", app, tag, NULL);
	return r < 0 ? r : deploy_release(ctx, app, err);
}

int ps_run_start(struct ctx *ctx, const struct args *args, struct err *err)
{
	int r = run_all(ctx, args, "start", err);

	if (r != 0)
		return r < 0 ? r : 0;
	return start_app(ctx, args_pos(args, 0), err);
}

/* --- stop --- */

static int plan_stop(struct operation *op, const char *app, struct err *err)
{
	AUTO_FREE char *before = state_get_or(op->ctx, "ps", app, "restore", "true");
	const struct scheduler *s;
	int r = scheduler_of(op->ctx, app, &s, err);

	if (r >= 0)
		r = s->plan_stop(op, app, err);
	if (r >= 0)
		r = operation_add(op, &ps_steps[PS_STOPPED],
			json_pack("{s:s, s:s}", "app", app, "before", before), err);
	if (r >= 0)
		r = cron_plan_write(op, app, err);
	if (r >= 0)
		r = operation_add(op, &ps_steps[PS_POST_STOP], json_pack("{s:s}", "app", app), err);
	return r;
}

int ps_run_stop(struct ctx *ctx, const struct args *args, struct err *err)
{
	const char *app = args_pos(args, 0);
	struct operation *op;
	int r = run_all(ctx, args, "stop", err);

	if (r != 0 || is_undeployed(ctx, app))
		return r < 0 ? r : 0;
	if (!ctx->dry_run) {
		AUTO_FREE char *scheduler = scheduler_name(ctx, app);

		out_info1_quiet("Stopping %s", app);
		r = trigger_fire(ctx, err, "scheduler-stop", scheduler, app, NULL);
		if (r < 0)
			return r;
	}
	r = operation_begin(ctx, "stop", app, NULL, NULL, &op, err);
	return r < 0 ? r : operation_run_planned(op, plan_stop(op, app, err), err);
}

/* --- restore --- */

/* The apps of each proxy are cleared together, with one reload. */
static int clear_proxies(struct ctx *ctx, struct err *err)
{
	AUTO_STRVEC apps = STRVEC_INIT;
	AUTO_STRVEC none = STRVEC_INIT;
	int r = app_list_all(ctx, &apps, err);

	for (const struct proxy *const *p = proxies; r >= 0 && *p; p++) {
		AUTO_STRVEC mine = STRVEC_INIT;

		for (size_t i = 0; i < apps.count; i++) {
			const struct proxy *used = NULL;
			AUTO_ERR unknown = ERR_INIT;

			if (proxy_of(ctx, apps.items[i], &used, &unknown) >= 0 && used == *p)
				strvec_push(&mine, apps.items[i]);
		}
		if (mine.count)
			r = (*p)->change(ctx, &none, &mine, err);
	}
	return r < 0 ? err_wrap(err, "Error clearing proxy config") : 0;
}

static int clear_proxy(struct ctx *ctx, const char *app)
{
	const struct proxy *proxy = NULL;
	AUTO_ERR err = ERR_INIT;
	int r = proxy_of(ctx, app, &proxy, &err);

	if (r >= 0 && proxy)
		r = proxy->clear(ctx, app, &err);
	if (r >= 0)
		r = trigger_fire(ctx, &err, "proxy-clear-config", app, NULL);
	if (r >= 0 && proxy && str_eq(proxy->name, "nginx"))
		r = trigger_fire(ctx, &err, "network-clear-config", app, NULL);
	if (r < 0)
		out_warn("Error clearing proxy config: %s", err_text(&err));
	return r;
}

/* Built-in handlers act here, too: nginx is started, the scheduler removes what is left of old. */
static int fire_before_restore(struct ctx *ctx, const char *trigger, const char *scheduler,
	const char *app, struct err *err)
{
	AUTO_STRVEC args = STRVEC_INIT;

	if (scheduler)
		strvec_pushl(&args, scheduler, app, NULL);
	if (trigger_run_all(ctx, trigger, &args, err) < 0)
		return err_wrap(err, "Error running %s", trigger);
	return 0;
}

static int restore_app(struct ctx *ctx, const char *app, bool prepared, struct err *err)
{
	AUTO_FREE char *scheduler = scheduler_name(ctx, app);
	AUTO_FREE char *restore = state_get_or(ctx, "ps", app, "restore", "true");
	int r;

	if (ctx->dry_run)
		return start_app(ctx, app, err);
	r = fire_before_restore(ctx, "scheduler-pre-restore", scheduler, app, err);
	if (r < 0)
		return r;
	if (!prepared) {
		out_info1("Clearing potentially invalid proxy configuration");
		(void)clear_proxy(ctx, app); /* said; the start writes it again */
	}
	if (is_undeployed(ctx, app))
		return 0;
	if (str_eq(restore, "false")) {
		out_warn("Skipping ps:restore for %s as restore property is false", app);
		return 0;
	}
	out_info1("Starting app");
	return start_app(ctx, app, err);
}

/* At boot the engine may still be looking after its own. That it never answers is for each app to say. */
static void wait_for_engine(struct ctx *ctx)
{
	uint64_t deadline = now_ms() + ENGINE_WAIT_MS;
	AUTO_ERR err = ERR_INIT;

	if (engine_ping(ctx_engine(ctx), &err) >= 0)
		return;
	out_warn("The Docker Engine does not answer (%s); waiting for up to %d seconds",
		err_text(&err), ENGINE_WAIT_MS / 1000);
	out_flush();
	do {
		err_clear(&err);
		sleep_ms(ENGINE_POLL_MS);
	} while (engine_ping(ctx_engine(ctx), &err) < 0 && ms_left(deadline));
}

static int restore_all(struct ctx *ctx, int parallel, struct err *err)
{
	AUTO_STRVEC flags = STRVEC_INIT;
	int r = 0;

	if (!ctx->dry_run)
		r = clear_proxies(ctx, err);
	if (r < 0)
		return r;
	strvec_push(&flags, "--prepared");
	return batch_run(ctx, "restore", "ps:restore", &flags, parallel, err);
}

/* Proxies that were running come back; what they have to say they print. */
int ps_run_restore(struct ctx *ctx, const struct args *args, struct err *err)
{
	const char *app = args_pos(args, 0);
	bool all = args_has(args, "all");
	bool prepared = args_has(args, "prepared");
	int parallel;
	int r = batch_parallel(args_value(args, "parallel", "0"), &parallel, err);

	if (r >= 0 && !prepared && !ctx->dry_run && (all || !*app))
		wait_for_engine(ctx);
	if (r >= 0 && !prepared && !ctx->dry_run)
		r = fire_before_restore(ctx, "pre-restore", NULL, NULL, err);
	if (r < 0)
		return r;
	if (!all && *app)
		return restore_app(ctx, app, prepared, err);
	if (!all)
		out_warn("Restore specified without app, assuming --all");
	return restore_all(ctx, parallel, err);
}

/* --- retire --- */

/* What an interrupted command left is finished or undone, unless somebody is at it. */
static void recover_all(struct ctx *ctx)
{
	AUTO_STRVEC apps = STRVEC_INIT;
	AUTO_ERR err = ERR_INIT;

	if (operation_pending_apps(ctx, &apps, &err) < 0)
		return;
	for (size_t i = 0; i < apps.count; i++) {
		AUTO_ERR one = ERR_INIT;

		/* The journal of two apps is gone with the first of them. */
		if (!operation_pending(ctx, apps.items[i]) || app_lock_is_taken(ctx, apps.items[i]))
			continue;
		if (app_lock(ctx, apps.items[i], APP_LOCK_NOW, &one) < 0 && one.kind != ERR_BUSY)
			out_error(&one);
		app_unlock(ctx, apps.items[i]);
	}
}

static int retire(struct ctx *ctx, const char *app, struct err *err)
{
	const struct scheduler *s;
	int r = scheduler_of(ctx, app ? app : SCOPE_GLOBAL, &s, err);

	if (r < 0)
		return r;
	out_info1("Retiring old containers and images");
	r = s->retire(ctx, app, err);
	if (r < 0)
		return err_wrap(err, "Error retiring containers");
	out_info1("Retiring expired run and cron containers");
	r = s->run_retire(ctx, app, err);
	return r < 0 ? err_wrap(err, "Error retiring expired run containers") : 0;
}

int ps_run_retire(struct ctx *ctx, const struct args *args, struct err *err)
{
	const char *app = *args_pos(args, 0) ? args_pos(args, 0) : NULL;
	AUTO_FREE char *dir = inst_lib(&ctx->inst, "data/ps");
	AUTO_FREE char *path = path_join(dir, "retire");
	AUTO_CLOSE int lock = -1;
	int r = fs_mkdir_p(dir, 0755, err);

	if (r < 0)
		return r;
	lock = lock_take(path, "", 0, err);
	if (lock < 0)
		return err_user(err, ERR_BUSY, 137, "Failed to acquire ps:retire lock");
	if (!app)
		recover_all(ctx);
	return retire(ctx, app, err);
}

/* --- inspect --- */

int ps_run_inspect(struct ctx *ctx, const struct args *args, struct err *err)
{
	const struct scheduler *s;
	json_t *all = NULL;
	AUTO_FREE char *text = NULL;
	int r = scheduler_of(ctx, args_pos(args, 0), &s, err);

	if (r >= 0)
		r = s->inspect(ctx, args_pos(args, 0), &all, err);
	if (r < 0)
		return r;
	text = json_dumps(all, JSON_INDENT(4) | JSON_SORT_KEYS | JSON_ENSURE_ASCII);
	json_decref(all);
	out_line("%s", text ? text : "[]");
	return 0;
}
