/* SPDX-License-Identifier: MIT */
#include "core/run_list.h"

#include <stdint.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/timing.h"
#include "core/output.h"

static const char *text(const json_t *item, const char *key)
{
	const char *value = json_string_value(json_object_get(item, key));

	return value ? value : "";
}

/* "2026-11-23 10:20:30 +0000 UTC", as the docker program prints it. */
static void format_time(int64_t seconds, struct strbuf *out)
{
	time_t t = (time_t)seconds;
	struct tm tm;
	char buf[64];

	if (gmtime_r(&t, &tm) && strftime(buf, sizeof(buf), "%Y-%m-%d %H:%M:%S +0000 UTC", &tm))
		strbuf_addstr(out, buf);
}

/* "3 minutes ago" */
static void format_age(int64_t seconds, struct strbuf *out)
{
	static const struct {
		const char *name;
		int64_t seconds;
	} units[] = { { "day", 86400 }, { "hour", 3600 }, { "minute", 60 }, { "second", 1 } };

	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		int64_t n = seconds / units[i].seconds;

		if (n >= 1) {
			strbuf_addf(out, "%lld %s%s ago", (long long)n, units[i].name,
				n == 1 ? "" : "s");
			return;
		}
	}
	strbuf_addstr(out, "Less than a second ago");
}

static void print_json(json_t *list)
{
	AUTO_FREE char *out = NULL;
	json_t *item;
	size_t i;

	json_array_foreach (list, i, item) {
		json_t *created = json_object_get(item, "created_at");
		AUTO_STRBUF at = STRBUF_INIT;

		if (!json_is_integer(created))
			continue;
		format_time(json_integer_value(created), &at);
		json_object_set_new(item, "created_at", json_string(at.buf));
	}
	out = json_dumps(list, JSON_INDENT(2));
	out_line("%s", out ? out : "[]");
}

static int width_of(const json_t *list, const char *key, const char *title)
{
	size_t width = strlen(title);

	for (size_t i = 0; i < json_array_size(list); i++) {
		size_t len = strlen(text(json_array_get(list, i), key));

		width = len > width ? len : width;
	}
	return (int)width + 3;
}

static void print_table(const char *app, const json_t *list)
{
	int names = output_is_quiet() ? 0 : width_of(list, "name", "NAMES");
	int commands = output_is_quiet() ? 0 : width_of(list, "command", "COMMAND");

	out_info2_quiet("%s run containers", app);
	out_line_quiet("%-*s%-*s%s", names, "NAMES", commands, "COMMAND", "CREATED");
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *item = json_array_get(list, i);
		const json_t *created = json_object_get(item, "created_at");
		const char *tab = output_is_quiet() ? "\t" : "";
		AUTO_STRBUF age = STRBUF_INIT;

		format_age(wall_seconds() - json_integer_value(created), &age);
		out_line("%-*s%s%-*s%s%s", names, text(item, "name"), tab, commands,
			text(item, "command"), tab, age.buf);
	}
}

void run_list_print(const char *app, json_t *list, bool as_table)
{
	if (as_table)
		print_table(app, list);
	else
		print_json(list);
}
