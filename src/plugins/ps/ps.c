/* SPDX-License-Identifier: MIT */
/* The ps plugin: tables, properties, report, triggers. */
#include "plugins/ps/ps.h"

#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/parse.h"
#include "core/trigger.h"
#include "core/app.h"
#include "core/applock.h"
#include "core/output.h"
#include "core/procs.h"
#include "core/property.h"
#include "core/report.h"
#include "core/scheduler.h"
#include "core/staged.h"
#include "core/state.h"

extern const struct plugin plugin_ps;

/* --- properties --- */

static int check_policy(struct ctx *ctx, const char *scope, const char *value, struct err *err)
{
	const char *tries = str_after(value, "on-failure:");
	AUTO_ERR ignored = ERR_INIT;
	uint64_t n;

	if (str_eq(value, "no") || str_eq(value, "always") || str_eq(value, "unless-stopped") ||
		str_eq(value, "on-failure") ||
		(tries && parse_uint(tries, 0, INT32_MAX, &n, &ignored) >= 0))
		return 0;
	return err_set(err, ERR_INVALID, "Invalid restart-policy specified");
}

/* Dokku drops slashes at both ends. */
static int check_procfile_path(struct ctx *ctx, const char *scope, const char *value,
	struct err *err)
{
	return check_inside_path(ctx, scope, value + strspn(value, "/"), err);
}

/* --- report --- */

static int row_deployed(struct ctx *ctx, const char *app, struct strbuf *out, struct err *err)
{
	strbuf_addstr(out, app_is_deployed(ctx, app) ? "true" : "false");
	return 0;
}

static int row_can_scale(struct ctx *ctx, const char *app, struct strbuf *out, struct err *err)
{
	strbuf_addstr(out, procs_can_scale(ctx, app) ? "true" : "false");
	return 0;
}

static int row_restore(struct ctx *ctx, const char *app, struct strbuf *out, struct err *err)
{
	AUTO_FREE char *value = state_get_or(ctx, "ps", app, "restore", "true");

	strbuf_addstr(out, value);
	return 0;
}

static void add_status_row(struct report *report, const struct proc_status *unit)
{
	AUTO_FREE char *flag = xasprintf("--status-%s.%u", unit->process, unit->index);
	AUTO_FREE char *text = xasprintf("%s (CID: %.11s)", unit->state, unit->id);

	report_add(report, flag, text);
}

int ps_status(struct ctx *ctx, const char *app, struct ps_status *status, struct err *err)
{
	AUTO_PROC_STATUSES units = PROC_STATUSES_INIT;
	const struct scheduler *s;
	size_t running = 0;
	int r = scheduler_of(ctx, app, &s, err);

	if (r >= 0)
		r = s->status(ctx, app, &units, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < units.count; i++) {
		running += str_eq(units.items[i].state, "running");
		if (status->report)
			add_status_row(status->report, &units.items[i]);
	}
	status->count = units.count;
	status->running = !running ? "false" : running == units.count ? "true" : "mixed";
	return 0;
}

/* Everything that only the scheduler knows, asked once. */
static int more_rows(struct ctx *ctx, const char *app, struct report *report, struct err *err)
{
	struct ps_status status = { .running = "false", .report = report };
	AUTO_ERR why = ERR_INIT;
	AUTO_FREE char *count = NULL;

	if (str_eq(app, SCOPE_GLOBAL))
		return 0;
	if (ps_status(ctx, app, &status, &why) < 0) {
		out_warn("Unable to tell what runs of %s: %s", app, err_text(&why));
		count = xstrdup("-1");
	} else {
		count = xasprintf("%zu", status.count);
	}
	report_add(report, "--processes", count);
	report_add(report, "--running", status.running);
	return 0;
}

/* --- triggers --- */

/* For those that change something. A script of a deploy has the deploy's lock. */
static int need_locked_app(const struct trigger_call *call, struct err *err)
{
	int r = trigger_need_app(call, err);

	return r < 0 ? r : app_lock(call->ctx, trigger_arg(call, 0), APP_LOCK_WAIT, err);
}

/* APP */
static int on_app_restart(struct trigger_call *call, struct err *err)
{
	int r = need_locked_app(call, err);

	return r < 0 ? r : ps_restart(call->ctx, trigger_arg(call, 0), NULL, err);
}

/* APP */
static int on_procfile_exists(struct trigger_call *call, struct err *err)
{
	AUTO_FREE char *path = staged_path(call->ctx, trigger_arg(call, 0), STAGED_PROCFILE);

	return path ? 0 : err_set(err, ERR_NOT_FOUND, "Procfile does not exist");
}

/* APP PROCESS [PORT] */
static int on_procfile_command(struct trigger_call *call, struct err *err)
{
	AUTO_STRBUF command = STRBUF_INIT;
	int r = procs_command(call->ctx, trigger_arg(call, 0), trigger_arg(call, 1),
		trigger_arg(call, 2), &command, err);

	if (r > 0 && command.len)
		strbuf_addf(call->out, "%s\n", command.buf);
	return r < 0 ? r : 0;
}

/* APP true|false */
static int on_can_scale(struct trigger_call *call, struct err *err)
{
	bool yes;
	int r = need_locked_app(call, err);

	if (r >= 0)
		r = parse_bool(trigger_arg(call, 1), &yes, err);
	return r < 0 ? r
		     : state_set(call->ctx, "ps", trigger_arg(call, 0), "can-scale",
			       trigger_arg(call, 1), err);
}

/* APP */
static int on_current_scale(struct trigger_call *call, struct err *err)
{
	AUTO_SCALE scale = SCALE_INIT;
	int r = procs_formation(call->ctx, trigger_arg(call, 0), &scale, err);

	for (size_t i = 0; r >= 0 && i < scale.count; i++)
		strbuf_addf(call->out, "%s%s=%u", i ? "\n" : "", scale.items[i].name,
			scale.items[i].count);
	return r;
}

/* APP SKIP_DEPLOY CLEAR_EXISTING [PROCESS=COUNT...] */
static int on_set_scale(struct trigger_call *call, struct err *err)
{
	AUTO_STRVEC words = STRVEC_INIT;
	AUTO_SCALE changes = SCALE_INIT;
	bool skip = false;
	bool clear = false;
	int r = need_locked_app(call, err);

	for (size_t i = 3; i < call->args->count; i++)
		strvec_push(&words, call->args->items[i]);
	if (r >= 0)
		r = parse_bool(trigger_arg(call, 1), &skip, err);
	if (r >= 0)
		r = parse_bool(trigger_arg(call, 2), &clear, err);
	if (r >= 0)
		r = scale_parse(&words, &changes, err);
	return r < 0 ? r
		     : ps_scale(call->ctx, trigger_arg(call, 0), &changes, clear, skip, true, err);
}

/* APP KEY */
static int on_get_property(struct trigger_call *call, struct err *err)
{
	static const char *const keys[] = { "restart-policy", "restore", "skip-deploy",
		"stop-timeout-seconds" };
	const char *key = trigger_arg(call, 1);

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const struct property *p = property_find(&plugin_ps, key);
		AUTO_FREE char *value = NULL;

		if (!p || !str_eq(keys[i], key))
			continue;
		value = p->flags & PROP_GLOBAL ? state_computed(call->ctx, "ps",
							 trigger_arg(call, 0), key, p->fallback)
					       : state_get_or(call->ctx, "ps", trigger_arg(call, 0),
							 key, p->fallback);
		strbuf_addf(call->out, "%s\n", value);
		return 0;
	}
	return err_set(err, ERR_USAGE, "Invalid ps property specified: %s", key);
}

/* APP ... */
static int on_args_process_deploy(struct trigger_call *call, struct err *err)
{
	AUTO_FREE char *policy = state_computed(call->ctx, "ps", trigger_arg(call, 0),
		"restart-policy", "on-failure:10");

	if (call->in)
		strbuf_add(call->out, call->in->buf, call->in->len);
	strbuf_addf(call->out, " --restart=%s", policy);
	return 0;
}

/* --- settings of an app that comes or goes --- */

static int copy_data(struct ctx *ctx, const char *old, const char *new, struct err *err)
{
	AUTO_FREE char *from = state_data_dir(ctx, "ps", old);
	AUTO_FREE char *to = state_data_dir(ctx, "ps", new);
	int r;

	if (!fs_is_dir(from))
		return 0;
	r = fs_rm_rf(to, err);
	return r < 0 ? r : fs_copy_tree(from, to, err);
}

static int on_clone(struct ctx *ctx, const char *old, const char *new, struct err *err)
{
	AUTO_SCALE scale = SCALE_INIT;
	int r = plugin_copy_settings(ctx, &plugin_ps, old, new, err);

	/* Where the old app still has a legacy file, the new one gets a list. */
	if (r >= 0)
		r = procs_scale(ctx, old, &scale, err);
	if (r >= 0)
		r = procs_set_scale(ctx, new, &scale, err);
	return r < 0 ? r : copy_data(ctx, old, new, err);
}

static int on_destroy(struct ctx *ctx, const char *app, struct err *err)
{
	AUTO_FREE char *dir = state_data_dir(ctx, "ps", app);
	int r = fs_rm_rf(dir, err);

	return r < 0 ? r : plugin_drop_settings(ctx, &plugin_ps, app, err);
}

/* --- tables --- */

#define PARALLEL_FLAGS                                                                             \
	{ "all", 0, FLAG_BOOL, NULL, "All apps" },                                                 \
	{                                                                                          \
		"parallel", 0, FLAG_VALUE, "<count>",                                              \
			"How many apps at once; -1: one per CPU; auto: while the machine is not "  \
			"busy"                                                                     \
	}

static const struct flag batch_flags[] = { PARALLEL_FLAGS, {} };

static const struct flag restore_flags[] = {
	PARALLEL_FLAGS,
	{ "prepared", 0, FLAG_BOOL, NULL, "Part of a restore of all apps" },
	{},
};

static const struct flag scale_flags[] = {
	{ "skip-deploy", 0, FLAG_BOOL, NULL, "Only store the quantities" },
	{ "format", 0, FLAG_VALUE, "stdout|json", "Output format" },
	{},
};

#define APP_OR_ALL (CMD_APP | CMD_APP_OPTIONAL | CMD_LOCK | CMD_DRY_RUN)

static const struct command commands[] = {
	{ "ps:inspect", "<app>", "Print what the engine knows of an app's containers",
		CMD_APP | CMD_READ, 1, 1, NULL, ps_run_inspect, NULL },
	{ "ps:rebuild", "[--parallel count] [--all|<app>]", "Build an app from source again",
		APP_OR_ALL, 0, 1, batch_flags, ps_run_rebuild, NULL },
	{ "ps:restart", "[--parallel count] [--all|<app>] [<process-name>]", "Restart an app",
		APP_OR_ALL, 0, 2, batch_flags, ps_run_restart, NULL },
	{ "ps:restore", "[--parallel count] [--all|<app>]",
		"Start what should be running; after a reboot", APP_OR_ALL, 0, 1, restore_flags,
		ps_run_restore, NULL },
	{ "ps:retire", "[<app>]", "Remove old containers and images that are due",
		CMD_APP | CMD_APP_OPTIONAL | CMD_HIDDEN, 0, 1, NULL, ps_run_retire, NULL },
	{ "ps:scale", "[--skip-deploy] [--format stdout|json] <app> [<proc>=<count>...]",
		"Print or set how many of each process type run",
		CMD_APP | CMD_LOCK | CMD_DRY_RUN | CMD_JSON, 1, -1, scale_flags, ps_run_scale,
		NULL },
	{ "ps:start", "[--parallel count] [--all|<app>]", "Start an app", APP_OR_ALL, 0, 1,
		batch_flags, ps_run_start, NULL },
	{ "ps:stop", "[--parallel count] [--all|<app>]", "Stop an app", APP_OR_ALL, 0, 1,
		batch_flags, ps_run_stop, NULL },
	{},
};

static const struct property properties[] = {
	{ "can-scale", PROP_INTERNAL, "true", NULL, NULL, NULL },
	{ "dockerfile-start-cmd", PROP_APP | PROP_COMPUTED, NULL,
		"Command of containers of images that no buildpack made", NULL, NULL },
	{ "procfile-path", PROP_BOTH, "Procfile", "Path of the Procfile in the source",
		check_procfile_path, NULL },
	{ "restart-policy", PROP_BOTH, "on-failure:10",
		"When the engine starts ended containers again: no, always, unless-stopped or "
		"on-failure[:<tries>]",
		check_policy, NULL },
	{ "restore", PROP_APP | PROP_HIDDEN_APP, "true", "false: the app stays down after a reboot",
		NULL, NULL },
	{ "scale", PROP_INTERNAL, NULL, NULL, NULL, NULL },
	{ "scale.old", PROP_INTERNAL, NULL, NULL, NULL, NULL },
	{ "skip-deploy", PROP_BOTH, "false", "true: builds are not deployed", NULL, NULL },
	{ "start-cmd", PROP_APP | PROP_COMPUTED, NULL, "Command of containers of buildpack images",
		NULL, NULL },
	{ "stop-timeout-seconds", PROP_BOTH, "30",
		"Seconds a container may take to stop before it is killed", check_seconds, NULL },
	{},
};

static const struct report_row rows[] = {
	{ "--deployed", false, row_deployed },
	{ "--ps-can-scale", false, row_can_scale },
	{ "--restore", false, row_restore },
	{},
};

static const struct trigger_handler triggers[] = {
	{ "app-restart", on_app_restart },
	{ "docker-args-process-deploy", on_args_process_deploy },
	{ "procfile-exists", on_procfile_exists },
	{ "procfile-get-command", on_procfile_command },
	{ "ps-can-scale", on_can_scale },
	{ "ps-current-scale", on_current_scale },
	{ "ps-get-property", on_get_property },
	{ "ps-set-scale", on_set_scale },
	{},
};

const struct plugin plugin_ps = {
	.name = "ps",
	.summary = "Manage the processes of apps",
	.report_flags = REPORT_LEGACY_KEYS,
	.commands = commands,
	.properties = properties,
	.rows = rows,
	.more_rows = more_rows,
	.triggers = triggers,
	.steps = ps_steps,
	.on_clone = on_clone,
	.on_rename = on_clone,
	.on_destroy = on_destroy,
};
