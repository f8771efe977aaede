/* SPDX-License-Identifier: MIT */
/* The resource plugin: limits and reservations. */
#include "core/resource.h"

#include "base/alloc.h"
#include "base/fs.h"
#include "base/parse.h"
#include "core/output.h"
#include "core/plugin.h"
#include "core/procs.h"
#include "core/report.h"
#include "core/scheduler.h"
#include "core/state.h"
#include "core/trigger.h"

static const char ns[] = "resource";

static const char *noun(enum resource_kind kind)
{
	return kind == RESOURCE_LIMIT ? "limits" : "reservation";
}

static int check_process(const char *process, struct err *err)
{
	if (!*process || str_eq(process, RESOURCE_DEFAULT) || proc_name_valid(process))
		return 0;
	return err_set(err, ERR_USAGE, "Invalid process type specified: %.100s", process);
}

/* Another scheduler may have units of its own. */
static int check_value(struct ctx *ctx, const char *app, const char *name, const char *value,
	struct err *err)
{
	AUTO_FREE char *scheduler =
		state_computed(ctx, "scheduler", app, "selected", "docker-local");

	if (has_control(value))
		return err_set(err, ERR_USAGE, "Invalid value for %s", name);
	return str_eq(scheduler, "docker-local") ? resource_check(name, value, err) : 0;
}

/* --- commands --- */

static void show(struct ctx *ctx, const char *app, const char *process, enum resource_kind kind)
{
	bool all = str_eq(process, RESOURCE_DEFAULT);

	out_info2_quiet("resource %s %s information %s%s%s", noun(kind), app, all ? "[" : "(",
		all ? "defaults" : process, all ? "]" : ")");
	for (size_t i = 0; resource_names[i]; i++) {
		AUTO_FREE char *property = resource_property(process, kind, resource_names[i]);
		AUTO_FREE char *value = state_get_or(ctx, ns, app, property, "");

		out_verbose("%s: %s", resource_names[i], value);
	}
}

static int set_one(struct ctx *ctx, const char *app, const char *process, enum resource_kind kind,
	const char *name, const char *value, struct err *err)
{
	AUTO_FREE char *property = resource_property(process, kind, name);

	if (str_eq(value, "clear")) {
		out_verbose("%s: cleared", name);
		return state_unset(ctx, ns, app, property, err);
	}
	out_verbose("%s: %s", name, value);
	return state_set(ctx, ns, app, property, value, err);
}

static int run_set(struct ctx *ctx, const struct args *args, enum resource_kind kind,
	struct err *err)
{
	const char *app = args_pos(args, 0);
	const char *process = args_value(args, "process-type", "");
	size_t given = 0;
	int r = check_process(process, err);

	process = *process ? process : RESOURCE_DEFAULT;
	for (size_t i = 0; r >= 0 && resource_names[i]; i++) {
		const char *value = args_value(args, resource_names[i], "");

		given += *value != '\0';
		if (*value && !str_eq(value, "clear"))
			r = check_value(ctx, app, resource_names[i], value, err);
	}
	if (r < 0)
		return r;
	if (!given) {
		show(ctx, app, process, kind);
		return 0;
	}
	if (str_eq(process, RESOURCE_DEFAULT))
		out_info2_quiet("Setting resource %s for %s", noun(kind), app);
	else
		out_info2_quiet("Setting resource %s for %s (%s)", noun(kind), app, process);
	for (size_t i = 0; r >= 0 && resource_names[i]; i++) {
		const char *value = args_value(args, resource_names[i], "");

		if (*value)
			r = set_one(ctx, app, process, kind, resource_names[i], value, err);
	}
	return r;
}

static int run_limit(struct ctx *ctx, const struct args *args, struct err *err)
{
	return run_set(ctx, args, RESOURCE_LIMIT, err);
}

static int run_reserve(struct ctx *ctx, const struct args *args, struct err *err)
{
	return run_set(ctx, args, RESOURCE_RESERVE, err);
}

/* Without a process type everything goes, limits and reservations of all types. */
static int run_clear(struct ctx *ctx, const struct args *args, enum resource_kind kind,
	struct err *err)
{
	const char *app = args_pos(args, 0);
	const char *process = args_value(args, "process-type", "");
	int r = check_process(process, err);

	if (r < 0)
		return r;
	if (*process && !str_eq(process, RESOURCE_DEFAULT))
		out_info2_quiet("clearing %s %s (%s)", app, noun(kind), process);
	else
		out_info2_quiet("clearing %s %s", app, noun(kind));
	if (!*process)
		return state_drop(ctx, ns, app, err);
	for (size_t i = 0; r >= 0 && resource_names[i]; i++) {
		AUTO_FREE char *property = resource_property(process, kind, resource_names[i]);

		r = state_unset(ctx, ns, app, property, err);
	}
	return r;
}

static int run_limit_clear(struct ctx *ctx, const struct args *args, struct err *err)
{
	return run_clear(ctx, args, RESOURCE_LIMIT, err);
}

static int run_reserve_clear(struct ctx *ctx, const struct args *args, struct err *err)
{
	return run_clear(ctx, args, RESOURCE_RESERVE, err);
}

/* What is stored, under its own name. */
static int more_rows(struct ctx *ctx, const char *app, struct report *report, struct err *err)
{
	AUTO_STRVEC names = STRVEC_INIT;
	int r = state_names(ctx, ns, app, &names, err);

	for (size_t i = 0; r >= 0 && i < names.count; i++) {
		AUTO_FREE char *flag = xasprintf("--resource-%s", names.items[i]);
		AUTO_FREE char *value = state_get_or(ctx, ns, app, names.items[i], "");

		report_add(report, flag, value);
	}
	return r;
}

/* --- triggers --- */

/* Dokku puts a blank on both sides of each. */
static void print_flags(struct trigger_call *call, const struct strvec *flags)
{
	for (size_t i = 0; i < flags->count; i++)
		strbuf_addf(call->out, " %s ", flags->items[i]);
	if (call->in)
		strbuf_add(call->out, call->in->buf, call->in->len);
}

/* APP BUILDER */
static int on_args_build(struct trigger_call *call, struct err *err)
{
	AUTO_STRVEC flags = STRVEC_INIT;

	resource_build_args(call->ctx, trigger_arg(call, 0), trigger_arg(call, 1), &flags);
	print_flags(call, &flags);
	return 0;
}

/* APP BUILDER IMAGE_TAG PROCESS INDEX */
static int on_args_deploy(struct trigger_call *call, struct err *err)
{
	const char *process = trigger_arg(call, 3);
	AUTO_STRVEC flags = STRVEC_INIT;

	resource_args(call->ctx, trigger_arg(call, 0),
		proc_name_valid(process) ? process : RESOURCE_DEFAULT, &flags);
	print_flags(call, &flags);
	return 0;
}

/* APP PROCESS KIND RESOURCE */
static int on_get_property(struct trigger_call *call, struct err *err)
{
	const char *process = trigger_arg(call, 1);
	bool limit = str_eq(trigger_arg(call, 2), "limit");
	AUTO_FREE char *value = NULL;
	bool known = limit || str_eq(trigger_arg(call, 2), "reserve");
	bool named = false;

	for (size_t i = 0; resource_names[i]; i++)
		named = named || str_eq(trigger_arg(call, 3), resource_names[i]);
	if (known && named)
		value = resource_get(call->ctx, trigger_arg(call, 0),
			proc_name_valid(process) ? process : RESOURCE_DEFAULT,
			limit ? RESOURCE_LIMIT : RESOURCE_RESERVE, trigger_arg(call, 3));
	strbuf_addf(call->out, "%s\n", value ? value : "");
	return 0;
}

/* --- tables --- */

static const struct flag set_flags[] = {
	{ "process-type", 0, FLAG_VALUE, "<process-type>", "Only of that process type" },
	{ "cpu", 0, FLAG_VALUE, "<number>", "CPUs" },
	{ "memory", 0, FLAG_VALUE, "<amount>", "Memory, in MiB or with a unit" },
	{ "memory-swap", 0, FLAG_VALUE, "<amount>", "Memory and swap together" },
	{ "network", 0, FLAG_VALUE, "<amount>", "Network bandwidth" },
	{ "network-ingress", 0, FLAG_VALUE, "<amount>", "Network bandwidth, incoming" },
	{ "network-egress", 0, FLAG_VALUE, "<amount>", "Network bandwidth, outgoing" },
	{ "nvidia-gpu", 0, FLAG_VALUE, "<number>", "Nvidia GPUs" },
	{},
};

static const struct flag clear_flags[] = {
	{ "process-type", 0, FLAG_VALUE, "<process-type>", "Only of that process type" },
	{},
};

#define SET_ARGS                                                                                   \
	"[--process-type <process-type>] [--cpu <number>] [--memory <amount>] "                    \
	"[--memory-swap <amount>] [--network <amount>] [--network-ingress <amount>] "              \
	"[--network-egress <amount>] [--nvidia-gpu <number>] <app>"

static const struct command commands[] = {
	{ "resource:limit", SET_ARGS, "Limit what containers of an app may use, or show the limits",
		CMD_APP | CMD_LOCK, 1, 1, set_flags, run_limit, NULL },
	{ "resource:limit-clear", "[--process-type <process-type>] <app>",
		"Remove limits; without a process type reservations, too", CMD_APP | CMD_LOCK, 1, 1,
		clear_flags, run_limit_clear, NULL },
	{ "resource:reserve", SET_ARGS,
		"Reserve resources for containers of an app, or show what is reserved",
		CMD_APP | CMD_LOCK, 1, 1, set_flags, run_reserve, NULL },
	{ "resource:reserve-clear", "[--process-type <process-type>] <app>",
		"Remove reservations; without a process type limits, too", CMD_APP | CMD_LOCK, 1, 1,
		clear_flags, run_reserve_clear, NULL },
	{},
};

/* The properties' names hold process types, so they are not known beforehand. */
static const struct property properties[] = {
	{ "_default_.limit.memory", PROP_INTERNAL, NULL, NULL, NULL, NULL },
	{},
};

static const struct trigger_handler triggers[] = {
	{ "docker-args-process-build", on_args_build },
	{ "docker-args-process-deploy", on_args_deploy },
	{ "resource-get-property", on_get_property },
	{},
};

extern const struct plugin plugin_resource;
const struct plugin plugin_resource = {
	.name = "resource",
	.summary = "Manage how much of the machine apps may use",
	.report_flags = REPORT_LEGACY_KEYS | REPORT_PLAIN_LABELS,
	.commands = commands,
	.properties = properties,
	.more_rows = more_rows,
	.triggers = triggers,
};
