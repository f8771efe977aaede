/* SPDX-License-Identifier: MIT */
/* What a template may learn from outside: files, environment, other templates. */
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "lib/gotemplate/run.h"

/* The path as C text; no NUL in it. */
static int take_path(struct str s, char **ret, struct err *err)
{
	if (!s.len || s.len > 4096 || memchr(s.s, '\0', s.len))
		return err_set(err, ERR_INVALID, "this is no path");
	*ret = xstrndup(s.s, s.len);
	return 0;
}

/*
 * Looks a relative path up as it is, then beside the including files, innermost first, and reads
 * it. RET_PATH is where it was found.
 */
static int find_and_read(struct run *r, const char *path, struct strbuf *out, char **ret_path,
	struct err *err)
{
	const struct gotmpl_host *h = r->host;
	int result;

	if (!h->read)
		return err_set(err, ERR_DENIED, "files are not offered to this template");
	*ret_path = xstrdup(path);
	result = h->read(h->cookie, path, GOTMPL_TEXT_MAX, out, err);
	for (const struct run *at = r; result == -ERR_NOT_FOUND && at; at = at->parent) {
		if (!at->folder[0] || path[0] == '/')
			continue;
		free(*ret_path);
		*ret_path = path_join(at->folder, path);
		err_clear(err);
		result = h->read(h->cookie, *ret_path, GOTMPL_TEXT_MAX, out, err);
	}
	return result;
}

int read_source(struct run *r, const struct val *v, struct str *ret, struct err *err)
{
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_FREE char *path = NULL;
	AUTO_FREE char *found = NULL;
	int result;

	if (v->type == VAL_STREAM) {
		*ret = v->s;
		return 0;
	}
	if (v->type != VAL_STRING)
		return err_set(err, ERR_INVALID, "file must be stream or path string");
	result = take_path(v->s, &path, err);
	if (result >= 0)
		result = find_and_read(r, path, &text, &found, err);
	if (result >= 0)
		result = run_charge(r, 100 + text.len / 64, err);
	if (result < 0)
		return result;
	*ret = (struct str){ arena_copy(&r->budget->arena, text.buf, text.len), text.len };
	return 0;
}

FUNC(fn_file)
{
	struct str s;
	int r = read_source(c->run, &c->args[0], &s, err);

	if (r < 0)
		return r;
	*ret = val_str(s.s, s.len);
	return 0;
}

FUNC(fn_exists)
{
	const struct gotmpl_host *h = c->run->host;
	AUTO_FREE char *path = NULL;
	struct str s;
	int r = want_string(&c->args[0], "exists", &s, err);

	if (r >= 0)
		r = take_path(s, &path, err);
	if (r >= 0)
		r = run_charge(c->run, 100, err);
	if (r >= 0)
		r = h->exists ? h->exists(h->cookie, path, err)
			      : err_set(err, ERR_DENIED, "files are not offered to this template");
	if (r < 0)
		return r;
	*ret = val_bool(r);
	return 0;
}

static int list_folder(const struct call *c, const char *who, enum gotmpl_list_kind kind,
	struct val *ret, struct err *err)
{
	const struct gotmpl_host *h = c->run->host;
	AUTO_FREE char *path = NULL;
	AUTO_STRVEC names = STRVEC_INIT;
	struct list *l;
	struct str s;
	int r = want_string(&c->args[0], who, &s, err);

	if (r >= 0)
		r = take_path(s, &path, err);
	if (r >= 0)
		r = run_charge(c->run, 100, err);
	if (r >= 0)
		r = h->list ? h->list(h->cookie, path, kind, &names, err)
			    : err_set(err, ERR_DENIED, "files are not offered to this template");
	if (r >= 0)
		r = run_list(c->run, names.count, &l, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < names.count; i++) {
		size_t len = strlen(names.items[i]);

		l->items[i] = val_str(arena_copy(&c->run->budget->arena, names.items[i], len), len);
	}
	return run_seal(l, ret, err);
}

FUNC(fn_dir)
{
	return list_folder(c, "dir", GOTMPL_LIST_ALL, ret, err);
}

FUNC(fn_dirs)
{
	return list_folder(c, "dirs", GOTMPL_LIST_DIRS, ret, err);
}

FUNC(fn_files)
{
	return list_folder(c, "files", GOTMPL_LIST_FILES, ret, err);
}

/* The variables that are strings, those of the including templates, then the host's. */
FUNC(fn_var)
{
	const struct gotmpl_host *h = c->run->host;
	struct str name = c->args[0].s;
	AUTO_FREE char *text = NULL;
	const char *value = NULL;

	for (const struct run *r = c->run; r; r = r->parent) {
		const struct val *v = map_get(r->vars, name);

		if (v && v->type == VAL_STRING) {
			*ret = *v;
			return 0;
		}
	}
	if (h->env && !memchr(name.s, '\0', name.len)) {
		text = xstrndup(name.s, name.len);
		value = h->env(h->env_cookie, text);
	}
	*ret = value ? val_str(value, strlen(value)) : val_str("", 0);
	return 0;
}

FUNC(fn_stdin)
{
	const char *text = c->run->host->input ? c->run->host->input : "";

	*ret = (struct val){ .type = VAL_STREAM, .s = { text, strlen(text) } };
	return 0;
}

/* Arguments of include and render: "name=value", or maps whose members all count. */
static struct pair *take_args(struct arena *a, const struct val *args, size_t count,
	size_t *ret_count)
{
	size_t n = 0;
	struct pair *pairs;

	for (size_t i = 0; i < count; i++)
		n += args[i].type == VAL_MAP ? args[i].map->count : 1;
	pairs = arena_alloc(a, (n + 1) * sizeof(*pairs));
	n = 0;
	for (size_t i = 0; i < count; i++) {
		struct str s = args[i].s;
		const char *eq = NULL;

		if (args[i].type == VAL_MAP) {
			memcpy(pairs + n, args[i].map->items, args[i].map->count * sizeof(*pairs));
			n += args[i].map->count;
			continue;
		}
		if (args[i].type == VAL_STRING && s.len)
			eq = memchr(s.s, '=', s.len);
		if (!eq)
			continue;
		pairs[n++] = (struct pair){ .key = { s.s, (size_t)(eq - s.s) },
			.val = val_str(eq + 1, s.len - (size_t)(eq - s.s) - 1) };
	}
	*ret_count = n;
	return pairs;
}

/* Parses and executes TEXT inside the rendering R, sharing its budget. */
static int render_inside(struct run *r, const char *name, struct str text, const struct val *args,
	size_t count, const char *folder, struct val *ret, struct err *err)
{
	AUTO_STRBUF out = STRBUF_CAPPED(GOTMPL_TEXT_MAX);
	AUTO_GOTMPL *t = NULL;
	struct budget *b = r->budget;
	struct pair *pairs;
	size_t n;
	int result = run_charge(r, 100 + text.len / 8, err);

	if (result < 0)
		return result;
	if (b->includes >= RUN_INCLUDE_MAX)
		return err_set(err, ERR_INVALID,
			"templates include each other more than %d levels deep", RUN_INCLUDE_MAX);
	result = gotmpl_parse(name, text.s, text.len, &t, err);
	if (result < 0)
		return result;
	pairs = take_args(&b->arena, args, count, &n);
	b->includes++;
	result =
		run_template(t, vars_map(&b->arena, t, pairs, n), r, r->host, b, folder, &out, err);
	b->includes--;
	/* The inner template's text goes away with it; values that reach the caller are copies. */
	return result < 0 ? result : run_take(r, &out, ret, err);
}

FUNC(fn_include)
{
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_FREE char *path = NULL;
	AUTO_FREE char *found = NULL;
	AUTO_FREE char *folder = NULL;
	struct str copy;
	const char *base;
	int r = take_path(c->args[0].s, &path, err);

	if (r >= 0)
		r = find_and_read(c->run, path, &text, &found, err);
	if (r < 0)
		return r;
	base = path_base(found);
	folder = base > found + 1 ? xstrndup(found, (size_t)(base - found) - 1) : xstrdup("");
	copy = (struct str){ text.buf, text.len };
	return render_inside(c->run, base, copy, c->args + 1, c->count - 1, folder, ret, err);
}

FUNC(fn_render)
{
	const struct val *last = c->count ? &c->args[c->count - 1] : NULL;

	if (!last || last->type != VAL_STRING)
		return err_set(err, ERR_INVALID, "render must be given a template text");
	return render_inside(c->run, "<render>", last->s, c->args, c->count - 1, "", ret, err);
}

FUNC(fn_refused_program)
{
	return err_set(err, ERR_DENIED, "templates cannot run programs here");
}

FUNC(fn_refused_network)
{
	return err_set(err, ERR_DENIED, "templates have no access to the network here");
}

FUNC(fn_refused_yaml)
{
	return err_set(err, ERR_INVALID, "YAML is not supported here");
}

FUNC(fn_refused_call)
{
	return err_set(err, ERR_INVALID, "there are no function values here");
}
