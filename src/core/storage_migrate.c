/* SPDX-License-Identifier: MIT */
/* Mounts that stand in docker-options become mounts of storage entries. */
#include "core/storage_migrate.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/docker_options.h"
#include "core/state.h"
#include "core/storage.h"
#include "lib/words/words.h"

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

/* One step for each option of a phase that is a mount, appended to STEPS. */
static int find_steps(struct ctx *ctx, const char *app, enum docker_phase phase, json_t *steps,
	struct err *err)
{
	AUTO_STRVEC options = STRVEC_INIT;
	int r = docker_options_get(ctx, app, NULL, phase, &options, err);

	for (size_t i = 0; r >= 0 && i < options.count; i++) {
		AUTO_STORAGE_MOUNT m = { .phases = STRVEC_INIT };
		AUTO_FREE char *host = NULL;

		if (mount_of(options.items[i], &m, &host))
			json_array_append_new(steps,
				json_pack("{s:s, s:s, s:s}", "app", app, "phase",
					docker_phase_name(phase), "option", options.items[i]));
	}
	return r;
}

static int run_steps(struct ctx *ctx, const char *app, json_t *steps, struct err *err)
{
	struct operation *op;
	json_t *one;
	size_t i;
	int r = operation_begin(ctx, "storage-migrate", app, NULL, NULL, &op, err);

	if (r < 0)
		return r;
	json_array_foreach (steps, i, one) {
		if (r >= 0)
			r = operation_add(op, &storage_steps[0], json_incref(one), err);
	}
	return operation_run_planned(op, r, err);
}

/* Where the mark was at first. */
static int take_marker(struct ctx *ctx, const char *app, struct err *err)
{
	AUTO_FREE char *marker = inst_lib(&ctx->inst, "data/storage-registry/migrations/%s", app);
	int r;

	if (ctx->dry_run || !fs_exists(marker))
		return 0;
	r = state_set(ctx, "storage", app, STORAGE_MIGRATED, "true", err);
	return r < 0 ? r : fs_unlink(marker, err);
}

int storage_migrate(struct ctx *ctx, const char *app, struct err *err)
{
	json_t *steps = json_array();
	int r = take_marker(ctx, app, err);

	if (r >= 0)
		r = find_steps(ctx, app, DOCKER_PHASE_DEPLOY, steps, err);
	if (r >= 0)
		r = find_steps(ctx, app, DOCKER_PHASE_RUN, steps, err);
	if (r >= 0 && json_array_size(steps))
		r = run_steps(ctx, app, steps, err);
	json_decref(steps);
	return r < 0 ? err_wrap(err, "storage migration failed for app \"%s\"", app) : 0;
}
