/* SPDX-License-Identifier: MIT */
#include "core/command.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/app.h"
#include "core/applock.h"
#include "core/auth.h"
#include "core/external.h"
#include "core/help.h"
#include "core/operation.h"
#include "core/output.h"
#include "core/property.h"
#include "core/report.h"
#include "core/state.h"
#include "core/trigger.h"

const struct flag command_global_flags[] = {
	{ "quiet", 0, FLAG_BOOL, NULL, "Suppress headers" },
	{ "trace", 0, FLAG_BOOL, NULL, "Show what happens underneath" },
	{ "force", 0, FLAG_BOOL, NULL, "Do not ask for confirmation" },
	{ "dry-run", 0, FLAG_BOOL, NULL, "Print the steps and change nothing" },
	{ "app", 0, FLAG_VALUE, "<app>", "The app to work on" },
	{},
};

static const struct flag format_flags[] = {
	{ "format", 0, FLAG_VALUE, "stdout|json", "Output format" },
	{},
};

static const struct command implicit_help = {
	.name = "help",
	.flags = CMD_READ | CMD_RAW,
	.max_args = -1,
};
static const struct command implicit_set = {
	.name = "set",
	.args = "<app>|--global <property> [<value>]",
	.flags = CMD_APP_OR_GLOBAL | CMD_LOCK,
	.min_args = 1,
	.max_args = -1,
};
static const struct command implicit_report = {
	.name = "report",
	.args = "[<app>|--global] [<flag>]",
	.flags = CMD_APP_OR_GLOBAL | CMD_APP_OPTIONAL | CMD_REPORT | CMD_READ | CMD_JSON,
	.max_args = 1,
	.opts = format_flags,
};

static const struct command *find_row(const struct plugin *p, const char *name)
{
	for (const struct command *c = p->commands; c && c->name; c++) {
		if (str_eq(c->name, name))
			return c;
	}
	return NULL;
}

static bool match_implicit(const struct plugin *p, const char *sub, struct command_match *ret)
{
	*ret = (struct command_match){ .plugin = p };
	if (!*sub || str_eq(sub, "help")) {
		ret->source = COMMAND_HELP;
		ret->cmd = &implicit_help;
	} else if (str_eq(sub, "set") && plugin_has_set(p)) {
		ret->source = COMMAND_SET;
		ret->cmd = &implicit_set;
	} else if (str_eq(sub, "report") && plugin_has_report(p)) {
		ret->source = COMMAND_REPORT;
		ret->cmd = &implicit_report;
	}
	return ret->cmd != NULL;
}

/* Rows of plugins whose commands have no common verb: "cleanup", "urls", "git-hook". */
static bool match_any_row(struct ctx *ctx, const char *name, struct command_match *ret)
{
	for (const struct plugin *const *p = ctx->plugins; *p; p++) {
		const struct command *row = find_row(*p, name);

		if (row) {
			*ret = (struct command_match){ *p, row, COMMAND_ROW };
			return true;
		}
	}
	return false;
}

/* "urls:help": the help of the plugin that has the row. */
static bool match_standard_help(struct ctx *ctx, const char *verb, struct command_match *ret)
{
	return match_any_row(ctx, verb, ret) && match_implicit(ret->plugin, "help", ret);
}

bool command_find(struct ctx *ctx, const char *name, struct command_match *ret)
{
	size_t len = strcspn(name, ":");
	AUTO_FREE char *verb = xstrndup(name, len);
	const char *sub = name[len] ? name + len + 1 : "";
	const struct plugin *p = plugin_find(ctx, verb);
	AUTO_FREE char *whole = NULL;
	const struct command *row;

	if (!p && str_eq(sub, "help"))
		return match_any_row(ctx, name, ret) || match_standard_help(ctx, verb, ret);
	if (!p)
		return match_any_row(ctx, name, ret);
	whole = xasprintf("%s%s%s", plugin_verb(p), name[len] ? ":" : "", sub);
	row = find_row(p, whole);
	if (row) {
		*ret = (struct command_match){ p, row, COMMAND_ROW };
		return true;
	}
	if (name[len] && !*sub)
		return false;
	return match_implicit(p, sub, ret) || match_any_row(ctx, name, ret);
}

/* --- global flags --- */

static void note_global(struct ctx *ctx, const char *name, const char *value)
{
	if (str_eq(name, "quiet")) {
		ctx->quiet = true;
		output_set_quiet(true);
		setenv("DOKKU_QUIET_OUTPUT", "1", 1);
	} else if (str_eq(name, "trace")) {
		ctx->trace = true;
		output_set_trace(true);
	} else if (str_eq(name, "force")) {
		ctx->force = true;
	} else if (str_eq(name, "dry-run")) {
		ctx->dry_run = true;
	} else if (str_eq(name, "app")) {
		free(ctx->app_flag);
		ctx->app_flag = xstrdup(value);
	}
}

int command_take_globals(struct ctx *ctx, struct strvec *words, struct err *err)
{
	while (words->count && str_starts(words->items[0], "--")) {
		const char *word = words->items[0] + 2;
		const char *app = str_after(word, "app=");

		if (str_eq(word, "version"))
			return 0;
		if (str_eq(word, "app") && words->count < 2)
			return err_user(err, ERR_USAGE, 2, "flag needs an argument: --app");
		if (app)
			note_global(ctx, "app", app);
		else if (str_eq(word, "app"))
			note_global(ctx, "app", words->items[1]);
		else
			note_global(ctx, word, "");
		if (str_eq(word, "app"))
			strvec_remove(words, 0);
		strvec_remove(words, 0);
	}
	return 0;
}

/* --- arguments --- */

static size_t count_flags(const struct flag *table)
{
	size_t n = 0;

	while (table && table[n].name)
		n++;
	return n;
}

static const struct flag global_scope_flag = { "global", 0, FLAG_BOOL, NULL, "All apps" };

/* The row's flags, then the global ones: the first of a name wins. For free(). */
static struct flag *merged_flags(const struct command *cmd)
{
	size_t own = count_flags(cmd->opts);
	size_t global = count_flags(command_global_flags);
	struct flag *all = xcalloc(own + global + 2, sizeof(*all));

	if (own)
		memcpy(all, cmd->opts, own * sizeof(*all));
	memcpy(all + own, command_global_flags, global * sizeof(*all));
	if (cmd->flags & CMD_APP_OR_GLOBAL)
		all[own + global] = global_scope_flag;
	return all;
}

static bool is_own_flag(const struct command *cmd, const char *name)
{
	for (const struct flag *f = cmd->opts; f && f->name; f++) {
		if (str_eq(f->name, name))
			return true;
	}
	return false;
}

static void note_globals_given(struct ctx *ctx, const struct command *cmd, const struct args *args)
{
	for (size_t i = 0; i < args->names.count; i++) {
		const char *name = args->names.items[i];

		/* A command's own --quiet or --force means the same and more. */
		if (str_eq(name, "force") || !is_own_flag(cmd, name))
			note_global(ctx, name, args->values.items[i]);
	}
}

static int parse_args(struct ctx *ctx, const struct command *cmd, struct args *args,
	struct flag **ret_table, struct err *err)
{
	AUTO_STRVEC words = STRVEC_INIT;
	enum args_mode mode = cmd->flags & CMD_REPORT        ? ARGS_KEEP_UNKNOWN
			      : cmd->flags & CMD_FLAGS_FIRST ? ARGS_FLAGS_FIRST
			      : cmd->flags & CMD_DASHES      ? ARGS_KEEP_DASHES
							     : ARGS_MIXED;
	int r;

	strvec_pushv(&words, ctx->argv.items + 1);
	if (cmd->flags & CMD_RAW) {
		strvec_pushv(&args->pos, words.items);
		return 0;
	}
	*ret_table = merged_flags(cmd);
	r = args_parse(args, *ret_table, mode, &words, err);
	if (r < 0)
		return r;
	note_globals_given(ctx, cmd, args);
	return 0;
}

static bool takes_app(const struct command *cmd)
{
	return cmd->flags & (CMD_APP | CMD_APP_OR_GLOBAL);
}

/*
 * Puts --app or --global in front of the positionals. An inherited DOKKU_APP_NAME counts only where
 * the app is missing: plugins call commands with an app of their own while it is set.
 */
static void place_scope(struct ctx *ctx, const struct command *cmd, struct args *args)
{
	const char *inherited = getenv("DOKKU_APP_NAME");

	if ((cmd->flags & CMD_APP_OR_GLOBAL) && args_has(args, "global"))
		strvec_insert(&args->pos, 0, SCOPE_GLOBAL);
	else if (ctx->app_flag && (takes_app(cmd) || cmd->flags & CMD_RAW || cmd->max_args))
		strvec_insert(&args->pos, 0, ctx->app_flag);
	else if (takes_app(cmd) && args->pos.count < (size_t)cmd->min_args && inherited &&
		 *inherited)
		strvec_insert(&args->pos, 0, inherited);
}

static int check_count(const struct command *cmd, const struct args *args, struct err *err)
{
	if (args->pos.count < (size_t)cmd->min_args) {
		if (takes_app(cmd) && !args->pos.count)
			return err_set(err, ERR_USAGE, "%s", args_no_app_text);
		return err_set(err, ERR_USAGE, "%s",
			cmd->missing     ? cmd->missing
			: takes_app(cmd) ? "Please specify all required arguments"
					 : "An argument is missing");
	}
	if (cmd->max_args >= 0 && args->pos.count > (size_t)cmd->max_args)
		return err_set(err, ERR_USAGE, "Unexpected argument: '%s'",
			args->pos.items[cmd->max_args]);
	return 0;
}

/* Commands with formats of their own check those themselves. */
static int check_format(const struct command *cmd, const struct args *args, struct err *err)
{
	const char *format = args_value(args, "format", "stdout");

	for (const struct flag *f = cmd->opts; f && f->name; f++) {
		if (str_eq(f->name, "format") && str_eq(f->value, "stdout|json") &&
			!str_eq(format, "stdout") && !str_eq(format, "json"))
			return err_set(err, ERR_USAGE,
				"Invalid format specified, supported formats: json, stdout");
	}
	return 0;
}

/* An app whose removal was interrupted behind that of its folder: the rest goes before it is said
 * that there is none. */
static void finish_removal(struct ctx *ctx, const struct command *cmd, const char *app)
{
	AUTO_ERR err = ERR_INIT;

	if (cmd->flags & CMD_READ || ctx->dry_run || !app_name_valid_old(app) ||
		app_exists(ctx, app) || !operation_pending(ctx, app))
		return;
	if (app_lock(ctx, app, APP_LOCK_NOW, &err) >= 0)
		app_unlock(ctx, app);
	else if (err.kind != ERR_BUSY)
		out_error(&err);
}

static int check_app(struct ctx *ctx, const struct command *cmd, const struct args *args,
	struct err *err)
{
	const char *app = args_pos(args, 0);

	if (!takes_app(cmd))
		return 0;
	if (!*app && (cmd->flags & CMD_APP_OPTIONAL))
		return 0;
	if ((cmd->flags & CMD_APP_OR_GLOBAL) && str_eq(app, SCOPE_GLOBAL))
		return 0;
	finish_removal(ctx, cmd, app);
	return app_verify(ctx, app, err);
}

static int take_lock(struct ctx *ctx, const struct command *cmd, const struct args *args,
	struct err *err)
{
	const char *app = args_pos(args, 0);
	int r;

	if (!(cmd->flags & (CMD_LOCK | CMD_LOCK_NOW)) || !takes_app(cmd) || ctx->dry_run)
		return 0;
	if (!*app || str_eq(app, SCOPE_GLOBAL))
		return 0;
	r = app_lock(ctx, app, cmd->flags & CMD_LOCK_NOW ? APP_LOCK_NOW : APP_LOCK_WAIT, err);
	if (r < 0)
		return r;
	/* What recovery undid may have been the app itself. */
	return check_app(ctx, cmd, args, err);
}

static int run_match(struct ctx *ctx, const struct command_match *m, const struct args *args,
	struct err *err)
{
	switch (m->source) {
	case COMMAND_HELP:
		help_plugin(m->plugin);
		return 0;
	case COMMAND_SET:
		return property_set_command(ctx, m->plugin, args, err);
	case COMMAND_REPORT:
		return report_command(ctx, m->plugin, args, err);
	case COMMAND_ROW:
		break;
	}
	return m->cmd->run(ctx, args, err);
}

static int run_builtin(struct ctx *ctx, const struct command_match *m, struct err *err)
{
	AUTO_ARGS args = ARGS_INIT;
	AUTO_FREE struct flag *table = NULL;
	int r = parse_args(ctx, m->cmd, &args, &table, err);

	if (r < 0)
		return r;
	place_scope(ctx, m->cmd, &args);
	if (ctx->dry_run && !(m->cmd->flags & (CMD_DRY_RUN | CMD_READ)))
		return err_set(err, ERR_USAGE, "%s does not know --dry-run; nothing was changed",
			ctx->argv.items[0]);
	r = check_count(m->cmd, &args, err);
	if (r >= 0)
		r = check_app(ctx, m->cmd, &args, err);
	if (r >= 0)
		r = check_format(m->cmd, &args, err);
	if (r >= 0)
		r = take_lock(ctx, m->cmd, &args, err);
	if (r >= 0)
		r = run_match(ctx, m, &args, err);
	return r;
}

static int refuse_unknown(struct ctx *ctx, struct err *err)
{
	AUTO_FREE char *line = strvec_joined(&ctx->argv, " ");

	return err_set(err, ERR_USAGE,
		"`%.300s` is not a dokku command.\n"
		"See `dokku help` for a list of available commands.",
		line);
}

/*
 * A third-party command parses its own words, but the global flags among them count for us and for
 * what it calls, wherever they stand.
 */
static void note_globals_among(struct ctx *ctx, const struct strvec *words)
{
	for (size_t i = 1; i < words->count; i++) {
		const char *name = str_after(words->items[i], "--");

		if (!name || str_eq(name, "dry-run"))
			continue;
		if (str_eq(name, "app") && i + 1 < words->count)
			note_global(ctx, name, words->items[++i]);
		else if (!str_eq(name, "app"))
			note_global(ctx, name, "");
	}
}

int command_dispatch(struct ctx *ctx, struct err *err)
{
	struct command_match m = { 0 };
	bool builtin = command_find(ctx, ctx->argv.items[0], &m);
	bool replaced = builtin && trigger_external(ctx, m.plugin->name);
	int r = auth_check(ctx, builtin && !replaced ? m.cmd : NULL, &ctx->argv, err);

	if (r < 0)
		return r;
	if (builtin && !replaced)
		return run_builtin(ctx, &m, err);
	note_globals_among(ctx, &ctx->argv);
	r = external_command(ctx, replaced ? m.plugin : NULL, err);
	if (r != EXTERNAL_NOT_FOUND)
		return r;
	return refuse_unknown(ctx, err);
}
