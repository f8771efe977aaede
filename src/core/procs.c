/* SPDX-License-Identifier: MIT */
#include "core/procs.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/parse.h"
#include "core/app_env.h"
#include "core/staged.h"
#include "core/state.h"
#include "lib/procfile/procfile.h"

enum { COUNT_MAX = 1000 };

#define IMAGE_TYPES "image-types"

/* --- the value --- */

void scale_done(struct scale *s)
{
	for (size_t i = 0; i < s->count; i++)
		free(s->items[i].name);
	free(s->items);
	*s = (struct scale)SCALE_INIT;
}

const struct proc_count *scale_find(const struct scale *s, const char *name)
{
	for (size_t i = 0; i < s->count; i++) {
		if (str_eq(s->items[i].name, name))
			return &s->items[i];
	}
	return NULL;
}

void scale_put(struct scale *s, const char *name, unsigned count)
{
	for (size_t i = 0; i < s->count; i++) {
		if (str_eq(s->items[i].name, name)) {
			s->items[i].count = count;
			return;
		}
	}
	s->items = xreallocarray(s->items, s->count + 1, sizeof(*s->items));
	s->items[s->count++] = (struct proc_count){ xstrdup(name), count };
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct proc_count *)a)->name, ((const struct proc_count *)b)->name);
}

bool proc_name_valid(const char *name)
{
	return procfile_name_valid(name);
}

static int parse_word(const char *word, struct scale *ret, struct err *err)
{
	const char *eq = strchr(word, '=');
	AUTO_STRBUF name = STRBUF_INIT;
	AUTO_STRBUF number = STRBUF_INIT;
	AUTO_ERR ignored = ERR_INIT;
	uint64_t count;

	if (!eq)
		return err_set(err, ERR_USAGE, "Missing count for process type %s", word);
	strbuf_add(&name, word, (size_t)(eq - word));
	strbuf_addstr(&number, eq + 1);
	strbuf_trim(&name);
	strbuf_trim(&number);
	if (parse_uint(number.buf, 0, COUNT_MAX, &count, &ignored) < 0)
		return err_set(err, ERR_USAGE, "Invalid count for process type %s", name.buf);
	if (!proc_name_valid(name.buf))
		return err_set(err, ERR_USAGE, "Invalid process type %s", name.buf);
	if (!scale_find(ret, name.buf))
		scale_put(ret, name.buf, (unsigned)count);
	return 0;
}

int scale_parse(const struct strvec *words, struct scale *ret, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < words->count; i++)
		r = parse_word(words->items[i], ret, err);
	return r;
}

/* --- as stored --- */

static char *legacy_path(struct ctx *ctx, const char *app)
{
	return inst_home(&ctx->inst, "%s/DOKKU_SCALE", app);
}

/* Lines of a state file; comments only in the legacy one. */
static int parse_lines(const char *text, struct scale *ret, struct err *err)
{
	AUTO_STRVEC lines = STRVEC_INIT;
	int r = 0;

	strvec_split(&lines, text, "\r\n");
	for (size_t i = 0; r >= 0 && i < lines.count; i++) {
		if (lines.items[i][0] != '#')
			r = parse_word(lines.items[i], ret, err);
	}
	return r;
}

/* 1 when there is such a list. */
static int load_list(struct ctx *ctx, const char *app, const char *name, struct scale *ret,
	struct err *err)
{
	AUTO_STRBUF text = STRBUF_INIT;
	int r = state_get(ctx, "ps", app, name, &text, err);

	if (r <= 0)
		return r;
	r = parse_lines(text.buf, ret, err);
	return r < 0 ? err_wrap(err, "read the %s of '%s'", name, app) : 1;
}

static int load_legacy(struct ctx *ctx, const char *app, struct scale *ret, struct err *err)
{
	AUTO_FREE char *path = legacy_path(ctx, app);
	AUTO_STRBUF text = STRBUF_INIT;
	int r = fs_read_optional(path, STATE_FILE_MAX, &text, err);

	if (r <= 0)
		return r;
	r = parse_lines(text.buf, ret, err);
	return r < 0 ? err_wrap(err, "read '%s'", path) : 1;
}

int procs_scale(struct ctx *ctx, const char *app, struct scale *ret, struct err *err)
{
	int r = load_list(ctx, app, "scale", ret, err);

	if (r == 0)
		r = load_legacy(ctx, app, ret, err);
	if (r == 0)
		scale_put(ret, "web", 1);
	return r < 0 ? r : 0;
}

int procs_formation(struct ctx *ctx, const char *app, struct scale *ret, struct err *err)
{
	AUTO_SCALE old = SCALE_INIT;
	int r = procs_scale(ctx, app, ret, err);

	if (r >= 0)
		r = load_list(ctx, app, "scale.old", &old, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < old.count; i++) {
		if (!scale_find(ret, old.items[i].name))
			scale_put(ret, old.items[i].name, old.items[i].count);
	}
	if (ret->count)
		qsort(ret->items, ret->count, sizeof(*ret->items), by_name);
	return 0;
}

static void to_lines(const struct scale *scale, struct strbuf *out)
{
	for (size_t i = 0; i < scale->count; i++)
		strbuf_addf(out, "%s=%u\n", scale->items[i].name, scale->items[i].count);
}

/* An empty scale is a file too: without one an app has web=1. */
int procs_set_scale(struct ctx *ctx, const char *app, const struct scale *scale, struct err *err)
{
	AUTO_FREE char *legacy = legacy_path(ctx, app);
	AUTO_FREE char *extracted = xasprintf("%s.extracted", legacy);
	AUTO_STRBUF text = STRBUF_INIT;
	int r;

	to_lines(scale, &text);
	r = state_set(ctx, "ps", app, "scale", text.buf, err);
	if (r >= 0 && fs_exists(legacy))
		r = fs_unlink(legacy, err);
	if (r >= 0 && fs_exists(extracted))
		r = fs_unlink(extracted, err);
	return r;
}

static int set_old(struct ctx *ctx, const char *app, const struct scale *old, struct err *err)
{
	AUTO_STRBUF text = STRBUF_INIT;

	if (!old->count)
		return state_unset(ctx, "ps", app, "scale.old", err);
	to_lines(old, &text);
	return state_set(ctx, "ps", app, "scale.old", text.buf, err);
}

int procs_forget_old(struct ctx *ctx, const char *app, struct err *err)
{
	return state_unset(ctx, "ps", app, "scale.old", err);
}

int procs_scale_save(struct ctx *ctx, const char *app, json_t **ret, struct err *err)
{
	AUTO_SCALE now = SCALE_INIT;
	AUTO_SCALE old = SCALE_INIT;
	AUTO_STRBUF now_text = STRBUF_INIT;
	AUTO_STRBUF old_text = STRBUF_INIT;
	AUTO_STRBUF types = STRBUF_INIT;
	int r = procs_scale(ctx, app, &now, err);

	if (r >= 0)
		r = load_list(ctx, app, "scale.old", &old, err);
	if (r >= 0)
		r = state_get(ctx, "ps", app, IMAGE_TYPES, &types, err);
	if (r < 0)
		return r;
	to_lines(&now, &now_text);
	to_lines(&old, &old_text);
	*ret = json_pack("{s:s, s:s, s:s}", "scale", now_text.buf, "old", old_text.buf, "types",
		types.buf);
	return 0;
}

static int restore_one(const json_t *saved, const char *key, struct scale *ret, struct err *err)
{
	const char *text = json_string_value(json_object_get(saved, key));

	return text ? parse_lines(text, ret, err) : 0;
}

int procs_scale_restore(struct ctx *ctx, const char *app, const json_t *saved, struct err *err)
{
	AUTO_SCALE now = SCALE_INIT;
	AUTO_SCALE old = SCALE_INIT;
	AUTO_STRVEC types = STRVEC_INIT;
	const char *text = json_string_value(json_object_get(saved, "types"));
	int r = restore_one(saved, "scale", &now, err);

	if (r >= 0)
		r = restore_one(saved, "old", &old, err);
	if (r >= 0)
		r = procs_set_scale(ctx, app, &now, err);
	if (r >= 0 && text) {
		strvec_split_lines(&types, text);
		r = procs_set_image_types(ctx, app, &types, err);
	}
	return r < 0 ? r : set_old(ctx, app, &old, err);
}

bool procs_can_scale(struct ctx *ctx, const char *app)
{
	AUTO_FREE char *value = state_get_or(ctx, "ps", app, "can-scale", "true");

	return str_eq(value, "true");
}

/* --- the Procfile --- */

static int load_procfile(struct ctx *ctx, const char *app, struct procfile *ret, struct err *err)
{
	AUTO_STRBUF text = STRBUF_INIT;
	int r = staged_read(ctx, app, STAGED_PROCFILE, &text, err);

	if (r <= 0)
		return r;
	r = procfile_parse(text.buf, text.len, ret, err);
	return r < 0 ? err_wrap(err, "read the Procfile of '%s'", app) : 1;
}

int procs_set_image_types(struct ctx *ctx, const char *app, const struct strvec *types,
	struct err *err)
{
	return state_set_list(ctx, "ps", app, IMAGE_TYPES, types, err);
}

int procs_types(struct ctx *ctx, const char *app, struct strvec *ret, struct err *err)
{
	AUTO_PROCFILE file = PROCFILE_INIT;
	AUTO_STRVEC types = STRVEC_INIT;
	int r = load_procfile(ctx, app, &file, err);

	for (size_t i = 0; r > 0 && i < file.count; i++)
		strvec_push(ret, file.entries[i].name);
	if (r != 0)
		return r;
	r = state_get_list(ctx, "ps", app, IMAGE_TYPES, &types, err);
	strvec_pushv(ret, types.items);
	return r < 0 ? r : types.count > 0;
}

int procs_command(struct ctx *ctx, const char *app, const char *proc, const char *port,
	struct strbuf *out, struct err *err)
{
	AUTO_PROCFILE file = PROCFILE_INIT;
	AUTO_ENV env = ENV_INIT;
	const struct procfile_entry *entry;
	uint64_t number = 5000;
	int r = load_procfile(ctx, app, &file, err);

	if (r <= 0)
		return r;
	entry = procfile_find(&file, proc);
	if (!entry)
		return 0;
	if (port && *port) {
		r = parse_uint(port, 1, 65535, &number, err);
		if (r < 0)
			return r;
	}
	r = app_env_merged(ctx, app, &env, err);
	if (r >= 0)
		r = procfile_expand(entry, &env, (unsigned)number, out, err);
	return r < 0 ? r : 1;
}

/* --- changes --- */

static int check_types(const struct scale *changes, const struct strvec *types, struct err *err)
{
	for (size_t i = 0; i < changes->count; i++) {
		const struct proc_count *p = &changes->items[i];

		if (p->count && !strvec_has(types, p->name))
			return err_set(err, ERR_INVALID,
				"%s is not a valid process name to scale up", p->name);
	}
	return 0;
}

int procs_check_scale(struct ctx *ctx, const char *app, const struct scale *changes,
	struct err *err)
{
	AUTO_STRVEC types = STRVEC_INIT;
	int r = procs_types(ctx, app, &types, err);

	return r > 0 ? check_types(changes, &types, err) : r;
}

/* Dokku's order: what was changed, then the rest as it was, then new types. */
static void merge(const struct scale *changes, const struct scale *now, const struct strvec *types,
	struct scale *ret)
{
	for (size_t i = 0; changes && i < changes->count; i++)
		scale_put(ret, changes->items[i].name, changes->items[i].count);
	for (size_t i = 0; i < now->count; i++) {
		if (!scale_find(ret, now->items[i].name))
			scale_put(ret, now->items[i].name, now->items[i].count);
	}
	for (size_t i = 0; i < types->count; i++) {
		if (!scale_find(ret, types->items[i]))
			scale_put(ret, types->items[i], 0);
	}
}

/* Types at 0 that the Procfile (without one: everything) lacks are only remembered. */
static int write_sorted(struct ctx *ctx, const char *app, const struct scale *all,
	const struct strvec *types, struct err *err)
{
	AUTO_SCALE keep = SCALE_INIT;
	AUTO_SCALE old = SCALE_INIT;
	int r;

	for (size_t i = 0; i < all->count; i++) {
		const struct proc_count *p = &all->items[i];

		scale_put(p->count || strvec_has(types, p->name) ? &keep : &old, p->name, p->count);
	}
	r = set_old(ctx, app, &old, err);
	return r < 0 ? r : procs_set_scale(ctx, app, &keep, err);
}

int procs_update_scale(struct ctx *ctx, const char *app, const struct scale *changes, bool clear,
	struct err *err)
{
	AUTO_STRVEC types = STRVEC_INIT;
	AUTO_SCALE now = SCALE_INIT;
	AUTO_SCALE all = SCALE_INIT;
	int r = procs_types(ctx, app, &types, err);

	if (r > 0 && changes)
		r = check_types(changes, &types, err);
	if (r >= 0 && !clear)
		r = procs_scale(ctx, app, &now, err);
	if (r < 0)
		return r;
	merge(changes, &now, &types, &all);
	return write_sorted(ctx, app, &all, &types, err);
}

int procs_sync_scale(struct ctx *ctx, const char *app, struct err *err)
{
	return procs_update_scale(ctx, app, NULL, false, err);
}

int procs_setup(struct ctx *ctx, const char *app, struct err *err)
{
	AUTO_FREE char *dir = NULL;
	int r = state_make_data_dir(ctx, "ps", app, &dir, err);

	return r < 0 ? r : procs_sync_scale(ctx, app, err);
}
