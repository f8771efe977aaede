/* SPDX-License-Identifier: MIT */
#include "core/cron.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/appjson.h"
#include "core/output.h"
#include "core/scheduler.h"
#include "core/state.h"
#include "core/trigger.h"
#include "lib/cronspec/cronspec.h"
#include "lib/jsonc/jsonc.h"
#include "lib/words/words.h"

enum { ENTRIES_MAX = 1024 * 1024 };

static void task_done(struct cron_task *t)
{
	free(t->id);
	free(t->app);
	free(t->command);
	free(t->schedule);
	free(t->concurrency);
	free(t->log);
	*t = (struct cron_task){ 0 };
}

void cron_tasks_done(struct cron_tasks *t)
{
	for (size_t i = 0; i < t->count; i++)
		task_done(&t->items[i]);
	free(t->items);
	*t = (struct cron_tasks)CRON_TASKS_INIT;
}

static struct cron_task *add_task(struct cron_tasks *tasks)
{
	tasks->items = xreallocarray(tasks->items, tasks->count + 1, sizeof(*tasks->items));
	tasks->items[tasks->count] = (struct cron_task){ 0 };
	return &tasks->items[tasks->count++];
}

const struct cron_task *cron_find(const struct cron_tasks *tasks, const char *id)
{
	for (size_t i = 0; i < tasks->count; i++) {
		if (str_eq(tasks->items[i].id, id))
			return &tasks->items[i];
	}
	return NULL;
}

/* --- commands --- */

/* A $( or ` that a shell would replace by what it prints. */
static bool has_substitution(const char *s)
{
	bool doubled = false;

	for (; *s; s++) {
		if (*s == '\\' && s[1])
			s++;
		else if (*s == '"')
			doubled = !doubled;
		else if (*s == '\'' && !doubled)
			s += 1 + strcspn(s + 1, "'");
		else if (*s == '`' || (*s == '$' && s[1] == '('))
			return true;
		if (!*s)
			return false;
	}
	return false;
}

int cron_words(const char *command, struct strvec *ret, struct err *err)
{
	AUTO_STRVEC words = STRVEC_INIT;
	int r;

	if (strlen(command) > CRON_COMMAND_MAX)
		return err_set(err, ERR_INVALID, "it is longer than %d bytes", CRON_COMMAND_MAX);
	if (has_substitution(command))
		return err_set(err, ERR_INVALID,
			"a command substitution needs a shell: put it into sh -c '...'");
	r = words_shell(command, strlen(command), &words, NULL, err);
	if (r >= 0 && !words.count)
		r = err_set(err, ERR_INVALID, "it holds no word");
	if (r >= 0)
		strvec_pushv(ret, words.items);
	return r;
}

/* --- app.json --- */

struct reader {
	struct ctx *ctx;
	const char *app;
	bool strict;
	bool host_cron; /* what the machine's cron cannot do is refused */
	bool app_maintenance;
};

struct entry {
	char *command;
	char *schedule;
	char *concurrency;
	bool maintenance;
};

static void entry_done(struct entry *e)
{
	free(e->command);
	free(e->schedule);
	free(e->concurrency);
}

static int read_entry(json_t *value, struct entry *ret, struct err *err)
{
	static const struct jsonc_field fields[] = {
		{ "command", JSONC_STRING, offsetof(struct entry, command), 0, 0, 0 },
		{ "schedule", JSONC_STRING, offsetof(struct entry, schedule), 0, 0, 0 },
		{ "concurrency_policy", JSONC_STRING, offsetof(struct entry, concurrency), 0, 0,
			0 },
		{ "maintenance", JSONC_BOOL, offsetof(struct entry, maintenance), 0, 0, 0 },
		{},
	};
	struct entry e = { 0 };
	int r = json_is_object(value) ? jsonc_read(value, fields, &e, err)
				      : err_set(err, ERR_INVALID, "it is %s, not an object",
						jsonc_type_name(value));

	if (r < 0)
		return r;
	if (!e.command)
		e.command = xstrdup("");
	if (!e.schedule)
		e.schedule = xstrdup("");
	if (!e.concurrency || !*e.concurrency) {
		free(e.concurrency);
		e.concurrency = xstrdup("allow");
	}
	*ret = e;
	return 0;
}

static int check_schedule(const struct reader *rd, const struct entry *e, struct err *err)
{
	AUTO_STRBUF ignored = STRBUF_INIT;
	AUTO_ERR why = ERR_INIT;
	struct cronspec spec;
	int r = rd->strict && rd->host_cron ? cronspec_crontab(e->schedule, &ignored, &why)
					    : cronspec_parse(e->schedule, &spec, &why);

	if (r >= 0)
		return 0;
	return err_user(err, ERR_INVALID, 1,
		"Invalid cron schedule for app %s (schedule %.200s): %s", rd->app, e->schedule,
		err_text(&why));
}

static int check_entry(const struct reader *rd, const struct entry *e, struct err *err)
{
	AUTO_STRVEC words = STRVEC_INIT;
	AUTO_STRBUF quoted = STRBUF_INIT;
	AUTO_ERR why = ERR_INIT;
	int r = check_schedule(rd, e, err);

	if (r < 0)
		return r;
	if (cron_words(e->command, &words, &why) < 0) {
		jsonc_quote_plain(&quoted, e->command);
		return err_user(err, ERR_INVALID, 1,
			"Invalid cron command for app %s (command %.400s): %s", rd->app, quoted.buf,
			err_text(&why));
	}
	if (!str_eq(e->concurrency, "allow") && !str_eq(e->concurrency, "forbid") &&
		!str_eq(e->concurrency, "replace"))
		return err_user(err, ERR_INVALID, 1,
			"Invalid cron concurrency policy for app %s (schedule %.200s): %.100s",
			rd->app, e->schedule, e->concurrency);
	return 0;
}

bool cron_value_is_true(const char *value)
{
	static const char *const yes[] = { "1", "t", "T", "true", "TRUE", "True" };

	for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
		if (str_eq(value, yes[i]))
			return true;
	}
	return false;
}

static bool is_suspended(const struct reader *rd, const char *id)
{
	AUTO_FREE char *name = xasprintf(CRON_MAINTENANCE "%s", id);
	AUTO_FREE char *value = NULL;

	if (strlen(name) > NAME_MAX)
		return false; /* none can be stored under it */
	value = state_get_or(rd->ctx, "cron", rd->app, name, "");
	return cron_value_is_true(value);
}

/* What Dokku passes over unless it is about to be deployed; 1: it is whole. */
static int is_whole(const struct reader *rd, const struct entry *e, size_t index, struct err *err)
{
	const char *what = !*e->command ? "cron task command" : "cron schedule";

	if (*e->command && *e->schedule)
		return 1;
	if (rd->strict)
		return err_user(err, ERR_INVALID, 1, "Missing %s for app %s (index %zu)", what,
			rd->app, index);
	out_warn("Missing %s for app %s (index %zu)", what, rd->app, index);
	return 0;
}

static int take_entry(const struct reader *rd, const struct entry *e, size_t index,
	struct cron_tasks *tasks, struct err *err)
{
	struct cron_task *t;
	int r = is_whole(rd, e, index, err);

	if (r > 0)
		r = check_entry(rd, e, err) < 0 ? -(int)err->kind : 1;
	if (r <= 0)
		return r;
	t = add_task(tasks);
	t->id = cron_id(rd->app, e->command, e->schedule);
	t->app = xstrdup(rd->app);
	t->command = xstrdup(e->command);
	t->schedule = xstrdup(e->schedule);
	t->concurrency = xstrdup(e->concurrency);
	t->log = xstrdup("");
	t->app_maintenance = rd->app_maintenance;
	t->task_maintenance = e->maintenance || is_suspended(rd, t->id);
	return 0;
}

/* RET is filled as far as it went when this fails; the callers drop it then. */
static int read_tasks(const struct reader *rd, json_t *app_json, struct cron_tasks *ret,
	struct err *err)
{
	json_t *list = jsonc_get(app_json, "cron");
	size_t i;
	json_t *value;
	int r = 0;

	if (!list)
		return 0;
	if (!json_is_array(list))
		return err_set(err, ERR_INVALID, "cron is %s where an array is expected",
			jsonc_type_name(list));
	if (json_array_size(list) > CRON_TASKS_MAX)
		return err_set(err, ERR_INVALID, "cron holds more than %d tasks", CRON_TASKS_MAX);
	json_array_foreach (list, i, value) {
		struct entry e;

		r = read_entry(value, &e, err);
		if (r < 0)
			return err_wrap(err, "cron[%zu]", i);
		r = take_entry(rd, &e, i, ret, err);
		entry_done(&e);
		if (r < 0)
			return r;
	}
	return 0;
}

static bool is_app_paused(struct ctx *ctx, const char *app)
{
	return state_is_true(ctx, "cron", app, "maintenance") ||
	       state_is_true(ctx, "cron", SCOPE_GLOBAL, "maintenance");
}

int cron_tasks_load(struct ctx *ctx, const char *app, struct cron_tasks *ret, struct err *err)
{
	const struct reader rd = {
		.ctx = ctx,
		.app = app,
		.app_maintenance = is_app_paused(ctx, app),
	};
	AUTO_CRON_TASKS tasks = CRON_TASKS_INIT;
	json_t *app_json = NULL;
	int r = appjson_load(ctx, app, &app_json, err);

	if (r < 0)
		return r;
	r = read_tasks(&rd, app_json, &tasks, err);
	json_decref(app_json);
	if (r < 0)
		return r;
	*ret = tasks;
	tasks = (struct cron_tasks)CRON_TASKS_INIT;
	return 0;
}

int cron_check(struct ctx *ctx, const char *app, json_t *app_json, struct err *err)
{
	AUTO_FREE char *scheduler = scheduler_name(ctx, app);
	struct reader rd = { .ctx = ctx, .app = app, .strict = true };
	AUTO_CRON_TASKS tasks = CRON_TASKS_INIT;
	AUTO_STRBUF ignored = STRBUF_INIT;
	int r;

	if (!jsonc_get(app_json, "cron"))
		return 0;
	rd.host_cron = cron_uses_host(ctx, scheduler);
	r = read_tasks(&rd, app_json, &tasks, err);
	if (r >= 0 && rd.host_cron)
		r = crontab_text(ctx, &tasks, &ignored, err);
	return r < 0 ? r : 0;
}

/* --- tasks of plugins --- */

static int take_line(const char *line, struct cron_tasks *tasks, struct err *err)
{
	AUTO_STRVEC parts = STRVEC_INIT;
	AUTO_FREE char *text = NULL;
	struct cron_task *t;

	for (const char *at = line; at;) {
		size_t len = strcspn(at, ";");

		strvec_push_take(&parts, xstrndup(at, len));
		at = at[len] ? at + len + 1 : NULL;
	}
	if (parts.count < 2 || parts.count > 3 || strlen(line) > CRON_COMMAND_MAX)
		return err_user(err, ERR_INVALID, 1, "Invalid injected cron task: %.200s", line);
	text = strvec_joined(&parts, ";;;");
	t = add_task(tasks);
	t->id = cron_base36(text);
	t->schedule = xstrdup(parts.items[0]);
	t->command = xstrdup(parts.items[1]);
	t->concurrency = xstrdup("");
	t->log = xstrdup(parts.count > 2 ? parts.items[2] : "");
	return 0;
}

int cron_entries(struct ctx *ctx, const char *scheduler, struct cron_tasks *ret, struct err *err)
{
	AUTO_STRBUF out = STRBUF_CAPPED(ENTRIES_MAX);
	AUTO_STRVEC lines = STRVEC_INIT;
	AUTO_CRON_TASKS tasks = CRON_TASKS_INIT;
	AUTO_ERR why = ERR_INIT;
	int r = 0;

	/* What was printed before a plugin failed counts, as in Dokku; the failure is shown. */
	if (trigger_capture(ctx, &out, &why, "cron-entries", scheduler, NULL) < 0)
		out_error(&why);
	strvec_split_lines(&lines, out.buf);
	for (size_t i = 0; r >= 0 && i < lines.count; i++) {
		if (lines.items[i][strspn(lines.items[i], " \t\r")])
			r = take_line(lines.items[i], &tasks, err);
	}
	if (r < 0)
		return r;
	*ret = tasks;
	tasks = (struct cron_tasks)CRON_TASKS_INIT;
	return 0;
}
