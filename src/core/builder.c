/* SPDX-License-Identifier: MIT */
#include "core/builder.h"

#include <string.h>
#include <sys/utsname.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/build_tree.h"
#include "core/events.h"
#include "core/output.h"
#include "core/plugin.h"
#include "core/source_file.h"
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

int builder_detect(const struct builder *builder, struct ctx *ctx, const char *app, const char *dir,
	struct strbuf *reason, struct err *err)
{
	if (!builder->marker)
		return builder->detect(ctx, app, dir, reason, err);
	if (!source_has(dir, builder->marker->name))
		return 0;
	strbuf_addstr(reason, builder->marker->name);
	return 1;
}

int builder_prepare(const struct builder *builder, struct ctx *ctx, const char *app,
	const char *dir, struct err *err)
{
	if (builder->marker)
		return build_tree_place(ctx, app, dir, builder->marker, err);
	return builder->prepare ? builder->prepare(ctx, app, dir, err) : 0;
}

/* --- the choice --- */

/* One question to all: whose is this tree? */
struct question {
	struct ctx *ctx;
	const char *app;
	const char *dir;
	char *name; /* the answer */
	struct strbuf *reason;
};

/* The first line that a third-party plugin prints: what was printed counts, not how it ended. */
static int ask_plugin(struct question *q, const struct external_plugin *p, struct err *err)
{
	AUTO_STRBUF out = STRBUF_CAPPED(64 * 1024);
	AUTO_STRVEC lines = STRVEC_INIT;
	AUTO_STRVEC args = STRVEC_INIT;
	AUTO_ERR ignored = ERR_INIT;
	AUTO_FREE char *path = path_join(p->path, "builder-detect");

	if (!strvec_has(&p->files, "builder-detect"))
		return 0;
	strvec_pushl(&args, q->app, q->dir, NULL);
	if (trigger_exec(q->ctx, path, &args, NULL, &out, &ignored) < 0)
		out_trace("%s", ignored.msg.buf);
	strvec_split_lines(&lines, out.buf);
	if (!lines.count)
		return 0;
	q->name = xstrdup(lines.items[0]);
	strbuf_addf(q->reason, "plugin '%s' says so", p->name);
	return 1;
}

static int ask_setting(struct question *q)
{
	AUTO_FREE char *selected = state_computed(q->ctx, "builder", q->app, "selected", "");

	if (!*selected)
		return 0;
	q->name = TAKE_PTR(selected);
	strbuf_addstr(q->reason, "of builder:set selected");
	return 1;
}

static int ask_driver(struct question *q, const struct builder *b, struct err *err)
{
	AUTO_STRBUF found = STRBUF_INIT;
	int r = builder_detect(b, q->ctx, q->app, q->dir, &found, err);

	if (r > 0) {
		q->name = xstrdup(b->name);
		strbuf_addf(q->reason, "of %s", found.buf);
	}
	return r;
}

/* In the order of names; a third-party plugin of a built-in's name has its place. */
static int ask_all(struct question *q, struct err *err)
{
	const struct external_plugins *all = trigger_externals(q->ctx);
	const struct builder *const *b = NULL; /* the setting comes before the drivers */
	size_t i = 0;
	int r = 0;

	while (r == 0 && (!b || *b || i < all->count)) {
		AUTO_FREE char *own = !b   ? xstrdup("builder")
				      : *b ? xasprintf("builder-%s", (*b)->name)
					   : NULL;
		int order = !own ? 1 : i == all->count ? -1 : strcmp(own, all->items[i].name);

		if (order < 0)
			r = b ? ask_driver(q, *b, err) : ask_setting(q);
		else
			r = ask_plugin(q, &all->items[i++], err);
		if (order <= 0)
			b = b ? b + 1 : builders;
	}
	return r;
}

/* Dokku's: the buildpacks of old, which a machine with another processor may not run. */
static void fall_back(struct question *q)
{
	strbuf_addstr(q->reason, "nothing in the source asks for another builder");
	if (!builder_on_arm64() || builder_herokuish_allowed(q->ctx, q->app)) {
		q->name = xstrdup("herokuish");
		return;
	}
	out_warn("Herokuish builder not supported on arm64 servers.");
	out_warn("Switching to pack builder.");
	q->name = xstrdup("pack");
}

int builder_choose(struct ctx *ctx, const char *app, const char *dir, char **ret_name,
	struct strbuf *reason, struct err *err)
{
	struct question q = { .ctx = ctx, .app = app, .dir = dir, .reason = reason };
	AUTO_STRVEC args = STRVEC_INIT;
	int r;

	strvec_pushl(&args, app, dir, NULL);
	events_log(ctx, "builder-detect", &args);
	r = ask_all(&q, err);
	if (r < 0)
		return r;
	if (r == 0)
		fall_back(&q);
	*ret_name = q.name;
	return 0;
}

int builder_on_detect(struct trigger_call *call, struct err *err)
{
	const struct builder *b = builder_find(str_after(call->plugin->name, "builder-"));
	AUTO_STRBUF reason = STRBUF_INIT;
	int r;

	if (!b)
		return 0;
	r = builder_detect(b, call->ctx, trigger_arg(call, 0), trigger_arg(call, 1), &reason, err);
	if (r > 0)
		strbuf_addf(call->out, "%s\n", b->name);
	return r < 0 ? r : 0;
}

/* --- the build --- */

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

/* "pre-build-dockerfile", for free(); NULL: there was never such a name. */
static char *old_trigger(const char *when, const struct builder *builder)
{
	const char *name = builder->old_name ? builder->old_name : builder->name;

	return *name ? xasprintf("%s-%s", when, name) : NULL;
}

static bool has_handler(struct ctx *ctx, const char *when, const struct builder *builder)
{
	AUTO_FREE char *old = old_trigger(when, builder);

	return trigger_has_external(ctx, when) || (old && trigger_has_external(ctx, old));
}

/* WHEN is "pre-build" or "post-build". */
static int fire_around(const struct build *b, const struct builder *builder, const char *when,
	struct err *err)
{
	AUTO_FREE char *old = old_trigger(when, builder);
	int r = 0;

	if (old && trigger_has_external(b->ctx, old)) {
		out_warn("Deprecated: please upgrade plugin to use '%s' plugin trigger instead of "
			 "%s",
			when, old);
		r = trigger_fire(b->ctx, err, old, b->app, builder->old_app_only ? NULL : b->dir,
			NULL);
	}
	return r < 0 ? r : trigger_fire(b->ctx, err, when, builder->name, b->app, b->dir, NULL);
}

bool builder_is_heard_before(const struct build *b, const struct builder *builder)
{
	return has_handler(b->ctx, "pre-build", builder);
}

int builder_fire_before(const struct build *b, const struct builder *builder, struct err *err)
{
	return fire_around(b, builder, "pre-build", err);
}

const char *builder_stage(struct ctx *ctx, const struct builder *builder)
{
	AUTO_FREE char *old = old_trigger("pre-release", builder);
	bool heard = has_handler(ctx, "post-build", builder) ||
		     trigger_has_external(ctx, "builder-build") ||
		     trigger_has_external(ctx, "builder-release") ||
		     trigger_has_external(ctx, "pre-release-builder") ||
		     (old && trigger_has_external(ctx, old));

	return heard ? "build" : "release";
}

static int build_own(const struct builder *builder, const struct build *b, struct err *err)
{
	int r = builder->fires_before ? 0 : builder_fire_before(b, builder, err);

	if (r >= 0)
		r = builder->build(b, err);
	return r < 0 ? r : fire_around(b, builder, "post-build", err);
}

/* The driver NAME, unless a third-party plugin has taken the place of its plugin. */
static const struct builder *find_own(struct ctx *ctx, const char *name)
{
	AUTO_FREE char *plugin = xasprintf("builder-%s", name);

	return trigger_external(ctx, plugin) ? NULL : builder_find(name);
}

int builder_build(const struct build *b, const char *name, struct err *err)
{
	struct ctx *ctx = b->ctx;
	const struct builder *builder = find_own(ctx, name);
	int r = 0;

	if (!builder && !trigger_has_external(ctx, "builder-build"))
		return unknown(name, err);
	if (builder && builder->check)
		r = builder->check(b, err);
	if (r < 0)
		return r;
	r = trigger_fire(ctx, err, "builder-build", name, b->app, b->dir, NULL);
	if (r >= 0 && builder && builder->build)
		r = build_own(builder, b, err);
	return r;
}

static bool machine_is(const char *name)
{
	struct utsname u;

	return uname(&u) == 0 && str_eq(u.machine, name);
}

bool builder_on_arm64(void)
{
	return machine_is("aarch64");
}

bool builder_herokuish_allowed(struct ctx *ctx, const char *app)
{
	AUTO_FREE char *value = state_computed(ctx, "builder-herokuish", app, "allowed",
		machine_is("x86_64") ? "true" : "false");

	return str_eq(value, "true");
}
