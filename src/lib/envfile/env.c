/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "lib/envfile/envfile.h"

static void var_done(struct env_var *v)
{
	/* most secrets of an app pass through here */
	if (v->value)
		explicit_bzero(v->value, strlen(v->value));
	free(v->value);
	free(v->key);
}

void env_done(struct env *e)
{
	for (size_t i = 0; i < e->count; i++)
		var_done(&e->vars[i]);
	free(e->vars);
	*e = (struct env)ENV_INIT;
}

static bool is_key_start(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool env_key_valid(const char *key)
{
	if (!is_key_start(*key))
		return false;
	for (key++; *key; key++) {
		if (!is_key_start(*key) && (*key < '0' || *key > '9'))
			return false;
	}
	return true;
}

/* Index of KEY, or of the place where it belongs. */
static size_t find(const struct env *e, const char *key, bool *ret_found)
{
	size_t low = 0;
	size_t high = e->count;

	*ret_found = false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(e->vars[middle].key, key);

		if (order == 0) {
			*ret_found = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const char *env_get(const struct env *e, const char *key)
{
	bool found;
	size_t at = find(e, key, &found);

	return found ? e->vars[at].value : NULL;
}

void env_set(struct env *e, const char *key, const char *value)
{
	bool found;
	size_t at = find(e, key, &found);
	struct env_var fresh = { .key = xstrdup(key), .value = xstrdup(value) };

	if (found) {
		var_done(&e->vars[at]);
		e->vars[at] = fresh;
		return;
	}
	if (e->count == e->alloc) {
		e->alloc = size_add(e->alloc, e->alloc / 2 + 16);
		e->vars = xreallocarray(e->vars, e->alloc, sizeof(*e->vars));
	}
	memmove(e->vars + at + 1, e->vars + at, (e->count - at) * sizeof(*e->vars));
	e->vars[at] = fresh;
	e->count++;
}

bool env_unset(struct env *e, const char *key)
{
	bool found;
	size_t at = find(e, key, &found);

	if (!found)
		return false;
	var_done(&e->vars[at]);
	e->count--;
	memmove(e->vars + at, e->vars + at + 1, (e->count - at) * sizeof(*e->vars));
	return true;
}

void env_merge(struct env *e, const struct env *other)
{
	for (size_t i = 0; i < other->count; i++)
		env_set(e, other->vars[i].key, other->vars[i].value);
}
