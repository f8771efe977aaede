/* SPDX-License-Identifier: MIT */
/*
 * `plugn`: the plugin manager's name, which plugins call for triggers. `trigger` reaches built-in
 * handlers and third-party files alike; the rest works on the folders below PLUGIN_PATH.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/output.h"
#include "core/program.h"
#include "core/shellrc.h"
#include "core/trigger.h"
#include "core/user.h"
#include "core/version.h"

struct call {
	struct ctx *ctx;
	const char *path; /* the plugins' folder */
	int argc;         /* behind the verb */
	char **argv;
};

struct verb {
	const char *name;
	const char *args;
	const char *summary;
	int min;
	int max;
	int (*run)(const struct call *call, struct err *err);
};

/* A name that stays inside the folder. */
static int check_name(const char *name, struct err *err)
{
	if (*name && *name != '.' && !strchr(name, '/') && strlen(name) < 200)
		return 0;
	return err_set(err, ERR_INVALID, "'%.100s' is no name of a plugin", name);
}

static char *place(const struct call *call, const char *kind, const char *name)
{
	return xasprintf("%s/%s/%s", call->path, kind, name);
}

static int run_trigger(const struct call *call, struct err *err)
{
	AUTO_STRVEC args = STRVEC_INIT;

	strvec_pushv(&args, call->argv + 1);
	return trigger_run_all(call->ctx, call->argv[0], &args, err);
}

static int run_init(const struct call *call, struct err *err)
{
	AUTO_FREE char *config = path_join(call->path, "config.toml");
	AUTO_FREE char *available = path_join(call->path, "available");
	AUTO_FREE char *enabled = path_join(call->path, "enabled");
	int r = fs_mkdir_p(available, 0755, err);

	if (r >= 0)
		r = fs_mkdir_p(enabled, 0755, err);
	if (r >= 0 && !fs_exists(config))
		r = fs_write_str(config, "", 0644, err);
	if (r >= 0)
		out_line("Initialized in %s", call->path);
	return r;
}

static int run_enable(const struct call *call, struct err *err)
{
	AUTO_FREE char *from = place(call, "available", call->argv[0]);
	AUTO_FREE char *to = place(call, "enabled", call->argv[0]);
	int r = check_name(call->argv[0], err);

	if (r < 0)
		return r;
	if (!fs_is_dir(from))
		return err_set(err, ERR_NOT_FOUND, "Plugin %s does not exist", call->argv[0]);
	r = fs_unlink(to, err);
	if (r >= 0 && symlink(from, to) < 0)
		return err_sys(err, "link '%s'", to);
	return r;
}

static int run_disable(const struct call *call, struct err *err)
{
	AUTO_FREE char *to = place(call, "enabled", call->argv[0]);
	int r = check_name(call->argv[0], err);

	return r < 0 ? r : fs_unlink(to, err);
}

/* --- plugin.toml: the little that is in use --- */

/* Cuts KEY = "VALUE" out of LINE; false if it is something else. */
static bool toml_pair(const char *line, char **key, char **value)
{
	const char *eq = strchr(line, '=');
	const char *from;
	size_t len;

	line += strspn(line, " \t");
	if (!eq || *line == '#' || *line == '[')
		return false;
	len = strcspn(line, " \t=");
	from = eq + 1 + strspn(eq + 1, " \t");
	*key = xstrndup(line, len);
	if (*from == '"' || *from == '\'')
		*value = xstrndup(from + 1, strcspn(from + 1, *from == '"' ? "\"" : "'"));
	else
		*value = xstrndup(from, strcspn(from, " \t#\r"));
	return true;
}

/* Collects "key=value" of one table of a file; a file or table that is missing has none. */
static void toml_table(const char *file, const char *table, struct strvec *ret)
{
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_STRVEC lines = STRVEC_INIT;
	AUTO_ERR ignored = ERR_INIT;
	AUTO_FREE char *head = xasprintf("[%s]", table);
	bool inside = false;

	if (fs_read_optional(file, 1024 * 1024, &text, &ignored) <= 0)
		return;
	strvec_split_lines(&lines, text.buf);
	for (size_t i = 0; i < lines.count; i++) {
		const char *line = lines.items[i] + strspn(lines.items[i], " \t");
		AUTO_FREE char *key = NULL;
		AUTO_FREE char *value = NULL;

		if (*line == '[')
			inside = str_starts(line, head);
		else if (inside && toml_pair(line, &key, &value))
			strvec_pushf(ret, "%s=%s", key, value);
	}
}

static const char *toml_value(const struct strvec *pairs, const char *key)
{
	for (size_t i = pairs->count; i-- > 0;) {
		const char *rest = str_after(pairs->items[i], key);

		if (rest && *rest == '=')
			return rest + 1;
	}
	return "";
}

static int run_list(const struct call *call, struct err *err)
{
	AUTO_FREE char *dir = path_join(call->path, "available");
	AUTO_STRVEC names = STRVEC_INIT;
	int r = fs_list(dir, &names, err);

	for (size_t i = 0; r >= 0 && i < names.count; i++) {
		AUTO_FREE char *file = xasprintf("%s/%s/plugin.toml", dir, names.items[i]);
		AUTO_FREE char *enabled = place(call, "enabled", names.items[i]);
		AUTO_STRVEC facts = STRVEC_INIT;

		toml_table(file, "plugin", &facts);
		printf("  %-20s %-5s %-10s %s\n", names.items[i], toml_value(&facts, "version"),
			fs_exists(enabled) ? "enabled" : "disabled",
			toml_value(&facts, "description"));
	}
	return r;
}

static int run_source(const struct call *call, struct err *err)
{
	AUTO_FREE char *dir = path_join(call->path, "enabled");
	AUTO_STRVEC names = STRVEC_INIT;
	int r = fs_list(dir, &names, err);

	for (size_t i = 0; r >= 0 && i < names.count; i++) {
		AUTO_FREE char *file =
			xasprintf("%s/%s/%s.sh", dir, names.items[i], names.items[i]);

		if (fs_is_file(file))
			out_line("source %s", file);
	}
	return r;
}

/* A name in capitals that the shell takes. */
static char *shell_name(const char *prefix, const char *name)
{
	char *out = xasprintf("%s%s", prefix, name);

	for (char *c = out; *c; c++) {
		if (*c >= 'a' && *c <= 'z')
			*c = (char)(*c - 'a' + 'A');
		else if (!((*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9')))
			*c = '_';
	}
	return out;
}

/* The plugin's own values, then what config.toml says about it. */
static void config_of(const struct call *call, const char *plugin, struct strvec *ret)
{
	AUTO_FREE char *own = xasprintf("%s/available/%s/plugin.toml", call->path, plugin);
	AUTO_FREE char *ours = path_join(call->path, "config.toml");

	toml_table(own, "plugin.config", ret);
	toml_table(ours, plugin, ret);
}

static void print_exports(const char *plugin, const struct strvec *pairs)
{
	for (size_t i = 0; i < pairs->count; i++) {
		size_t len = strcspn(pairs->items[i], "=");
		AUTO_FREE char *key = xstrndup(pairs->items[i], len);
		AUTO_FREE char *upper = shell_name("CONFIG_", key);
		AUTO_FREE char *prefix = xasprintf("%s_", plugin);
		AUTO_FREE char *from = shell_name(prefix, key);
		const char *value = pairs->items[i] + len + 1;

		printf("export %s=\"${%s:-\"", upper, from);
		for (; *value; value++) {
			if (strchr("\"$`\\", *value))
				putchar('\\');
			putchar(*value);
		}
		printf("\"}\"\n");
	}
}

static int run_config(const struct call *call, struct err *err)
{
	const char *what = call->argv[0];
	AUTO_STRVEC pairs = STRVEC_INIT;
	int r = check_name(call->argv[1], err);

	if (r < 0)
		return r;
	config_of(call, call->argv[1], &pairs);
	if (str_eq(what, "export") && call->argc == 2)
		print_exports(call->argv[1], &pairs);
	else if (str_eq(what, "get") && call->argc == 3)
		out_line("%s", toml_value(&pairs, call->argv[2]));
	else
		return err_set(err, ERR_USAGE, "Usage: plugn config get|export <plugin> [<key>]");
	return 0;
}

static int run_version(const struct call *call, struct err *err)
{
	out_line("plugn: %s", MOORAGE_VERSION);
	return 0;
}

static int run_help(const struct call *call, struct err *err);

static const struct verb verbs[] = {
	{ "config", "get|export <plugin> [<key>]", "Print a plugin's settings", 2, 3, run_config },
	{ "disable", "<plugin>", "Disable a plugin", 1, 1, run_disable },
	{ "enable", "<plugin>", "Enable a plugin", 1, 1, run_enable },
	{ "help", "", "Print this list", 0, -1, run_help },
	{ "init", "", "Make the plugins' folder", 0, 0, run_init },
	{ "list", "", "List plugins", 0, -1, run_list },
	{ "source", "", "Print the lines that source enabled plugins", 0, 0, run_source },
	{ "trigger", "<name> [<args>...]", "Run the handlers of a trigger", 1, -1, run_trigger },
	{ "version", "", "Print the version", 0, 0, run_version },
};

static int run_help(const struct call *call, struct err *err)
{
	out_line("Usage: plugn COMMAND\n\nCommands:");
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		AUTO_FREE char *left = xasprintf("%s %s", verbs[i].name, verbs[i].args);

		printf("    %-40s  %s\n", left, verbs[i].summary);
	}
	return 0;
}

static int run_verb(const struct call *base, int argc, char **argv, struct err *err)
{
	struct call call = *base;
	const char *name = argc > 1 ? argv[1] : "help";

	call.argc = argc > 2 ? argc - 2 : 0;
	call.argv = argc > 2 ? argv + 2 : argv + argc;
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++) {
		const struct verb *v = &verbs[i];

		if (!str_eq(v->name, name))
			continue;
		if (call.argc < v->min || (v->max >= 0 && call.argc > v->max))
			return err_user(err, ERR_USAGE, 2, "Usage: plugn %s %s", v->name, v->args);
		return v->run(&call, err);
	}
	return err_user(err, ERR_USAGE, 2, "No such command: %.100s", name);
}

static int run(struct ctx *ctx, int argc, char **argv, struct err *err)
{
	const char *path = getenv("PLUGIN_PATH");
	AUTO_FREE char *ours = NULL;
	int r = shellrc_load(ctx, err);

	if (r < 0)
		return r;
	ours = inst_lib(&ctx->inst, "plugins");
	strvec_push(&ctx->argv, "plugn");
	strvec_pushv(&ctx->argv, argv + (argc > 1));
	return run_verb(&(struct call){ .ctx = ctx, .path = path && *path ? path : ours }, argc,
		argv, err);
}

int plugn_main(int argc, char **argv, const struct plugin *const *plugins)
{
	AUTO_ERR err = ERR_INIT;
	bool trust = user_trusts_env();
	struct ctx ctx;
	int r = ctx_init(&ctx, trust ? NULL : "", trust, &err);

	ctx.plugins = plugins;
	ctx.program = "plugn";
	ctx.force =
		getenv("DOKKU_APPS_FORCE_DELETE") && str_eq(getenv("DOKKU_APPS_FORCE_DELETE"), "1");
	if (getenv("DOKKU_QUIET_OUTPUT") && *getenv("DOKKU_QUIET_OUTPUT"))
		output_set_quiet(true);
	if (r >= 0)
		r = run(&ctx, argc, argv, &err);
	if (r < 0)
		out_error(&err);
	out_flush();
	ctx_done(&ctx);
	return r < 0 ? err_exit_code(&err) : 0;
}
