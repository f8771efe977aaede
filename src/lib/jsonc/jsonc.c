/* SPDX-License-Identifier: MIT */
#include "lib/jsonc/jsonc.h"

#include <string.h>
#include <strings.h>

#include "base/parse.h"

/*
 * Comments and trailing commas become spaces, one per character, so that the JSON parser behind
 * counts the same lines and columns as the person who wrote the text.
 */
struct strip {
	const char *text;
	size_t len;
	size_t at;
	size_t depth;
	struct strbuf *out;
	char before;  /* the last significant byte; strings count as '"' */
	bool comma;   /* it was a comma behind a value ... */
	size_t where; /* ... at this place of the output */
	struct err *err;
};

static bool is_white(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* True for every byte of a character but its first. */
static bool is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

static int fail_at(const struct strip *s, size_t at, const char *what)
{
	size_t line = 1;
	size_t column = 1;

	for (size_t i = 0; i < at; i++) {
		if (s->text[i] == '\n') {
			line++;
			column = 1;
		} else if (!is_continuation(s->text[i])) {
			column++;
		}
	}
	return err_set(s->err, ERR_INVALID, "line %zu, column %zu: %s", line, column, what);
}

static void copy_to(struct strip *s, size_t end)
{
	strbuf_add(s->out, s->text + s->at, end - s->at);
	s->at = end;
}

static void blank_to(struct strip *s, size_t end)
{
	for (; s->at < end; s->at++) {
		char c = s->text[s->at];

		if (!is_continuation(c))
			strbuf_addch(s->out, is_white(c) ? c : ' ');
	}
}

static void line_comment(struct strip *s)
{
	const char *end = memchr(s->text + s->at, '\n', s->len - s->at);

	blank_to(s, end ? (size_t)(end - s->text) : s->len);
}

static int block_comment(struct strip *s)
{
	const char *end = memmem(s->text + s->at + 2, s->len - s->at - 2, "*/", 2);

	if (!end)
		return fail_at(s, s->at, "comment without its end");
	blank_to(s, (size_t)(end - s->text) + 2);
	return 0;
}

/* Offset behind the string at the cursor; a missing end is left to the parser behind. */
static size_t string_end(const struct strip *s)
{
	size_t i = s->at + 1;

	while (i < s->len && s->text[i] != '"' && s->text[i] != '\n')
		i += s->text[i] == '\\' && i + 1 < s->len ? 2 : 1;
	return i < s->len ? i + 1 : s->len;
}

static int significant(struct strip *s)
{
	char c = s->text[s->at];
	bool closes = c == '}' || c == ']';

	if (closes && s->comma)
		s->out->buf[s->where] = ' ';
	s->comma = c == ',' && !strchr("[{,:", s->before);
	s->where = s->out->len;
	s->before = c;
	if (closes && s->depth)
		s->depth--;
	if ((c == '{' || c == '[') && ++s->depth > JSONC_DEPTH_MAX)
		return fail_at(s, s->at, "nested too deeply");
	copy_to(s, c == '"' ? string_end(s) : s->at + 1);
	return 0;
}

static int strip(struct strip *s)
{
	int r = 0;

	while (r >= 0 && s->at < s->len) {
		char c = s->text[s->at];
		char next = s->at + 1 < s->len ? s->text[s->at + 1] : '\0';

		if (is_white(c))
			copy_to(s, s->at + 1);
		else if (c == '/' && next == '/')
			line_comment(s);
		else if (c == '/' && next == '*')
			r = block_comment(s);
		else
			r = significant(s);
	}
	return r;
}

bool jsonc_blank(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!is_white(text[i]))
			return false;
	}
	return true;
}

static int check_bytes(const struct strip *s)
{
	size_t i = 0;

	if (utf8_valid(s->text, s->len))
		return 0;
	while (i < s->len) {
		size_t n = 1;

		while (n < 4 && n < s->len - i && !utf8_valid(s->text + i, n))
			n++;
		if (!utf8_valid(s->text + i, n))
			break;
		i += n;
	}
	return fail_at(s, i, s->text[i] ? "invalid UTF-8" : "NUL byte");
}

int jsonc_parse(const char *text, size_t len, json_t **ret, struct err *err)
{
	AUTO_STRBUF out = STRBUF_INIT;
	struct strip s = { .text = text, .len = len, .out = &out, .before = ',', .err = err };
	json_error_t fault;
	json_t *root;
	int r;

	if (len > JSONC_TEXT_MAX)
		return err_set(err, ERR_INVALID, "the text is longer than %d bytes",
			JSONC_TEXT_MAX);
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		s.at = 3; /* a byte order mark says nothing in UTF-8 */
	r = check_bytes(&s);
	if (r >= 0)
		r = strip(&s);
	if (r < 0)
		return r;
	root = json_loadb(out.buf, out.len, JSON_DECODE_ANY, &fault);
	if (!root)
		return err_set(err, ERR_INVALID, "line %d, column %d: %s", fault.line, fault.column,
			fault.text);
	*ret = root;
	return 0;
}

json_t *jsonc_get(json_t *obj, const char *key)
{
	json_t *exact = json_object_get(obj, key);
	json_t *found = NULL;

	if (exact)
		return json_is_null(exact) ? NULL : exact;
	for (void *it = json_object_iter(obj); it; it = json_object_iter_next(obj, it)) {
		if (strcasecmp(json_object_iter_key(it), key) == 0)
			found = json_object_iter_value(it);
	}
	return found && !json_is_null(found) ? found : NULL;
}

const char *jsonc_type_name(const json_t *value)
{
	switch (value ? json_typeof(value) : JSON_NULL) {
	case JSON_OBJECT:
		return "an object";
	case JSON_ARRAY:
		return "a list";
	case JSON_STRING:
		return "a string";
	case JSON_INTEGER:
	case JSON_REAL:
		return "a number";
	case JSON_TRUE:
	case JSON_FALSE:
		return "true or false";
	case JSON_NULL:
		break;
	}
	return "null";
}
