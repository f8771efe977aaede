/* SPDX-License-Identifier: MIT */
/* The cron plugin: scheduled tasks of app.json. */
#include "plugins/cron/cron.h"

#include <limits.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/parse.h"
#include "core/cron.h"
#include "core/output.h"
#include "core/property.h"
#include "core/report.h"
#include "core/scheduler.h"
#include "core/state.h"
#include "core/trigger.h"
#include "lib/jsonc/jsonc.h"

enum { TTL_MAX = 10 * 365 * 24 * 3600 };

extern const struct plugin plugin_cron;

static int write_for(struct ctx *ctx, const char *scope, struct err *err)
{
	AUTO_FREE char *scheduler = scheduler_name(ctx, scope);

	return cron_write(ctx, scheduler, str_eq(scope, SCOPE_GLOBAL) ? NULL : scope, err);
}

/* --- cron:set, cron:suspend, cron:resume --- */

static int check_task(struct ctx *ctx, const char *app, const char *name, struct err *err)
{
	const char *id = str_after(name, CRON_MAINTENANCE);
	AUTO_CRON_TASKS tasks = CRON_TASKS_INIT;
	int r;

	if (str_eq(app, SCOPE_GLOBAL))
		return err_set(err, ERR_USAGE,
			"Task maintenance properties cannot be set globally");
	if (!*id)
		return err_set(err, ERR_USAGE, "Invalid task maintenance property, missing ID");
	r = cron_tasks_load(ctx, app, &tasks, err);
	if (r < 0)
		return r;
	if (!cron_find(&tasks, id))
		return err_set(err, ERR_NOT_FOUND,
			"Invalid task maintenance property, no matching task ID found: %s", name);
	if (strlen(name) > NAME_MAX)
		return err_set(err, ERR_INVALID,
			"The id of this task is too long to be stored: put its command into a "
			"script, or \"maintenance\": true into app.json");
	return 0;
}

static int set_task(struct ctx *ctx, const char *app, const char *name, const char *value,
	struct err *err)
{
	int r = check_task(ctx, app, name, err);

	if (r >= 0 && *value)
		r = check_bool(ctx, app, value, err);
	if (r < 0)
		return r;
	if (*value)
		out_info2_quiet("Setting %s to %s", name, value);
	else
		out_info2_quiet("Unsetting %s", name);
	r = *value ? state_set(ctx, "cron", app, name, value, err)
		   : state_unset(ctx, "cron", app, name, err);
	return r < 0 ? r : write_for(ctx, app, err);
}

static int set(struct ctx *ctx, const char *scope, const char *name, const char *value,
	struct err *err)
{
	if ((str_eq(name, "mailfrom") || str_eq(name, "mailto")) && !str_eq(scope, SCOPE_GLOBAL))
		return err_set(err, ERR_USAGE, "Property cannot be specified on a per-app basis");
	if (str_starts(name, CRON_MAINTENANCE))
		return set_task(ctx, scope, name, value, err);
	return property_set(ctx, &plugin_cron, scope, name, value, err);
}

static int run_set(struct ctx *ctx, const struct args *args, struct err *err)
{
	return set(ctx, args_pos(args, 0), args_pos(args, 1), args_pos(args, 2), err);
}

static int set_maintenance(struct ctx *ctx, const struct args *args, const char *value,
	struct err *err)
{
	AUTO_FREE char *name = xasprintf(CRON_MAINTENANCE "%s", args_pos(args, 1));

	return set(ctx, args_pos(args, 0), name, value, err);
}

static int run_suspend(struct ctx *ctx, const struct args *args, struct err *err)
{
	return set_maintenance(ctx, args, "true", err);
}

static int run_resume(struct ctx *ctx, const struct args *args, struct err *err)
{
	return set_maintenance(ctx, args, "", err);
}

static int after_set(struct ctx *ctx, const char *scope, const char *name, const char *value,
	struct err *err)
{
	return write_for(ctx, scope, err);
}

/* --- cron:run --- */

static int find_task(const struct cron_tasks *tasks, const char *app, const char *id,
	const struct cron_task **ret, struct err *err)
{
	if (!*id)
		return err_set(err, ERR_USAGE,
			"Please specify a Cron ID from the output of 'dokku cron:list %s'", app);
	*ret = cron_find(tasks, id);
	if (!*ret)
		return err_set(err, ERR_NOT_FOUND,
			"No matching Cron ID found. Please specify a Cron ID from the output of "
			"'dokku cron:list %s'",
			app);
	return 0;
}

static int run_task(struct ctx *ctx, const struct cron_task *task, bool detached, uint64_t ttl,
	struct err *err)
{
	AUTO_STRVEC argv = STRVEC_INIT;
	const struct run_request rq = {
		.app = task->app,
		.argv = &argv,
		.detached = detached,
		.no_tty = detached,
		.ttl_seconds = ttl,
		.cron_id = task->id,
		.concurrency = task->concurrency,
	};
	const struct scheduler *s;
	int code = 0;
	int r = cron_words(task->command, &argv, err);

	if (r < 0)
		return err_wrap(err, "Could not parse command");
	r = scheduler_of(ctx, task->app, &s, err);
	if (r < 0)
		return r;
	out_flush();
	r = s->run(ctx, &rq, &code, err);
	if (r < 0)
		return r;
	return code ? err_exit(err, code) : 0;
}

static int run_run(struct ctx *ctx, const struct args *args, struct err *err)
{
	const char *app = args_pos(args, 0);
	const char *seconds = args_value(args, "ttl-seconds", "86400");
	AUTO_CRON_TASKS tasks = CRON_TASKS_INIT;
	AUTO_ERR ignored = ERR_INIT;
	const struct cron_task *task;
	uint64_t ttl;
	int r;

	if (parse_uint(seconds, 1, TTL_MAX, &ttl, &ignored) < 0)
		return err_set(err, ERR_USAGE, "--ttl-seconds must be a positive integer");
	r = cron_tasks_load(ctx, app, &tasks, err);
	if (r >= 0)
		r = find_task(&tasks, app, args_pos(args, 1), &task, err);
	return r < 0 ? r : run_task(ctx, task, args_has(args, "detach"), ttl, err);
}

/* --- report --- */

static int computed_maintenance(struct ctx *ctx, const char *app, struct strbuf *out,
	struct err *err)
{
	AUTO_FREE char *global = state_get_or(ctx, "cron", SCOPE_GLOBAL, "maintenance", "false");

	strbuf_addstr(out, state_is_true(ctx, "cron", app, "maintenance") ? "true" : global);
	return 0;
}

static int row_task_count(struct ctx *ctx, const char *app, struct strbuf *out, struct err *err)
{
	AUTO_CRON_TASKS tasks = CRON_TASKS_INIT;
	AUTO_ERR why = ERR_INIT;

	/* Tasks that cannot be read count as none, as in Dokku; cron:list says why. */
	(void)!cron_tasks_load(ctx, app, &tasks, &why);
	strbuf_addf(out, "%zu", tasks.count);
	return 0;
}

static int more_rows(struct ctx *ctx, const char *app, struct report *report, struct err *err)
{
	AUTO_STRVEC names = STRVEC_INIT;
	int r = str_eq(app, SCOPE_GLOBAL) ? 0 : state_names(ctx, "cron", app, &names, err);

	for (size_t i = 0; r >= 0 && i < names.count; i++) {
		const char *id = str_after(names.items[i], CRON_MAINTENANCE);
		AUTO_FREE char *flag = NULL;
		AUTO_FREE char *value = NULL;

		if (!id)
			continue;
		flag = xasprintf("--cron-maintenance-%s", id);
		value = state_get_or(ctx, "cron", app, names.items[i], "");
		report_add(report, flag, value);
	}
	return r;
}

/* --- clone, rename --- */

/* An id begins with the app's name: what was suspended stays so under the new one. */
static int move_suspensions(struct ctx *ctx, const char *old, const char *new, struct err *err)
{
	AUTO_STRVEC names = STRVEC_INIT;
	int r = state_names(ctx, "cron", new, &names, err);

	for (size_t i = 0; r >= 0 && i < names.count; i++) {
		const char *id = str_after(names.items[i], CRON_MAINTENANCE);
		AUTO_FREE char *new_id = id ? cron_id_for(id, old, new) : NULL;
		AUTO_FREE char *new_name = NULL;
		AUTO_STRBUF value = STRBUF_INIT;

		if (!new_id)
			continue;
		new_name = xasprintf(CRON_MAINTENANCE "%s", new_id);
		r = state_get(ctx, "cron", new, names.items[i], &value, err);
		if (r >= 0 && strlen(new_name) <= NAME_MAX)
			r = state_set(ctx, "cron", new, new_name, value.buf, err);
		else if (r >= 0)
			out_warn("A task of %s is no longer suspended: its id is too long", new);
		if (r >= 0)
			r = state_unset(ctx, "cron", new, names.items[i], err);
	}
	return r < 0 ? r : 0;
}

static int on_clone(struct ctx *ctx, const char *old, const char *new, struct err *err)
{
	int r = plugin_copy_settings(ctx, &plugin_cron, old, new, err);

	return r < 0 ? r : move_suspensions(ctx, old, new, err);
}

/* --- triggers --- */

/* APP PATH */
static int on_app_json(struct trigger_call *call, struct err *err)
{
	AUTO_STRBUF text = STRBUF_INIT;
	json_t *app_json = NULL;
	int r = fs_read_optional(trigger_arg(call, 1), STATE_FILE_MAX, &text, err);

	if (r <= 0 || jsonc_blank(text.buf, text.len))
		return r < 0 ? r : 0;
	r = jsonc_parse(text.buf, text.len, &app_json, err);
	if (r < 0)
		return r;
	r = cron_check(call->ctx, trigger_arg(call, 0), app_json, err);
	json_decref(app_json);
	return r;
}

/* APP KEY, or --global KEY */
static int on_get_property(struct trigger_call *call, struct err *err)
{
	const struct property *p = property_find(&plugin_cron, trigger_arg(call, 1));
	AUTO_FREE char *value = NULL;

	if (!p)
		return err_set(err, ERR_INVALID, "Invalid cron property specified");
	value = state_get_or(call->ctx, "cron", trigger_arg(call, 0), p->name,
		p->fallback ? p->fallback : "");
	strbuf_addf(call->out, "%s\n", value);
	return 0;
}

/* [SCHEDULER [APP]] */
static int on_cron_write(struct trigger_call *call, struct err *err)
{
	const char *scheduler = trigger_arg(call, 0);

	return !*scheduler || cron_uses_host(call->ctx, scheduler) ? crontab_write(call->ctx, err)
								   : 0;
}

/* APP */
static int on_post_deploy(struct trigger_call *call, struct err *err)
{
	return write_for(call->ctx, trigger_arg(call, 0), err);
}

/* SCHEDULER APP */
static int on_stop(struct trigger_call *call, struct err *err)
{
	if (!cron_uses_host(call->ctx, trigger_arg(call, 0)))
		return 0;
	return cron_write(call->ctx, trigger_arg(call, 0), trigger_arg(call, 1), err);
}

/* --- tables --- */

static const struct flag list_flags[] = {
	{ "format", 0, FLAG_VALUE, "stdout|json", "Output format" },
	{},
};

static const struct flag run_flags[] = {
	{ "detach", 0, FLAG_BOOL, NULL, "In the background; prints the container's name" },
	{ "ttl-seconds", 0, FLAG_VALUE, "<seconds>", "When the container is stopped (86400)" },
	{},
};

static const struct command commands[] = {
	{ "cron:list", "<app>|--global [--format stdout|json]",
		"List the scheduled tasks of an app, or those of plugins",
		CMD_APP_OR_GLOBAL | CMD_READ | CMD_JSON, 1, 1, list_flags, cron_run_list, NULL },
	{ "cron:resume", "<app> <cron-id>", "Let a suspended task run again", CMD_APP | CMD_LOCK, 1,
		2, NULL, run_resume, NULL },
	{ "cron:run", "<app> <cron-id> [--detach] [--ttl-seconds <seconds>]", "Run a task now",
		CMD_APP, 1, 2, run_flags, run_run, NULL },
	{ "cron:set", "<app>|--global <property> [<value>]",
		"Set or clear a property of scheduled tasks", CMD_APP_OR_GLOBAL | CMD_LOCK, 1, 3,
		NULL, run_set, NULL },
	{ "cron:suspend", "<app> <cron-id>", "Let a task rest", CMD_APP | CMD_LOCK, 1, 2, NULL,
		run_suspend, NULL },
	{},
};

static const struct property properties[] = {
	{ "mailfrom", PROP_GLOBAL_ONLY, NULL, "Sender of cron's mails", NULL, NULL },
	{ "mailto", PROP_GLOBAL_ONLY, NULL, "Who gets cron's mails", NULL, NULL },
	{ "maintenance", PROP_BOTH, "false", "true: no task runs", check_bool,
		computed_maintenance },
	{},
};

static const struct report_row rows[] = {
	{ "--cron-task-count", false, row_task_count },
	{},
};

static const struct trigger_handler triggers[] = {
	{ "app-json-is-valid", on_app_json },
	{ "cron-get-property", on_get_property },
	{ "cron-write", on_cron_write },
	{ "post-deploy", on_post_deploy },
	{ "scheduler-cron-write", on_cron_write },
	{ "scheduler-stop", on_stop },
	{},
};

const struct plugin plugin_cron = {
	.name = "cron",
	.summary = "Manage scheduled tasks",
	.report_flags = REPORT_LEGACY_KEYS,
	.commands = commands,
	.properties = properties,
	.rows = rows,
	.more_rows = more_rows,
	.after_set = after_set,
	.triggers = triggers,
	.steps = cron_steps,
	.on_clone = on_clone,
	.on_rename = on_clone,
};
