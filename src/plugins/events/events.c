/* SPDX-License-Identifier: MIT */
/* The events plugin: which triggers were fired. */
#include "base/alloc.h"
#include "base/fs.h"
#include "core/events.h"
#include "core/output.h"
#include "core/plugin.h"
#include "core/tail.h"

enum { LINES = 100 };

static char *setting_path(struct ctx *ctx)
{
	return inst_home(&ctx->inst, ".dokkurc/DOKKU_EVENTS");
}

static int run_events(struct ctx *ctx, const struct args *args, struct err *err)
{
	AUTO_FREE char *path = events_path(ctx);

	return fs_exists(path) ? tail_print(path, LINES, args_has(args, "tail"), err) : 0;
}

static int run_list(struct ctx *ctx, const struct args *args, struct err *err)
{
	if (!events_are_on()) {
		out_warn("Events logger disabled");
		return 0;
	}
	/* Dokku's columns, of which all but the first are empty. */
	out_line_quiet("%-6s %-18s %-25s %-25s %-25s", "=====>", "Events currently logged", "", "",
		"");
	for (const char *const *name = event_names; *name; name++)
		out_line("%-25s %-25s %-25s %-25s", *name, "", "", "");
	return 0;
}

static int run_on(struct ctx *ctx, const struct args *args, struct err *err)
{
	AUTO_FREE char *path = setting_path(ctx);

	out_line("Enabling dokku events logger");
	return fs_write_str(path, "export DOKKU_EVENTS=1\n", 0644, err);
}

static int run_off(struct ctx *ctx, const struct args *args, struct err *err)
{
	AUTO_FREE char *path = setting_path(ctx);

	out_line("Disabling dokku events logger");
	return fs_unlink(path, err);
}

static const struct flag events_flags[] = {
	{ "tail", 't', FLAG_BOOL, NULL, "Go on printing what comes" },
	{},
};

static const struct command commands[] = {
	{ "events", "[-t]", "Print the last events", CMD_READ, 0, 0, events_flags, run_events,
		NULL },
	{ "events:list", "", "List what is logged", CMD_READ, 0, 0, NULL, run_list, NULL },
	{ "events:off", "", "Log no events", 0, 0, 0, NULL, run_off, NULL },
	{ "events:on", "", "Log events", 0, 0, 0, NULL, run_on, NULL },
	{},
};

extern const struct plugin plugin_events;
const struct plugin plugin_events = {
	.name = "20_events",
	.verb = "events",
	.summary = "Manage the log of events",
	.report_flags = REPORT_NONE,
	.commands = commands,
};
