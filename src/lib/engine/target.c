/* SPDX-License-Identifier: MIT */
#include "lib/engine/target.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"

void target_done(struct http_target *t)
{
	strbuf_done(&t->text);
	strbuf_done(&t->bad);
}

static bool unreserved(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '.' || c == '_' || c == '~';
}

static void encode(struct strbuf *out, const char *s, size_t len)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)s[i];

		if (unreserved(c)) {
			strbuf_addch(out, (char)c);
		} else {
			strbuf_addch(out, '%');
			strbuf_addch(out, hex[c >> 4]);
			strbuf_addch(out, hex[c & 15]);
		}
	}
}

static void refuse(struct http_target *t, const char *name)
{
	if (t->is_bad)
		return;
	t->is_bad = true;
	for (; *name; name++)
		strbuf_addch(&t->bad, (unsigned char)*name < 0x20 || *name == 0x7f ? '?' : *name);
}

void target_path(struct http_target *t, const char *literal)
{
	strbuf_addstr(&t->text, literal);
}

/* The engine decodes before it routes, so dots and empty parts are refused, not encoded. */
static bool segment_ok(const char *s, size_t len)
{
	if (!len || (len == 1 && s[0] == '.') || (len == 2 && s[0] == '.' && s[1] == '.'))
		return false;
	return true;
}

void target_name(struct http_target *t, const char *name)
{
	size_t len = strlen(name);

	if (!segment_ok(name, len) || strchr(name, '/') || has_control(name))
		refuse(t, name);
	else
		encode(&t->text, name, len);
}

void target_image(struct http_target *t, const char *image)
{
	const char *p = image;

	if (has_control(image)) {
		refuse(t, image);
		return;
	}
	for (;;) {
		size_t len = strcspn(p, "/");

		if (!segment_ok(p, len)) {
			refuse(t, image);
			return;
		}
		encode(&t->text, p, len);
		if (!p[len])
			return;
		strbuf_addch(&t->text, '/');
		p += len + 1;
	}
}

void target_noun(struct http_target *t, const char *noun, const char *name, const char *rest)
{
	target_path(t, noun);
	target_name(t, name);
	target_path(t, rest);
}

void target_query(struct http_target *t, const char *key, const char *value)
{
	if (!value)
		return;
	strbuf_addch(&t->text, t->has_query ? '&' : '?');
	t->has_query = true;
	strbuf_addstr(&t->text, key);
	strbuf_addch(&t->text, '=');
	encode(&t->text, value, strlen(value));
}

void target_query_int(struct http_target *t, const char *key, int64_t value)
{
	AUTO_STRBUF text = STRBUF_INIT;

	strbuf_addf(&text, "%" PRId64, value);
	target_query(t, key, text.buf);
}

void target_query_flag(struct http_target *t, const char *key, bool value)
{
	target_query(t, key, value ? "1" : NULL);
}

void target_query_json(struct http_target *t, const char *key, const json_t *value)
{
	AUTO_FREE char *text = value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;

	target_query(t, key, text);
}

int target_check(const struct http_target *t, struct err *err)
{
	if (t->is_bad)
		return err_set(err, ERR_INVALID, "'%s' cannot be part of an engine request",
			t->bad.buf);
	if (t->text.truncated)
		return err_set(err, ERR_INVALID, "an engine request is longer than %d bytes",
			TARGET_MAX);
	if (t->text.buf[0] != '/')
		return err_set(err, ERR_INVALID, "an engine request must start with a slash");
	for (const char *p = t->text.buf; *p; p++) {
		if (*p <= ' ' || *p == 0x7f)
			return err_set(err, ERR_INVALID,
				"an engine request holds a space or a character beyond ASCII");
	}
	return 0;
}
