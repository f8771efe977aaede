/* SPDX-License-Identifier: MIT */
#include "core/external.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/trigger.h"

enum { NOT_IMPLEMENTED = 10 };

/* A name that may become a path component. */
static bool is_safe(const char *name)
{
	return *name && *name != '.' && !strchr(name, '/') && strlen(name) < 200;
}

/* The executable, or NULL; only of third-party plugins. */
static char *candidate(struct ctx *ctx, const char *plugin, const char *sub)
{
	const struct external_plugin *p;
	char *path;

	if (!is_safe(plugin) || !is_safe(sub))
		return NULL;
	p = trigger_external(ctx, plugin);
	if (!p)
		return NULL;
	path = xasprintf("%s/subcommands/%s", p->path, sub);
	if (fs_is_exec(path))
		return path;
	free(path);
	return NULL;
}

/* NAME is what was typed, FOLDER the plugin's, with the same ":sub" behind it. */
static char *find_subcommand(struct ctx *ctx, const char *name, const char *folder)
{
	size_t len = strcspn(folder, ":");
	AUTO_FREE char *plugin = xstrndup(folder, len);
	const char *sub = folder[len] ? folder + len + 1 : name;
	char *path = candidate(ctx, folder, "default");

	if (!path)
		path = candidate(ctx, folder, name);
	if (!path)
		path = candidate(ctx, plugin, sub);
	return path;
}

static int failed_with(int code, struct err *err)
{
	return code > 0 ? err_exit(err, code) : code;
}

static int run_commands_files(struct ctx *ctx, struct err *err)
{
	const struct external_plugins *all = trigger_externals(ctx);
	int result = EXTERNAL_NOT_FOUND;

	for (size_t i = 0; i < all->count; i++) {
		AUTO_FREE char *path = path_join(all->items[i].path, "commands");
		int code;

		if (!strvec_has(&all->items[i].files, "commands"))
			continue;
		code = trigger_exec(ctx, path, &ctx->argv, NULL, NULL, err);
		if (code == NOT_IMPLEMENTED)
			continue;
		if (code)
			return failed_with(code, err);
		result = 0;
	}
	return result;
}

int external_command(struct ctx *ctx, const struct plugin *replaced, struct err *err)
{
	const char *name = ctx->argv.items[0];
	const char *sub = name + strcspn(name, ":");
	AUTO_FREE char *folder = replaced ? xasprintf("%s%s", replaced->name, sub) : xstrdup(name);
	AUTO_FREE char *path = NULL;

	if (!trigger_externals(ctx)->count)
		return EXTERNAL_NOT_FOUND;
	path = find_subcommand(ctx, name, folder);
	if (path)
		return failed_with(trigger_exec(ctx, path, &ctx->argv, NULL, NULL, err), err);
	return run_commands_files(ctx, err);
}

void external_help(struct ctx *ctx, struct strbuf *out)
{
	const struct external_plugins *all = trigger_externals(ctx);
	AUTO_STRVEC args = STRVEC_INIT;

	strvec_push(&args, "help");
	for (size_t i = 0; i < all->count; i++) {
		AUTO_FREE char *path = path_join(all->items[i].path, "commands");
		AUTO_ERR err = ERR_INIT;

		/* A plugin whose help fails just has none. */
		if (strvec_has(&all->items[i].files, "commands"))
			(void)!trigger_exec(ctx, path, &args, NULL, out, &err);
	}
}
