/* SPDX-License-Identifier: MIT */
/* The run plugin: one-off containers. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/parse.h"
#include "core/app.h"
#include "core/trigger.h"
#include "core/output.h"
#include "core/plugin.h"
#include "core/run_list.h"
#include "core/scheduler.h"

enum { TTL_MAX = 10 * 365 * 24 * 3600 };

/* --- run, run:detached --- */

static bool env_is_true(const char *name)
{
	const char *value = getenv(name);

	return value && (str_eq(value, "true") || str_eq(value, "1"));
}

static int parse_ttl(const char *text, uint64_t *ret, struct err *err)
{
	AUTO_ERR ignored = ERR_INIT;

	*ret = 86400;
	if (*text && parse_uint(text, 0, TTL_MAX, ret, &ignored) < 0)
		return err_set(err, ERR_USAGE, "--ttl-seconds must be a positive integer");
	return 0;
}

static int take_env(const struct args *args, struct strvec *ret, struct err *err)
{
	args_list(args, "env", ret);
	for (size_t i = 0; i < ret->count; i++) {
		const char *eq = strchr(ret->items[i], '=');

		if (!eq || eq == ret->items[i])
			return err_set(err, ERR_USAGE, "--env takes KEY=VALUE");
	}
	return 0;
}

/* `dokku --label=k=v run` and `dokku run --label k=v`. */
static void take_labels(struct ctx *ctx, const struct args *args, struct strvec *ret)
{
	for (size_t i = 0; i < ctx->global_flags.count; i++) {
		const char *label = str_after(ctx->global_flags.items[i], "--label=");

		if (label)
			strvec_push(ret, label);
	}
	args_list(args, "label", ret);
}

static int check_request(struct run_request *rq, const struct args *args, struct err *err)
{
	const char *policy = rq->concurrency;

	rq->force_tty = args_has(args, "force-tty") || env_is_true("DOKKU_FORCE_TTY");
	rq->no_tty = args_has(args, "no-tty") || env_is_true("DOKKU_DISABLE_TTY") ||
		     (rq->detached && !rq->force_tty);
	if (rq->no_tty && rq->force_tty)
		return err_set(err, ERR_USAGE, "Cannot specify both --force-tty and --no-tty");
	if (!str_eq(policy, "allow") && !str_eq(policy, "forbid") && !str_eq(policy, "replace"))
		return err_set(err, ERR_USAGE,
			"--concurrency-policy must be one of allow, forbid, replace");
	return parse_ttl(args_value(args, "ttl-seconds", ""), &rq->ttl_seconds, err);
}

/* SCHEDULER APP COUNT VARIABLE... -- COMMAND... */
static int fire_run(struct ctx *ctx, const struct scheduler *s, const struct run_request *rq,
	struct err *err)
{
	AUTO_FREE char *count = xasprintf("%zu", rq->env->count);
	AUTO_STRVEC args = STRVEC_INIT;

	strvec_pushl(&args, s->name, rq->app, count, NULL);
	strvec_pushv(&args, rq->env->items);
	strvec_push(&args, "--");
	strvec_pushv(&args, rq->argv->items);
	return trigger_fire_args(ctx, "scheduler-run", &args, err);
}

static int run_one(struct ctx *ctx, const struct args *args, bool detached, struct err *err)
{
	AUTO_STRVEC env = STRVEC_INIT;
	AUTO_STRVEC argv = STRVEC_INIT;
	AUTO_STRVEC labels = STRVEC_INIT;
	struct run_request rq = {
		.app = args_pos(args, 0),
		.env = &env,
		.argv = &argv,
		.detached = detached,
		.cron_id = args_value(args, "cron-id", ""),
		.concurrency = args_value(args, "concurrency-policy", "allow"),
		.labels = &labels,
	};
	const struct scheduler *s;
	int code = 0;
	int r = check_request(&rq, args, err);

	if (r >= 0)
		r = take_env(args, &env, err);
	if (r >= 0)
		r = scheduler_of(ctx, rq.app, &s, err);
	if (r < 0)
		return r;
	take_labels(ctx, args, &labels);
	strvec_pushv(&argv, args->pos.items + 1);
	if (argv.count && str_eq(argv.items[0], "--"))
		strvec_remove(&argv, 0);
	out_flush();
	r = fire_run(ctx, s, &rq, err);
	if (r >= 0)
		r = s->run(ctx, &rq, &code, err);
	if (r < 0)
		return r;
	return code ? err_exit(err, code) : 0;
}

static int run_run(struct ctx *ctx, const struct args *args, struct err *err)
{
	return run_one(ctx, args, false, err);
}

static int run_detached(struct ctx *ctx, const struct args *args, struct err *err)
{
	return run_one(ctx, args, true, err);
}

/* --- run:list --- */

static int run_list(struct ctx *ctx, const struct args *args, struct err *err)
{
	const char *app = args_pos(args, 0);
	const char *format = args_value(args, "format", "stdout");
	const struct scheduler *s;
	json_t *list = NULL;
	int r = scheduler_of(ctx, app, &s, err);

	if (r >= 0)
		r = s->run_list(ctx, app, &list, err);
	if (r < 0)
		return r;
	run_list_print(app, list, str_eq(format, "stdout"));
	json_decref(list);
	return 0;
}

/* --- run:logs, run:stop, run:retire --- */

/* The app of "<app>.run.<number>", which may stand behind the instance's label. */
static int app_of_container(struct ctx *ctx, const char *container, const char *app,
	struct strbuf *ret, struct err *err)
{
	AUTO_FREE char *label = xasprintf("%s%s", ctx->inst.label, *ctx->inst.label ? "." : "");
	const char *rest = str_after(container, label);
	AUTO_STRVEC parts = STRVEC_INIT;

	strvec_split(&parts, rest ? rest : container, ".");
	if (parts.count != 3)
		return err_set(err, ERR_USAGE, "Invalid container name specified: %s", container);
	if (*app && !str_eq(app, parts.items[0]))
		return err_set(err, ERR_USAGE, "Specified app does not app in container name");
	if (!str_eq(parts.items[1], "run"))
		return err_set(err, ERR_USAGE, "Specified container must be a run container");
	strbuf_addstr(ret, parts.items[0]);
	return 0;
}

/* The app that a command line with --container or an app is about. */
static int find_app(struct ctx *ctx, const struct args *args, struct strbuf *ret, struct err *err)
{
	const char *container = args_value(args, "container", "");
	const char *app = args_pos(args, 0);
	int r = 0;

	if (*container)
		r = app_of_container(ctx, container, app, ret, err);
	else if (*app)
		strbuf_addstr(ret, app);
	else
		return err_set(err, ERR_USAGE, "No container or app specified");
	return r < 0 ? r : app_verify(ctx, ret->buf, err);
}

static int run_logs(struct ctx *ctx, const struct args *args, struct err *err)
{
	AUTO_STRBUF app = STRBUF_INIT;
	AUTO_ERR ignored = ERR_INIT;
	const struct scheduler *s;
	const char *num = args_value(args, "num", "100");
	struct log_request rq = {
		.follow = args_has(args, "tail"),
		.quiet = args_has(args, "quiet"),
	};
	int64_t lines;
	int r = find_app(ctx, args, &app, err);

	if (r >= 0 && parse_int(num, INT32_MIN, INT32_MAX, &lines, &ignored) < 0)
		r = err_set(err, ERR_USAGE, "--num takes a number of lines");
	if (r >= 0)
		r = scheduler_of(ctx, app.buf, &s, err);
	if (r < 0)
		return r;
	rq.app = app.buf;
	rq.lines = lines < 0 ? -1 : (long)lines;
	return s->run_logs(ctx, &rq, args_value(args, "container", NULL), err);
}

static int run_stop(struct ctx *ctx, const struct args *args, struct err *err)
{
	AUTO_STRBUF app = STRBUF_INIT;
	const struct scheduler *s;
	int r = find_app(ctx, args, &app, err);

	if (r >= 0)
		r = scheduler_of(ctx, app.buf, &s, err);
	return r < 0 ? r : s->run_stop(ctx, app.buf, args_value(args, "container", NULL), err);
}

static int run_retire(struct ctx *ctx, const struct args *args, struct err *err)
{
	const char *app = *args_pos(args, 0) ? args_pos(args, 0) : NULL;
	const struct scheduler *s;
	int r = scheduler_of(ctx, app ? app : "--global", &s, err);

	return r < 0 ? r : s->run_retire(ctx, app, err);
}

/* --- tables --- */

#define COMMON_FLAGS                                                                               \
	{ "env", 'e', FLAG_LIST, "KEY=VALUE", "A variable for this container" },                   \
		{ "no-tty", 0, FLAG_BOOL, NULL, "Without a terminal" },                            \
		{ "force-tty", 0, FLAG_BOOL, NULL, "With a terminal" },                            \
		{ "ttl-seconds", 0, FLAG_VALUE, "<seconds>",                                       \
			"When the container is stopped (86400)" },                                 \
		{ "cron-id", 0, FLAG_VALUE, "<id>", "The cron task that this is" },                \
		{ "concurrency-policy", 0, FLAG_VALUE, "allow|forbid|replace",                     \
			"What to do when that task still runs" },                                  \
	{                                                                                          \
		"label", 0, FLAG_LIST, "KEY=VALUE", "A label for this container"                   \
	}

static const struct flag run_flags[] = { COMMON_FLAGS, {} };

static const struct flag list_flags[] = {
	{ "format", 0, FLAG_VALUE, "stdout|json", "Output format" },
	{},
};

static const struct flag logs_flags[] = {
	{ "container", 0, FLAG_VALUE, "<name>", "Only that one" },
	{ "num", 'n', FLAG_VALUE, "<lines>", "Only the last lines (100)" },
	{ "quiet", 'q', FLAG_BOOL, NULL, "Without colors, times and names" },
	{ "tail", 't', FLAG_BOOL, NULL, "Go on printing what comes" },
	{},
};

static const struct flag stop_flags[] = {
	{ "container", 0, FLAG_VALUE, "<name>", "Only that one" },
	{},
};

static const struct command commands[] = {
	{ "run",
		"[-e|--env KEY=VALUE] [--no-tty] [--force-tty] [--ttl-seconds <seconds>] <app> "
		"<cmd>",
		"Run a command in a new container of an app", CMD_APP | CMD_FLAGS_FIRST, 1, -1,
		run_flags, run_run, NULL },
	{ "run:detached",
		"[-e|--env KEY=VALUE] [--force-tty] [--ttl-seconds <seconds>] <app> <cmd>",
		"The same in the background", CMD_APP | CMD_FLAGS_FIRST, 1, -1, run_flags,
		run_detached, NULL },
	{ "run:list", "[--format stdout|json] <app>", "List the one-off containers of an app",
		CMD_APP | CMD_READ | CMD_JSON, 1, 1, list_flags, run_list, NULL },
	{ "run:logs", "<app>|--container <name> [-n <lines>] [-q] [-t]",
		"Print what one-off containers have printed", CMD_APP | CMD_APP_OPTIONAL | CMD_READ,
		0, 1, logs_flags, run_logs, NULL },
	{ "run:retire", "[<app>]", "Stop one-off containers whose time is over",
		CMD_APP | CMD_APP_OPTIONAL | CMD_HIDDEN, 0, 1, NULL, run_retire, NULL },
	{ "run:stop", "<app>|--container <name>", "Stop one or all one-off containers of an app",
		CMD_APP | CMD_APP_OPTIONAL, 0, 1, stop_flags, run_stop, NULL },
	{},
};

extern const struct plugin plugin_run;
const struct plugin plugin_run = {
	.name = "run",
	.summary = "Run one-off commands in new containers",
	.report_flags = REPORT_NONE,
	.commands = commands,
};
