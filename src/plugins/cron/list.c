/* SPDX-License-Identifier: MIT */
/* cron:list */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/cron.h"
#include "core/output.h"
#include "core/state.h"
#include "lib/jsonc/jsonc.h"
#include "plugins/cron/cron.h"

enum { COLUMNS = 5 };

static const char *maintenance_text(const struct cron_task *t)
{
	if (t->task_maintenance)
		return "true (task)";
	return t->app_maintenance ? "true (app)" : "false";
}

static void print_table(const struct cron_tasks *tasks)
{
	AUTO_STRVEC cells = STRVEC_INIT;
	size_t widths[COLUMNS] = { 0 };

	strvec_pushl(&cells, "ID", "Schedule", "Concurrency", "Maintenance", "Command", NULL);
	for (size_t i = 0; i < tasks->count; i++) {
		const struct cron_task *t = &tasks->items[i];

		strvec_push(&cells, t->id);
		strvec_push(&cells, t->schedule);
		strvec_push(&cells, t->concurrency);
		strvec_push(&cells, maintenance_text(t));
		strvec_push(&cells, t->command);
	}
	for (size_t i = 0; i < cells.count; i++) {
		size_t len = strlen(cells.items[i]);

		if (len > widths[i % COLUMNS])
			widths[i % COLUMNS] = len;
	}
	for (size_t i = 0; i < cells.count; i++) {
		if (i % COLUMNS == COLUMNS - 1)
			printf("%s\n", cells.items[i]);
		else
			printf("%-*s  ", (int)widths[i % COLUMNS], cells.items[i]);
	}
}

static void add_text(struct strbuf *out, const char *key, const char *value)
{
	strbuf_addf(out, "%s\"%s\":", out->buf[out->len - 1] == '{' ? "" : ",", key);
	jsonc_quote(out, value);
}

static void add_bool(struct strbuf *out, const char *key, bool value)
{
	strbuf_addf(out, ",\"%s\":%s", key, value ? "true" : "false");
}

/* The bytes of Go's encoder, keys in Dokku's order. */
static void print_json(const struct cron_tasks *tasks)
{
	AUTO_STRBUF out = STRBUF_INIT;

	strbuf_addch(&out, '[');
	for (size_t i = 0; i < tasks->count; i++) {
		const struct cron_task *t = &tasks->items[i];

		strbuf_addstr(&out, i ? ",{" : "{");
		add_text(&out, "id", t->id);
		if (t->app)
			add_text(&out, "app", t->app);
		add_text(&out, "command", t->command);
		if (!t->app)
			add_bool(&out, "global", true);
		add_text(&out, "schedule", t->schedule);
		add_text(&out, "concurrency_policy", t->concurrency);
		add_bool(&out, "app-in-maintenance", t->app_maintenance);
		add_bool(&out, "task-in-maintenance", t->task_maintenance);
		add_bool(&out, "maintenance", cron_is_paused(t));
		strbuf_addch(&out, '}');
	}
	strbuf_addch(&out, ']');
	out_line("%s", out.buf);
}

int cron_run_list(struct ctx *ctx, const struct args *args, struct err *err)
{
	const char *app = args_pos(args, 0);
	const char *format = args_value(args, "format", "stdout");
	AUTO_CRON_TASKS tasks = CRON_TASKS_INIT;
	bool json = str_eq(format, "json");
	int r;

	if (!json && *format && !str_eq(format, "stdout"))
		return err_set(err, ERR_USAGE,
			"Invalid format specified, supported formats: json, stdout");
	r = str_eq(app, SCOPE_GLOBAL) ? cron_entries(ctx, "docker-local", &tasks, err)
				      : cron_tasks_load(ctx, app, &tasks, err);
	if (r < 0)
		return r;
	if (json)
		print_json(&tasks);
	else
		print_table(&tasks);
	return 0;
}
