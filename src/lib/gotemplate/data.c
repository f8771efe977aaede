/* SPDX-License-Identifier: MIT */
/* sigil's functions on structured data: JSON, pointers, paths, base64. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "lib/gotemplate/run.h"

FUNC(fn_json)
{
	json_error_t where;
	json_t *json;
	struct str s;
	int r = read_source(c->run, &c->args[0], &s, err);

	if (r < 0)
		return r;
	json = json_loadb(s.s, s.len, JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL,
		&where);
	if (!json)
		return err_set(err, ERR_INVALID, "line %d: %s", where.line, where.text);
	r = val_from_json(&c->run->budget->arena, json, ret, err);
	json_decref(json);
	return r;
}

FUNC(fn_tojson)
{
	AUTO_STRBUF out = STRBUF_CAPPED(GOTMPL_TEXT_MAX);

	val_to_json(&c->args[0], &out);
	return run_take(c->run, &out, ret, err);
}

/* A list's index in decimal. */
static const struct val *list_get(const struct list *l, struct str digits)
{
	size_t i = 0;

	if (!digits.len || digits.len > 9)
		return NULL;
	for (size_t k = 0; k < digits.len; k++) {
		if (!isdigit((unsigned char)digits.s[k]))
			return NULL;
		i = i * 10 + (size_t)(digits.s[k] - '0');
	}
	return i < l->count ? &l->items[i] : NULL;
}

/* A key of a JSON pointer: "~1" is a slash, "~0" a tilde. */
static struct str pointer_key(struct arena *a, struct str s)
{
	char *out = arena_copy(a, s.s, s.len);
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++) {
		bool escape =
			s.s[i] == '~' && i + 1 < s.len && (s.s[i + 1] == '0' || s.s[i + 1] == '1');

		out[n++] = escape ? (s.s[i + 1] == '0' ? '~' : '/') : s.s[i];
		i += escape;
	}
	return (struct str){ out, n };
}

FUNC(fn_pointer)
{
	struct str path = c->args[0].s;
	const struct val *v = &c->args[1];
	size_t at = 1;

	if (v->type != VAL_MAP)
		return err_set(err, ERR_INVALID, "pointer needs a map type");
	while (v && path.len && at <= path.len) {
		const char *slash = memchr(path.s + at, '/', path.len - at);
		size_t end = slash ? (size_t)(slash - path.s) : path.len;
		struct str part = { path.s + at, end - at };

		if (v->type == VAL_MAP)
			v = map_get(v->map, pointer_key(&c->run->budget->arena, part));
		else
			v = v->type == VAL_LIST ? list_get(v->list, part) : NULL;
		at = end + 1;
	}
	*ret = v ? *v : (struct val){ .type = VAL_NIL };
	return 0;
}

FUNC(fn_base64enc)
{
	static const char set[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	AUTO_STRBUF out = STRBUF_CAPPED(GOTMPL_TEXT_MAX);
	struct str s;
	int r = read_source(c->run, &c->args[0], &s, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < s.len && !out.truncated; i += 3) {
		size_t n = s.len - i < 3 ? s.len - i : 3;
		uint32_t bits = 0;

		for (size_t k = 0; k < 3; k++)
			bits = bits << 8 | (k < n ? (unsigned char)s.s[i + k] : 0u);
		for (size_t k = 0; k < 4; k++)
			strbuf_addch(&out, k <= n ? set[bits >> (18 - 6 * k) & 63] : '=');
	}
	return run_take(c->run, &out, ret, err);
}

static int base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Newlines may stand anywhere; the padding must be there. */
FUNC(fn_base64dec)
{
	AUTO_STRBUF out = STRBUF_CAPPED(GOTMPL_TEXT_MAX);
	uint32_t bits = 0;
	size_t digits = 0;
	size_t pads = 0;
	struct str s;
	int r = read_source(c->run, &c->args[0], &s, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < s.len; i++) {
		int value = base64_value(s.s[i]);

		if (s.s[i] == '\n' || s.s[i] == '\r')
			continue;
		pads += s.s[i] == '=';
		if ((value < 0 || pads) && (s.s[i] != '=' || digits % 4 < 2))
			return err_set(err, ERR_INVALID, "illegal base64 data at input byte %zu",
				i);
		bits = bits << 6 | (value < 0 ? 0u : (uint32_t)value);
		if (++digits % 4)
			continue;
		for (size_t k = 0; k < 3 - (pads < 3 ? pads : 3); k++)
			strbuf_addch(&out, (char)(bits >> (16 - 8 * k) & 0xff));
	}
	if (digits % 4)
		return err_set(err, ERR_INVALID, "illegal base64 data at input byte %zu", s.len);
	return run_take(c->run, &out, ret, err);
}
