/* SPDX-License-Identifier: MIT */
/*
 * Steps of an import. The archive has been unpacked and checked before the first one, and its folder
 * (`dir` of the operation) stays until the last, so each step can be done again from the start. What
 * the engine or a build refuses is said and passed over: the rest comes back all the same.
 */
#include "plugins/backup/backup.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/app.h"
#include "core/applock.h"
#include "core/cron.h"
#include "core/git_repo.h"
#include "core/output.h"
#include "lib/git/git.h"

enum { MANIFEST_MAX = 256 << 20, CRONTAB_MAX = 4 << 20, CRONTAB_TIMEOUT_MS = 10000 };

static char *staged(const struct operation *op, const char *name)
{
	const char *dir = json_text(op->args, "dir");

	return path_join(dir, name);
}

static int load_json(const struct operation *op, const char *name, json_t **ret, struct err *err)
{
	AUTO_FREE char *path = staged(op, name);
	AUTO_STRBUF text = STRBUF_INIT;
	json_error_t where;
	int r = fs_read(path, MANIFEST_MAX, &text, err);

	if (r < 0)
		return r;
	*ret = json_loads(text.buf, 0, &where);
	return *ret ? 0 : err_set(err, ERR_INVALID, "'%s': %s", path, where.text);
}

static void describe_text(const struct step *step, struct strbuf *out)
{
	static const struct {
		const char *kind, *text;
	} texts[] = {
		{ "backup:begin", "take over the backup" },
		{ "backup:networks", "create networks that are missing" },
		{ "backup:settings", "restore settings, keys and plugins" },
		{ "backup:volumes", "restore storage folders and volumes" },
		{ "backup:crontab", "write the crontab" },
		{ "backup:end", "remove the unpacked backup" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		if (str_eq(step->kind->name, texts[i].kind))
			strbuf_addstr(out, texts[i].text);
	}
}

static void describe_apps(const struct step *step, struct strbuf *out)
{
	const json_t *apps = json_object_get(step->args, "apps");

	strbuf_addstr(out, str_eq(step->kind->name, "backup:start") ? "start" : "restore");
	for (size_t i = 0; i < json_array_size(apps); i++)
		strbuf_addf(out, " %s", json_string_value(json_array_get(apps, i)));
}

static int run_begin(struct operation *op, struct step *step, struct err *err)
{
	(void)op;
	(void)step;
	(void)err;
	return 0;
}

static int run_networks(struct operation *op, struct step *step, struct err *err)
{
	json_t *networks = NULL;
	int r = load_json(op, "networks.json", &networks, err);

	(void)step;
	if (r >= 0 && json_array_size(networks))
		out_info1("Creating networks");
	if (r >= 0)
		r = goods_make_networks(op->ctx, networks, err);
	json_decref(networks);
	return r;
}

/* --- settings --- */

/* The links tell which ones are enabled, and lead to where this instance has its plugins. */
static int enable_plugins(struct operation *op, const json_t *manifest, struct err *err)
{
	const json_t *list = json_object_get(manifest, "plugins");
	AUTO_FREE char *dir = inst_lib(&op->ctx->inst, "plugins/enabled");
	AUTO_STRVEC restored = STRVEC_INIT;
	AUTO_FREE char *joined = NULL;
	int r = json_array_size(list) ? fs_mkdir_p(dir, 0755, err) : 0;

	for (size_t i = 0; r >= 0 && i < json_array_size(list); i++) {
		const json_t *one = json_array_get(list, i);
		const char *name = json_text(one, "name");
		AUTO_FREE char *target = inst_lib(&op->ctx->inst, "plugins/available/%s", name);
		AUTO_FREE char *link = path_join(dir, name);

		if (!path_is_inside(name) || strchr(name, '/') || !fs_is_dir(target))
			continue;
		strvec_push(&restored, name);
		if (!json_is_true(json_object_get(one, "enabled")) || fs_exists(link))
			continue;
		if (symlink(target, link) < 0 && errno != EEXIST)
			r = err_sys(err, "enable plugin '%s'", name);
	}
	joined = strvec_joined(&restored, " ");
	if (r >= 0 && restored.count) {
		out_verbose("Plugins: %s", joined);
		out_verbose("What they keep outside of Moorage's folders is not in a backup: run");
		out_verbose("their install triggers if they need it (plugn trigger install)");
	}
	return r;
}

static int run_settings(struct operation *op, struct step *step, struct err *err)
{
	json_t *manifest = NULL;
	int r = load_json(op, "manifest.json", &manifest, err);

	(void)step;
	out_info1("Restoring settings");
	if (r >= 0)
		r = places_restore_none(op->ctx, json_text(op->args, "dir"), err);
	if (r >= 0)
		r = enable_plugins(op, manifest, err);
	json_decref(manifest);
	return r;
}

/* --- apps --- */

/* Its lock, while the operation runs: what an interrupted command left there is settled apart. */
static int lock_app(struct operation *op, const char *app, struct err *err)
{
	struct operation *mine = TAKE_PTR(op->ctx->op);
	int r = app_lock(op->ctx, app, APP_LOCK_WAIT, err);

	op->ctx->op = mine;
	return r;
}

static int restore_repository(struct operation *op, const char *app, struct err *err)
{
	AUTO_FREE char *name = xasprintf("apps/%s/repository.bundle", app);
	AUTO_FREE char *bundle = staged(op, name);
	AUTO_FREE char *dir = inst_home(&op->ctx->inst, "%s", app);
	AUTO_CHILD c = CHILD_INIT;
	int r = git_repo_init(op->ctx, app, err);

	if (r < 0 || !fs_is_file(bundle))
		return r;
	git_child(&c, dir);
	strvec_pushl(&c.argv, "fetch", "-q", "--prune", "--update-head-ok", "--no-write-fetch-head",
		bundle, "+refs/*:refs/*", NULL);
	return git_quiet(&c, err);
}

/* Without it the app is built. */
static void restore_image(struct operation *op, const char *app)
{
	AUTO_FREE char *name = xasprintf("apps/%s/image.tar", app);
	AUTO_FREE char *path = staged(op, name);
	AUTO_ERR err = ERR_INIT;

	if (fs_is_file(path) && goods_load_image(op->ctx, app, path, &err) < 0)
		out_warn("The image of %s will be built again: %s", app, err_text(&err));
}

static int restore_app(struct operation *op, const char *app, struct err *err)
{
	int r;

	out_info1("Restoring app %s", app);
	out_flush();
	r = lock_app(op, app, err);
	if (r < 0)
		return r;
	r = places_restore_app(op->ctx, json_text(op->args, "dir"), app, err);
	if (r >= 0)
		r = restore_repository(op, app, err);
	if (r >= 0)
		restore_image(op, app);
	app_unlock(op->ctx, app);
	return r;
}

static int run_restore(struct operation *op, struct step *step, struct err *err)
{
	const json_t *apps = json_object_get(step->args, "apps");
	int r = 0;

	for (size_t i = 0; r >= 0 && i < json_array_size(apps); i++) {
		if (operation_interrupted())
			return err_exit(err, 1);
		r = restore_app(op, json_string_value(json_array_get(apps, i)), err);
	}
	return r;
}

static int run_volumes(struct operation *op, struct step *step, struct err *err)
{
	json_t *manifest = NULL;
	json_t *volume;
	size_t i;
	int r = load_json(op, "manifest.json", &manifest, err);

	(void)step;
	json_array_foreach (json_object_get(manifest, "volumes"), i, volume) {
		AUTO_FREE char *name = xasprintf("volumes/%zu.tar", i);
		AUTO_FREE char *path = staged(op, name);
		AUTO_ERR one = ERR_INIT;

		out_info1("Restoring %s %s", json_text(volume, "kind"), json_text(volume, "name"));
		out_flush();
		if (goods_load_volume(op->ctx, volume, path, &one) < 0)
			out_error(&one);
	}
	json_decref(manifest);
	return r;
}

/* --- starting --- */

/* Our own command, as a process of its own: it has its own lock and journal. */
static int run_self(struct ctx *ctx, const char *command, const char *app, struct err *err)
{
	AUTO_CHILD c = CHILD_INIT;
	struct child_status st;
	int r;

	strvec_pushl(&c.argv, "/proc/self/exe", command, app, NULL);
	strvec_push(&c.env, "MOORAGE_LOCKS");
	out_flush();
	r = child_run(&c, &st, err);
	return r < 0 ? r : child_check(&c, &st, err);
}

static const json_t *facts_of(const json_t *manifest, const char *app)
{
	const json_t *list = json_object_get(manifest, "apps");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *one = json_array_get(list, i);

		if (str_eq(json_text(one, "name"), app))
			return one;
	}
	return NULL;
}

static bool is_set(const json_t *facts, const char *key)
{
	return json_is_true(json_object_get(facts, key));
}

static void start_app(struct operation *op, const json_t *facts, const char *app)
{
	AUTO_FREE char *image = xasprintf("apps/%s/image.tar", app);
	AUTO_FREE char *path = staged(op, image);
	AUTO_ERR err = ERR_INIT;

	if (!is_set(facts, "deployed")) {
		out_verbose("App %s was not deployed", app);
	} else if (is_set(facts, "stopped")) {
		out_verbose("App %s stays stopped; ps:rebuild %s builds and starts it", app, app);
	} else if (run_self(op->ctx, fs_is_file(path) ? "ps:restart" : "ps:rebuild", app, &err) <
		   0) {
		out_warn("App %s does not run: when the cause is mended, use ps:rebuild %s", app,
			app);
		err_clear(&err);
	}
	if (is_set(facts, "locked") && run_self(op->ctx, "apps:lock", app, &err) < 0)
		out_warn("App %s could not be locked", app);
}

static int run_start(struct operation *op, struct step *step, struct err *err)
{
	const json_t *apps = json_object_get(step->args, "apps");
	json_t *manifest = NULL;
	int r = load_json(op, "manifest.json", &manifest, err);

	for (size_t i = 0; r >= 0 && i < json_array_size(apps); i++) {
		const char *app = json_string_value(json_array_get(apps, i));

		if (operation_interrupted())
			r = err_exit(err, 1);
		else
			start_app(op, facts_of(manifest, app), app);
	}
	json_decref(manifest);
	return r;
}

/* --- the end --- */

int backup_crontab(struct ctx *ctx, const char *flag, const struct strbuf *in, struct strbuf *out,
	struct err *err)
{
	AUTO_STRBUF said = STRBUF_CAPPED(4096);
	AUTO_CHILD c = CHILD_INIT;
	struct child_status st;
	int r;

	if (!*ctx->inst.crontab_bin || !fs_is_exec(ctx->inst.crontab_bin))
		return 0;
	strvec_pushl(&c.argv, ctx->inst.crontab_bin, "-u", ctx->inst.user, flag, NULL);
	c.timeout_ms = CRONTAB_TIMEOUT_MS;
	r = child_capture(&c, in, out, &said, &st, err);
	return r < 0 ? r : st.code == 0;
}

/* Apps' tasks are written by what knows them; where there are none, the old table is put back. */
static int run_crontab(struct operation *op, struct step *step, struct err *err)
{
	AUTO_FREE char *path = staged(op, "crontab");
	AUTO_STRBUF old = STRBUF_INIT;
	AUTO_STRBUF now = STRBUF_CAPPED(CRONTAB_MAX);
	AUTO_ERR one = ERR_INIT;
	int r;

	(void)step;
	if (cron_write(op->ctx, "", NULL, &one) < 0) {
		out_error(&one);
		err_clear(&one);
	}
	r = fs_read_optional(path, CRONTAB_MAX, &old, err);
	if (r <= 0)
		return r;
	if (backup_crontab(op->ctx, "-l", NULL, &now, &one) > 0 && now.len)
		return 0;
	err_clear(&one);
	if (backup_crontab(op->ctx, "-", &old, &now, &one) <= 0)
		out_warn("The crontab could not be written");
	return 0;
}

static int run_end(struct operation *op, struct step *step, struct err *err)
{
	AUTO_FREE char *root = inst_lib(&op->ctx->inst, "data/moorage/import");

	(void)step;
	/* Before the only other copy of it goes. */
	sync();
	return fs_rm_rf(root, err);
}

const struct step_kind backup_steps[] = {
	{ "backup:begin", STEP_COMMIT | STEP_QUIET, describe_text, run_begin, NULL },
	{ "backup:networks", 0, describe_text, run_networks, NULL },
	{ "backup:settings", 0, describe_text, run_settings, NULL },
	{ "backup:restore", 0, describe_apps, run_restore, NULL },
	{ "backup:volumes", 0, describe_text, run_volumes, NULL },
	{ "backup:start", 0, describe_apps, run_start, NULL },
	{ "backup:crontab", 0, describe_text, run_crontab, NULL },
	{ "backup:end", STEP_QUIET, describe_text, run_end, NULL },
	{},
};

const struct step_kind *backup_step(const char *name)
{
	const struct step_kind *kind = backup_steps;

	while (kind->name && !str_eq(kind->name, name))
		kind++;
	return kind;
}
