/* SPDX-License-Identifier: MIT */
#include "core/help.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/external.h"
#include "core/output.h"

static void push_row(struct strvec *ret, const char *name, const char *args, const char *summary)
{
	strvec_pushf(ret, "%s%s%s,%s", name, args && *args ? " " : "", args ? args : "", summary);
}

void help_rows(const struct plugin *p, struct strvec *ret)
{
	const char *verb = plugin_verb(p);
	bool own_set = false;
	bool own_report = false;

	for (const struct command *c = p->commands; c && c->name; c++) {
		own_set |= str_ends(c->name, ":set");
		own_report |= str_ends(c->name, ":report");
		if (!(c->flags & CMD_HIDDEN) && c->summary)
			push_row(ret, c->name, c->args, c->summary);
	}
	if (!own_set && plugin_has_set(p)) {
		AUTO_FREE char *name = xasprintf("%s:set", verb);
		AUTO_FREE char *text = xasprintf("Set or clear a property of %s", verb);

		push_row(ret, name, "<app>|--global <property> [<value>]", text);
	}
	if (!own_report && plugin_has_report(p)) {
		AUTO_FREE char *name = xasprintf("%s:report", verb);
		AUTO_FREE char *text = xasprintf("Report the %s settings of one or all apps", verb);

		push_row(ret, name, "[<app>|--global] [<flag>]", text);
	}
	strvec_sort(ret);
}

/* Prints "left,right" rows as two columns behind four blanks. */
static void print_columns(const struct strvec *rows)
{
	int width = 0;

	for (size_t i = 0; i < rows->count; i++) {
		int len = (int)strcspn(rows->items[i], ",");

		width = len > width ? len : width;
	}
	for (size_t i = 0; i < rows->count; i++) {
		int len = (int)strcspn(rows->items[i], ",");
		const char *right = rows->items[i] + len;

		while (*right == ',' || *right == ' ')
			right++;
		printf("    %-*.*s  %s\n", width, len, rows->items[i], right);
	}
}

static void print_properties(const struct plugin *p)
{
	bool any = false;

	for (const struct property *prop = p->properties; prop && prop->name; prop++) {
		if (prop->flags & PROP_INTERNAL)
			continue;
		if (!any)
			out_line("\nProperties:");
		any = true;
		printf("    %-28s %s\n", prop->name, prop->help ? prop->help : "");
	}
}

void help_plugin(const struct plugin *p)
{
	AUTO_STRVEC rows = STRVEC_INIT;

	help_rows(p, &rows);
	if (p->summary)
		out_line("Usage: dokku %s[:COMMAND]\n\n%s\n\nAdditional commands:", plugin_verb(p),
			p->summary);
	else
		out_line("Usage: dokku COMMAND\n\nCommands:");
	print_columns(&rows);
	print_properties(p);
}

static void builtin_rows(struct ctx *ctx, bool all, struct strvec *ret)
{
	for (const struct plugin *const *p = ctx->plugins; *p; p++) {
		/* What has no summary has only commands without a common verb. */
		if (all || !(*p)->summary)
			help_rows(*p, ret);
		else
			push_row(ret, plugin_verb(*p), NULL, (*p)->summary);
	}
	strvec_sort(ret);
}

static void community_rows(struct ctx *ctx, struct strvec *ret)
{
	AUTO_STRBUF text = STRBUF_CAPPED(1024 * 1024);
	AUTO_STRVEC lines = STRVEC_INIT;

	external_help(ctx, &text);
	strvec_split_lines(&lines, text.buf);
	for (size_t i = 0; i < lines.count; i++)
		strvec_push(ret, lines.items[i] + strspn(lines.items[i], " \t"));
	strvec_sort(ret);
}

void help_top(struct ctx *ctx, bool all)
{
	AUTO_STRVEC rows = STRVEC_INIT;
	AUTO_STRVEC community = STRVEC_INIT;

	out_line_quiet("Usage: dokku [--quiet|--trace|--force] COMMAND <app> "
		       "[command-specific-options]\n");
	out_line_quiet("Primary help options, type \"dokku COMMAND:help\" for more details, or "
		       "dokku help --all to see all commands.\n");
	out_line_quiet("Commands:\n");
	builtin_rows(ctx, all, &rows);
	print_columns(&rows);
	community_rows(ctx, &community);
	if (community.count || all) {
		out_line_quiet("\nCommunity plugin commands:\n");
		print_columns(&community);
	}
}
