/* SPDX-License-Identifier: MIT */
/* Older ways: storage:ensure-directory, and mounts that stand in docker-options. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/app.h"
#include "core/applock.h"
#include "core/docker_options.h"
#include "core/output.h"
#include "core/state.h"
#include "lib/words/words.h"
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

/* The mount in "-v host:container[:options]"; 1 when there is one. */
static int mount_of(const char *option, struct storage_mount *ret, char **ret_host)
{
	const char *rest = str_after(option, "-v ");
	AUTO_STRVEC words = STRVEC_INIT;
	AUTO_ERR ignored = ERR_INIT;

	return rest && words_posix(rest, strlen(rest), &words, &ignored) >= 0 && words.count == 1 &&
	       storage_legacy_parse(words.items[0], ret, ret_host, &ignored) >= 0;
}

static int check_entry(struct ctx *ctx, const struct storage_entry *e, struct err *err)
{
	AUTO_STORAGE_ENTRY old = STORAGE_ENTRY_INIT;
	int r;

	if (!storage_entry_exists(ctx, e->name))
		return storage_entry_save(ctx, e, err);
	r = storage_entry_load(ctx, e->name, &old, err);
	if (r < 0)
		return r;
	if (!str_eq(old.host_path, e->host_path) || !str_eq(old.scheduler, e->scheduler))
		return err_set(err, ERR_EXISTS,
			"legacy entry \"%s\" already exists with conflicting fields", e->name);
	return 0;
}

/* A mount that is there gets the phase, too. */
static int add_phase(struct ctx *ctx, const char *app, struct storage_mount *m, const char *phase,
	struct err *err)
{
	AUTO_STORAGE_MOUNTS mounts = STORAGE_MOUNTS_INIT;
	struct storage_mount *old;
	int r = storage_mounts_load(ctx, app, &mounts, err);

	if (r < 0)
		return r;
	old = storage_mounts_find(&mounts, m);
	if (!old) {
		strvec_clear(&m->phases);
		strvec_push(&m->phases, phase);
		storage_mounts_add(&mounts, m);
	} else if (!strvec_has(&old->phases, phase)) {
		strvec_push(&old->phases, phase);
		strvec_sort(&old->phases);
	}
	return storage_mounts_save(ctx, app, &mounts, err);
}

static enum docker_phase phase_of(const struct step *step)
{
	return str_eq(step_arg(step, "phase"), "run") ? DOCKER_PHASE_RUN : DOCKER_PHASE_DEPLOY;
}

static void describe_move(const struct step *step, struct strbuf *out)
{
	strbuf_addf(out, "make the option %s of %s a mount (%s)", step_arg(step, "option"),
		step_arg(step, "app"), step_arg(step, "phase"));
}

/* The option goes last: until then it is what containers are made with. */
static int run_move(struct operation *op, struct step *step, struct err *err)
{
	const char *app = step_arg(step, "app");
	enum docker_phase phase = phase_of(step);
	AUTO_STORAGE_MOUNT m = { .phases = STRVEC_INIT };
	AUTO_STORAGE_ENTRY e = STORAGE_ENTRY_INIT;
	AUTO_FREE char *host = NULL;
	AUTO_CLOSE int lock = -1;
	int r;

	if (!mount_of(step_arg(step, "option"), &m, &host))
		return err_set(err, ERR_INVALID, "the option is no mount");
	storage_legacy_entry(host, &e);
	r = lock = storage_lock(op->ctx, err);
	if (r >= 0)
		r = check_entry(op->ctx, &e, err);
	if (r >= 0)
		r = add_phase(op->ctx, app, &m, docker_phase_name(phase), err);
	if (r >= 0)
		r = docker_options_remove(op->ctx, app, NULL, phase, step_arg(step, "option"), err);
	return r < 0 ? r : state_set(op->ctx, "storage", app, STORAGE_MIGRATED, "true", err);
}

const struct step_kind storage_steps[] = {
	{ "storage:move-option", STEP_COMMIT, describe_move, run_move, NULL },
	{},
};

static int plan_phase(struct operation *op, const char *app, enum docker_phase phase,
	struct err *err)
{
	AUTO_STRVEC options = STRVEC_INIT;
	int r = docker_options_get(op->ctx, app, NULL, phase, &options, err);

	for (size_t i = 0; r >= 0 && i < options.count; i++) {
		AUTO_STORAGE_MOUNT m = { .phases = STRVEC_INIT };
		AUTO_FREE char *host = NULL;

		if (!mount_of(options.items[i], &m, &host))
			continue;
		r = operation_add(op, &storage_steps[0],
			json_pack("{s:s, s:s, s:s}", "app", app, "phase", docker_phase_name(phase),
				"option", options.items[i]),
			err);
	}
	return r;
}

static int migrate(struct ctx *ctx, const char *app, struct err *err)
{
	AUTO_FREE char *marker = inst_lib(&ctx->inst, "data/storage-registry/migrations/%s", app);
	struct operation *op;
	int r = 0;

	/* Where the mark was at first. */
	if (fs_exists(marker)) {
		r = state_set(ctx, "storage", app, STORAGE_MIGRATED, "true", err);
		if (r >= 0)
			r = fs_unlink(marker, err);
	}
	if (r >= 0)
		r = operation_begin(ctx, "storage-migrate", app, NULL, NULL, &op, err);
	if (r < 0)
		return r;
	r = plan_phase(op, app, DOCKER_PHASE_DEPLOY, err);
	if (r >= 0)
		r = plan_phase(op, app, DOCKER_PHASE_RUN, err);
	r = operation_run_planned(op, r, err);
	return r < 0 ? err_wrap(err, "storage migration failed for app \"%s\"", app) : 0;
}

static int migrate_locked(struct ctx *ctx, const char *app, struct err *err)
{
	int r = app_lock(ctx, app, APP_LOCK_WAIT, err);

	if (r >= 0)
		r = migrate(ctx, app, err);
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
