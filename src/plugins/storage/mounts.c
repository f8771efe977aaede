/* SPDX-License-Identifier: MIT */
/* storage:mount, storage:unmount, storage:list. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/output.h"
#include "core/procs.h"
#include "plugins/storage/storage.h"

/* --- mount --- */

/* "host:container[:options]" is an entry that has no name of a person's choosing. */
static int mount_text(struct ctx *ctx, const char *app, const char *text, struct err *err)
{
	AUTO_STORAGE_MOUNTS mounts = STORAGE_MOUNTS_INIT;
	AUTO_STORAGE_MOUNT m = { .phases = STRVEC_INIT };
	AUTO_STORAGE_ENTRY e = STORAGE_ENTRY_INIT;
	AUTO_FREE char *host = NULL;
	AUTO_CLOSE int lock = -1;
	int r = storage_legacy_parse(text, &m, &host, err);

	if (r < 0)
		return r;
	storage_legacy_entry(host, &e);
	r = storage_entry_check(ctx, &e, err);
	if (r >= 0)
		r = lock = storage_lock(ctx, err);
	if (r >= 0)
		r = storage_mounts_load(ctx, app, &mounts, err);
	if (r < 0)
		return r;
	if (storage_mounts_find(&mounts, &m))
		return err_set(err, ERR_EXISTS, "Mount path already exists.");
	if (!storage_entry_exists(ctx, e.name))
		r = storage_entry_save(ctx, &e, err);
	storage_mounts_add(&mounts, &m);
	return r < 0 ? r : storage_mounts_save(ctx, app, &mounts, err);
}

static int fill(const struct args *args, struct storage_mount *m, struct err *err)
{
	AUTO_STRVEC phases = STRVEC_INIT;
	const char *process = args_value(args, "process-type", "");

	storage_mount_init(m);
	args_list(args, "phase", &phases);
	for (size_t i = 0; i < phases.count; i++)
		strvec_split(&m->phases, phases.items[i], ",");
	if (!m->phases.count)
		strvec_pushl(&m->phases, "deploy", "run", NULL);
	storage_put(&m->entry, args_pos(args, 1));
	storage_put(&m->path, args_value(args, "container-dir", ""));
	storage_put(&m->process, *process ? process : STORAGE_DEFAULT);
	storage_put(&m->subpath, args_value(args, "volume-subpath", ""));
	storage_put(&m->options, args_value(args, "volume-options", ""));
	storage_put(&m->chown, args_value(args, "volume-chown", ""));
	m->readonly = args_has(args, "volume-readonly");
	if (!str_eq(m->process, STORAGE_DEFAULT) && !proc_name_valid(m->process))
		return err_set(err, ERR_USAGE, "Invalid process type specified: %.100s",
			m->process);
	return storage_mount_check(m, err);
}

/* --volume-chown: only folders of ours can change hands. */
static int change_owner(struct ctx *ctx, const struct storage_entry *e,
	const struct storage_mount *m, struct err *err)
{
	AUTO_FREE char *standard = storage_default_path(ctx, e->name);
	AUTO_FREE char *uid = NULL;
	int r;

	if (!*m->chown || str_eq(m->chown, "false") || !str_eq(e->scheduler, STORAGE_LOCAL))
		return 0;
	if (!str_eq(e->host_path, standard) || *m->subpath) {
		out_warn("The owner of %s%s%s is left as it is: --volume-chown changes whole "
			 "folders "
			 "below the default host path only",
			e->host_path, *m->subpath ? "/" : "", m->subpath);
		return 0;
	}
	r = storage_owner(ctx, m->chown, &uid, err);
	if (r < 0)
		return r;
	out_verbose("Setting directory ownership to %s:%s", uid, uid);
	r = storage_dir_chown(ctx, e->name, uid, err);
	return r < 0 ? err_wrap(err, "unable to chown %s", e->host_path) : 0;
}

/* The same entry, path and process type is changed in place, all of it. 1 when it was there. */
static int put_mount(struct ctx *ctx, const char *app, struct storage_mount *m, struct err *err)
{
	AUTO_STORAGE_MOUNTS mounts = STORAGE_MOUNTS_INIT;
	struct storage_mount *old;
	struct storage_mount swap;
	bool known;
	int r = storage_mounts_load(ctx, app, &mounts, err);

	if (r < 0)
		return r;
	old = storage_mounts_find(&mounts, m);
	known = old != NULL;
	if (known) {
		swap = *old;
		*old = *m;
		*m = swap;
	} else {
		storage_mounts_add(&mounts, m);
	}
	r = storage_mounts_save(ctx, app, &mounts, err);
	return r < 0 ? r : known;
}

static int mount_entry(struct ctx *ctx, const struct args *args, struct err *err)
{
	const char *app = args_pos(args, 0);
	const char *name = args_pos(args, 1);
	const char *path = args_value(args, "container-dir", "");
	AUTO_STORAGE_ENTRY e = STORAGE_ENTRY_INIT;
	AUTO_STORAGE_MOUNT m = { .phases = STRVEC_INIT };
	AUTO_CLOSE int lock = storage_lock(ctx, err);
	int r = lock < 0 ? lock : storage_entry_load(ctx, name, &e, err);

	if (r == -ERR_NOT_FOUND)
		return err_user(err, ERR_NOT_FOUND, 1,
			"storage entry \"%s\" does not exist; create it first with `dokku "
			"storage:create`",
			name);
	if (r < 0)
		return r;
	if (!*path)
		return err_set(err, ERR_USAGE,
			"--container-dir is required when mounting a named storage entry");
	r = fill(args, &m, err);
	if (r >= 0)
		r = change_owner(ctx, &e, &m, err);
	if (r >= 0)
		r = put_mount(ctx, app, &m, err);
	if (r < 0)
		return r;
	if (r)
		out_info1("Storage entry %s mount at %s on %s updated", name, path, app);
	else
		out_info1("Storage entry %s mounted at %s on %s", name, path, app);
	return 0;
}

int storage_run_mount(struct ctx *ctx, const struct args *args, struct err *err)
{
	const char *what = args_pos(args, 1);

	return strchr(what, ':') ? mount_text(ctx, args_pos(args, 0), what, err)
				 : mount_entry(ctx, args, err);
}

/* --- unmount --- */

static bool is_meant(const struct storage_mount *m, const char *entry, const char *path)
{
	return str_eq(m->entry, entry) && (!*path || str_eq(m->path, path));
}

static int check_unmount(const char *app, const char *entry, const char *path,
	const struct storage_mounts *mounts, struct err *err)
{
	AUTO_STRVEC paths = STRVEC_INIT;
	AUTO_FREE char *joined = NULL;

	for (size_t i = 0; i < mounts->count; i++) {
		if (is_meant(&mounts->items[i], entry, path))
			strvec_push(&paths, mounts->items[i].path);
	}
	if (!paths.count && *path)
		return err_set(err, ERR_NOT_FOUND,
			"storage entry \"%s\" is not mounted at \"%s\" on app \"%s\"", entry, path,
			app);
	if (!paths.count)
		return err_set(err, ERR_NOT_FOUND,
			"storage entry \"%s\" is not mounted on app \"%s\"", entry, app);
	if (paths.count == 1 || *path)
		return 0;
	strvec_sort(&paths);
	joined = strvec_joined(&paths, ", ");
	return err_set(err, ERR_USAGE,
		"storage entry \"%s\" is mounted at multiple paths on app \"%s\" (%s); pass "
		"--container-dir to disambiguate",
		entry, app, joined);
}

static int unmount(struct ctx *ctx, const char *app, const char *entry, const char *path,
	struct err *err)
{
	AUTO_STORAGE_MOUNTS mounts = STORAGE_MOUNTS_INIT;
	AUTO_STORAGE_MOUNTS kept = STORAGE_MOUNTS_INIT;
	AUTO_CLOSE int lock = storage_lock(ctx, err);
	int r = lock < 0 ? lock : storage_mounts_load(ctx, app, &mounts, err);

	if (r >= 0)
		r = check_unmount(app, entry, path, &mounts, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < mounts.count; i++) {
		if (!is_meant(&mounts.items[i], entry, path))
			storage_mounts_add(&kept, &mounts.items[i]);
	}
	return storage_mounts_save(ctx, app, &kept, err);
}

int storage_run_unmount(struct ctx *ctx, const struct args *args, struct err *err)
{
	const char *app = args_pos(args, 0);
	const char *what = args_pos(args, 1);
	AUTO_STORAGE_MOUNT m = { .phases = STRVEC_INIT };
	AUTO_FREE char *host = NULL;
	int r;

	if (!strchr(what, ':'))
		return unmount(ctx, app, what, args_value(args, "container-dir", ""), err);
	r = storage_legacy_parse(what, &m, &host, err);
	if (r < 0)
		return r;
	r = unmount(ctx, app, m.entry, m.path, err);
	if (r == -ERR_NOT_FOUND)
		return err_user(err, ERR_NOT_FOUND, 1, "Mount path does not exist.");
	return r;
}

/* --- list --- */

int storage_run_list(struct ctx *ctx, const struct args *args, struct err *err)
{
	const char *app = args_pos(args, 0);
	const char *format = args_value(args, "format", "text");
	AUTO_STORAGE_USES all = STORAGE_USES_INIT;
	int r;

	if (!str_eq(format, "text") && !str_eq(format, "json"))
		return err_set(err, ERR_USAGE, "Invalid --format value specified");
	r = storage_uses_load(ctx, app, "deploy", &all, err);
	if (r < 0)
		return r;
	if (str_eq(format, "json")) {
		out_json(storage_uses_json(&all));
		return 0;
	}
	out_info1_quiet("%s volume bind-mounts:", app);
	for (size_t i = 0; i < all.count; i++) {
		AUTO_FREE char *text = storage_text(&all.items[i]);

		if (ctx->quiet)
			out_line("%s", text);
		else
			out_verbose("%s", text);
	}
	return 0;
}
