/* SPDX-License-Identifier: MIT */
/*
 * takeover: what older versions of Dokku kept elsewhere goes where this version keeps it. Each piece
 * is read from its old place as long as it is there, so nothing depends on this having run, but files
 * of two ages side by side puzzle people and plugins. Starts and stops no container; safe to repeat.
 */
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/parse.h"
#include "core/app.h"
#include "core/app_env.h"
#include "core/applock.h"
#include "core/docker_options.h"
#include "core/output.h"
#include "core/plugin.h"
#include "core/procs.h"
#include "core/scheduler.h"
#include "core/state.h"
#include "core/storage.h"
#include "core/storage_migrate.h"
#include "plugins/takeover/vars.h"

/* Reading it drains the old file. */
static int take_env(struct ctx *ctx, const char *scope, struct err *err)
{
	AUTO_ENV env = ENV_INIT;

	return ctx->dry_run ? 0 : app_env_load(ctx, scope, &env, err);
}

static int take_created_at(struct ctx *ctx, const char *app, struct err *err)
{
	AUTO_FREE char *dir = inst_home(&ctx->inst, "%s", app);
	AUTO_FREE char *text = NULL;
	struct stat st;

	if (state_exists(ctx, "apps", app, "created-at"))
		return 0;
	if (stat(dir, &st) < 0)
		return err_sys(err, "look at '%s'", dir);
	text = xasprintf("%lld", (long long)st.st_mtime);
	out_info1("%s counts as created at %s", app, text);
	return ctx->dry_run ? 0 : state_set(ctx, "apps", app, "created-at", text, err);
}

static int take_deployed(struct ctx *ctx, const char *app, struct err *err)
{
	const struct scheduler *scheduler;
	int r;

	if (state_exists(ctx, "common", app, "deployed"))
		return 0;
	r = scheduler_of(ctx, app, &scheduler, err);
	if (r < 0 || scheduler->is_deployed(ctx, app) != 1)
		return r;
	out_info1("%s counts as deployed", app);
	return ctx->dry_run ? 0 : state_set(ctx, "common", app, "deployed", "true", err);
}

static int take_scale(struct ctx *ctx, const char *app, struct err *err)
{
	AUTO_FREE char *old = inst_home(&ctx->inst, "%s/DOKKU_SCALE", app);
	AUTO_SCALE scale = SCALE_INIT;
	int r;

	if (!fs_exists(old))
		return 0;
	out_info1("DOKKU_SCALE of %s becomes its scale", app);
	r = ctx->dry_run ? 0 : procs_scale(ctx, app, &scale, err);
	return r < 0 || ctx->dry_run ? r : procs_set_scale(ctx, app, &scale, err);
}

/* An option of the deploy phase that is a property by now. */
static int take_restart_policy(struct ctx *ctx, const char *app, struct err *err)
{
	static const char prefix[] = "--restart=";
	AUTO_STRVEC options = STRVEC_INIT;
	int r = docker_options_get(ctx, app, NULL, DOCKER_PHASE_DEPLOY, &options, err);

	for (size_t i = 0; r >= 0 && i < options.count; i++) {
		const char *policy = options.items[i] + strlen(prefix);

		if (!str_starts(options.items[i], prefix) || !*policy)
			continue;
		out_info1("%s of %s becomes ps:set %s restart-policy %s", options.items[i], app,
			app, policy);
		if (ctx->dry_run)
			continue;
		r = state_set(ctx, "ps", app, "restart-policy", policy, err);
		if (r >= 0)
			r = docker_options_remove(ctx, app, NULL, DOCKER_PHASE_DEPLOY,
				options.items[i], err);
	}
	return r;
}

static int take_options(struct ctx *ctx, const char *app, struct err *err)
{
	int r = take_restart_policy(ctx, app, err);

	return r < 0 || ctx->dry_run ? r : docker_options_drain(ctx, app, err);
}

/* Options of the phases deploy and run that are mounts of storage by now. */
static int take_mounts(struct ctx *ctx, const char *app, struct err *err)
{
	if (state_exists(ctx, "storage", app, STORAGE_MIGRATED))
		return 0;
	return storage_migrate(ctx, app, err);
}

static int take_app(struct ctx *ctx, const char *app, struct err *err)
{
	static int (*const parts[])(struct ctx * ctx, const char *app, struct err *err) = {
		take_env,
		take_created_at,
		take_deployed,
		take_scale,
		takeover_vars,
		take_options,
		take_mounts,
	};
	int r = app_lock(ctx, app, APP_LOCK_WAIT, err);

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(parts); i++)
		r = parts[i](ctx, app, err);
	app_unlock(ctx, app);
	return r < 0 ? err_wrap(err, "take over '%s'", app) : 0;
}

static int run_takeover(struct ctx *ctx, const struct args *args, struct err *err)
{
	AUTO_STRVEC apps = STRVEC_INIT;
	int r = app_list_all(ctx, &apps, err);

	if (r >= 0)
		r = take_env(ctx, SCOPE_GLOBAL, err);
	if (r >= 0)
		r = takeover_vars(ctx, SCOPE_GLOBAL, err);
	for (size_t i = 0; r >= 0 && i < apps.count; i++)
		r = take_app(ctx, apps.items[i], err);
	return r < 0 ? r : takeover_drop_global_vars(ctx, err);
}

static const struct command commands[] = {
	{ "takeover", "", "Bring what older versions of Dokku kept elsewhere to its place",
		CMD_DRY_RUN, 0, 0, NULL, run_takeover, NULL },
	{},
};

extern const struct plugin plugin_takeover;
const struct plugin plugin_takeover = {
	.name = "takeover",
	.summary = "Take over an installation of an older Dokku",
	.report_flags = REPORT_NONE,
	.commands = commands,
};
