/* SPDX-License-Identifier: MIT */
/* Which scheduler an app uses. */
#include <stdlib.h>

#include "base/fs.h"
#include "core/output.h"
#include "core/plugin.h"
#include "core/scheduler.h"
#include "core/state.h"

/* Dokku takes any name, so a plugin may bring the scheduler later: it is only worth a warning. */
static int check_selected(struct ctx *ctx, const char *scope, const char *value, struct err *err)
{
	AUTO_STRBUF known = STRBUF_INIT;

	for (const struct scheduler *const *s = schedulers; *s; s++) {
		if (str_eq((*s)->name, value))
			return 0;
		strbuf_addf(&known, "%s%s", known.len ? ", " : "", (*s)->name);
	}
	out_warn("Scheduler '%s' does not exist here; there are: %s", value, known.buf);
	return 0;
}

static int detect(struct trigger_call *call, struct err *err)
{
	const char *scope = call->args->count ? call->args->items[0] : SCOPE_GLOBAL;
	char *name = state_computed(call->ctx, "scheduler", scope, "selected", "docker-local");

	strbuf_addf(call->out, "%s\n", name);
	free(name);
	return 0;
}

static const struct property properties[] = {
	{ "selected", PROP_BOTH, "docker-local", "What runs the app's containers", check_selected,
		NULL },
	{ "shell", PROP_BOTH, "/bin/bash", "The shell that enter and run start", NULL, NULL },
	{},
};

static const struct trigger_handler triggers[] = {
	{ "scheduler-detect", detect },
	{},
};

extern const struct plugin plugin_scheduler;
const struct plugin plugin_scheduler = {
	.name = "scheduler",
	.summary = "Manage where apps run",
	.properties = properties,
	.report_flags = REPORT_LEGACY_KEYS,
	.triggers = triggers,
};
