/* SPDX-License-Identifier: MIT */
/* The config plugin: its tables and the commands that only read. */
#include "plugins/config/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/app_env.h"
#include "core/output.h"
#include "core/state.h"

static int load(struct ctx *ctx, const char *scope, bool merged, struct env *ret, struct err *err)
{
	return merged ? app_env_merged(ctx, scope, ret, err) : app_env_load(ctx, scope, ret, err);
}

static int load_for(struct ctx *ctx, const struct args *args, struct env *ret, struct err *err)
{
	return load(ctx, args_pos(args, 0), args_has(args, "merged"), ret, err);
}

int config_export(struct ctx *ctx, const char *scope, bool merged, const char *format,
	struct strbuf *out, struct err *err)
{
	AUTO_ENV env = ENV_INIT;
	enum env_format kind;
	int r = env_format_parse(format, &kind, err);

	if (r >= 0)
		r = load(ctx, scope, merged, &env, err);
	if (r < 0)
		return r;
	env_export(&env, kind, out);
	strbuf_addstr(out, env_export_suffix(kind));
	return 0;
}

static int run_export(struct ctx *ctx, const struct args *args, struct err *err)
{
	CLEANUP(strbuf_erase) struct strbuf text = STRBUF_INIT;
	int r = config_export(ctx, args_pos(args, 0), args_has(args, "merged"),
		args_value(args, "format", "exports"), &text, err);

	if (r >= 0)
		fwrite(text.buf, 1, text.len, stdout);
	return r;
}

static int run_show(struct ctx *ctx, const struct args *args, struct err *err)
{
	AUTO_ENV env = ENV_INIT;
	CLEANUP(strbuf_erase) struct strbuf text = STRBUF_INIT;
	bool shell = args_has(args, "shell");
	bool exports = args_has(args, "export");
	const char *scope = args_pos(args, 0);
	int r = load_for(ctx, args, &env, err);

	if (r < 0)
		return r;
	if (shell && exports)
		return err_set(err, ERR_USAGE, "Only one of --shell and --export can be given");
	if (shell)
		out_warn("Deprecated: Use 'config:export --format shell' instead");
	else if (exports)
		out_warn("Deprecated: Use 'config:export --format exports' instead");
	else
		out_info2_quiet("%s env vars", str_eq(scope, SCOPE_GLOBAL) ? "global" : scope);
	env_export(&env, shell ? ENV_SHELL : exports ? ENV_EXPORTS : ENV_PRETTY, &text);
	fwrite(text.buf, 1, text.len, stdout);
	if (!shell)
		putchar('\n');
	return 0;
}

static int check_one_key(const struct args *args, struct err *err)
{
	AUTO_STRVEC rest = STRVEC_INIT;
	AUTO_FREE char *list = NULL;

	if (args->pos.count == 2)
		return 0;
	strvec_pushv(&rest, args->pos.items + 2);
	list = strvec_joined(&rest, " ");
	return err_set(err, ERR_USAGE, "Unexpected argument(s): [%s]", list);
}

static int run_get(struct ctx *ctx, const struct args *args, struct err *err)
{
	CLEANUP(strbuf_erase) struct strbuf value = STRBUF_INIT;
	bool quoted = args_has(args, "quoted");
	int r = check_one_key(args, err);

	if (r >= 0 && env_key_valid(args_pos(args, 1)))
		r = app_env_get(ctx, args_pos(args, 0), args_pos(args, 1), &value, err);
	if (r < 0)
		return r;
	if (r == 0)
		return err_exit(err, 1);
	if (quoted)
		putchar('\'');
	for (size_t i = 0; i < value.len; i++)
		fputs(quoted && value.buf[i] == '\'' ? "'\\''" : (char[]){ value.buf[i], 0 },
			stdout);
	puts(quoted ? "'" : "");
	return 0;
}

static int run_keys(struct ctx *ctx, const struct args *args, struct err *err)
{
	AUTO_ENV env = ENV_INIT;
	int r = load_for(ctx, args, &env, err);

	for (size_t i = 0; r >= 0 && i < env.count; i++)
		out_line("%s", env.vars[i].key);
	return r;
}

static int run_bundle(struct ctx *ctx, const struct args *args, struct err *err)
{
	AUTO_ENV env = ENV_INIT;
	int r = load_for(ctx, args, &env, err);

	return r < 0 ? r : config_bundle(ctx, &env, err);
}

/* --- changes --- */

static struct config_change change_of(const struct args *args)
{
	return (struct config_change){ args_pos(args, 0), !args_has(args, "no-restart") };
}

static int run_set(struct ctx *ctx, const struct args *args, struct err *err)
{
	struct config_change change = change_of(args);
	AUTO_STRVEC pairs = STRVEC_INIT;
	AUTO_ENV values = ENV_INIT;
	int r;

	strvec_pushv(&pairs, args->pos.items + 1);
	r = config_parse_pairs(&pairs, args_has(args, "encoded"), &values, err);
	if (r >= 0)
		r = config_lock(ctx, change.scope, err);
	return r < 0 ? r : config_set(ctx, &change, &values, false, err);
}

static int run_unset(struct ctx *ctx, const struct args *args, struct err *err)
{
	struct config_change change = change_of(args);
	AUTO_STRVEC keys = STRVEC_INIT;
	int r;

	strvec_pushv(&keys, args->pos.items + 1);
	r = config_lock(ctx, change.scope, err);
	return r < 0 ? r : config_unset(ctx, &change, &keys, err);
}

static int run_clear(struct ctx *ctx, const struct args *args, struct err *err)
{
	struct config_change change = change_of(args);
	int r = config_lock(ctx, change.scope, err);

	return r < 0 ? r : config_clear(ctx, &change, err);
}

static int run_import(struct ctx *ctx, const struct args *args, struct err *err)
{
	struct config_change change = change_of(args);
	AUTO_ENV values = ENV_INIT;
	int r = config_read(change.scope, args_pos(args, 1), args_value(args, "format", "envfile"),
		&values, err);

	if (r >= 0)
		r = config_lock(ctx, change.scope, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < values.count; i++)
		out_info1_quiet("Setting config var %s=%s", values.vars[i].key,
			values.vars[i].value);
	return config_set(ctx, &change, &values, args_has(args, "replace"), err);
}

/* --- copies --- */

/* What the new app has of its own (NO_VHOST) stays unless the old one has it too. */
static int copy_env(struct ctx *ctx, const char *old, const char *new, struct err *err)
{
	AUTO_ENV env = ENV_INIT;
	AUTO_ENV from = ENV_INIT;
	int r = app_env_load(ctx, new, &env, err);

	if (r >= 0)
		r = app_env_load(ctx, old, &from, err);
	if (r < 0)
		return r;
	env_merge(&env, &from);
	r = app_env_save(ctx, new, &env, err);
	return r < 0 ? r : state_set(ctx, "config", new, "env-migrated", "true", err);
}

static int drop_env(struct ctx *ctx, const char *app, struct err *err)
{
	AUTO_FREE char *dir = inst_lib(&ctx->inst, "config/%s", app);
	AUTO_FREE char *file = path_join(dir, "ENV");
	int r = fs_unlink(file, err);

	/* An app may be called like a plugin: config/<plugin> holds every app's settings. */
	if (r >= 0 && rmdir(dir) < 0 && errno != ENOENT && errno != ENOTEMPTY)
		return err_sys(err, "remove '%s'", dir);
	return r < 0 ? r : state_drop(ctx, "config", app, err);
}

/* --- tables --- */

#define MERGED_FLAG                                                                                \
	{                                                                                          \
		"merged", 0, FLAG_BOOL, NULL, "With the global variables underneath"               \
	}
#define NO_RESTART_FLAG                                                                            \
	{                                                                                          \
		"no-restart", 0, FLAG_BOOL, NULL, "Leave the running app alone"                    \
	}

static const struct flag show_flags[] = {
	MERGED_FLAG,
	{ "shell", 0, FLAG_BOOL, NULL, "Old form of config:export --format shell" },
	{ "export", 0, FLAG_BOOL, NULL, "Old form of config:export" },
	{},
};
static const struct flag merged_flags[] = { MERGED_FLAG, {} };
static const struct flag export_flags[] = {
	MERGED_FLAG,
	{ "format", 0, FLAG_VALUE,
		"exports|docker-args|docker-args-keys|envfile|json|json-list|pack-keys|pretty|"
		"shell",
		"Output format" },
	{},
};
static const struct flag get_flags[] = {
	{ "quoted", 0, FLAG_BOOL, NULL, "In single quotes, for a shell" },
	{},
};
static const struct flag change_flags[] = { NO_RESTART_FLAG, {} };
static const struct flag set_flags[] = {
	NO_RESTART_FLAG,
	{ "encoded", 0, FLAG_BOOL, NULL, "Values are base64" },
	{},
};
static const struct flag import_flags[] = {
	NO_RESTART_FLAG,
	{ "replace", 0, FLAG_BOOL, NULL, "Drop variables that the input lacks" },
	{ "format", 0, FLAG_VALUE, "envfile|json", "Input format" },
	{},
};

#define READ (CMD_APP_OR_GLOBAL | CMD_READ)

static const struct command commands[] = {
	{ "config", "(<app>|--global)", "Show variables", READ, 1, 1, show_flags, run_show, NULL },
	{ "config:bundle", "[--merged] (<app>|--global)", "Write variables as a tar stream", READ,
		1, 1, merged_flags, run_bundle, NULL },
	{ "config:clear", "[--no-restart] (<app>|--global)", "Remove every variable",
		CMD_APP_OR_GLOBAL, 1, 1, change_flags, run_clear, NULL },
	{ "config:export", "[--format=FORMAT] [--merged] (<app>|--global)",
		"Print variables in a format of choice", READ, 1, 1, export_flags, run_export,
		NULL },
	{ "config:get", "[--quoted] (<app>|--global) KEY", "Print one value", READ, 2, -1,
		get_flags, run_get, "Expected: key" },
	{ "config:import", "[--no-restart] [--replace] [--format F] (<app>|--global) <file>|-",
		"Set variables from a file or a pipe", CMD_APP_OR_GLOBAL, 2, 2, import_flags,
		run_import, "Please specify a file, or - for standard input" },
	{ "config:keys", "[--merged] (<app>|--global)", "Print the names of variables", READ, 1, 1,
		merged_flags, run_keys, NULL },
	{ "config:set", "[--encoded] [--no-restart] (<app>|--global) KEY1=VALUE1 [KEY2=VALUE2 ...]",
		"Set variables", CMD_APP_OR_GLOBAL, 2, -1, set_flags, run_set,
		"At least one env pair must be given" },
	{ "config:show", "[--merged] (<app>|--global)", "Show variables", READ, 1, 1, merged_flags,
		run_show, NULL },
	{ "config:unset", "[--no-restart] (<app>|--global) KEY1 [KEY2 ...]", "Remove variables",
		CMD_APP_OR_GLOBAL, 2, -1, change_flags, run_unset,
		"At least one key must be given" },
	{},
};

static const struct property properties[] = {
	{ "env-migrated", PROP_INTERNAL, NULL, NULL, NULL, NULL },
	{},
};

extern const struct plugin plugin_config;
const struct plugin plugin_config = {
	.name = "config",
	.summary = "Manage the environment variables of apps",
	.report_flags = REPORT_NONE,
	.commands = commands,
	.properties = properties,
	.triggers = config_triggers,
	.on_clone = copy_env,
	.on_rename = copy_env,
	.on_destroy = drop_env,
};
