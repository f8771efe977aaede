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

bool proc_name_valid(const char *name)
{
	return procfile_name_valid(name);
}

static int put_line(struct scale *s, const char *line, struct err *err)
{
	const char *eq = strchr(line, '=');
	AUTO_FREE char *name = NULL;
	uint64_t count;
	int r;

	if (!eq)
		return err_set(err, ERR_INVALID, "the stored scale has a bad line '%.100s'", line);
	name = xstrndup(line, (size_t)(eq - line));
	r = parse_uint(eq + 1, 0, COUNT_MAX, &count, err);
	if (r < 0)
		return err_wrap(err, "read the stored scale");
	scale_put(s, name, (unsigned)count);
	return 0;
}

static int load_list(struct ctx *ctx, const char *app, const char *name, struct scale *ret,
	struct err *err)
{
	AUTO_STRVEC lines = STRVEC_INIT;
	int r = state_get_list(ctx, "ps", app, name, &lines, err);

	for (size_t i = 0; r >= 0 && i < lines.count; i++)
		r = put_line(ret, lines.items[i], err);
	return r;
}

int procs_scale(struct ctx *ctx, const char *app, struct scale *ret, struct err *err)
{
	int r = load_list(ctx, app, "scale", ret, err);

	if (r >= 0 && !ret->count)
		scale_put(ret, "web", 1);
	return r;
}

static int save_list(struct ctx *ctx, const char *app, const char *name,
	const struct scale *scale, struct err *err)
{
	AUTO_STRVEC lines = STRVEC_INIT;

	for (size_t i = 0; i < scale->count; i++)
		strvec_pushf(&lines, "%s=%u", scale->items[i].name, scale->items[i].count);
	return state_set_list(ctx, "ps", app, name, &lines, err);
}

int procs_set_scale(struct ctx *ctx, const char *app, const struct scale *scale, struct err *err)
{
	return save_list(ctx, app, "scale", scale, err);
}

static int load_procfile(struct ctx *ctx, const char *app, struct procfile *ret, struct err *err)
{
	AUTO_STRBUF text = STRBUF_INIT;
	int r = staged_read(ctx, app, STAGED_PROCFILE, &text, err);

	if (r <= 0)
		return r;
	r = procfile_parse(text.buf, text.len, ret, err);
	return r < 0 ? err_wrap(err, "read the Procfile of '%s'", app) : 1;
}

int procs_types(struct ctx *ctx, const char *app, struct strvec *ret, struct err *err)
{
	AUTO_PROCFILE file = PROCFILE_INIT;
	int r = load_procfile(ctx, app, &file, err);

	for (size_t i = 0; r > 0 && i < file.count; i++)
		strvec_push(ret, file.entries[i].name);
	return r;
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

/* Counts of types that are no longer in the Procfile: kept while not 0, else remembered apart. */
static void sort_out(const struct scale *now, const struct strvec *types, struct scale *keep,
	struct scale *old)
{
	for (size_t i = 0; i < now->count; i++) {
		const struct proc_count *p = &now->items[i];

		if (p->count || strvec_has(types, p->name))
			scale_put(keep, p->name, p->count);
		else
			scale_put(old, p->name, p->count);
	}
}

int procs_sync_scale(struct ctx *ctx, const char *app, struct err *err)
{
	AUTO_STRVEC types = STRVEC_INIT;
	AUTO_SCALE now = SCALE_INIT;
	AUTO_SCALE keep = SCALE_INIT;
	AUTO_SCALE old = SCALE_INIT;
	int r = procs_types(ctx, app, &types, err);

	if (r < 0)
		return r;
	if (r == 0)
		strvec_push(&types, "web");
	r = procs_scale(ctx, app, &now, err);
	if (r < 0)
		return r;
	sort_out(&now, &types, &keep, &old);
	for (size_t i = 0; i < types.count; i++) {
		const char *type = types.items[i];

		/* `release` runs in the release phase; its scale stays at 0 unless set by hand. */
		if (!scale_find(&keep, type))
			scale_put(&keep, type, 0);
	}
	r = save_list(ctx, app, "scale.old", &old, err);
	return r < 0 ? r : save_list(ctx, app, "scale", &keep, err);
}
