/* SPDX-License-Identifier: MIT */
/* The builds plugin: its tables, settings and triggers. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/parse.h"
#include "core/trigger.h"
#include "core/build_limit.h"
#include "core/build_record.h"
#include "core/operation.h"
#include "core/plugin.h"
#include "core/report.h"
#include "core/state.h"
#include "plugins/builds/commands.h"

extern const struct plugin plugin_builds;

/* --- report --- */

enum field {
	FIELD_ID,
	FIELD_KIND,
	FIELD_STATUS,
	FIELD_PID,
	FIELD_SOURCE,
	FIELD_START,
	FIELD_END,
	FIELD_EXIT
};

static void add_field(const struct build_record *r, enum field field, struct strbuf *out)
{
	switch (field) {
	case FIELD_ID:
		strbuf_addstr(out, r->id);
		break;
	case FIELD_KIND:
		strbuf_addstr(out, r->kind);
		break;
	case FIELD_STATUS:
		strbuf_addstr(out, build_record_status(r));
		break;
	case FIELD_PID:
		strbuf_addf(out, "%lld", (long long)r->pid);
		break;
	case FIELD_SOURCE:
		strbuf_addstr(out, r->source);
		break;
	case FIELD_START:
		builds_add_time(r->started_at, out);
		break;
	case FIELD_END:
		builds_add_time(r->finished_at, out);
		break;
	case FIELD_EXIT:
		if (r->has_exit_code)
			strbuf_addf(out, "%lld", (long long)r->exit_code);
		break;
	}
}

static int add_rows(struct ctx *ctx, const char *app, struct report *report, struct err *err)
{
	static const struct {
		const char *flag;
		enum field field;
	} rows[] = {
		{ "--build-id", FIELD_ID },
		{ "--build-kind", FIELD_KIND },
		{ "--build-status", FIELD_STATUS },
		{ "--build-pid", FIELD_PID },
		{ "--build-source", FIELD_SOURCE },
		{ "--build-started-at", FIELD_START },
		{ "--build-finished-at", FIELD_END },
		{ "--build-exit-code", FIELD_EXIT },
	};
	AUTO_BUILD_RECORDS all = BUILD_RECORDS_INIT;
	int r;

	if (str_eq(app, SCOPE_GLOBAL))
		return 0;
	r = build_records_load(ctx, app, &all, err);
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(rows); i++) {
		AUTO_STRBUF value = STRBUF_INIT;

		if (all.count)
			add_field(&all.items[0], rows[i].field, &value);
		report_add(report, rows[i].flag, value.buf);
	}
	return r;
}

static int computed_retention(struct ctx *ctx, const char *app, struct strbuf *out, struct err *err)
{
	strbuf_addf(out, "%lld", (long long)build_retention(ctx, app));
	return 0;
}

/* --- triggers --- */

static int on_generate_id(struct trigger_call *call, struct err *err)
{
	AUTO_FREE char *id = operation_new_id();

	strbuf_addf(call->out, "%s\n", id);
	return 0;
}

static int on_record_start(struct trigger_call *call, struct err *err)
{
	int64_t pid;
	int r = parse_int(trigger_arg(call, 2), 1, INT32_MAX, &pid, err);

	return r < 0 ? r
		     : build_record_start(call->ctx, trigger_arg(call, 0), trigger_arg(call, 1),
			       pid, trigger_arg(call, 3), err);
}

static int on_record_finalize(struct trigger_call *call, struct err *err)
{
	int64_t code;
	int r = parse_int(trigger_arg(call, 2), -1, 255, &code, err);

	return r < 0 ? r
		     : build_record_finish(call->ctx, trigger_arg(call, 0), trigger_arg(call, 1),
			       (int)code, false, err);
}

/* --- life of an app --- */

static int drop(struct ctx *ctx, const char *app, struct err *err)
{
	AUTO_FREE char *dir = inst_lib(&ctx->inst, "data/builds/%s", app);
	int r = plugin_drop_settings(ctx, &plugin_builds, app, err);

	return r < 0 ? r : fs_rm_rf(dir, err);
}

static int check_retention(struct ctx *ctx, const char *scope, const char *value, struct err *err)
{
	AUTO_ERR ignored = ERR_INIT;
	int64_t n;

	if (parse_int(value, INT32_MIN, INT32_MAX, &n, &ignored) < 0)
		return err_set(err, ERR_INVALID,
			"Invalid retention \"%s\": must be a positive integer", value);
	if (n < 1)
		return err_set(err, ERR_INVALID, "Invalid retention %lld: must be >= 1",
			(long long)n);
	return 0;
}

static const struct flag format_flags[] = {
	{ "format", 0, FLAG_VALUE, "stdout|json", "Output format" },
	{},
};

static const struct flag list_flags[] = {
	{ "format", 0, FLAG_VALUE, "stdout|json", "Output format" },
	{ "kind", 0, FLAG_VALUE, "build|deploy", "Only records of this kind" },
	{ "status", 0, FLAG_VALUE, "running|succeeded|failed|canceled|abandoned",
		"Only records of this status" },
	{},
};

static const struct flag prune_flags[] = {
	{ "all-apps", 0, FLAG_BOOL, NULL, "Of every app" },
	{},
};

static const struct command commands[] = {
	{ "builds:cancel", "<app>", "Stop the running build of an app", CMD_APP, 1, 1, NULL,
		builds_run_cancel, NULL },
	{ "builds:info", "<app> <build-id> [--format stdout|json]", "Show one build",
		CMD_APP | CMD_READ | CMD_JSON, 1, 2, format_flags, builds_run_info, NULL },
	{ "builds:list", "[<app>] [--format stdout|json] [--kind KIND] [--status STATUS]",
		"List the builds of an app, or all that are running",
		CMD_APP | CMD_APP_OPTIONAL | CMD_READ | CMD_JSON, 0, 1, list_flags, builds_run_list,
		NULL },
	{ "builds:output", "<app> [<build-id>|current]", "Print what a build printed",
		CMD_APP | CMD_READ, 1, 2, NULL, builds_run_output, NULL },
	{ "builds:prune", "<app>|--all-apps", "Remove old build records",
		CMD_APP | CMD_APP_OPTIONAL, 0, 1, prune_flags, builds_run_prune, NULL },
	{},
};

static int check_timeout(struct ctx *ctx, const char *scope, const char *value, struct err *err)
{
	uint64_t seconds;

	return build_limit_parse(value, &seconds, err);
}

static const struct property properties[] = {
	{ "retention", PROP_APP | PROP_GLOBAL | PROP_COMPUTED, "20",
		"Build records to keep for each app", check_retention, computed_retention },
	{ "timeout", PROP_APP | PROP_GLOBAL | PROP_COMPUTED, "0",
		"How long a build may take: seconds, or a time such as 30m; 0 for any time",
		check_timeout, NULL },
	{},
};

static const struct trigger_handler triggers[] = {
	{ "builds-generate-id", on_generate_id },
	{ "builds-record-finalize", on_record_finalize },
	{ "builds-record-start", on_record_start },
	{},
};

const struct plugin plugin_builds = {
	.name = "builds",
	.summary = "Manage builds and deploys, running and past",
	.report_flags = REPORT_LEGACY_KEYS,
	.commands = commands,
	.properties = properties,
	.more_rows = add_rows,
	.triggers = triggers,
	.on_destroy = drop,
};
