/* SPDX-License-Identifier: MIT */
#include "lib/dsn/dsn.h"

#include <ctype.h>
#include <string.h>

#include "base/alloc.h"
#include "base/base64.h"
#include "base/fs.h"
#include "base/parse.h"
#include "base/strvec.h"

static int hex_digit(char c)
{
	const char *digits = "0123456789abcdef";
	const char *at = c ? strchr(digits, tolower((unsigned char)c)) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* Appends the LEN bytes at S with + and %XX decoded. */
static int unescape(const char *s, size_t len, struct strbuf *out, struct err *err)
{
	for (size_t i = 0; i < len; i++) {
		if (s[i] != '%') {
			strbuf_addch(out, s[i] == '+' ? ' ' : s[i]);
			continue;
		}
		if (i + 2 >= len || hex_digit(s[i + 1]) < 0 || hex_digit(s[i + 2]) < 0)
			return err_set(err, ERR_INVALID,
				"Invalid sink: a %% is not followed by two hex digits");
		strbuf_addch(out, (char)(hex_digit(s[i + 1]) * 16 + hex_digit(s[i + 2])));
		i += 2;
	}
	if (!utf8_valid(out->buf, out->len))
		return err_set(err, ERR_INVALID, "Invalid sink: an option is not UTF-8");
	return 0;
}

/* "a[b][]" -> "a", "b", "" */
static int split_name(const char *name, struct strvec *parts, struct err *err)
{
	const char *p = name + strcspn(name, "[");

	strvec_push_take(parts, xstrndup(name, (size_t)(p - name)));
	while (*p == '[' && parts->count <= DSN_DEPTH_MAX) {
		size_t len = strcspn(p + 1, "[]");

		if (p[1 + len] != ']')
			break;
		strvec_push_take(parts, xstrndup(p + 1, len));
		p += len + 2;
	}
	if (*p)
		return err_set(err, ERR_INVALID,
			"Invalid sink: the brackets of the option %.40s do not fit",
			parts->items[0]);
	if (!*parts->items[0])
		return err_set(err, ERR_INVALID, "Invalid sink: an option has no name");
	return 0;
}

/* --- values --- */

static bool is_flat(const char *text)
{
	size_t open = 0;

	for (; *text; text++)
		open += *text == '[' || *text == '{';
	return open <= DSN_DEPTH_MAX;
}

/* What the text is as JSON; else a string, in which JSON's escapes are understood. */
static json_t *value_of(const struct strbuf *text)
{
	AUTO_STRBUF quoted = STRBUF_INIT;
	json_t *value = NULL;

	if (is_flat(text->buf))
		value = json_loadb(text->buf, text->len, JSON_DECODE_ANY, NULL);
	if (value)
		return value;
	strbuf_addf(&quoted, "\"%s\"", text->buf);
	value = json_loadb(quoted.buf, quoted.len, JSON_DECODE_ANY, NULL);
	return json_is_string(value) ? value : (json_decref(value), json_string(text->buf));
}

static int decode_base64(const char *name, json_t *options, struct err *err)
{
	const char *value = json_string_value(json_object_get(options, name));
	const char *encoded = value ? str_after(value, "base64enc:") : NULL;
	AUTO_STRBUF out = STRBUF_INIT;
	json_t *decoded;

	if (!encoded)
		return 0;
	if (!base64_decode(encoded, strlen(encoded), &out, NULL))
		return err_set(err, ERR_INVALID,
			"Error decoding base64: the value of %s is not base64", name);
	strbuf_trim(&out);
	decoded = json_stringn(out.buf, out.len);
	if (!decoded || strlen(out.buf) != out.len) {
		json_decref(decoded);
		return err_set(err, ERR_INVALID,
			"Error decoding base64: the value of %s is no text", name);
	}
	json_object_set_new(options, name, decoded);
	return 0;
}

/* --- the tree --- */

static int mixed(const struct strvec *parts, struct err *err)
{
	return err_set(err, ERR_INVALID,
		"Invalid sink: the option %.40s is given as a value, a list or an object, not as "
		"one "
		"of them",
		parts->items[0]);
}

/* The container that the parts behind number I go into, made if it is not there. */
static json_t *enter(json_t *node, const struct strvec *parts, size_t i)
{
	bool list = !*parts->items[i + 1];
	json_t *child = json_is_array(node) ? NULL : json_object_get(node, parts->items[i]);

	if (child)
		return (list ? json_is_array(child) : json_is_object(child)) ? child : NULL;
	child = list ? json_array() : json_object();
	if (json_is_array(node))
		json_array_append_new(node, child);
	else
		json_object_set_new(node, parts->items[i], child);
	return child;
}

static bool is_scalar(const json_t *value)
{
	return !json_is_array(value) && !json_is_object(value);
}

/* Takes VALUE over. */
static int put(json_t *root, const struct strvec *parts, json_t *value, struct err *err)
{
	size_t last = parts->count - 1;
	json_t *node = root;
	json_t *old;

	for (size_t i = 0; node && i < last; i++)
		node = enter(node, parts, i);
	old = json_is_object(node) ? json_object_get(node, parts->items[last]) : NULL;
	if (!node || (old && is_scalar(old) != is_scalar(value))) {
		json_decref(value);
		return mixed(parts, err);
	}
	if (json_is_array(node))
		json_array_append_new(node, value);
	else
		json_object_set_new(node, parts->items[last], value);
	return 0;
}

static int add_option(json_t *options, const char *text, struct err *err)
{
	AUTO_STRVEC parts = STRVEC_INIT;
	AUTO_STRBUF name = STRBUF_INIT;
	AUTO_STRBUF value = STRBUF_INIT;
	const char *eq = strchr(text, '=');
	int r = unescape(text, eq ? (size_t)(eq - text) : strlen(text), &name, err);

	if (r >= 0 && !eq)
		r = err_set(err, ERR_INVALID, "Invalid sink: the option %.40s has no value",
			name.buf);
	if (r >= 0)
		r = unescape(eq + 1, strlen(eq + 1), &value, err);
	if (r >= 0)
		r = split_name(name.buf, &parts, err);
	return r < 0 ? r : put(options, &parts, value_of(&value), err);
}

static char *type_of(const char *text, size_t len)
{
	char *type = xstrndup(text, len);

	for (char *c = type; *c; c++)
		*c = *c == '-' ? '_' : (char)tolower((unsigned char)*c);
	return type;
}

static int parse(const char *query, json_t *options, struct err *err)
{
	AUTO_STRVEC texts = STRVEC_INIT;
	const char *name;
	void *next;
	json_t *value;
	int r = 0;

	strvec_split(&texts, query, "&");
	for (size_t i = 0; r >= 0 && i < texts.count; i++)
		r = add_option(options, texts.items[i], err);
	json_object_foreach_safe(options, next, name, value)
	{
		if (r >= 0)
			r = decode_base64(name, options, err);
	}
	return r;
}

int dsn_parse(const char *text, json_t **ret, struct err *err)
{
	size_t len =
		strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
	AUTO_FREE char *query = NULL;
	AUTO_FREE char *type = NULL;
	const char *mark = strchr(text, '?');
	json_t *options;
	int r;

	if (strlen(text) > DSN_MAX)
		return err_set(err, ERR_INVALID, "Invalid sink: longer than %d bytes", DSN_MAX);
	if (!len || !isalpha((unsigned char)text[0]) || !str_starts(text + len, "://"))
		return err_set(err, ERR_INVALID,
			"Invalid sink: expected <type>://?<option>=<value>&...");
	query = xstrndup(mark ? mark + 1 : "", mark ? strcspn(mark + 1, "#") : 0);
	if (strspn(query, "&") == strlen(query))
		return err_set(err, ERR_INVALID, "Invalid sink: it has no options");
	options = json_object();
	r = parse(query, options, err);
	if (r < 0) {
		json_decref(options);
		return r;
	}
	type = type_of(text, len);
	json_object_set_new(options, "type", json_string(type));
	*ret = options;
	return 0;
}
