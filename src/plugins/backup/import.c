/* SPDX-License-Identifier: MIT */
#include "plugins/backup/backup.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/app.h"
#include "core/applock.h"
#include "core/output.h"

enum {
	STEPS_OF_APPS = 250, /* more apps than that share steps: a journal has an end */
	SPARE_BYTES = 64 << 20,
};

struct plan {
	struct ctx *ctx;
	json_t *manifest;
	struct strvec apps;
	bool all;  /* not just some apps: settings as well */
	char *dir; /* where the archive was unpacked; NULL under --dry-run */
};

static void plan_done(struct plan *p)
{
	json_decref(p->manifest);
	strvec_done(&p->apps);
	free(p->dir);
}

static char *staging_root(struct ctx *ctx)
{
	return inst_lib(&ctx->inst, "data/moorage/import");
}

/* --- reading --- */

/* What unpacking may use: a bomb must not fill the disk that apps live on. */
static int free_bytes(const char *dir, uint64_t *ret, struct err *err)
{
	struct statvfs st;

	if (statvfs(dir, &st) < 0)
		return err_sys(err, "look at the disk of '%s'", dir);
	*ret = (uint64_t)st.f_bavail * st.f_frsize;
	*ret = *ret > SPARE_BYTES ? *ret - SPARE_BYTES : 1;
	return 0;
}

static int open_backup(const char *file, struct err *err)
{
	int fd = str_eq(file, "-") ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
				   : open(file, O_RDONLY | O_CLOEXEC);

	if (fd < 0 && errno == EACCES)
		return err_set(err, ERR_DENIED,
			"'%s' cannot be read by the user that runs this: use - and redirect", file);
	return fd < 0 ? err_sys(err, "open '%s'", file) : fd;
}

/* Unpacked, whole and checked, before anything is changed. */
static int unpack(struct plan *p, const char *file, struct err *err)
{
	AUTO_FREE char *root = staging_root(p->ctx);
	AUTO_FREE char *id = operation_new_id();
	AUTO_CLOSE int fd = open_backup(file, err);
	json_t *all = NULL;
	uint64_t space = 0;
	int r = fd < 0 ? fd : 0;

	/* No import is under way, so what is there is left over. */
	if (r >= 0 && !p->ctx->dry_run)
		r = fs_rm_rf(root, err);
	if (r >= 0 && !p->ctx->dry_run)
		r = fs_mkdir_p(root, 0700, err);
	if (r >= 0 && !p->ctx->dry_run) {
		p->dir = path_join(root, id);
		r = free_bytes(root, &space, err);
	}
	if (r >= 0)
		out_info1_quiet("Reading the backup");
	if (r >= 0)
		r = archive_read_all(p->ctx, fd, p->dir, space, &all, err);
	if (r < 0)
		return r;
	p->manifest = json_incref(json_object_get(all, "manifest"));
	json_decref(all);
	return 0;
}

/* --- what is to be done --- */

static int check_app_name(const char *name, struct err *err)
{
	if (app_name_valid_old(name) && path_is_inside(name) && !strchr(name, '/'))
		return 0;
	return err_set(err, ERR_INVALID, "the backup names an app that cannot be one");
}

static int check_volumes(const json_t *manifest, struct err *err)
{
	const json_t *list = json_object_get(manifest, "volumes");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *name = json_text(json_array_get(list, i), "name");

		if (!path_is_inside(name) || strchr(name, '/'))
			return err_set(err, ERR_INVALID,
				"the backup names a volume that cannot be one");
	}
	return 0;
}

static int choose_apps(struct plan *p, const struct args *args, struct err *err)
{
	AUTO_STRVEC wanted = STRVEC_INIT;
	const json_t *list = json_object_get(p->manifest, "apps");
	int r = check_volumes(p->manifest, err);

	args_list(args, "app", &wanted);
	p->all = !wanted.count;
	for (size_t i = 0; r >= 0 && i < json_array_size(list); i++) {
		const char *name = json_text(json_array_get(list, i), "name");

		r = check_app_name(name, err);
		if (r >= 0 && (p->all || strvec_remove_str(&wanted, name)))
			strvec_push(&p->apps, name);
	}
	if (r >= 0 && wanted.count)
		return err_set(err, ERR_NOT_FOUND, "The backup has no app %s", wanted.items[0]);
	return r;
}

/* Names everything that is here already; without --force that is the end. */
static int check_conflicts(struct plan *p, struct err *err)
{
	const json_t *volumes = json_object_get(p->manifest, "volumes");
	AUTO_STRVEC here = STRVEC_INIT;
	AUTO_STRVEC others = STRVEC_INIT;
	AUTO_FREE char *joined = NULL;
	int r = app_list_all(p->ctx, &others, err);

	if (r < 0 || p->ctx->force)
		return r;
	for (size_t i = 0; i < p->apps.count; i++) {
		if (strvec_remove_str(&others, p->apps.items[i]))
			strvec_pushf(&here, "app %s", p->apps.items[i]);
	}
	for (size_t i = 0; p->all && i < json_array_size(volumes); i++) {
		const json_t *one = json_array_get(volumes, i);

		if (goods_volume_exists(p->ctx, one))
			strvec_pushf(&here, "%s %s", json_text(one, "kind"),
				json_text(one, "name"));
	}
	joined = strvec_joined(&here, ", ");
	if (here.count)
		return err_set(err, ERR_EXISTS, "This would overwrite: %s. Use --force to do so",
			joined);
	if (p->all && others.count)
		return err_set(err, ERR_EXISTS,
			"This machine has apps that are not in the backup, and its settings for "
			"all "
			"apps would be overwritten. Use --force to do so, or --app to bring back "
			"single apps");
	return 0;
}

/* One step for a few apps at a time. */
static int add_for_apps(struct plan *p, struct operation *op, const char *kind, struct err *err)
{
	size_t at_once = 1 + p->apps.count / STEPS_OF_APPS;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < p->apps.count; i += at_once) {
		json_t *names = json_array();

		for (size_t n = i; n < i + at_once && n < p->apps.count; n++)
			json_array_append_new(names, json_string(p->apps.items[n]));
		r = operation_add(op, backup_step(kind), json_pack("{s:o}", "apps", names), err);
	}
	return r;
}

static int add_steps(struct plan *p, struct operation *op, struct err *err)
{
	bool settings = p->all && json_is_true(json_object_get(p->manifest, "settings"));
	bool volumes = p->all && json_array_size(json_object_get(p->manifest, "volumes"));
	int r = operation_add(op, backup_step("backup:begin"), NULL, err);

	if (r >= 0)
		r = operation_add(op, backup_step("backup:networks"), NULL, err);
	if (r >= 0 && settings)
		r = operation_add(op, backup_step("backup:settings"), NULL, err);
	if (r >= 0)
		r = add_for_apps(p, op, "backup:restore", err);
	if (r >= 0 && volumes)
		r = operation_add(op, backup_step("backup:volumes"), NULL, err);
	if (r >= 0)
		r = add_for_apps(p, op, "backup:start", err);
	if (r >= 0 && settings)
		r = operation_add(op, backup_step("backup:crontab"), NULL, err);
	return r < 0 ? r : operation_add(op, backup_step("backup:end"), NULL, err);
}

static int run_plan(struct plan *p, struct err *err)
{
	struct operation *op;
	int r = operation_begin(p->ctx, "import", IMPORT_NAME, NULL,
		json_pack("{s:s}", "dir", p->dir ? p->dir : ""), &op, err);

	return r < 0 ? r : operation_run_planned(op, add_steps(p, op, err), err);
}

/* 1 when an earlier import was interrupted, which taking the lock has brought to its end. */
static int finish_earlier(struct ctx *ctx, struct err *err)
{
	bool pending = operation_pending(ctx, IMPORT_NAME);
	int r;

	if (ctx->dry_run)
		return pending ? err_set(err, ERR_BUSY,
					 "An earlier import was interrupted; the next one without "
					 "--dry-run completes it")
			       : 0;
	r = app_lock(ctx, IMPORT_NAME, APP_LOCK_NOW, err);
	if (r < 0)
		return err->kind == ERR_BUSY
			       ? err_user(err, ERR_BUSY, 1, "Another import is running")
			       : r;
	if (!pending)
		return 0;
	out_info1("The interrupted import is complete. To import another backup, run this again");
	return 1;
}

int backup_run_import(struct ctx *ctx, const struct args *args, struct err *err)
{
	CLEANUP(plan_done) struct plan p = { .ctx = ctx, .apps = STRVEC_INIT };
	AUTO_ERR ignored = ERR_INIT; /* the failure that led there is the one to tell */
	int r = finish_earlier(ctx, err);

	if (r != 0)
		return r < 0 ? r : 0;
	r = unpack(&p, args_pos(args, 0), err);
	if (r < 0)
		return err_wrap(err, "nothing was changed");
	r = choose_apps(&p, args, err);
	if (r >= 0)
		r = check_conflicts(&p, err);
	if (r >= 0)
		return run_plan(&p, err);
	if (p.dir && fs_rm_rf(p.dir, &ignored) < 0)
		err_clear(&ignored);
	return r;
}
