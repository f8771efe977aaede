/* SPDX-License-Identifier: MIT */
/* Older ways: storage:ensure-directory, and mounts that stand in docker-options. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/app.h"
#include "core/applock.h"
#include "core/output.h"
#include "core/state.h"
#include "core/storage_migrate.h"
#include "plugins/storage/storage.h"

/* --- storage:ensure-directory --- */

static int check_directory(const char *name, struct err *err)
{
	if (!*name)
		return err_set(err, ERR_USAGE, "Please specify a directory to create");
	if (name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")])
		return err_set(err, ERR_USAGE,
			"Directory can only contain the following set of characters: "
			"[A-Za-z0-9_-]");
	return 0;
}

int storage_run_ensure_directory(struct ctx *ctx, const struct args *args, struct err *err)
{
	const char *name = args_pos(args, 0);
	AUTO_FREE char *path = storage_default_path(ctx, name);
	AUTO_FREE char *uid = NULL;
	int r;

	out_warn("Deprecated: please use 'storage:create' instead of 'storage:ensure-directory'");
	r = check_directory(name, err);
	if (r >= 0)
		r = storage_owner(ctx, args_value(args, "chown", "herokuish"), &uid, err);
	if (r < 0)
		return r;
	out_info1("Ensuring %s exists", path);
	r = fs_mkdir_p(path, 0755, err);
	if (r < 0)
		return err_wrap(err, "Unable to create directory");
	if (!str_eq(uid, "false")) {
		out_verbose_quiet("Setting directory ownership to %s:%s", uid, uid);
		r = storage_dir_chown(ctx, name, uid, err);
		if (r < 0)
			return err_wrap(err, "Unable to set directory ownership");
	}
	out_verbose_quiet("Directory ready for mounting");
	return 0;
}

/* --- storage:migrate --- */

static int migrate_locked(struct ctx *ctx, const char *app, struct err *err)
{
	int r = app_lock(ctx, app, APP_LOCK_WAIT, err);

	if (r >= 0)
		r = storage_migrate(ctx, app, err);
	app_unlock(ctx, app);
	return r < 0 ? r : 0;
}

static int migrate_all(struct ctx *ctx, struct err *err)
{
	AUTO_STRVEC apps = STRVEC_INIT;
	int r = app_list_all(ctx, &apps, err);

	for (size_t i = 0; r >= 0 && i < apps.count; i++)
		r = migrate_locked(ctx, apps.items[i], err);
	if (r >= 0 && apps.count)
		out_info1("Re-migrated %zu app(s)", apps.count);
	return r < 0 ? r : 0;
}

int storage_run_migrate(struct ctx *ctx, const struct args *args, struct err *err)
{
	const char *app = args_pos(args, 0);
	bool all = args_has(args, "all");
	int r;

	if (all && *app)
		return err_set(err, ERR_USAGE,
			"storage:migrate accepts either an app name or --all, not both");
	if (!all && !*app)
		return err_set(err, ERR_USAGE, "storage:migrate requires an app name (or --all)");
	if (all)
		return migrate_all(ctx, err);
	r = app_verify(ctx, app, err);
	if (r >= 0)
		r = migrate_locked(ctx, app, err);
	if (r >= 0)
		out_info1("Re-migrated %s", app);
	return r;
}

int storage_migrate_new(struct ctx *ctx, struct err *err)
{
	AUTO_STRVEC apps = STRVEC_INIT;
	int r = app_list_all(ctx, &apps, err);

	for (size_t i = 0; r >= 0 && i < apps.count; i++) {
		if (!state_exists(ctx, "storage", apps.items[i], STORAGE_MIGRATED))
			r = migrate_locked(ctx, apps.items[i], err);
	}
	return r < 0 ? r : 0;
}
