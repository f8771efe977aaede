/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "lib/gotemplate/run.h"

struct gotmpl_var {
	char *name;
	char *text;   /* a string ... */
	json_t *json; /* ... or, where text is NULL, anything */
};

void gotmpl_vars_done(struct gotmpl_vars *vars)
{
	for (size_t i = 0; i < vars->count; i++) {
		free(vars->items[i].name);
		free(vars->items[i].text);
		json_decref(vars->items[i].json);
	}
	free(vars->items);
	*vars = (struct gotmpl_vars)GOTMPL_VARS_INIT;
}

/* The entry for NAME, emptied. */
static struct gotmpl_var *var_slot(struct gotmpl_vars *vars, const char *name)
{
	struct gotmpl_var *v;

	for (size_t i = 0; i < vars->count; i++) {
		v = &vars->items[i];
		if (strcmp(v->name, name) != 0)
			continue;
		free(v->text);
		json_decref(v->json);
		v->text = NULL;
		v->json = NULL;
		return v;
	}
	if (vars->count == vars->alloc) {
		vars->alloc = vars->alloc * 2 + 16;
		vars->items = xreallocarray(vars->items, vars->alloc, sizeof(vars->items[0]));
	}
	v = &vars->items[vars->count++];
	*v = (struct gotmpl_var){ .name = xstrdup(name) };
	return v;
}

void gotmpl_vars_set(struct gotmpl_vars *vars, const char *name, const char *value)
{
	char *copy = xstrdup(value);

	var_slot(vars, name)->text = copy;
}

int gotmpl_vars_set_json(struct gotmpl_vars *vars, const char *text, size_t len, struct err *err)
{
	json_error_t where;
	json_t *object;
	const char *key;
	json_t *value;

	if (len > GOTMPL_TEXT_MAX)
		return err_set(err, ERR_INVALID, "variables are longer than %d bytes",
			GOTMPL_TEXT_MAX);
	object = json_loadb(text, len, JSON_DECODE_INT_AS_REAL, &where);
	if (!json_is_object(object)) {
		int r = object ? err_set(err, ERR_INVALID, "variables are not a JSON object")
			       : err_set(err, ERR_INVALID, "line %d: %s", where.line, where.text);

		json_decref(object);
		return r;
	}
	json_object_foreach (object, key, value)
		var_slot(vars, key)->json = json_incref(value);
	json_decref(object);
	return 0;
}

const char *vars_text(const struct gotmpl_vars *vars, const char *name)
{
	for (size_t i = 0; i < vars->count; i++)
		if (!strcmp(vars->items[i].name, name))
			return vars->items[i].text;
	return NULL;
}

static bool is_word_start(char c)
{
	return c == '_' || isalpha((unsigned char)c);
}

/* The names of all $words in TEXT; at most one per two bytes. */
static size_t find_words(struct str text, struct pair *ret)
{
	size_t n = 0;

	for (size_t i = 0; i + 1 < text.len; i++) {
		size_t end = i + 1;

		if (text.s[i] != '$' || !is_word_start(text.s[end]))
			continue;
		while (end < text.len &&
			(text.s[end] == '_' || isalnum((unsigned char)text.s[end])))
			end++;
		if (ret)
			ret[n] = (struct pair){ .key = { text.s + i + 1, end - i - 1 } };
		n++;
		i = end - 1;
	}
	return n;
}

struct map *vars_map(struct arena *a, const struct gotmpl *t, const struct pair *given,
	size_t count)
{
	size_t words = find_words(t->text, NULL);
	struct map *m = map_new(a, words + count);

	find_words(t->text, m->items);
	if (count)
		memcpy(m->items + words, given, count * sizeof(given[0]));
	map_seal(m);
	return m;
}

static int take_vars(struct arena *a, const struct gotmpl_vars *vars, struct pair *ret,
	struct err *err)
{
	for (size_t i = 0; i < vars->count; i++) {
		const struct gotmpl_var *v = &vars->items[i];
		int r = 0;

		ret[i].key = (struct str){ v->name, strlen(v->name) };
		if (v->text)
			ret[i].val = val_str(v->text, strlen(v->text));
		else
			r = val_from_json(a, v->json, &ret[i].val, err);
		if (r < 0)
			return err_wrap(err, "variable %s", v->name);
	}
	return 0;
}

int gotmpl_render(const struct gotmpl *t, const struct gotmpl_vars *vars,
	const struct gotmpl_host *host, struct strbuf *out, struct err *err)
{
	static const struct gotmpl_host nothing = { .cookie = NULL };
	AUTO_STRBUF text = STRBUF_CAPPED(GOTMPL_OUTPUT_MAX);
	struct budget budget = { .steps = 0 };
	struct pair *given = arena_alloc(&budget.arena, (vars->count + 1) * sizeof(*given));
	int r = take_vars(&budget.arena, vars, given, err);

	if (r >= 0)
		r = run_template(t, vars_map(&budget.arena, t, given, vars->count), NULL,
			host ? host : &nothing, &budget, "", &text, err);
	arena_done(&budget.arena);
	if (r < 0)
		return r;
	strbuf_add(out, text.buf, text.len);
	return 0;
}
