/* SPDX-License-Identifier: MIT */
/* builds:list and builds:info. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/app.h"
#include "core/build_record.h"
#include "core/output.h"
#include "plugins/builds/commands.h"

void builds_add_time(const char *text, struct strbuf *out)
{
	size_t len = text ? strcspn(text, ".") : 0;

	if (!text)
		return;
	strbuf_add(out, text, len);
	if (text[len])
		strbuf_addch(out, 'Z');
}

/* As Go prints a duration: 59s, 1m0s, 2h3m4s. */
static char *duration_of(const struct build_record *r)
{
	long long s = (long long)build_record_seconds(r);

	if (s >= 3600)
		return xasprintf("%lldh%lldm%llds", s / 3600, s / 60 % 60, s % 60);
	if (s >= 60)
		return xasprintf("%lldm%llds", s / 60, s % 60);
	return xasprintf("%llds", s);
}

static json_t *view_of(struct ctx *ctx, const struct build_record *r)
{
	AUTO_FREE char *duration = duration_of(r);
	AUTO_FREE char *log = build_log_path(ctx, r->app, r->id);
	json_t *view = build_record_json(r);

	json_object_set_new(view, "display_status", json_string(build_record_status(r)));
	json_object_set_new(view, "duration", json_string(duration));
	json_object_set_new(view, "log_path", json_string(log));
	return view;
}

/* --- tables --- */

struct table {
	struct strvec cells; /* row by row */
	size_t columns;
};

static size_t width_of(const struct table *t, size_t column)
{
	size_t width = 0;

	for (size_t i = column; i < t->cells.count; i += t->columns) {
		size_t len = strlen(t->cells.items[i]);

		width = len > width ? len : width;
	}
	return width;
}

/* Columns padded to their widest cell, two blanks between them; the last one is not padded. */
static void print_table(const struct table *t, const char *gap)
{
	for (size_t i = 0; i < t->cells.count; i++) {
		size_t column = i % t->columns;

		if (column + 1 == t->columns)
			printf("%s\n", t->cells.items[i]);
		else
			printf("%-*s%s", (int)width_of(t, column), t->cells.items[i], gap);
	}
}

/* --- list --- */

struct filter {
	const char *kind;
	const char *status;
};

static int check_filter(const struct args *args, struct filter *ret, struct err *err)
{
	static const char *const states[] = { "running", "succeeded", "failed", "canceled",
		"abandoned" };
	const char *format = args_value(args, "format", "stdout");
	bool known = false;

	ret->kind = args_value(args, "kind", "");
	ret->status = args_value(args, "status", "");
	for (size_t i = 0; i < ARRAY_SIZE(states); i++)
		known |= str_eq(ret->status, states[i]);
	if (!str_eq(format, "stdout") && !str_eq(format, "json"))
		return err_set(err, ERR_USAGE,
			"Invalid format specified, supported formats: json, stdout");
	if (*ret->kind && !str_eq(ret->kind, "build") && !str_eq(ret->kind, "deploy"))
		return err_set(err, ERR_USAGE,
			"Invalid --kind value \"%s\" (allowed: build, deploy)", ret->kind);
	if (*ret->status && !known)
		return err_set(err, ERR_USAGE,
			"Invalid --status value \"%s\" (allowed: running, succeeded, failed, "
			"canceled, abandoned)",
			ret->status);
	return 0;
}

static bool matches(const struct build_record *r, const struct filter *f)
{
	return (!*f->kind || str_eq(r->kind, f->kind)) &&
	       (!*f->status || str_eq(build_record_status(r), f->status));
}

static bool is_live(const struct build_record *r)
{
	return str_eq(build_record_status(r), "running");
}

/* Pointers to the records to show: running ones first; without a filter only as many others as
 * are kept. */
static size_t pick(struct ctx *ctx, const char *app, const struct build_records *all,
	const struct filter *f, const struct build_record **ret)
{
	bool filtered = *f->kind || *f->status;
	int64_t room = build_retention(ctx, app);
	size_t n = 0;

	for (size_t i = 0; i < all->count; i++) {
		if (is_live(&all->items[i]) && matches(&all->items[i], f))
			ret[n++] = &all->items[i];
	}
	for (size_t i = 0; i < all->count; i++) {
		if (is_live(&all->items[i]) || !matches(&all->items[i], f))
			continue;
		if (filtered || room-- > 0)
			ret[n++] = &all->items[i];
	}
	return n;
}

static void add_record(struct table *t, const struct build_record *r, bool with_app)
{
	AUTO_STRBUF start = STRBUF_INIT;
	AUTO_FREE char *duration = duration_of(r);

	builds_add_time(r->started_at, &start);
	if (with_app)
		strvec_push(&t->cells, r->app);
	strvec_pushl(&t->cells, r->id, r->kind, NULL);
	if (!with_app)
		strvec_push(&t->cells, build_record_status(r));
	strvec_pushf(&t->cells, "%lld", (long long)r->pid);
	strvec_pushl(&t->cells, r->source, start.buf, NULL);
	if (!with_app)
		strvec_push(&t->cells, duration);
}

static void print_picked(struct ctx *ctx, const struct build_record **picked, size_t n, bool json,
	bool with_app)
{
	struct table t = { .cells = STRVEC_INIT, .columns = with_app ? 6 : 7 };
	json_t *list = json_array();

	if (with_app)
		strvec_pushl(&t.cells, "App", "Build ID", "Kind", "PID", "Source", "Started", NULL);
	else
		strvec_pushl(&t.cells, "Build ID", "Kind", "Status", "PID", "Source", "Started",
			"Duration", NULL);
	for (size_t i = 0; i < n; i++) {
		add_record(&t, picked[i], with_app);
		json_array_append_new(list, view_of(ctx, picked[i]));
	}
	if (json)
		out_json(json_incref(list));
	else if (n)
		print_table(&t, "  ");
	else
		out_line("%s", with_app ? "No builds currently running"
					: "No builds recorded for this app");
	json_decref(list);
	strvec_done(&t.cells);
}

/* Records that say they are running, of all apps. */
static int load_running(struct ctx *ctx, struct build_records *ret, struct err *err)
{
	AUTO_STRVEC apps = STRVEC_INIT;
	int r = app_list(ctx, &apps, err);

	for (size_t i = 0; r >= 0 && i < apps.count; i++) {
		AUTO_BUILD_RECORDS all = BUILD_RECORDS_INIT;

		r = build_records_load(ctx, apps.items[i], &all, err);
		for (size_t k = 0; r >= 0 && k < all.count; k++) {
			if (!str_eq(all.items[k].status, "running"))
				continue;
			ret->items = xreallocarray(ret->items, ret->count + 1, sizeof(*ret->items));
			ret->items[ret->count++] = all.items[k];
			all.items[k] = (struct build_record)BUILD_RECORD_INIT;
		}
	}
	return r;
}

int builds_run_list(struct ctx *ctx, const struct args *args, struct err *err)
{
	const char *app = args_pos(args, 0);
	bool json = str_eq(args_value(args, "format", "stdout"), "json");
	AUTO_BUILD_RECORDS all = BUILD_RECORDS_INIT;
	AUTO_FREE const struct build_record **picked = NULL;
	struct filter filter;
	size_t n = 0;
	int r = check_filter(args, &filter, err);

	if (r >= 0)
		r = *app ? build_records_load(ctx, app, &all, err) : load_running(ctx, &all, err);
	if (r < 0)
		return r;
	picked = xcalloc(all.count + 1, sizeof(*picked));
	if (*app) {
		n = pick(ctx, app, &all, &filter, picked);
	} else {
		for (size_t i = 0; i < all.count; i++) {
			if (matches(&all.items[i], &filter))
				picked[n++] = &all.items[i];
		}
	}
	print_picked(ctx, picked, n, json, !*app);
	return 0;
}

/* --- info --- */

static void add_pair(struct table *t, const char *label, const char *value)
{
	strvec_pushl(&t->cells, label, value, NULL);
}

static void print_info(struct ctx *ctx, const struct build_record *r)
{
	struct table t = { .cells = STRVEC_INIT, .columns = 2 };
	AUTO_STRBUF start = STRBUF_INIT;
	AUTO_STRBUF end = STRBUF_INIT;
	AUTO_FREE char *pid = xasprintf("%lld", (long long)r->pid);
	AUTO_FREE char *code = xasprintf("%lld", (long long)r->exit_code);
	AUTO_FREE char *duration = duration_of(r);
	AUTO_FREE char *log = build_log_path(ctx, r->app, r->id);

	builds_add_time(r->started_at, &start);
	builds_add_time(r->finished_at, &end);
	add_pair(&t, "Build ID:", r->id);
	add_pair(&t, "App:", r->app);
	add_pair(&t, "Kind:", r->kind);
	add_pair(&t, "Status:", build_record_status(r));
	add_pair(&t, "PID:", pid);
	add_pair(&t, "Source:", r->source);
	add_pair(&t, "Started:", start.buf);
	if (r->finished_at)
		add_pair(&t, "Finished:", end.buf);
	add_pair(&t, "Duration:", duration);
	if (r->has_exit_code)
		add_pair(&t, "Exit Code:", code);
	add_pair(&t, "Log:", log);
	print_table(&t, "  ");
	strvec_done(&t.cells);
}

int builds_run_info(struct ctx *ctx, const struct args *args, struct err *err)
{
	const char *app = args_pos(args, 0);
	const char *id = args_pos(args, 1);
	const char *format = args_value(args, "format", "stdout");
	AUTO_BUILD_RECORD record = BUILD_RECORD_INIT;
	int r;

	if (!str_eq(format, "stdout") && !str_eq(format, "json"))
		return err_set(err, ERR_USAGE,
			"Invalid format specified, supported formats: json, stdout");
	if (!*id)
		return err_set(err, ERR_USAGE, "Please specify a build id");
	r = build_record_load(ctx, app, id, &record, err);
	if (r < 0)
		return r;
	if (r == 0)
		return err_set(err, ERR_NOT_FOUND, "No build record found for %s/%s", app, id);
	if (str_eq(format, "json"))
		out_json(view_of(ctx, &record));
	else
		print_info(ctx, &record);
	return 0;
}
