/* SPDX-License-Identifier: MIT */
/* Commands about storage entries themselves. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/macro.h"
#include "core/confirm.h"
#include "core/output.h"
#include "core/trigger.h"
#include "plugins/storage/storage.h"

static bool is_local(const struct storage_entry *e)
{
	return str_eq(e->scheduler, STORAGE_LOCAL);
}

int storage_tell_scheduler(struct ctx *ctx, const char *trigger, const struct storage_entry *e,
	struct strbuf *out, struct err *err)
{
	json_t *object = storage_entry_json(e);
	AUTO_FREE char *text = json_dumps(object, JSON_COMPACT);
	AUTO_STRVEC args = STRVEC_INIT;
	AUTO_STRBUF in = STRBUF_INIT;
	AUTO_STRBUF said = STRBUF_INIT;
	int r;

	json_decref(object);
	strbuf_addstr(&in, text ? text : "");
	strvec_push(&args, e->name);
	r = trigger_capture_args(ctx, trigger, &args, &in, out ? out : &said, err);
	if (said.len) {
		fwrite(said.buf, 1, said.len, stdout);
		out_flush();
	}
	return r;
}

/* --- create --- */

static int fill(struct ctx *ctx, const struct args *args, struct storage_entry *e, struct err *err)
{
	const char *path = args_pos(args, 1);
	AUTO_FREE char *standard = storage_default_path(ctx, args_pos(args, 0));
	AUTO_FREE char *mode = NULL;
	int r = storage_mode_check(args_value(args, "mode", ""), &mode, err);

	if (r < 0)
		return r;
	storage_put(&e->name, args_pos(args, 0));
	storage_put(&e->scheduler, args_value(args, "scheduler", STORAGE_LOCAL));
	if (!*e->scheduler)
		storage_put(&e->scheduler, STORAGE_LOCAL);
	storage_put(&e->host_path, is_local(e) && !*path ? standard : path);
	storage_put(&e->size, args_value(args, "size", ""));
	storage_put(&e->access_mode, args_value(args, "access-mode", ""));
	storage_put(&e->storage_class, args_value(args, "storage-class-name", ""));
	storage_put(&e->namespace, args_value(args, "namespace", ""));
	storage_put(&e->chown, args_value(args, "chown", ""));
	storage_put(&e->mode, mode);
	storage_put(&e->reclaim_policy, args_value(args, "reclaim-policy", ""));
	r = storage_take_pairs(args, "annotation", &e->annotations, err);
	if (r >= 0)
		r = storage_take_pairs(args, "label", &e->labels, err);
	return r < 0 ? r : storage_entry_check(ctx, e, err);
}

/* One that exists keeps its scheduler. */
static int check_existing(struct ctx *ctx, const struct storage_entry *e, struct err *err)
{
	AUTO_STORAGE_ENTRY old = STORAGE_ENTRY_INIT;
	int r;

	if (!storage_entry_exists(ctx, e->name))
		return 0;
	r = storage_entry_load(ctx, e->name, &old, err);
	if (r < 0)
		return r;
	if (!str_eq(old.scheduler, e->scheduler))
		return err_set(err, ERR_EXISTS,
			"storage entry \"%s\" already exists with scheduler \"%s\"; refusing to "
			"redefine",
			e->name, old.scheduler);
	out_info1_quiet("Storage entry %s already exists, leaving in place", e->name);
	return 0;
}

static int create(struct ctx *ctx, const struct storage_entry *e, struct err *err)
{
	AUTO_CLOSE int lock = storage_lock(ctx, err);
	int r = lock < 0 ? lock : check_existing(ctx, e, err);

	/* The folder first: an entry that is there can be mounted. */
	if (r >= 0 && is_local(e))
		r = storage_dir_ensure(ctx, e, err);
	return r < 0 ? r : storage_entry_save(ctx, e, err);
}

int storage_run_create(struct ctx *ctx, const struct args *args, struct err *err)
{
	AUTO_STORAGE_ENTRY e = STORAGE_ENTRY_INIT;
	AUTO_ERR ignored = ERR_INIT;
	int r = storage_name_check(args_pos(args, 0), false, err);

	storage_entry_init(&e);
	if (r >= 0)
		r = fill(ctx, args, &e, err);
	if (r >= 0)
		r = create(ctx, &e, err);
	if (r < 0)
		return r;
	if (!is_local(&e)) {
		r = storage_tell_scheduler(ctx, "storage-create", &e, NULL, err);
		if (r < 0) {
			/* What the cluster does not have must not be in the registry; the first
			 * failure is what counts. */
			(void)!storage_entry_remove(ctx, e.name, &ignored);
			return err_wrap(err, "scheduler refused storage entry \"%s\"", e.name);
		}
	}
	out_info1("Storage entry %s created", e.name);
	return 0;
}

/* --- destroy --- */

static int check_unused(struct ctx *ctx, const char *name, struct err *err)
{
	AUTO_STRVEC apps = STRVEC_INIT;
	AUTO_FREE char *joined = NULL;
	int r = storage_users(ctx, name, &apps, err);

	if (r < 0 || !apps.count)
		return r;
	joined = strvec_joined(&apps, ", ");
	return err_set(err, ERR_BUSY, "storage entry \"%s\" is still mounted by app(s): %s", name,
		joined);
}

/* 1 when the folder goes, too. */
static int wants_removal(struct ctx *ctx, const struct args *args, const struct storage_entry *e,
	struct err *err)
{
	bool asked = args_has(args, "destroy-host-dir");
	int r;

	if (asked && !is_local(e))
		return err_set(err, ERR_USAGE,
			"--destroy-host-dir only applies to docker-local storage entries; \"%s\" "
			"is "
			"scheduler \"%s\" and follows --reclaim-policy",
			e->name, e->scheduler);
	if (!is_local(e) || (!asked && !str_eq(e->reclaim_policy, "Delete")))
		return 0;
	r = storage_dir_is_default(ctx, e, "--destroy-host-dir", err);
	if (r >= 0)
		return 1;
	if (asked)
		return r;
	err_clear(err);
	out_warn("Leaving %s in place; reclaim policy Delete only removes the default host path",
		e->host_path);
	return 0;
}

/* Content first: an entry that is left can be destroyed again. */
static int remove_entry(struct ctx *ctx, const struct storage_entry *e, bool folder,
	struct err *err)
{
	AUTO_CLOSE int lock = storage_lock(ctx, err);
	int r = lock < 0 ? lock : check_unused(ctx, e->name, err);

	if (r >= 0 && folder) {
		r = storage_dir_remove(ctx, e->name, err);
		if (r < 0)
			return err_wrap(err, "unable to remove %s", e->host_path);
		out_verbose("Removed %s", e->host_path);
	}
	return r < 0 ? r : storage_entry_remove(ctx, e->name, err);
}

int storage_run_destroy(struct ctx *ctx, const struct args *args, struct err *err)
{
	const char *name = args_pos(args, 0);
	AUTO_STORAGE_ENTRY e = STORAGE_ENTRY_INIT;
	int folder;
	int r = storage_entry_load(ctx, name, &e, err);

	if (r >= 0)
		r = check_unused(ctx, name, err);
	if (r < 0)
		return r;
	folder = wants_removal(ctx, args, &e, err);
	if (folder < 0)
		return folder;
	if (folder && !ctx->force)
		out_warn("Storage entry %s is backed by %s, which will be removed along with its "
			 "contents.",
			name, e.host_path);
	r = confirm_destroy(ctx, "storage entry", name, NULL, err);
	if (r >= 0 && !is_local(&e)) {
		r = storage_tell_scheduler(ctx, "storage-destroy", &e, NULL, err);
		if (r < 0)
			return err_wrap(err, "scheduler refused to remove storage entry \"%s\"",
				name);
	}
	if (r >= 0)
		r = remove_entry(ctx, &e, folder, err);
	if (r >= 0)
		out_info1("Storage entry %s destroyed", name);
	return r;
}

/* --- look --- */

static int check_format(const char *format, struct err *err)
{
	if (str_eq(format, "text") || str_eq(format, "stdout") || str_eq(format, "json"))
		return 0;
	return err_set(err, ERR_USAGE, "Invalid --format value specified");
}

static void print_indented(json_t *value)
{
	AUTO_FREE char *text = json_dumps(value, JSON_INDENT(2));

	out_line("%s", text ? text : "null");
	json_decref(value);
}

int storage_run_info(struct ctx *ctx, const struct args *args, struct err *err)
{
	const char *format = args_value(args, "format", "text");
	AUTO_STORAGE_ENTRY e = STORAGE_ENTRY_INIT;
	int r = check_format(format, err);

	if (r >= 0)
		r = storage_entry_load(ctx, args_pos(args, 0), &e, err);
	if (r < 0)
		return r;
	if (str_eq(format, "json")) {
		print_indented(storage_entry_json(&e));
		return 0;
	}
	const struct {
		const char *label;
		const char *value;
	} rows[] = {
		{ "Scheduler:", e.scheduler },
		{ "Host path:", e.host_path },
		{ "Size:", e.size },
		{ "Access mode:", e.access_mode },
		{ "Storage class:", e.storage_class },
		{ "Namespace:", e.namespace },
		{ "Chown:", e.chown },
		{ "Mode:", e.mode },
		{ "Reclaim policy:", e.reclaim_policy },
	};
	out_info1_quiet("Storage entry %s", e.name);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (*rows[i].value)
			out_verbose("%-18s%s", rows[i].label, rows[i].value);
	}
	return 0;
}

int storage_run_list_entries(struct ctx *ctx, const struct args *args, struct err *err)
{
	const char *format = args_value(args, "format", "text");
	const char *scheduler = args_value(args, "scheduler", "");
	AUTO_STORAGE_ENTRIES all = { 0 };
	json_t *list = json_array();
	int r = check_format(format, err);

	if (r >= 0)
		r = storage_entry_list(ctx, &all, err);
	for (size_t i = 0; i < all.count; i++) {
		if (!*scheduler || str_eq(all.items[i].scheduler, scheduler))
			json_array_append_new(list, storage_entry_json(&all.items[i]));
	}
	if (r < 0) {
		json_decref(list);
		return r;
	}
	if (str_eq(format, "json")) {
		print_indented(list);
		return 0;
	}
	out_info1_quiet(
		json_array_size(list) ? "Storage entries:" : "No storage entries registered");
	json_decref(list);
	for (size_t i = 0; i < all.count; i++) {
		const struct storage_entry *e = &all.items[i];

		if (!*scheduler || str_eq(e->scheduler, scheduler))
			out_verbose("%s\t%s\t%s", e->name, e->scheduler, e->host_path);
	}
	return 0;
}

int storage_run_wait(struct ctx *ctx, const struct args *args, struct err *err)
{
	const char *name = args_pos(args, 0);
	AUTO_STORAGE_ENTRY e = STORAGE_ENTRY_INIT;
	AUTO_STRBUF status = STRBUF_INIT;
	int r = storage_entry_load(ctx, name, &e, err);

	if (r < 0)
		return r;
	if (is_local(&e)) {
		if (*e.host_path == '/' && !fs_is_dir(e.host_path))
			return err_set(err, ERR_NOT_FOUND,
				"storage entry \"%s\" host path %s is not present", name,
				e.host_path);
		return 0;
	}
	r = storage_tell_scheduler(ctx, "storage-status", &e, &status, err);
	if (r < 0)
		return r;
	strbuf_trim(&status);
	if (!str_eq(status.buf, "Bound"))
		return err_set(err, ERR_FAILED, "storage entry \"%s\" is %.100s, not Bound", name,
			status.len ? status.buf : "unknown");
	out_info1("Storage entry %s is bound", name);
	return 0;
}

/* --- exec --- */

/* The scheduler that has the entry runs the container. */
int storage_run_exec(struct ctx *ctx, const struct args *args, struct err *err)
{
	const char *image = args_value(args, "image", "");
	const char *user = args_value(args, "as-user", "");
	AUTO_STORAGE_ENTRY e = STORAGE_ENTRY_INIT;
	AUTO_STRVEC words = STRVEC_INIT;
	AUTO_STRBUF out = STRBUF_INIT;
	bool tty = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
	int r = storage_entry_load(ctx, args_pos(args, 0), &e, err);

	if (r < 0)
		return r;
	strvec_pushl(&words, e.scheduler, e.name, *image ? image : "alpine:3", "--interactive=true",
		tty ? "--tty=true" : "--tty=false", NULL);
	if (*user)
		strvec_pushl(&words, "--as-user", user, NULL);
	if (args->pos.count > 1) {
		strvec_push(&words, "--");
		strvec_pushv(&words, args->pos.items + 1);
	}
	r = trigger_run_builtin(ctx, "scheduler-storage-exec", &words, &out, err);
	return r < 0 ? r : trigger_fire_args(ctx, "scheduler-storage-exec", &words, err);
}
