/* SPDX-License-Identifier: MIT */
#include "lib/dockeropts/private.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

/*
 * All text was checked to be UTF-8, so NULL means that memory is out, which aborts here as it does
 * in xmalloc().
 */
static json_t *made(json_t *value)
{
	if (!value)
		abort();
	return value;
}

json_t *text(const char *s)
{
	return made(json_string(s));
}

json_t *text_n(const char *s, size_t len)
{
	return made(json_stringn(s, len));
}

void put(json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, made(value)) < 0)
		abort();
}

void push(json_t *array, json_t *value)
{
	if (json_array_append_new(array, made(value)) < 0)
		abort();
}

json_t *child_object(json_t *parent, const char *key)
{
	json_t *child = json_object_get(parent, key);

	if (!child) {
		child = json_object();
		put(parent, key, child);
	}
	return child;
}

json_t *child_array(json_t *parent, const char *key)
{
	json_t *child = json_object_get(parent, key);

	if (!child) {
		child = json_array();
		put(parent, key, child);
	}
	return child;
}

json_t *section(struct parse *p, const struct create_flag *f)
{
	return f->in == HOST ? p->host : p->out->body;
}

void put_pair(json_t *object, const char *pair)
{
	const char *value;
	AUTO_FREE char *key = cut(pair, '=', &value);

	put(object, key, text(value ? value : ""));
}

json_t *text_list(const struct strvec *v)
{
	json_t *list = made(json_array());

	for (size_t i = 0; i < v->count; i++)
		push(list, text(v->items[i]));
	return list;
}
