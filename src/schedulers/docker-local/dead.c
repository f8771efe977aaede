/* SPDX-License-Identifier: MIT */
/*
 * What waits for removal: the files dead-containers and dead-images, lines "<app> <id> <epoch>",
 * and failed-containers of each app. Several apps write the first two, so a lock guards them.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/lock.h"
#include "base/parse.h"
#include "base/timing.h"
#include "core/output.h"
#include "core/registry.h"
#include "core/state.h"
#include "lib/engine/images.h"
#include "schedulers/docker-local/driver.h"

enum { LOCK_WAIT_MS = 30 * 1000, DEAD_MODE = 0644 };

struct dead {
	char *app;
	char *id;
	int64_t due;
};

/* --- the files --- */

static char *data_path(struct ctx *ctx, const char *name)
{
	return inst_lib(&ctx->inst, "data/" PLUGIN "/%s", name);
}

static int take_lock(struct ctx *ctx, struct err *err)
{
	AUTO_FREE char *dir = inst_lib(&ctx->inst, "data/" PLUGIN);
	AUTO_FREE char *path = data_path(ctx, ".dead.lock");
	int r = fs_mkdir_p(dir, 0755, err);

	return r < 0 ? r : lock_take(path, "dead containers", LOCK_WAIT_MS, err);
}

static int load_lines(struct ctx *ctx, const char *name, struct strvec *ret, struct err *err)
{
	AUTO_FREE char *path = data_path(ctx, name);
	AUTO_STRBUF text = STRBUF_INIT;
	int r = fs_read_optional(path, STATE_FILE_MAX, &text, err);

	if (r > 0)
		strvec_split_lines(ret, text.buf);
	return r < 0 ? r : 0;
}

static int save_lines(struct ctx *ctx, const char *name, const struct strvec *lines,
	struct err *err)
{
	AUTO_FREE char *path = data_path(ctx, name);
	AUTO_STRBUF text = STRBUF_INIT;

	strvec_join(lines, "\n", &text);
	if (lines->count)
		strbuf_addch(&text, '\n');
	return fs_write_str(path, text.buf, DEAD_MODE, err);
}

static bool split_line(const char *line, struct strvec *fields, int64_t *ret_due)
{
	AUTO_ERR ignored = ERR_INIT;

	strvec_split(fields, line, " \t\r");
	return fields->count == 3 &&
	       parse_int(fields->items[2], 0, INT64_MAX, ret_due, &ignored) >= 0;
}

static bool has_id(const struct strvec *lines, const char *id)
{
	for (size_t i = 0; i < lines->count; i++) {
		AUTO_STRVEC fields = STRVEC_INIT;
		int64_t due;

		if (split_line(lines->items[i], &fields, &due) && str_eq(fields.items[1], id))
			return true;
	}
	return false;
}

static int add_line(struct ctx *ctx, const char *name, const char *app, const char *id,
	uint64_t wait_s, struct err *err)
{
	AUTO_STRVEC lines = STRVEC_INIT;
	AUTO_CLOSE int lock = take_lock(ctx, err);
	int r = lock < 0 ? lock : load_lines(ctx, name, &lines, err);

	if (r < 0 || has_id(&lines, id))
		return r;
	strvec_pushf(&lines, "%s %s %lld", app, id, (long long)(wall_seconds() + (int64_t)wait_s));
	return save_lines(ctx, name, &lines, err);
}

/* Drops the lines of APP (NULL: of any) with ID (NULL: any). */
static int drop_lines(struct ctx *ctx, const char *name, const char *app, const char *id,
	struct err *err)
{
	AUTO_STRVEC lines = STRVEC_INIT;
	AUTO_STRVEC kept = STRVEC_INIT;
	AUTO_CLOSE int lock = take_lock(ctx, err);
	int r = lock < 0 ? lock : load_lines(ctx, name, &lines, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < lines.count; i++) {
		AUTO_STRVEC fields = STRVEC_INIT;
		int64_t due;

		if (split_line(lines.items[i], &fields, &due) &&
			(!app || str_eq(fields.items[0], app)) &&
			(!id || str_eq(fields.items[1], id)))
			continue;
		strvec_push(&kept, lines.items[i]);
	}
	return kept.count == lines.count ? 0 : save_lines(ctx, name, &kept, err);
}

/* --- registering --- */

static const char *bare_id(const char *id)
{
	const char *rest = str_after(id, "sha256:");

	return rest ? rest : id;
}

/* Does a container of the app that does not wait for removal run this image? */
static int image_in_use(struct ctx *ctx, const char *app, const char *image, struct err *err)
{
	AUTO_STRVEC dead = STRVEC_INIT;
	json_t *list = NULL;
	int used = 0;
	int r = load_lines(ctx, "dead-containers", &dead, err);

	if (r >= 0)
		r = list_ours(ctx, app, NULL, false, &list, err);
	for (size_t i = 0; r >= 0 && i < json_array_size(list); i++) {
		const json_t *item = json_array_get(list, i);
		const char *id = json_string_value(json_object_get(item, "Id"));
		const char *of = json_string_value(json_object_get(item, "ImageID"));

		if (id && of && str_eq(bare_id(of), image) && !has_id(&dead, id))
			used = 1;
	}
	json_decref(list);
	return r < 0 ? r : used;
}

int dead_register(struct ctx *ctx, const char *app, const char *id, uint64_t wait_s,
	struct err *err)
{
	AUTO_FREE char *image = NULL;
	json_t *inspected = NULL;
	int r = container_look(ctx, id, &inspected, err);
	const char *of = json_string_value(json_object_get(inspected, "Image"));

	image = xstrdup(of ? bare_id(of) : "");
	json_decref(inspected);
	if (r <= 0)
		return r;
	r = add_line(ctx, "dead-containers", app, id, wait_s, err);
	if (r < 0 || !*image)
		return r;
	r = image_in_use(ctx, app, image, err);
	return r == 0 ? add_line(ctx, "dead-images", app, image, wait_s, err) : r < 0 ? r : 0;
}

int dead_forget_app(struct ctx *ctx, const char *app, struct err *err)
{
	int r = drop_lines(ctx, "dead-containers", app, NULL, err);

	return r < 0 ? r : drop_lines(ctx, "dead-images", app, NULL, err);
}

/* --- removing what is due --- */

static int retire_container(struct ctx *ctx, const char *app, const char *id, struct err *err)
{
	json_t *inspected = NULL;
	bool running;
	int r;

	out_verbose_quiet("Attempting to retire %s container %s", app, id);
	r = container_look(ctx, id, &inspected, err);
	if (r <= 0)
		return r;
	running = container_is_running(inspected);
	json_decref(inspected);
	r = 0;
	if (running)
		r = container_stop(ctx, id, setting_stop_timeout(ctx, app), err);
	return r < 0 ? r : container_remove(ctx, id, false, err);
}

/* 1: done with it, 0: it must stay a while. */
static int retire_image(struct ctx *ctx, const char *app, const char *id, struct err *err)
{
	AUTO_ERR why = ERR_INIT;
	int used = image_in_use(ctx, app, id, err);
	int r;

	if (used < 0)
		return used;
	if (used) {
		out_warn("Image %s is still in use by %s, removing from retire list", id, app);
		return 1;
	}
	out_verbose_quiet("Attempting to retire %s image %s", app, id);
	r = engine_image_remove(ctx_engine(ctx), id, false, false, &why);
	if (r == -ERR_EXISTS && registry_untag_old(ctx, app, id, err) > 0) {
		err_clear(&why);
		r = engine_image_remove(ctx_engine(ctx), id, false, false, &why);
	}
	if (r >= 0 || r == -ERR_NOT_FOUND)
		return 1;
	if (r != -ERR_EXISTS)
		return err_set(err, why.kind, "%s", why.msg.buf);
	out_warn("Image %s cannot be removed yet: %s", id, err_text(&why));
	return 0;
}

typedef int (*retire_fn)(struct ctx *ctx, const char *app, const char *id, struct err *err);

static int container_done(struct ctx *ctx, const char *app, const char *id, struct err *err)
{
	int r = retire_container(ctx, app, id, err);

	return r < 0 ? r : 1;
}

/* One line at a time: a kill in the middle leaves the rest for the next run. */
static int retire_file(struct ctx *ctx, const char *name, const char *only_app, retire_fn retire,
	struct err *err)
{
	AUTO_STRVEC lines = STRVEC_INIT;
	int r = load_lines(ctx, name, &lines, err);

	for (size_t i = 0; r >= 0 && i < lines.count; i++) {
		AUTO_STRVEC f = STRVEC_INIT;
		AUTO_ERR why = ERR_INIT;
		int64_t due;
		int done;

		if (!split_line(lines.items[i], &f, &due) || wall_seconds() <= due ||
			(only_app && !str_eq(f.items[0], only_app)))
			continue;
		done = retire(ctx, f.items[0], f.items[1], &why);
		if (done < 0)
			out_error(&why); /* the next run tries again */
		else if (done)
			r = drop_lines(ctx, name, NULL, f.items[1], err);
	}
	return r;
}

int dead_retire(struct ctx *ctx, const char *app, struct err *err)
{
	int r = retire_file(ctx, "dead-containers", app, container_done, err);

	return r < 0 ? r : retire_file(ctx, "dead-images", app, retire_image, err);
}

/* --- failed containers --- */

static char *failed_path(struct ctx *ctx, const char *app)
{
	return inst_lib(&ctx->inst, "data/" PLUGIN "/%s/failed-containers", app);
}

int failed_load(struct ctx *ctx, const char *app, struct strvec *ret, struct err *err)
{
	AUTO_FREE char *path = failed_path(ctx, app);
	AUTO_STRBUF text = STRBUF_INIT;
	int r = fs_read_optional(path, STATE_FILE_MAX, &text, err);

	if (r > 0)
		strvec_split_lines(ret, text.buf);
	return r < 0 ? r : 0;
}

int failed_save(struct ctx *ctx, const char *app, const struct strvec *lines, struct err *err)
{
	AUTO_FREE char *path = failed_path(ctx, app);
	AUTO_STRBUF text = STRBUF_INIT;

	if (!lines->count)
		return fs_exists(path) ? fs_unlink(path, err) : 0;
	strvec_join(lines, "\n", &text);
	strbuf_addch(&text, '\n');
	return fs_write_str(path, text.buf, DEAD_MODE, err);
}

int failed_clear(struct ctx *ctx, const char *app, struct err *err)
{
	AUTO_STRVEC none = STRVEC_INIT;

	return failed_save(ctx, app, &none, err);
}

static bool is_line_of(const char *line, const char *id)
{
	const char *rest = str_after(line, id);

	return rest && (!*rest || *rest == ' ');
}

int failed_has(struct ctx *ctx, const char *app, const char *id, struct err *err)
{
	AUTO_STRVEC lines = STRVEC_INIT;
	int r = failed_load(ctx, app, &lines, err);

	for (size_t i = 0; r >= 0 && i < lines.count; i++) {
		if (is_line_of(lines.items[i], id))
			return 1;
	}
	return r;
}

int failed_add(struct ctx *ctx, const char *app, const char *id, const char *unit, struct err *err)
{
	AUTO_STRVEC lines = STRVEC_INIT;
	int r = failed_has(ctx, app, id, err);

	if (r != 0)
		return r < 0 ? r : 0;
	r = failed_load(ctx, app, &lines, err);
	strvec_pushf(&lines, "%s %s", id, unit);
	return r < 0 ? r : failed_save(ctx, app, &lines, err);
}
