/* SPDX-License-Identifier: MIT */
/*
 * vector.json. Each app with a sink is a source of its own, all of them together are the global one.
 * From a source events go to its sink; a route in between takes out those of cron tasks where they
 * have a sink of their own, and a remap renames the label that names the app.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/lock.h"
#include "core/app.h"
#include "core/output.h"
#include "core/state.h"
#include "lib/dsn/dsn.h"
#include "lib/jsonc/jsonc.h"
#include "plugins/logs/vector.h"

enum { LOCK_WAIT_MS = 30 * 1000 };

static const char app_label[] = "com.dokku.app-name";

struct config {
	json_t *sources;
	json_t *transforms;
	json_t *sinks;
	const char *instance;
};

/* The names of a scope's parts: "docker-source:app", "docker-global-source". A dot would be taken for
 * the output of a part. */
static char *part_name(const struct vector_scope *s, const char *part)
{
	char *name = s->app ? xasprintf("docker-%s:%s", part, s->app)
			    : xasprintf("docker-global-%s", part);

	for (char *c = name; *c; c++)
		*c = *c == '.' ? '-' : *c;
	return name;
}

/* --- programs of remaps, in Vector's language --- */

static char *rename_to(const char *label)
{
	return xasprintf(".label.\"%s\" = del(.label.\"%s\")", label, app_label);
}

/* "if app == "x" { ... } else if ..."; CONDITION "" for the last branch. */
static void add_branch(struct strbuf *out, const char *condition, const char *label)
{
	AUTO_FREE char *statement = rename_to(label);

	if (out->len)
		strbuf_addstr(out, " else ");
	if (*condition)
		strbuf_addf(out, "if %s ", condition);
	strbuf_addf(out, "{\n  %s\n}", statement);
}

/* Apps whose events go the same way under another label each have a branch of their own. */
static void add_branches(const struct vector_scope *all, const struct vector_scope *scopes,
	size_t count, struct strbuf *out)
{
	AUTO_STRBUF kept = STRBUF_INIT;
	bool renamed = !str_eq(all->label, app_label);
	AUTO_STRBUF chain = STRBUF_INIT;

	for (size_t i = 0; i < count; i++) {
		const struct vector_scope *s = &scopes[i];
		AUTO_FREE char *condition = NULL;

		if (!s->app || str_eq(s->label, all->label))
			continue;
		if (str_eq(s->label, app_label)) {
			strbuf_addf(&kept, "%sapp != \"%s\"", kept.len ? " && " : "", s->app);
			continue;
		}
		condition = xasprintf("app == \"%s\"", s->app);
		add_branch(&chain, condition, s->label);
	}
	if (renamed && !chain.len && !kept.len) {
		AUTO_FREE char *statement = rename_to(all->label);

		strbuf_addstr(out, statement);
		return;
	}
	if (renamed)
		add_branch(&chain, kept.buf, all->label);
	if (chain.len)
		strbuf_addf(out, "app = to_string(.label.\"%s\") ?? \"\"\n%s", app_label,
			chain.buf);
}

/* The program that renames the label of the scope's events; empty when there is nothing to rename. */
static void relabel(const struct vector_scope *s, const struct vector_scope *scopes, size_t count,
	struct strbuf *out)
{
	add_branches(s, scopes, s->app ? 0 : count, out);
}

/* --- parts --- */

static json_t *list_of(const char *item)
{
	return json_pack("[s]", item);
}

static json_t *remap(const char *input, const char *program)
{
	return json_pack("{s:s, s:o, s:s}", "type", "remap", "inputs", list_of(input), "source",
		program);
}

static void add_source(struct config *c, const struct vector_scope *s, const char *name)
{
	json_t *labels = json_array();

	json_array_append_new(labels,
		s->app ? json_sprintf("%s=%s", app_label, s->app) : json_string(app_label));
	if (*c->instance)
		json_array_append_new(labels, json_sprintf("com.moorage.instance=%s", c->instance));
	json_object_set_new(c->sources, name,
		json_pack("{s:s, s:o}", "type", "docker_logs", "include_labels", labels));
}

static int add_sink(struct config *c, const char *name, const char *dsn, const char *input,
	struct err *err)
{
	json_t *sink = NULL;
	int r = dsn_parse(dsn, &sink, err);

	if (r < 0)
		return err_wrap(err, "the sink %s", name);
	json_object_set_new(sink, "inputs", list_of(input));
	json_object_set_new(c->sinks, name, sink);
	return 0;
}

/*
 * Splits the source: *INPUT becomes what is left for the other sink. The labels of cron events are
 * copied into fields of their own, since Vector drops events in which a field of a template is
 * missing.
 */
static int add_cron(struct config *c, const struct vector_scope *s, const char *program,
	char **input, struct err *err)
{
	AUTO_FREE char *router = part_name(s, "router");
	AUTO_FREE char *remap_name = part_name(s, "cron-remap");
	AUTO_FREE char *sink = part_name(s, "cron-sink");
	AUTO_FREE char *branch = xasprintf("%s.cron", router);
	AUTO_STRBUF text = STRBUF_INIT;

	strbuf_addf(&text,
		".dokku_app = to_string(.label.\"%s\") ?? \"\"\n"
		".dokku_cron_id = to_string(.label.\"com.dokku.cron-id\") ?? \"\"",
		app_label);
	if (*program)
		strbuf_addf(&text, "\n%s", program);
	json_object_set_new(c->transforms, router,
		json_pack("{s:s, s:o, s:b, s:{s:{s:s, s:s}}}", "type", "route", "inputs",
			list_of(*input), "reroute_unmatched", (int)(*s->sink != '\0'), "route",
			"cron", "type", "vrl", "source",
			".label.\"com.dokku.container-type\" == \"cron\""));
	json_object_set_new(c->transforms, remap_name, remap(branch, text.buf));
	free(*input);
	*input = xasprintf("%s._unmatched", router);
	return add_sink(c, sink, s->cron_sink, remap_name, err);
}

static int add_scope(struct config *c, const struct vector_scope *s, const char *program,
	struct err *err)
{
	AUTO_FREE char *input = part_name(s, "source");
	AUTO_FREE char *relabel_name = part_name(s, "relabel");
	AUTO_FREE char *sink = part_name(s, "sink");
	int r = 0;

	add_source(c, s, input);
	if (*s->cron_sink)
		r = add_cron(c, s, program, &input, err);
	if (r < 0 || !*s->sink)
		return r;
	if (*program) {
		json_object_set_new(c->transforms, relabel_name, remap(input, program));
		free(input);
		input = xstrdup(relabel_name);
	}
	return add_sink(c, sink, s->sink, input, err);
}

/* Vector wants a source and a sink: ones that take nothing and drop it. */
static int add_nothing(struct config *c, struct err *err)
{
	static const char source[] = "docker-null-source";

	if (!json_object_size(c->sources))
		json_object_set_new(c->sources, source,
			json_pack("{s:s, s:[s]}", "type", "docker_logs", "include_labels",
				"com.dokku.vector-null"));
	if (json_object_size(c->sinks))
		return 0;
	return add_sink(c, "docker-null-sink", "blackhole://?print_interval_secs=1", source, err);
}

/* --- the whole --- */

/* The same members by name; DEEP: theirs, too. */
static json_t *sorted(json_t *object, bool deep)
{
	json_t *out = json_object();
	AUTO_STRVEC names = STRVEC_INIT;
	const char *name;
	json_t *value;

	json_object_foreach (object, name, value)
		strvec_push(&names, name);
	strvec_sort(&names);
	for (size_t i = 0; i < names.count; i++) {
		AUTO_FREE char *text = NULL;

		value = json_object_get(object, names.items[i]);
		text = deep ? json_dumps(value, JSON_SORT_KEYS | JSON_ENCODE_ANY) : NULL;
		json_object_set_new(out, names.items[i],
			text ? json_loads(text, JSON_DECODE_ANY, NULL) : json_incref(value));
	}
	return out;
}

static json_t *assemble(const struct config *c)
{
	json_t *all = json_object();

	json_object_set_new(all, "sources", sorted(c->sources, false));
	if (json_object_size(c->transforms))
		json_object_set_new(all, "transforms", sorted(c->transforms, false));
	json_object_set_new(all, "sinks", sorted(c->sinks, true));
	return all;
}

int vector_config(const struct vector_scope *scopes, size_t count, const char *instance,
	json_t **ret, struct err *err)
{
	struct config c = {
		.sources = json_object(),
		.transforms = json_object(),
		.sinks = json_object(),
		.instance = instance,
	};
	int r = 0;

	for (size_t i = 0; r >= 0 && i < count; i++) {
		AUTO_STRBUF program = STRBUF_INIT;

		if (!*scopes[i].sink && !*scopes[i].cron_sink)
			continue;
		relabel(&scopes[i], scopes, count, &program);
		r = add_scope(&c, &scopes[i], program.buf, err);
	}
	if (r >= 0)
		r = add_nothing(&c, err);
	if (r >= 0)
		*ret = assemble(&c);
	json_decref(c.sources);
	json_decref(c.transforms);
	json_decref(c.sinks);
	return r;
}

/* --- the file --- */

char *vector_config_path(struct ctx *ctx)
{
	return inst_lib(&ctx->inst, "data/logs/vector.json");
}

static void take_scope(struct ctx *ctx, const char *app, struct vector_scope *s)
{
	const char *scope = app ? app : SCOPE_GLOBAL;

	*s = (struct vector_scope){
		.app = app,
		.label = state_computed(ctx, "logs", scope, "app-label-alias", app_label),
		.sink = state_get_or(ctx, "logs", scope, "vector-sink", ""),
		.cron_sink = state_get_or(ctx, "logs", scope, "vector-cron-sink", ""),
	};
}

static void drop_scope(struct vector_scope *s)
{
	free((char *)(uintptr_t)s->label);
	free((char *)(uintptr_t)s->sink);
	free((char *)(uintptr_t)s->cron_sink);
}

static int make(struct ctx *ctx, json_t **ret, struct err *err)
{
	AUTO_STRVEC apps = STRVEC_INIT;
	struct vector_scope *scopes;
	int r = app_list_all(ctx, &apps, err);

	if (r < 0)
		return r;
	scopes = xcalloc(apps.count + 1, sizeof(*scopes));
	for (size_t i = 0; i <= apps.count; i++)
		take_scope(ctx, i < apps.count ? apps.items[i] : NULL, &scopes[i]);
	r = vector_config(scopes, apps.count + 1, ctx->inst.label, ret, err);
	for (size_t i = 0; i <= apps.count; i++)
		drop_scope(&scopes[i]);
	free(scopes);
	return r;
}

/* Whoever writes last has read last. */
static int take_lock(struct ctx *ctx, struct err *err)
{
	AUTO_FREE char *dir = inst_lib(&ctx->inst, "data/moorage/locks");
	AUTO_FREE char *path = path_join(dir, ".vector");
	int r = fs_mkdir_p(dir, 0755, err);

	return r < 0 ? r : lock_take(path, "vector.json", LOCK_WAIT_MS, err);
}

int vector_write(struct ctx *ctx, struct err *err)
{
	AUTO_FREE char *path = vector_config_path(ctx);
	AUTO_CLOSE int lock = take_lock(ctx, err);
	AUTO_STRBUF text = STRBUF_INIT;
	json_t *all = NULL;
	int r = lock < 0 ? lock : make(ctx, &all, err);

	if (r < 0)
		return r;
	jsonc_add_indented(&text, all);
	json_decref(all);
	/* Sinks may hold passwords. */
	return fs_write_str(path, text.buf, 0600, err);
}

void vector_rewrite(struct ctx *ctx)
{
	AUTO_FREE char *path = vector_config_path(ctx);
	AUTO_ERR err = ERR_INIT;

	if (fs_exists(path) && vector_write(ctx, &err) < 0)
		out_warn("Unable to write updated vector config: %s", err_text(&err));
}
