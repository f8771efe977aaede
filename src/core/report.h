/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Reports: rows of a flag ("--ps-restart-policy") and a value, made from a plugin's properties and
 * extra rows, printed as Dokku does (sorted by flag), as one value, or as JSON.
 */

#include <jansson.h>

#include "core/plugin.h"

struct report_item {
	char *flag;
	char *value;
	json_t *json;   /* a JSON-only row when set; value is NULL */
	unsigned flags; /* of the property: PROP_SECRET, PROP_MASKED */
};

struct report {
	struct report_item *items;
	size_t count;
	size_t alloc;
};

#define REPORT_INIT                                                                                \
	{                                                                                          \
		0                                                                                  \
	}
#define AUTO_REPORT CLEANUP(report_done) struct report

void report_done(struct report *report);
void report_add(struct report *report, const char *flag, const char *value);
/* A row that only JSON shows; takes ownership of VALUE. */
void report_add_json(struct report *report, const char *flag, json_t *value);

/* All rows of a plugin for an app, or for "--global". */
MUST_CHECK int report_build(struct ctx *ctx, const struct plugin *p, const char *scope,
	struct report *ret, struct err *err);
/*
 * Prints it. INFO_FLAG (NULL: all rows) selects one value; FORMAT is "stdout" or "json".
 * An unknown INFO_FLAG fails and lists the valid ones.
 */
MUST_CHECK int report_print(const struct report *report, const struct plugin *p, const char *scope,
	const char *info_flag, const char *format, struct err *err);

/* What --format json prints: a new object. */
json_t *report_to_json(const struct report *report, const struct plugin *p) MUST_CHECK;

/* The `<verb>:report` command of any plugin. */
MUST_CHECK int report_command(struct ctx *ctx, const struct plugin *p, const struct args *args,
	struct err *err);
