/* SPDX-License-Identifier: MIT */
/* The logs plugin: what containers print, and how much of it is kept. */
#include <ctype.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/parse.h"
#include "core/app.h"
#include "core/docker_options.h"
#include "core/help.h"
#include "core/output.h"
#include "core/plugin.h"
#include "core/scheduler.h"
#include "core/state.h"
#include "lib/dsn/dsn.h"
#include "lib/engine/engine.h"
#include "lib/engine/networks.h"
#include "plugins/logs/vector.h"

extern const struct plugin plugin_logs;

static const char default_size[] = "10m";

/* --- commands --- */

static int parse_lines(const char *text, long *ret, struct err *err)
{
	AUTO_ERR ignored = ERR_INIT;
	int64_t n;

	if (parse_int(text, INT32_MIN, INT32_MAX, &n, &ignored) < 0)
		return err_user(err, ERR_USAGE, 2,
			"invalid argument \"%s\" for \"-n, --num\" flag: not a number", text);
	*ret = n < 0 ? -1 : (long)n;
	return 0;
}

static int run_logs(struct ctx *ctx, const struct args *args, struct err *err)
{
	struct log_request rq = {
		.app = args_pos(args, 0),
		.process = args_value(args, "ps", NULL),
		.follow = args_has(args, "tail"),
		.quiet = args_has(args, "quiet"),
	};
	const struct scheduler *s;
	int r;

	if (args_has(args, "help")) {
		help_plugin(&plugin_logs);
		return 0;
	}
	if (rq.process && !*rq.process)
		rq.process = NULL;
	r = args_need_app(args, err);
	if (r >= 0)
		r = parse_lines(args_value(args, "num", "100"), &rq.lines, err);
	if (r >= 0 && !app_is_deployed(ctx, rq.app))
		r = err_set(err, ERR_FAILED, "App %s has not been deployed", rq.app);
	if (r >= 0)
		r = scheduler_of(ctx, rq.app, &s, err);
	return r < 0 ? r : s->logs(ctx, &rq, err);
}

static int failed_of(struct ctx *ctx, const char *app, struct err *err)
{
	const struct scheduler *s;
	int r = scheduler_of(ctx, app, &s, err);

	if (r < 0)
		return r;
	out_info2_quiet("%s failed deploy logs", app);
	out_flush();
	return s->logs_failed(ctx, app, err);
}

static int failed_of_all(struct ctx *ctx, struct err *err)
{
	AUTO_STRVEC apps = STRVEC_INIT;
	int failures = 0;
	int r = app_list(ctx, &apps, err);

	if (r < 0)
		return r;
	if (!apps.count)
		out_warn("%s", app_none_text);
	for (size_t i = 0; i < apps.count; i++) {
		AUTO_ERR one = ERR_INIT;

		out_info1("Running logs:failed against app %s", apps.items[i]);
		out_flush();
		if (failed_of(ctx, apps.items[i], &one) >= 0)
			continue;
		out_warn("Error running logs:failed against app %s: %s", apps.items[i],
			err_text(&one));
		failures++;
	}
	if (!failures)
		return 0;
	return err_set(err, ERR_FAILED, "logs:failed command returned %d errors", failures);
}

static int run_failed(struct ctx *ctx, const struct args *args, struct err *err)
{
	int r;

	if (args_has(args, "all"))
		return failed_of_all(ctx, err);
	r = args_need_app(args, err);
	return r < 0 ? r : failed_of(ctx, args_pos(args, 0), err);
}

/* --- properties --- */

static int check_alias(struct ctx *ctx, const char *scope, const char *value, struct err *err)
{
	for (const char *c = value; *c; c++) {
		if (!isascii(*c) || !(isalnum(*c) || (c != value && strchr("_.-", *c))))
			return err_set(err, ERR_INVALID,
				"Invalid app-label-alias value, must start with a letter or number "
				"and contain only letters, numbers, and any of [_, ., -]");
	}
	return 0;
}

static int check_max_size(struct ctx *ctx, const char *scope, const char *value, struct err *err)
{
	AUTO_FREE char *number = NULL;
	AUTO_ERR ignored = ERR_INIT;
	size_t len = strlen(value);
	uint64_t n;

	if (str_eq(value, "unlimited"))
		return 0;
	if (!strchr("kmg", value[len - 1]))
		return err_set(err, ERR_INVALID,
			"Invalid max-size unit measure, value must end in any of [k, m, g]");
	number = xstrndup(value, len - 1);
	if (parse_uint(number, 1, INT32_MAX, &n, &ignored) < 0)
		return err_set(err, ERR_INVALID,
			"Invalid max-size value, must be a number followed "
			"by a unit of measure [k, m, g]");
	return 0;
}

static int check_sink(struct ctx *ctx, const char *scope, const char *value, struct err *err)
{
	json_t *sink = NULL;
	bool whole;
	int r = dsn_parse(value, &sink, err);

	if (r < 0)
		return r;
	/* It would stand in for the sinks of all others. */
	whole = json_object_get(sink, "sinks") != NULL;
	json_decref(sink);
	return whole ? err_set(err, ERR_INVALID, "Invalid option sinks") : 0;
}

static int need_network(struct ctx *ctx, const char *name, struct err *err)
{
	json_t *found = NULL;
	int r = engine_network_inspect(ctx_engine(ctx), name, &found, err);

	json_decref(found);
	if (r != -ERR_NOT_FOUND)
		return r;
	err_clear(err);
	return err_user(err, ERR_NOT_FOUND, 1, "Network \"%s\" does not exist", name);
}

static int check_networks(struct ctx *ctx, const char *scope, const char *value, struct err *err)
{
	AUTO_STRVEC names = STRVEC_INIT;

	if (value[0] == ',' || str_ends(value, ",") || strstr(value, ",,"))
		return err_set(err, ERR_INVALID,
			"Invalid vector-networks value, empty entry in comma-separated list");
	strvec_split(&names, value, ", ");
	if (strvec_has(&names, "bridge"))
		return err_set(err, ERR_INVALID,
			"Invalid vector-networks value, \"bridge\" is not a valid entry for "
			"vector-networks");
	for (size_t i = 0; i < names.count; i++) {
		int r = need_network(ctx, names.items[i], err);

		if (r < 0)
			return r;
	}
	return 0;
}

static bool is_in_config(const char *property)
{
	static const char *const names[] = { "app-label-alias", "vector-cron-sink", "vector-sink" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (str_eq(property, names[i]))
			return true;
	}
	return false;
}

/* A running Vector watches the file. */
static int after_set(struct ctx *ctx, const char *scope, const char *name, const char *value,
	struct err *err)
{
	AUTO_FREE char *path = NULL;

	if (!is_in_config(name))
		return 0;
	path = vector_config_path(ctx);
	out_verbose_quiet("Writing updated vector config to %s", path);
	return vector_write(ctx, err);
}

/* --- an app's life --- */

static int on_copy(struct ctx *ctx, const char *old, const char *new, struct err *err)
{
	int r = plugin_copy_settings(ctx, &plugin_logs, old, new, err);

	if (r >= 0)
		vector_rewrite(ctx);
	return r;
}

static int on_destroy(struct ctx *ctx, const char *app, struct err *err)
{
	int r = plugin_drop_settings(ctx, &plugin_logs, app, err);

	if (r >= 0)
		vector_rewrite(ctx);
	return r;
}

/* --- triggers --- */

static char *max_size(struct ctx *ctx, const char *app)
{
	return state_computed(ctx, "logs", app, "max-size", default_size);
}

/* APP KEY */
static int on_get_property(struct trigger_call *call, struct err *err)
{
	AUTO_FREE char *value = NULL;

	if (call->args->count < 2 || !str_eq(call->args->items[1], "max-size"))
		return err_set(err, ERR_USAGE, "Invalid logs property specified");
	value = max_size(call->ctx, call->args->items[0]);
	strbuf_addf(call->out, "%s\n", value);
	return 0;
}

static bool keeps_files(const char *driver)
{
	return str_eq(driver, "local") || str_eq(driver, "json-file");
}

static bool engine_keeps_files(struct ctx *ctx)
{
	AUTO_ERR ignored = ERR_INIT;
	json_t *info = NULL;
	const char *driver;
	bool yes;

	if (engine_info(ctx_engine(ctx), &info, &ignored) < 0)
		return false;
	driver = json_string_value(json_object_get(info, "LoggingDriver"));
	yes = driver && keeps_files(driver);
	json_decref(info);
	return yes;
}

/* Only log drivers that write files know a largest size. */
static int takes_max_size(struct ctx *ctx, const char *app, bool *ret, struct err *err)
{
	AUTO_STRVEC options = STRVEC_INIT;
	int r = docker_options_get(ctx, app, NULL, DOCKER_PHASE_DEPLOY, &options, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < options.count; i++) {
		const char *driver = str_after(options.items[i], "--log-driver=");

		if (driver) {
			*ret = keeps_files(driver);
			return 0;
		}
	}
	*ret = engine_keeps_files(ctx);
	return 0;
}

/* APP ... */
static int on_args_process_deploy(struct trigger_call *call, struct err *err)
{
	const char *app = call->args->count ? call->args->items[0] : "";
	AUTO_FREE char *size = max_size(call->ctx, app);
	bool limited = false;
	int r = str_eq(size, "unlimited") ? 0 : takes_max_size(call->ctx, app, &limited, err);

	if (r >= 0 && limited)
		strbuf_addf(call->out, " --log-opt=max-size=%s ", size);
	if (call->in)
		strbuf_add(call->out, call->in->buf, call->in->len);
	return r;
}

/* --- tables --- */

static const struct flag logs_flags[] = {
	{ "help", 'h', FLAG_BOOL, NULL, "Print help" },
	{ "num", 'n', FLAG_VALUE, "<lines>", "Only the last lines (100)" },
	{ "ps", 'p', FLAG_VALUE, "<process>[.<n>]", "Only those of a process" },
	{ "tail", 't', FLAG_BOOL, NULL, "Go on printing what comes" },
	{ "quiet", 'q', FLAG_BOOL, NULL, "Without colors, times and names" },
	{},
};

static const struct flag failed_flags[] = {
	{ "all", 0, FLAG_BOOL, NULL, "Of all apps" },
	{},
};

static const struct flag start_flags[] = {
	{ "vector-image", 0, FLAG_VALUE, "<image>", "Instead of the one that is set" },
	{},
};

static const struct flag vector_logs_flags[] = {
	{ "num", 0, FLAG_VALUE, "<lines>", "Only the last lines (100)" },
	{ "tail", 0, FLAG_BOOL, NULL, "Go on printing what comes" },
	{},
};

static const struct command commands[] = {
	{ "logs", "[-h|--help] [-t|--tail] [-n|--num num] [-q|--quiet] [-p|--ps process] <app>",
		"Print what an app's containers have printed",
		CMD_APP | CMD_APP_OPTIONAL | CMD_READ, 0, 1, logs_flags, run_logs, NULL },
	{ "logs:failed", "[--all|<app>]", "Print the logs of the last failed deploy",
		CMD_APP | CMD_APP_OPTIONAL | CMD_READ, 0, 1, failed_flags, run_failed, NULL },
	{ "logs:vector-logs", "[--num <lines>] [--tail]", "Print what the log shipper has printed",
		CMD_READ, 0, 0, vector_logs_flags, vector_run_logs, NULL },
	{ "logs:vector-start", "[--vector-image <image>]", "Start the log shipper", 0, 0, 0,
		start_flags, vector_run_start, NULL },
	{ "logs:vector-stop", "", "Stop and remove the log shipper", 0, 0, 0, NULL, vector_run_stop,
		NULL },
	{},
};

static const struct property properties[] = {
	{ "app-label-alias", PROP_BOTH, "com.dokku.app-name",
		"Label whose value names the app in log events", check_alias, NULL },
	{ "max-size", PROP_BOTH, default_size,
		"Size at which a container's log is rotated, or unlimited", check_max_size, NULL },
	{ "vector-cron-sink", PROP_BOTH | PROP_SECRET, NULL,
		"Where the output of cron tasks is shipped to", check_sink, NULL },
	{ "vector-image", PROP_GLOBAL_ONLY, vector_default_image, "Image of the log shipper",
		vector_check_image, NULL },
	{ "vector-networks", PROP_GLOBAL_ONLY, NULL, "Networks that the log shipper joins",
		check_networks, NULL },
	{ "vector-sink", PROP_BOTH | PROP_SECRET, NULL, "Where logs are shipped to", check_sink,
		NULL },
	{},
};

static const struct trigger_handler triggers[] = {
	{ "docker-args-process-deploy", on_args_process_deploy },
	{ "logs-get-property", on_get_property },
	{},
};

const struct plugin plugin_logs = {
	.name = "logs",
	.summary = "Print and manage the logs of apps",
	.report_flags = REPORT_LEGACY_KEYS,
	.commands = commands,
	.properties = properties,
	.after_set = after_set,
	.triggers = triggers,
	.on_clone = on_copy,
	.on_rename = on_copy,
	.on_destroy = on_destroy,
};
