/* SPDX-License-Identifier: MIT */
#include "core/builder.h"

#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/output.h"
#include "core/state.h"
#include "core/trigger.h"

const struct builder *builder_find(const char *name)
{
	for (const struct builder *const *b = builders; *b; b++) {
		if (str_eq((*b)->name, name))
			return *b;
	}
	return NULL;
}

/* The first line that third-party plugins print. */
static int ask_plugins(struct ctx *ctx, const char *app, const char *dir, char **ret,
	struct err *err)
{
	AUTO_STRBUF out = STRBUF_CAPPED(64 * 1024);
	AUTO_STRVEC lines = STRVEC_INIT;
	AUTO_ERR ignored = ERR_INIT;

	if (!trigger_is_heard(ctx, "builder-detect"))
		return 0;
	/* As in a pipe to head: what was printed counts, not how the plugin ended. */
	if (trigger_capture(ctx, &out, &ignored, "builder-detect", app, dir, NULL) < 0)
		out_trace("%s", ignored.msg.buf);
	strvec_split_lines(&lines, out.buf);
	if (!lines.count)
		return 0;
	*ret = xstrdup(lines.items[0]);
	return 1;
}

static int detect(struct ctx *ctx, const char *app, const char *dir, char **ret,
	struct strbuf *reason, struct err *err)
{
	for (const struct builder *const *b = builders; *b; b++) {
		int r = (*b)->detect(ctx, app, dir, reason, err);

		if (r < 0)
			return r;
		if (r > 0) {
			*ret = xstrdup((*b)->name);
			return 1;
		}
	}
	return 0;
}

int builder_choose(struct ctx *ctx, const char *app, const char *dir, char **ret_name,
	struct strbuf *reason, struct err *err)
{
	AUTO_FREE char *selected = NULL;
	int r = ask_plugins(ctx, app, dir, ret_name, err);

	if (r != 0) {
		strbuf_addstr(reason, "a plugin chose it");
		return r < 0 ? r : 0;
	}
	selected = state_computed(ctx, "builder", app, "selected", "");
	if (*selected) {
		*ret_name = TAKE_PTR(selected);
		strbuf_addstr(reason, "builder:set selected");
		return 0;
	}
	r = detect(ctx, app, dir, ret_name, reason, err);
	if (r == 0) {
		*ret_name = xstrdup("herokuish");
		strbuf_addstr(reason, "nothing in the source names another one");
	}
	return r < 0 ? r : 0;
}

static int unknown(const char *name, struct err *err)
{
	AUTO_STRBUF known = STRBUF_INIT;

	for (const struct builder *const *b = builders; *b; b++)
		strbuf_addf(&known, "%s%s", known.len ? ", " : "", (*b)->name);
	return err_set(err, ERR_NOT_FOUND,
		"there is no builder '%.100s' here; add a Dockerfile to the source, or choose one "
		"of %s with builder:set <app> selected <name>",
		name, known.buf);
}

/* The triggers of before, of which Dokku tells these two's the app alone. */
static bool old_knows_dir(const char *builder)
{
	return !str_eq(builder, "dockerfile") && !str_eq(builder, "lambda");
}

/* WHEN is "pre-build" or "post-build". */
static int fire_around(const struct build *b, const char *name, const char *when, struct err *err)
{
	AUTO_FREE char *old = xasprintf("%s-%s", when, name);
	int r = 0;

	if (trigger_has_external(b->ctx, old)) {
		out_warn("Deprecated: please upgrade plugin to use '%s' plugin trigger instead of "
			 "%s",
			when, old);
		r = trigger_fire(b->ctx, err, old, b->app, old_knows_dir(name) ? b->dir : NULL,
			NULL);
	}
	return r < 0 ? r : trigger_fire(b->ctx, err, when, name, b->app, b->dir, NULL);
}

static int build_own(const struct builder *builder, const struct build *b, struct err *err)
{
	int r = fire_around(b, builder->name, "pre-build", err);

	if (r >= 0)
		r = builder->build(b, err);
	return r < 0 ? r : fire_around(b, builder->name, "post-build", err);
}

int builder_build(const struct build *b, const char *name, struct err *err)
{
	const struct builder *builder = builder_find(name);
	struct ctx *ctx = b->ctx;
	int r = 0;

	if (!builder && !trigger_has_external(ctx, "builder-build"))
		return unknown(name, err);
	r = trigger_fire(ctx, err, "builder-build", name, b->app, b->dir, NULL);
	if (r >= 0 && builder && builder->build)
		r = build_own(builder, b, err);
	return r;
}
