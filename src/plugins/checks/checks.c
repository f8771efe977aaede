/* SPDX-License-Identifier: MIT */
/* The checks plugin: which process types are deployed without downtime. */
#include "base/alloc.h"
#include "base/fs.h"
#include "core/checks.h"
#include "core/output.h"
#include "core/plugin.h"
#include "core/property.h"
#include "core/scheduler.h"
#include "core/state.h"
#include "core/trigger.h"

static const char all[] = "_all_";

/* "web,worker" of the command line; every type when there is none. */
static const char *types_of(const struct args *args)
{
	const char *types = args_pos(args, 1);

	return *types ? types : all;
}

static void announce(const char *doing, const struct args *args, const char *owner)
{
	const char *app = args_pos(args, 0);
	const char *types = types_of(args);

	if (str_eq(types, all))
		out_info1("%s zero downtime for %s (%s)", doing, owner, app);
	else
		out_info1("%s zero downtime for app's (%s) proctypes (%s)", doing, app, types);
}

static int run_disable(struct ctx *ctx, const struct args *args, struct err *err)
{
	announce("Disabling", args, "app");
	return checks_put(ctx, args_pos(args, 0), CHECKS_DISABLED, types_of(args), err);
}

static int run_skip(struct ctx *ctx, const struct args *args, struct err *err)
{
	announce("Skipping", args, "app");
	return checks_put(ctx, args_pos(args, 0), CHECKS_SKIPPED, types_of(args), err);
}

static int run_enable(struct ctx *ctx, const struct args *args, struct err *err)
{
	announce("Enabling", args, "app's");
	return checks_enable(ctx, args_pos(args, 0), types_of(args), err);
}

/* The scheduler knows what runs, and says so. */
static int run_run(struct ctx *ctx, const struct args *args, struct err *err)
{
	const char *app = args_pos(args, 0);
	const char *types = types_of(args);
	AUTO_STRVEC words = STRVEC_INIT;
	const struct scheduler *s;
	int r = scheduler_of(ctx, app, &s, err);

	if (r < 0)
		return r;
	out_info1("Running pre-flight checks");
	if (!s->is_deployed(ctx, app))
		return err_set(err, ERR_FAILED, "App %s has not been deployed", app);
	if (str_eq(types, all))
		return s->check(ctx, app, NULL, err);
	strvec_split(&words, types, ",");
	for (size_t i = 0; r >= 0 && i < words.count; i++)
		r = s->check(ctx, app, words.items[i], err);
	return r;
}

/* --- report, triggers --- */

static void add_list(struct ctx *ctx, const char *app, enum checks_list list, struct strbuf *out)
{
	AUTO_FREE char *types = checks_list(ctx, app, list);

	strbuf_addstr(out, *types ? types : "none");
}

static int row_disabled(struct ctx *ctx, const char *app, struct strbuf *out, struct err *err)
{
	add_list(ctx, app, CHECKS_DISABLED, out);
	return 0;
}

static int row_skipped(struct ctx *ctx, const char *app, struct strbuf *out, struct err *err)
{
	add_list(ctx, app, CHECKS_SKIPPED, out);
	return 0;
}

/* APP KEY */
static int on_get_property(struct trigger_call *call, struct err *err)
{
	AUTO_FREE char *value = NULL;

	if (call->args->count < 2 || !str_eq(call->args->items[1], "wait-to-retire"))
		return err_exit(err, 1);
	value = state_computed(call->ctx, "checks", call->args->items[0], "wait-to-retire", "60");
	strbuf_addf(call->out, "%s\n", value);
	return 0;
}

static const struct command commands[] = {
	{ "checks:disable", "<app> [<process-type(s)>]",
		"Stop old processes before new ones start (downtime during deploys)",
		CMD_APP | CMD_LOCK, 1, 2, NULL, run_disable, NULL },
	{ "checks:enable", "<app> [<process-type(s)>]", "Deploy without downtime and with checks",
		CMD_APP | CMD_LOCK, 1, 2, NULL, run_enable, NULL },
	{ "checks:run", "<app> [<process-type(s)>]", "Check what is running now",
		CMD_APP | CMD_READ, 1, 2, NULL, run_run, NULL },
	{ "checks:skip", "<app> [<process-type(s)>]", "Deploy without downtime and without checks",
		CMD_APP | CMD_LOCK, 1, 2, NULL, run_skip, NULL },
	{},
};

static const struct property properties[] = {
	{ "disabled", PROP_INTERNAL, NULL, NULL, NULL, NULL },
	{ "skipped", PROP_INTERNAL, NULL, NULL, NULL, NULL },
	{ "wait-to-retire", PROP_BOTH, "60",
		"Seconds an old container lives after its successor took over", check_seconds,
		NULL },
	{},
};

static const struct report_row rows[] = {
	{ "--checks-disabled-list", false, row_disabled },
	{ "--checks-skipped-list", false, row_skipped },
	{},
};

static const struct trigger_handler triggers[] = {
	{ "checks-get-property", on_get_property },
	{},
};

extern const struct plugin plugin_checks;
const struct plugin plugin_checks = {
	.name = "checks",
	.summary = "Manage health checks and zero-downtime deploys",
	.commands = commands,
	.properties = properties,
	.property_word = "key",
	.rows = rows,
	.triggers = triggers,
};
