/* SPDX-License-Identifier: MIT */
/* JSON to values and back, as Go's encoding/json writes it. */
#include "lib/gotemplate/value.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/gotemplate/gotemplate.h"

static int from_json(struct arena *a, json_t *json, unsigned int depth, struct val *ret,
	struct err *err);

static int list_from_json(struct arena *a, json_t *json, unsigned int depth, struct val *ret,
	struct err *err)
{
	size_t count = json_array_size(json);
	struct list *l = list_new(a, count);

	for (size_t i = 0; i < count; i++) {
		int r = from_json(a, json_array_get(json, i), depth + 1, &l->items[i], err);

		if (r < 0)
			return r;
	}
	list_seal(l);
	*ret = (struct val){ .type = VAL_LIST, .list = l };
	return 0;
}

static int map_from_json(struct arena *a, json_t *json, unsigned int depth, struct val *ret,
	struct err *err)
{
	struct map *m = map_new(a, json_object_size(json));
	const char *key;
	json_t *value;
	size_t i = 0;

	json_object_foreach (json, key, value) {
		int r = from_json(a, value, depth + 1, &m->items[i].val, err);

		if (r < 0)
			return r;
		m->items[i].key.len = strlen(key);
		m->items[i].key.s = arena_copy(a, key, strlen(key));
		i++;
	}
	m->count = i;
	map_seal(m);
	*ret = (struct val){ .type = VAL_MAP, .map = m };
	return 0;
}

static int from_json(struct arena *a, json_t *json, unsigned int depth, struct val *ret,
	struct err *err)
{
	if (depth > VAL_DEPTH_MAX - 2)
		return err_set(err, ERR_INVALID, "JSON is nested more than %d levels deep",
			VAL_DEPTH_MAX - 2);
	switch (json_typeof(json)) {
	case JSON_OBJECT:
		if (json_object_size(json) > GOTMPL_LIST_MAX)
			return err_set(err, ERR_INVALID, "JSON object is too large");
		return map_from_json(a, json, depth, ret, err);
	case JSON_ARRAY:
		if (json_array_size(json) > GOTMPL_LIST_MAX)
			return err_set(err, ERR_INVALID, "JSON array is too large");
		return list_from_json(a, json, depth, ret, err);
	case JSON_STRING:
		*ret = val_str(arena_copy(a, json_string_value(json), json_string_length(json)),
			json_string_length(json));
		return 0;
	case JSON_INTEGER:
	case JSON_REAL:
		/* Go reads every number into a float64. */
		*ret = (struct val){ .type = VAL_FLOAT, .f = json_number_value(json) };
		return 0;
	case JSON_TRUE:
	case JSON_FALSE:
		*ret = val_bool(json_is_true(json));
		return 0;
	case JSON_NULL:
		break;
	}
	*ret = (struct val){ .type = VAL_NIL };
	return 0;
}

int val_from_json(struct arena *a, json_t *json, struct val *ret, struct err *err)
{
	return from_json(a, json, 0, ret, err);
}

static void quote_to_json(struct str s, struct strbuf *out)
{
	strbuf_addch(out, '"');
	for (size_t i = 0; i < s.len;) {
		uint32_t c;
		size_t n = utf8_get(s.s + i, s.len - i, &c);
		const char *plain = c == '"'    ? "\\\""
				    : c == '\\' ? "\\\\"
				    : c == '\n' ? "\\n"
				    : c == '\r' ? "\\r"
				    : c == '\t' ? "\\t"
						: NULL;

		if (plain)
			strbuf_addstr(out, plain);
		else if (c < 0x20 || c == '<' || c == '>' || c == '&' || c == 0x2028 || c == 0x2029)
			strbuf_addf(out, "\\u%04x", (unsigned int)c);
		else if (n == 1 && c == 0xfffd)
			strbuf_addstr(out, "\\ufffd");
		else
			strbuf_add(out, s.s + i, n);
		i += n;
	}
	strbuf_addch(out, '"');
}

/* Numbers as encoding/json writes them: plain up to 1e21, then with an exponent. */
static void float_to_json(double f, struct strbuf *out)
{
	char text[400];
	char *e;

	if (f != 0 && (fabs(f) < 1e-6 || fabs(f) >= 1e21)) {
		int precision = 0;

		do
			snprintf(text, sizeof(text), "%.*e", precision, f);
		while (strtod(text, NULL) != f && ++precision < 18);
		e = strstr(text, "e-0");
		if (e)
			memmove(e + 2, e + 3, strlen(e + 3) + 1);
	} else {
		int precision = 0;

		do
			snprintf(text, sizeof(text), "%.*f", precision, f);
		while (strtod(text, NULL) != f && ++precision < 30);
	}
	strbuf_addstr(out, text);
}

static void items_to_json(const struct val *v, struct strbuf *out)
{
	bool is_list = v->type == VAL_LIST;
	size_t count = is_list ? v->list->count : v->map->count;

	strbuf_addch(out, is_list ? '[' : '{');
	for (size_t i = 0; i < count && !out->truncated; i++) {
		if (i)
			strbuf_addch(out, ',');
		if (is_list) {
			val_to_json(&v->list->items[i], out);
			continue;
		}
		quote_to_json(v->map->items[i].key, out);
		strbuf_addch(out, ':');
		val_to_json(&v->map->items[i].val, out);
	}
	strbuf_addch(out, is_list ? ']' : '}');
}

void val_to_json(const struct val *v, struct strbuf *out)
{
	switch (v->type) {
	case VAL_NIL:
		strbuf_addstr(out, "null");
		break;
	case VAL_BOOL:
	case VAL_INT:
	case VAL_BYTE:
		val_print(v, out);
		break;
	case VAL_FLOAT:
		float_to_json(v->f, out);
		break;
	case VAL_STRING:
	case VAL_STREAM:
		quote_to_json(v->s, out);
		break;
	case VAL_LIST:
	case VAL_MAP:
		items_to_json(v, out);
		break;
	}
}
