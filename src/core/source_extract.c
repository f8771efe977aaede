/* SPDX-License-Identifier: MIT */
/* The files of the source that settings are read from. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/appjson.h"
#include "core/builder.h"
#include "core/cron.h"
#include "core/proxy.h"
#include "core/source.h"
#include "core/source_file.h"
#include "core/source_image.h"
#include "core/staged.h"
#include "core/state.h"
#include "core/trigger.h"
#include "lib/jsonc/jsonc.h"
#include "lib/procfile/procfile.h"

struct setting_file {
	enum staged_kind kind;
	const char *name;   /* where builders and plugins look for it */
	const char *plugin; /* property that names another path; NULL: there is none */
	const char *property;
	int (*check)(const char *text, size_t len, struct err *err);
};

/* --- checks --- */

static int check_procfile(const char *text, size_t len, struct err *err)
{
	AUTO_PROCFILE file = PROCFILE_INIT;

	return procfile_parse(text, len, &file, err);
}

static int check_env(json_t *app_json, struct err *err)
{
	const char *name;
	json_t *entry;

	json_object_foreach (jsonc_get(app_json, "env"), name, entry) {
		AUTO_APPJSON_VAR v = APPJSON_VAR_INIT;
		int r = appjson_var_read(entry, &v, err);

		if (r < 0)
			return err_wrap(err, "env.%.100s", name);
	}
	return 0;
}

/* All that a later step would refuse is refused here, before anything was built. */
static int check_app_json(const char *text, size_t len, struct err *err)
{
	AUTO_SCALE scale = SCALE_INIT;
	json_t *value = NULL;
	int r;

	if (jsonc_blank(text, len))
		return 0;
	r = jsonc_parse(text, len, &value, err);
	if (r >= 0 && !json_is_object(value))
		r = err_set(err, ERR_INVALID, "it holds %s where an object is expected",
			jsonc_type_name(value));
	if (r >= 0)
		r = appjson_formation(value, &scale, err);
	if (r >= 0)
		r = check_env(value, err);
	json_decref(value);
	return r;
}

static const struct setting_file files[] = {
	{ STAGED_APP_JSON, "app.json", "app-json", "appjson-path", check_app_json },
	{ STAGED_PROCFILE, "Procfile", "ps", "procfile-path", check_procfile },
	{ STAGED_CHECKS, "CHECKS", NULL, NULL, NULL },
	{ STAGED_NGINX_CONF, "nginx.conf.sigil", "nginx", "nginx-conf-sigil-path", NULL },
};

/* --- build-dir --- */

/* Without slashes at its ends. */
static char *trimmed(char *path)
{
	size_t start = strspn(path, "/");
	size_t len = strlen(path + start);

	while (len && path[start + len - 1] == '/')
		len--;
	return xstrndup(path + start, len);
}

static char *path_setting(struct ctx *ctx, const char *plugin, const char *app, const char *name,
	const char *fallback)
{
	AUTO_FREE char *value = state_computed(ctx, plugin, app, name, fallback);

	return trimmed(value);
}

/* Makes the folder SUB of DIR the new DIR. */
static int move_root(const char *dir, const char *sub, struct err *err)
{
	AUTO_FREE char *aside = xasprintf("%s.root", dir);
	AUTO_FREE char *by_fd = NULL;
	AUTO_FREE char *real = NULL;
	AUTO_CLOSE int fd = source_open_dir(dir, sub, err);
	int r;

	if (fd < 0) {
		err_user(err, ERR_INVALID, 1,
			"Specified build-dir not found in sourcecode working directory: %s", sub);
		return -(int)err->kind;
	}
	by_fd = xasprintf("/proc/self/fd/%d", fd);
	real = realpath(by_fd, NULL);
	if (!real || rename(real, aside) < 0)
		return err_sys(err, "move build-dir '%s'", sub);
	r = fs_rm_rf(dir, err);
	if (r >= 0 && rename(aside, dir) < 0)
		r = err_sys(err, "move build-dir '%s'", sub);
	return r;
}

/* --- staging --- */

/* Where another path is set, builders still find the file under its usual name, and only that. */
static int put_in_place(const char *dir, const struct setting_file *f, const char *text,
	struct err *err)
{
	AUTO_FREE char *path = path_join(dir, f->name);
	int r = fs_unlink(path, err);

	return r < 0 || !text ? r : fs_write_str(path, text, 0644, err);
}

static int stage_content(struct ctx *ctx, const char *app, const char *dir,
	const struct setting_file *f, const char *path, struct err *err)
{
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_FREE char *by_fd = NULL;
	AUTO_CLOSE int fd = source_open(dir, path, err);
	int r;

	if (fd < 0)
		return fd;
	by_fd = xasprintf("/proc/self/fd/%d", fd);
	r = fs_read(by_fd, STATE_FILE_MAX, &text, err);
	if (r >= 0 && memchr(text.buf, '\0', text.len))
		r = err_set(err, ERR_INVALID, "it holds a NUL byte");
	if (r >= 0 && f->check)
		r = f->check(text.buf, text.len, err);
	if (r < 0)
		return r;
	r = staged_put(ctx, app, f->kind, by_fd, err);
	if (r >= 0 && !str_eq(path, f->name))
		r = put_in_place(dir, f, text.buf, err);
	return r;
}

static int stage_missing(struct ctx *ctx, const char *app, const char *dir,
	const struct setting_file *f, const char *path, struct err *err)
{
	int r = staged_put(ctx, app, f->kind, NULL, err);

	return r < 0 || str_eq(path, f->name) ? r : put_in_place(dir, f, NULL, err);
}

static char *setting_path(struct ctx *ctx, const char *app, const struct setting_file *f)
{
	return f->plugin ? path_setting(ctx, f->plugin, app, f->property, f->name)
			 : xstrdup(f->name);
}

static int stage_file(struct ctx *ctx, const char *app, const char *dir,
	const struct setting_file *f, struct err *err)
{
	AUTO_FREE char *path = setting_path(ctx, app, f);
	int r = stage_content(ctx, app, dir, f, path, err);

	if (r == -ERR_NOT_FOUND) {
		err_clear(err);
		return stage_missing(ctx, app, dir, f, path, err);
	}
	if (r < 0) {
		AUTO_FREE char *why = xstrdup(err->msg.buf);

		err_user(err, ERR_INVALID, 0, "%s of the source cannot be used: %s", path, why);
	}
	return r;
}

static int check_cron(struct ctx *ctx, const char *app, struct err *err)
{
	json_t *app_json = NULL;
	int r = appjson_load(ctx, app, &app_json, err);

	if (r < 0)
		return r;
	r = cron_check(ctx, app, app_json, err);
	json_decref(app_json);
	return r;
}

static int check_with_others(struct ctx *ctx, const char *app, struct err *err)
{
	AUTO_FREE char *app_json = staged_path(ctx, app, STAGED_APP_JSON);
	const struct proxy *proxy = NULL;
	int r = check_cron(ctx, app, err);

	if (r >= 0 && app_json)
		r = trigger_fire(ctx, err, "app-json-is-valid", app, app_json, NULL);
	if (r >= 0)
		r = proxy_of(ctx, app, &proxy, err);
	return r < 0 || !proxy ? r : proxy->validate(ctx, app, err);
}

static int prepare_builders(struct ctx *ctx, const char *app, const char *dir, struct err *err)
{
	int r = 0;

	for (const struct builder *const *b = builders; r >= 0 && *b; b++)
		r = builder_prepare(*b, ctx, app, dir, err);
	return r;
}

/* An app that was made from an image has its files there, not in the source. */
static int fetch_from_image(struct operation *op, const char *app, const char *image,
	const char *build_dir, const char *to, struct err *err)
{
	AUTO_STRVEC paths = STRVEC_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		const struct setting_file *f = &files[i];
		AUTO_FREE char *path = setting_path(op->ctx, app, f);

		strvec_push(&paths, path);
	}
	source_include_paths(&paths);
	return source_from_image(op, app, image, build_dir, &paths, to, err);
}

/* The buildpacks plugin has its place among the others. */
static int run_post_extract(struct ctx *ctx, const char *app, const char *dir, const char *rev,
	struct err *err)
{
	AUTO_STRVEC args = STRVEC_INIT;

	strvec_pushl(&args, app, dir, rev, NULL);
	return trigger_run_all(ctx, "post-extract", &args, err);
}

int source_extract(struct operation *op, struct step *step, struct err *err)
{
	struct ctx *ctx = op->ctx;
	const char *app = step_arg(step, "app");
	const char *dir = step_arg(step, "dir");
	const char *rev = step_arg(step, "rev");
	AUTO_FREE char *build_dir = path_setting(ctx, "builder", app, "build-dir", "");
	AUTO_FREE char *image = state_get_or(ctx, "git", app, "source-image", "");
	AUTO_FREE char *from = *image ? xasprintf("%s.image", dir) : xstrdup(dir);
	int r = *build_dir ? move_root(dir, build_dir, err) : 0;

	if (r >= 0 && *image)
		r = fetch_from_image(op, app, image, build_dir, from, err);
	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(files); i++)
		r = stage_file(ctx, app, from, &files[i], err);
	if (r >= 0)
		r = source_stage_includes(ctx, app, from, err);
	if (r >= 0)
		r = prepare_builders(ctx, app, dir, err);
	if (r >= 0)
		r = check_with_others(ctx, app, err);
	if (r >= 0)
		r = state_unset(ctx, "app-json", app, "appjson-env-processed", err);
	if (r >= 0)
		r = trigger_fire(ctx, err, "core-post-extract", app, dir, rev, NULL);
	return r < 0 ? r : run_post_extract(ctx, app, dir, rev, err);
}

int source_unextract(struct operation *op, struct step *step, struct err *err)
{
	const char *app = step_arg(step, "app");
	AUTO_FREE char *image = state_get_or(op->ctx, "git", app, "source-image", "");
	int r = staged_discard(op->ctx, app, step_arg(step, "pid"), err);

	return r < 0 || !*image ? r : source_forget_image(op, app, err);
}
