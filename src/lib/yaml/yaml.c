/* SPDX-License-Identifier: MIT */
#include "lib/yaml/yaml.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/parse.h"
#include "base/strbuf.h"

/* A line that says something: its text begins behind the indentation and has no newline. */
struct line {
	const char *text;
	size_t len;
	size_t indent;
	size_t number;
};

struct parser {
	struct line *lines;
	size_t count;
	size_t at;
	size_t depth;
	struct err *err;
};

/* A place within one line. */
struct cursor {
	const char *p;
	const char *end;
	size_t number;
};

static int fail(struct parser *p, size_t number, const char *what)
{
	return err_set(p->err, ERR_INVALID, "line %zu: %s", number, what);
}

/* --- lines --- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* A line without content ("", "# ...", the mark at the start) is left out. */
static int add_line(struct parser *p, const char *text, size_t len, size_t number)
{
	size_t indent = 0;

	while (indent < len && text[indent] == ' ')
		indent++;
	while (len > indent && is_blank(text[len - 1]))
		len--;
	if (len == indent || text[indent] == '#')
		return 0;
	if (text[indent] == '\t')
		return fail(p, number, "a tab cannot indent");
	if (indent == 0 && len >= 3 && memcmp(text, "---", 3) == 0) {
		if (len > 3 || p->count)
			return fail(p, number, "there can be only one document");
		return 0;
	}
	if (p->count >= YAML_LINES_MAX)
		return fail(p, number, "there are too many lines");
	p->lines[p->count++] = (struct line){ text + indent, len - indent, indent, number };
	return 0;
}

static int split(struct parser *p, const char *text, size_t len)
{
	const char *end = text + len;
	size_t number = 1;
	size_t lines = 1;
	int r = 0;

	for (const char *c = text; c < end; c++)
		lines += *c == '\n';
	p->lines = xcalloc(lines < YAML_LINES_MAX ? lines : YAML_LINES_MAX, sizeof(*p->lines));
	for (; r >= 0 && text < end; number++) {
		const char *nl = memchr(text, '\n', (size_t)(end - text));
		size_t n = nl ? (size_t)(nl - text) : (size_t)(end - text);

		r = add_line(p, text, n, number);
		text += n + (nl != NULL);
	}
	return r;
}

/* --- scalars --- */

static void skip_blanks(struct cursor *c)
{
	while (c->p < c->end && is_blank(*c->p))
		c->p++;
}

static bool at_comment(const struct cursor *c)
{
	return c->p < c->end && *c->p == '#';
}

/* 'it''s' */
static int read_single(struct parser *p, struct cursor *c, struct strbuf *out)
{
	for (c->p++; c->p < c->end; c->p++) {
		if (*c->p != '\'') {
			strbuf_addch(out, *c->p);
		} else if (c->p + 1 < c->end && c->p[1] == '\'') {
			strbuf_addch(out, '\'');
			c->p++;
		} else {
			c->p++;
			return 0;
		}
	}
	return fail(p, c->number, "a quote does not end on its line");
}

/* "a\tb"; escapes that name characters by number are refused. */
static int read_double(struct parser *p, struct cursor *c, struct strbuf *out)
{
	static const char names[] = "nrt\"\\/ ae";
	static const char values[] = "\n\r\t\"\\/ \a\033";

	for (c->p++; c->p < c->end; c->p++) {
		const char *name;

		if (*c->p == '"') {
			c->p++;
			return 0;
		}
		if (*c->p != '\\') {
			strbuf_addch(out, *c->p);
			continue;
		}
		c->p++;
		name = c->p < c->end ? strchr(names, *c->p) : NULL;
		if (!name)
			return fail(p, c->number, "this backslash in double quotes is not known");
		strbuf_addch(out, values[name - names]);
	}
	return fail(p, c->number, "a quote does not end on its line");
}

/* Ends in front of a comment, of "key: " and, INSIDE brackets, of what separates there. */
static int read_plain(struct parser *p, struct cursor *c, bool inside, struct strbuf *out)
{
	const char *start = c->p;
	const char *end = c->p;

	if (strchr("&*!|>%@`", *start) || (strchr(",]}", *start) && inside))
		return fail(p, c->number, "a value cannot begin like this here");
	for (; c->p < c->end; c->p++) {
		bool last = c->p + 1 == c->end;

		if (*c->p == '#' && c->p > start && is_blank(c->p[-1]))
			break;
		if (inside && strchr(",[]{}", *c->p))
			break;
		if (*c->p == ':' &&
			(last || is_blank(c->p[1]) || (inside && strchr(",]}", c->p[1]))))
			break;
		if (!is_blank(*c->p))
			end = c->p + 1;
	}
	strbuf_add(out, start, (size_t)(end - start));
	return 0;
}

static json_t *plain_value(const struct strbuf *text)
{
	if (!text->len || strcmp(text->buf, "~") == 0 || strcmp(text->buf, "null") == 0)
		return json_null();
	return json_stringn(text->buf, text->len);
}

/* A scalar: quoted ones are strings whatever they hold. */
static int read_scalar(struct parser *p, struct cursor *c, bool inside, json_t **ret)
{
	AUTO_STRBUF text = STRBUF_INIT;
	int r;

	if (c->p < c->end && (*c->p == '"' || *c->p == '\'')) {
		r = *c->p == '"' ? read_double(p, c, &text) : read_single(p, c, &text);
		if (r >= 0)
			*ret = json_stringn(text.buf, text.len);
	} else {
		r = c->p < c->end ? read_plain(p, c, inside, &text) : 0;
		if (r >= 0)
			*ret = plain_value(&text);
	}
	return r;
}

/* --- [a, b] and {a: b} --- */

static int read_flow(struct parser *p, struct cursor *c, json_t **ret);

static int flow_value(struct parser *p, struct cursor *c, json_t **ret)
{
	skip_blanks(c);
	if (c->p < c->end && (*c->p == '[' || *c->p == '{'))
		return read_flow(p, c, ret);
	return read_scalar(p, c, true, ret);
}

static int add_member(struct parser *p, size_t number, json_t *object, json_t *key, json_t *value)
{
	const char *name = json_string_value(key);
	int r = 0;

	if (!name)
		r = fail(p, number, "a key is missing");
	else if (json_object_get(object, name))
		r = fail(p, number, "a key is given twice");
	else
		json_object_set(object, name, value);
	json_decref(key);
	json_decref(value);
	return r;
}

static int flow_member(struct parser *p, struct cursor *c, json_t *object)
{
	json_t *key = NULL;
	json_t *value = NULL;
	int r = read_scalar(p, c, true, &key);

	if (r < 0)
		return r;
	skip_blanks(c);
	if (c->p == c->end || *c->p != ':') {
		json_decref(key);
		return fail(p, c->number, "a colon is missing in { }");
	}
	c->p++;
	r = flow_value(p, c, &value);
	if (r < 0) {
		json_decref(key);
		return r;
	}
	return add_member(p, c->number, object, key, value);
}

static int flow_items(struct parser *p, struct cursor *c, bool list, json_t *into)
{
	char closing = list ? ']' : '}';

	for (c->p++;;) {
		json_t *item = NULL;
		int r;

		skip_blanks(c);
		if (c->p < c->end && *c->p == closing)
			break;
		r = list ? flow_value(p, c, &item) : flow_member(p, c, into);
		if (r < 0)
			return r;
		if (list)
			json_array_append_new(into, item);
		skip_blanks(c);
		if (c->p < c->end && *c->p == closing)
			break;
		if (c->p == c->end || *c->p != ',')
			return fail(p, c->number, "brackets do not end on their line");
		c->p++;
	}
	c->p++;
	return 0;
}

static int read_flow(struct parser *p, struct cursor *c, json_t **ret)
{
	bool list = *c->p == '[';
	json_t *into;
	int r;

	if (++p->depth > YAML_DEPTH_MAX)
		return fail(p, c->number, "it is nested too deeply");
	into = list ? json_array() : json_object();
	r = flow_items(p, c, list, into);
	p->depth--;
	if (r < 0)
		json_decref(into);
	else
		*ret = into;
	return r;
}

/* --- blocks --- */

static int read_block(struct parser *p, size_t indent, json_t **ret);

static struct cursor cursor_of(const struct line *l, size_t from)
{
	return (struct cursor){ l->text + from, l->text + l->len, l->number };
}

/* The rest of a line is one value. */
static int read_rest(struct parser *p, struct cursor *c, json_t **ret)
{
	json_t *value = NULL;
	bool flow = c->p < c->end && (*c->p == '[' || *c->p == '{');
	int r = flow ? read_flow(p, c, &value) : read_scalar(p, c, false, &value);

	if (r < 0)
		return r;
	skip_blanks(c);
	if (c->p < c->end && !at_comment(c)) {
		json_decref(value);
		return fail(p, c->number, "there is something behind the value");
	}
	*ret = value;
	return 0;
}

static bool is_item(const struct line *l)
{
	return l->text[0] == '-' && (l->len == 1 || l->text[1] == ' ');
}

/* Length of "key" in front of its colon, 0 when the line is no member of a mapping. Also steps over
 * quotes. */
static size_t key_end(const struct line *l)
{
	char quote = l->text[0] == '"' || l->text[0] == '\'' ? l->text[0] : '\0';
	size_t i = quote != '\0';

	if (strchr("[{", l->text[0]))
		return 0;
	while (quote && i < l->len && l->text[i] != quote)
		i += l->text[i] == '\\' && quote == '"' ? 2 : 1;
	for (i += quote != '\0'; i < l->len; i++) {
		if (l->text[i] == '#' && i && is_blank(l->text[i - 1]))
			return 0;
		if (l->text[i] == ':' && (i + 1 == l->len || is_blank(l->text[i + 1])))
			return i;
	}
	return 0;
}

/* What stands below a key or a lone dash: a deeper block, or nothing. */
static int read_below(struct parser *p, size_t indent, bool list_too, json_t **ret)
{
	const struct line *next = p->at < p->count ? &p->lines[p->at] : NULL;

	if (next &&
		(next->indent > indent || (list_too && next->indent == indent && is_item(next))))
		return read_block(p, next->indent, ret);
	*ret = json_null();
	return 0;
}

static int read_item(struct parser *p, json_t *list)
{
	struct line *l = &p->lines[p->at];
	struct cursor c = cursor_of(l, 1);
	json_t *value = NULL;
	size_t indent = l->indent;
	int r;

	skip_blanks(&c);
	if (c.p == c.end || at_comment(&c)) {
		p->at++;
		r = read_below(p, indent, false, &value);
	} else {
		/* "- a: b" is a mapping whose first line begins behind the dash. */
		size_t skipped = (size_t)(c.p - l->text);

		*l = (struct line){ c.p, l->len - skipped, l->indent + skipped, l->number };
		r = read_block(p, l->indent, &value);
	}
	if (r >= 0)
		json_array_append_new(list, value);
	return r;
}

static int read_member(struct parser *p, json_t *object)
{
	const struct line *l = &p->lines[p->at];
	size_t colon = key_end(l);
	struct cursor name = { l->text, l->text + colon, l->number };
	struct cursor c = cursor_of(l, colon + 1);
	json_t *key = NULL;
	json_t *value = NULL;
	int r;

	if (!colon)
		return fail(p, l->number, "this is no \"key: value\"");
	r = read_rest(p, &name, &key);
	if (r < 0)
		return r;
	p->at++;
	skip_blanks(&c);
	if (c.p == c.end || at_comment(&c))
		r = read_below(p, l->indent, true, &value);
	else
		r = read_rest(p, &c, &value);
	if (r < 0) {
		json_decref(key);
		return r;
	}
	return add_member(p, l->number, object, key, value);
}

static int read_members(struct parser *p, size_t indent, bool list, json_t *into)
{
	int r = 0;

	while (r >= 0 && p->at < p->count && p->lines[p->at].indent >= indent) {
		const struct line *l = &p->lines[p->at];

		if (l->indent > indent)
			return fail(p, l->number, "it is indented more than what it belongs to");
		/* A list may stand as deep as the key it belongs to; the next key ends it. */
		if (is_item(l) != list)
			return list ? 0 : fail(p, l->number, "a list item stands among keys");
		r = list ? read_item(p, into) : read_member(p, into);
	}
	return r;
}

static int read_block(struct parser *p, size_t indent, json_t **ret)
{
	const struct line *l = &p->lines[p->at];
	struct cursor c = cursor_of(l, 0);
	bool list = is_item(l);
	json_t *into;
	int r;

	if (!list && !key_end(l)) {
		p->at++;
		return read_rest(p, &c, ret);
	}
	if (++p->depth > YAML_DEPTH_MAX)
		return fail(p, l->number, "it is nested too deeply");
	into = list ? json_array() : json_object();
	r = read_members(p, indent, list, into);
	p->depth--;
	if (r < 0)
		json_decref(into);
	else
		*ret = into;
	return r;
}

static int read_document(struct parser *p, json_t **ret)
{
	json_t *value = NULL;
	int r;

	if (!p->count) {
		*ret = json_null();
		return 0;
	}
	r = read_block(p, p->lines[0].indent, &value);
	if (r >= 0 && p->at < p->count) {
		json_decref(value);
		return fail(p, p->lines[p->at].number, "it belongs to nothing above it");
	}
	if (r >= 0)
		*ret = value;
	return r;
}

int yaml_parse(const char *text, size_t len, json_t **ret, struct err *err)
{
	struct parser p = { .err = err };
	int r;

	if (len > YAML_TEXT_MAX)
		return err_set(err, ERR_INVALID, "it is longer than %d bytes", YAML_TEXT_MAX);
	if (!utf8_valid(text, len))
		return err_set(err, ERR_INVALID, "it holds NUL bytes or is not UTF-8");
	r = split(&p, text, len);
	if (r >= 0)
		r = read_document(&p, ret);
	free(p.lines);
	return r < 0 ? r : 0;
}
