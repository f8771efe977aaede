/* SPDX-License-Identifier: MIT */
/* What makes up an app on disk, for the copies that clone and rename make. */
#include "plugins/apps/apps.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/app_data.h"
#include "core/state.h"

/* --- the folder --- */

/* What belongs to the old name, is about its containers, or is made anew. */
static bool is_left_out(const char *name, bool rename)
{
	static const char *const always[] = { "VHOST", "URLS", "cache", ".cache", "nginx.conf",
		"CONTAINER", "IP", "PORT" };
	static const char *const prefixes[] = { "CONTAINER.", "IP.", "PORT.", ".tmp-" };

	for (size_t i = 0; i < ARRAY_SIZE(always); i++) {
		if (str_eq(name, always[i]))
			return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		if (str_starts(name, prefixes[i]))
			return true;
	}
	return !rename && str_eq(name, "tls");
}

static int copy_entry(const char *source, const char *target, struct err *err)
{
	struct stat st;
	int r = fs_rm_rf(target, err);

	if (r < 0 || lstat(source, &st) < 0)
		return r;
	if (S_ISDIR(st.st_mode) || S_ISLNK(st.st_mode))
		return fs_copy_tree(source, target, err);
	return S_ISREG(st.st_mode) ? fs_copy_file(source, target, err) : 0;
}

static int copy_folder(struct ctx *ctx, const char *from, const char *to, bool rename,
	struct err *err)
{
	AUTO_FREE char *source = inst_home(&ctx->inst, "%s", from);
	AUTO_FREE char *target = inst_home(&ctx->inst, "%s", to);
	AUTO_FREE char *hook = path_join(target, "hooks/pre-receive");
	AUTO_STRVEC names = STRVEC_INIT;
	int r = fs_list(source, &names, err);

	for (size_t i = 0; r >= 0 && i < names.count; i++) {
		AUTO_FREE char *a = path_join(source, names.items[i]);
		AUTO_FREE char *b = path_join(target, names.items[i]);

		if (!is_left_out(names.items[i], rename))
			r = copy_entry(a, b, err);
	}
	/* It names the old app; git's own copying writes it anew. */
	return r < 0 ? r : fs_unlink(hook, err);
}

/* --- all of it --- */

int apps_copy(struct ctx *ctx, const char *from, const char *to, bool rename, struct err *err)
{
	int r = copy_folder(ctx, from, to, rename, err);

	if (r >= 0)
		r = app_data_copy(ctx, from, to, rename, err);
	for (const struct plugin *const *p = ctx->plugins; r >= 0 && *p; p++) {
		int (*hook)(struct ctx *, const char *, const char *, struct err *) =
			rename ? (*p)->on_rename : (*p)->on_clone;

		r = hook ? hook(ctx, from, to, err) : plugin_copy_settings(ctx, *p, from, to, err);
	}
	/* A clone has never been deployed. */
	if (r >= 0 && !rename)
		r = state_unset(ctx, "common", to, "deployed", err);
	return r;
}

int apps_step_copy(struct operation *op, struct step *step, struct err *err)
{
	return apps_copy(op->ctx, step_arg(step, "from"), step_arg(step, "to"),
		json_is_true(json_object_get(step->args, "rename")), err);
}
