/* SPDX-License-Identifier: MIT */
/* The plugin of the scheduler that runs nothing: answers to scheduler-* triggers. */
#include "base/fs.h"
#include "core/plugin.h"

static bool is_mine(const struct trigger_call *call)
{
	return call->args->count && str_eq(call->args->items[0], "null");
}

static int app_status(struct trigger_call *call, struct err *err)
{
	if (is_mine(call))
		strbuf_addstr(call->out, "1 true\n");
	return 0;
}

static int is_deployed(struct trigger_call *call, struct err *err)
{
	return 0;
}

static int uses_host_cron(struct trigger_call *call, struct err *err)
{
	if (is_mine(call))
		strbuf_addstr(call->out, "false\n");
	return 0;
}

static const struct trigger_handler triggers[] = {
	{ "scheduler-app-status", app_status },
	{ "scheduler-is-deployed", is_deployed },
	{ "scheduler-uses-host-cron", uses_host_cron },
	{},
};

extern const struct plugin plugin_scheduler_null;
const struct plugin plugin_scheduler_null = {
	.name = "scheduler-null",
	.summary = "Scheduler that runs nothing",
	.report_flags = REPORT_NONE,
	.triggers = triggers,
};
