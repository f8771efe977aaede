/* SPDX-License-Identifier: MIT */
#include "core/report.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/app.h"
#include "core/output.h"
#include "core/property.h"
#include "core/state.h"

enum { LABEL_WIDTH_MIN = 31 };

void report_done(struct report *report)
{
	for (size_t i = 0; i < report->count; i++) {
		free(report->items[i].flag);
		free(report->items[i].value);
		json_decref(report->items[i].json);
	}
	free(report->items);
	*report = (struct report)REPORT_INIT;
}

static struct report_item *append(struct report *report, const char *flag)
{
	struct report_item *item;

	if (report->count == report->alloc) {
		report->alloc = report->alloc ? report->alloc * 2 : 32;
		report->items = xreallocarray(report->items, report->alloc, sizeof(*item));
	}
	item = &report->items[report->count++];
	*item = (struct report_item){ .flag = xstrdup(flag) };
	return item;
}

void report_add(struct report *report, const char *flag, const char *value)
{
	append(report, flag)->value = xstrdup(value);
}

void report_add_json(struct report *report, const char *flag, json_t *value)
{
	append(report, flag)->json = value;
}

static int by_flag(const void *a, const void *b)
{
	return strcmp(((const struct report_item *)a)->flag, ((const struct report_item *)b)->flag);
}

static int add_property(struct ctx *ctx, const struct plugin *p, const struct property *prop,
	const char *scope, struct report *ret, struct err *err)
{
	const char *type = plugin_report_type(p);
	bool global = str_eq(scope, SCOPE_GLOBAL);
	size_t first = ret->count;
	int r = 0;

	if (!global && (prop->flags & PROP_APP) && !(prop->flags & PROP_HIDDEN_APP)) {
		AUTO_FREE char *flag = xasprintf("--%s-%s", type, prop->name);
		AUTO_FREE char *value = state_get_or(ctx, plugin_ns(p), scope, prop->name, NULL);

		report_add(ret, flag, value);
	}
	if (prop->flags & PROP_GLOBAL) {
		AUTO_FREE char *flag = xasprintf("--%s-global-%s", type, prop->name);
		AUTO_FREE char *value =
			state_get_or(ctx, plugin_ns(p), SCOPE_GLOBAL, prop->name, NULL);

		report_add(ret, flag, value);
	}
	if (prop->flags & (global ? PROP_COMPUTED_GLOBAL : PROP_COMPUTED)) {
		AUTO_FREE char *flag = xasprintf("--%s-computed-%s", type, prop->name);
		AUTO_STRBUF value = STRBUF_INIT;

		r = property_computed(ctx, p, prop, scope, &value, err);
		if (r >= 0)
			report_add(ret, flag, value.buf);
	}
	for (size_t i = first; i < ret->count; i++)
		ret->items[i].flags = prop->flags;
	return r;
}

/* What of a family is set. */
static int add_family(struct ctx *ctx, const struct plugin *p, const struct property *family,
	struct report *ret, struct err *err)
{
	AUTO_STRVEC names = STRVEC_INIT;
	int r = state_names(ctx, plugin_ns(p), SCOPE_GLOBAL, &names, err);

	for (size_t i = 0; r >= 0 && i < names.count; i++) {
		AUTO_FREE char *flag = NULL;
		AUTO_FREE char *value = NULL;

		if (!property_is_member(family, names.items[i]))
			continue;
		flag = xasprintf("--%s-global-%s", plugin_report_type(p), names.items[i]);
		value = state_get_or(ctx, plugin_ns(p), SCOPE_GLOBAL, names.items[i], NULL);
		report_add(ret, flag, value);
		ret->items[ret->count - 1].flags = family->flags;
	}
	return r < 0 ? r : 0;
}

int report_build(struct ctx *ctx, const struct plugin *p, const char *scope, struct report *ret,
	struct err *err)
{
	bool global = str_eq(scope, SCOPE_GLOBAL);
	int r = 0;

	if (global && (p->report_flags & REPORT_NO_GLOBAL))
		return 0;
	for (const struct property *prop = p->properties; r >= 0 && prop && prop->name; prop++) {
		if (prop->flags & PROP_FAMILY)
			r = add_family(ctx, p, prop, ret, err);
		else if (!(prop->flags & PROP_INTERNAL))
			r = add_property(ctx, p, prop, scope, ret, err);
	}
	for (const struct report_row *row = p->rows; r >= 0 && row && row->flag; row++) {
		AUTO_STRBUF value = STRBUF_INIT;

		if (global && !row->global)
			continue;
		r = row->value(ctx, scope, &value, err);
		if (r >= 0)
			report_add(ret, row->flag, value.buf);
	}
	if (r >= 0 && p->more_rows)
		r = p->more_rows(ctx, scope, ret, err);
	if (r >= 0 && ret->count)
		qsort(ret->items, ret->count, sizeof(*ret->items), by_flag);
	return r < 0 ? r : 0;
}

/* "--ps-restart-policy" -> "Ps restart policy:" */
static char *label_of(const struct plugin *p, const char *flag)
{
	char *label = xasprintf("%s:", flag + 2);

	for (char *c = label; *c; c++) {
		if (*c == '-' || *c == '.')
			*c = ' ';
	}
	if (!(p->report_flags & REPORT_PLAIN_LABELS))
		label[0] = (char)toupper((unsigned char)label[0]);
	return label;
}

static void print_rows(const struct report *report, const struct plugin *p, const char *scope)
{
	const char *title = p->report_title ? p->report_title : plugin_report_type(p);
	int width = LABEL_WIDTH_MIN;

	for (size_t i = 0; i < report->count; i++) {
		if (report->items[i].value && (int)strlen(report->items[i].flag) > width)
			width = (int)strlen(report->items[i].flag);
	}
	out_info2_quiet("%s %s information", scope, title);
	for (size_t i = 0; i < report->count; i++) {
		AUTO_FREE char *label = label_of(p, report->items[i].flag);
		AUTO_FREE char *shown = NULL;

		if (!report->items[i].value)
			continue;
		/* Somebody may look over the reader's shoulder. */
		shown = property_shown(report->items[i].flags, report->items[i].value);
		out_row(width, label, shown);
	}
}

static int print_one(const struct report *report, const char *info_flag, struct err *err)
{
	AUTO_STRBUF valid = STRBUF_INIT;

	for (size_t i = 0; i < report->count; i++) {
		if (!report->items[i].value)
			continue;
		if (str_eq(report->items[i].flag, info_flag)) {
			out_line("%s", report->items[i].value);
			return 0;
		}
		strbuf_addf(&valid, "%s%s", valid.len ? ", " : "", report->items[i].flag);
	}
	return err_set(err, ERR_USAGE, "Invalid flag passed, valid flags: %s", valid.buf);
}

json_t *report_to_json(const struct report *report, const struct plugin *p)
{
	AUTO_FREE char *prefix = xasprintf("--%s-", plugin_report_type(p));
	json_t *all = json_object();

	for (size_t i = 0; i < report->count; i++) {
		const struct report_item *item = &report->items[i];
		const char *trimmed = str_after(item->flag, prefix);
		json_t *value = item->json ? json_incref(item->json) : json_string(item->value);

		if (trimmed && (p->report_flags & REPORT_LEGACY_KEYS))
			json_object_set(all, item->flag + 2, value);
		json_object_set_new(all, trimmed ? trimmed : item->flag + 2, value);
	}
	return all;
}

static void print_json(const struct report *report, const struct plugin *p)
{
	json_t *all = report_to_json(report, p);
	AUTO_FREE char *text = json_dumps(all, JSON_COMPACT | JSON_SORT_KEYS);

	out_line("%s", text ? text : "{}");
	json_decref(all);
}

int report_print(const struct report *report, const struct plugin *p, const char *scope,
	const char *info_flag, const char *format, struct err *err)
{
	if (str_eq(format, "json"))
		print_json(report, p);
	else if (info_flag)
		return print_one(report, info_flag, err);
	else
		print_rows(report, p, scope);
	return 0;
}

static int report_scope(struct ctx *ctx, const struct plugin *p, const char *scope,
	const char *info_flag, const char *format, struct err *err)
{
	AUTO_REPORT report = REPORT_INIT;
	int r = report_build(ctx, p, scope, &report, err);

	return r < 0 ? r : report_print(&report, p, scope, info_flag, format, err);
}

static int check_report_args(const struct plugin *p, const struct args *args, const char *format,
	struct err *err)
{
	if (!str_eq(format, "stdout") && !str_eq(format, "json"))
		return err_set(err, ERR_USAGE,
			"Invalid format specified, supported formats: json, stdout");
	if (args->unknown.count > 1)
		return err_set(err, ERR_USAGE, "%s:report command allows only a single flag",
			plugin_verb(p));
	if (args->unknown.count && str_eq(format, "json"))
		return err_set(err, ERR_USAGE,
			"--format flag cannot be specified when specifying an info flag");
	return 0;
}

int report_command(struct ctx *ctx, const struct plugin *p, const struct args *args,
	struct err *err)
{
	const char *format = args_value(args, "format", "stdout");
	const char *info_flag = args->unknown.count ? args->unknown.items[0] : NULL;
	AUTO_STRVEC apps = STRVEC_INIT;
	int r = check_report_args(p, args, format, err);

	if (r < 0)
		return r;
	if (*args_pos(args, 0))
		return report_scope(ctx, p, args_pos(args, 0), info_flag, format, err);
	r = app_list(ctx, &apps, err);
	if (r >= 0 && !apps.count)
		out_warn("%s", app_none_text);
	for (size_t i = 0; r >= 0 && i < apps.count; i++)
		r = report_scope(ctx, p, apps.items[i], info_flag, format, err);
	return r;
}
