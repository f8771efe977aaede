/* SPDX-License-Identifier: MIT */
/* The buildpacks plugin: tables, the stack, triggers. */
#include "plugins/buildpacks/buildpacks.h"

#include "base/alloc.h"
#include "base/fs.h"
#include "core/app.h"
#include "core/buildpacks.h"
#include "core/property.h"
#include "core/stack.h"
#include "core/state.h"
#include "core/trigger.h"

/* --- the stack --- */

static int tell_stack(struct ctx *ctx, const char *app, const char *value, struct err *err)
{
	AUTO_STRVEC args = STRVEC_INIT;

	strvec_pushl(&args, app, value, NULL);
	return trigger_run_all(ctx, "post-stack-set", &args, err);
}

/* What builds have kept is of no use in another stack: the repo plugin drops it. */
static int tell_stacks(struct ctx *ctx, const char *scope, const char *value, struct err *err)
{
	AUTO_STRVEC apps = STRVEC_INIT;
	int r = 0;

	if (!str_eq(scope, SCOPE_GLOBAL))
		return tell_stack(ctx, scope, value, err);
	r = app_list(ctx, &apps, err);
	for (size_t i = 0; r >= 0 && i < apps.count; i++)
		r = tell_stack(ctx, apps.items[i], value, err);
	return r;
}

static int run_set_property(struct ctx *ctx, const struct args *args, struct err *err)
{
	const char *scope = args_pos(args, 0);
	AUTO_FREE char *old = state_get_or(ctx, "buildpacks", scope, "stack", "");
	int r = property_set_command(ctx, &plugin_buildpacks, args, err);

	if (r < 0 || !str_eq(args_pos(args, 1), "stack") || str_eq(old, args_pos(args, 2)))
		return r;
	return tell_stacks(ctx, scope, args_pos(args, 2), err);
}

/* The one that the next build would use. A report is not the place to fail for want of an engine. */
static int computed_stack(struct ctx *ctx, const char *app, struct strbuf *out, struct err *err)
{
	AUTO_STACK stack = STACK_INIT;
	AUTO_ERR ignored = ERR_INIT;

	if (stack_choose(ctx, app, &stack, &ignored) >= 0)
		strbuf_addstr(out, stack.image);
	return 0;
}

static int row_list(struct ctx *ctx, const char *app, struct strbuf *out, struct err *err)
{
	AUTO_STRVEC list = STRVEC_INIT;
	AUTO_FREE char *text = NULL;
	int r = buildpacks_list(ctx, app, &list, err);

	if (r < 0)
		return r;
	text = strvec_joined(&list, ",");
	strbuf_addstr(out, text);
	return 0;
}

/* --- triggers --- */

/* APP */
static int on_stack_name(struct trigger_call *call, struct err *err)
{
	AUTO_STACK stack = STACK_INIT;
	int r = stack_named(call->ctx, trigger_arg(call, 0), &stack, err);

	if (r > 0)
		strbuf_addf(call->out, "%s\n", stack.image);
	return r;
}

/* APP DIR */
static int on_post_extract(struct trigger_call *call, struct err *err)
{
	return buildpacks_write(call->ctx, trigger_arg(call, 0), trigger_arg(call, 1), err);
}

/* --- tables --- */

static const struct flag detect_flags[] = {
	{ "branch", 0, FLAG_VALUE, "branch", "Branch to look at; the deploy branch if left out" },
	{},
};

static const struct command commands[] = {
	{ "buildpacks:add", "[--index N] <app> <buildpack>",
		"Add a buildpack, at the end or at a place", CMD_APP | CMD_LOCK, 1, 2,
		buildpacks_index_flags, buildpacks_run_add, NULL },
	{ "buildpacks:clear", "<app>", "Remove all buildpacks of an app", CMD_APP | CMD_LOCK, 1, 1,
		NULL, buildpacks_run_clear, NULL },
	{ "buildpacks:detect", "[--branch B] <app>",
		"Show which buildpack fits what is in an app's repository", CMD_APP | CMD_READ, 1,
		1, detect_flags, buildpacks_run_detect, NULL },
	{ "buildpacks:list", "<app>", "List the buildpacks of an app", CMD_APP | CMD_READ, 1, 1,
		NULL, buildpacks_run_list, NULL },
	{ "buildpacks:remove", "[--index N] <app> [<buildpack>]",
		"Remove a buildpack by its URL or its place", CMD_APP | CMD_LOCK, 1, 2,
		buildpacks_index_flags, buildpacks_run_remove, NULL },
	{ "buildpacks:set", "[--index N] <app> <buildpack> || --replace <app> <buildpack>...",
		"Put a buildpack in the place of another, or make a new list", CMD_APP | CMD_LOCK,
		1, -1, buildpacks_set_flags, buildpacks_run_set, NULL },
	{ "buildpacks:set-property", "<app>|--global <property> [<value>]",
		"Set or clear a buildpacks property", CMD_APP_OR_GLOBAL | CMD_LOCK, 1, -1, NULL,
		run_set_property, NULL },
	{},
};

static const struct property properties[] = {
	{ "stack", PROP_APP | PROP_GLOBAL | PROP_COMPUTED, NULL,
		"Image that buildpacks run in, or the builder image of cloud native buildpacks",
		NULL, computed_stack },
	{},
};

static const struct report_row rows[] = {
	{ "--buildpacks-list", false, row_list },
	{},
};

static const struct trigger_handler triggers[] = {
	{ "buildpack-stack-name", on_stack_name },
	{ "post-extract", on_post_extract },
	{},
};

const struct plugin plugin_buildpacks = {
	.name = "buildpacks",
	.summary = "Manage the buildpacks of apps",
	.report_flags = REPORT_LEGACY_KEYS,
	.commands = commands,
	.properties = properties,
	.rows = rows,
	.triggers = triggers,
};
