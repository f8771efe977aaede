/* SPDX-License-Identifier: MIT */
#include "lib/toml/toml.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/parse.h"
#include "lib/toml/private.h"

/* --- the cursor --- */

int toml_fail(const struct toml *t, const char *what)
{
	size_t line = 1;
	size_t column = 1;

	for (const char *p = t->text; p < t->at; p++) {
		if (*p == '\n') {
			line++;
			column = 1;
		} else if (((unsigned char)*p & 0xc0) != 0x80) {
			column++;
		}
	}
	return err_set(t->err, ERR_INVALID, "line %zu, column %zu: %s", line, column, what);
}

char toml_peek(const struct toml *t)
{
	return t->at < t->end ? *t->at : '\0';
}

bool toml_starts(const struct toml *t, const char *text)
{
	size_t len = strlen(text);

	return (size_t)(t->end - t->at) >= len && memcmp(t->at, text, len) == 0;
}

void toml_blanks(struct toml *t)
{
	while (toml_peek(t) == ' ' || toml_peek(t) == '\t')
		t->at++;
}

bool toml_is_control(char c)
{
	return ((unsigned char)c < 0x20 && c != '\t') || c == 0x7f;
}

/* --- lines --- */

/* A comment, if there is one, and the end of the line. */
static int end_line(struct toml *t)
{
	toml_blanks(t);
	if (toml_peek(t) == '#') {
		while (t->at < t->end && !toml_is_control(*t->at))
			t->at++;
	}
	if (t->at == t->end)
		return 0;
	if (toml_starts(t, "\r\n"))
		t->at++;
	if (*t->at != '\n')
		return toml_fail(t, "something that does not belong on this line");
	t->at++;
	return 0;
}

/* --- headers --- */

/* A part of a header in front of the last: any table, or the last one of a list of them. */
static int descend(struct toml *t, json_t **table, const char *key)
{
	json_t *next = json_object_get(*table, key);

	if (!next)
		return toml_add_table(t, *table, key, TOML_IMPLICIT, table);
	switch (toml_mark_of(t, next)) {
	case TOML_LIST:
		*table = json_array_get(next, json_array_size(next) - 1);
		return 0;
	case TOML_IMPLICIT:
	case TOML_HEADER:
	case TOML_DOTTED:
		*table = next;
		return 0;
	case TOML_VALUE:
		break;
	}
	return toml_fail(t, "a table below what is none, or is complete");
}

static int open_table(struct toml *t, json_t **table, const char *key)
{
	json_t *next = json_object_get(*table, key);

	if (!next)
		return toml_add_table(t, *table, key, TOML_HEADER, table);
	if (toml_mark_of(t, next) != TOML_IMPLICIT)
		return toml_fail(t, "a table that was defined before");
	*table = next;
	return toml_mark(t, next, TOML_HEADER);
}

static int open_item(struct toml *t, json_t **table, const char *key)
{
	json_t *list = json_object_get(*table, key);
	int r = 0;

	if (!list) {
		list = json_array();
		json_object_set_new(*table, key, list);
		r = toml_mark(t, list, TOML_LIST);
	} else if (toml_mark_of(t, list) != TOML_LIST) {
		r = toml_fail(t, "a list of tables that was defined as something else");
	}
	if (r < 0)
		return r;
	*table = json_object();
	json_array_append_new(list, *table);
	return toml_mark(t, *table, TOML_HEADER);
}

/* "[a.b]" or "[[a.b]]"; *RET is the table that the lines behind it belong to. */
static int header(struct toml *t, json_t *root, json_t **ret)
{
	AUTO_STRVEC key = STRVEC_INIT;
	bool item = toml_starts(t, "[[");
	json_t *table = root;
	int r;

	t->at += item ? 2 : 1;
	toml_blanks(t);
	r = toml_key(t, &key);
	for (size_t i = 0; r >= 0 && i + 1 < key.count; i++)
		r = descend(t, &table, key.items[i]);
	if (r < 0)
		return r;
	if (!toml_starts(t, item ? "]]" : "]"))
		return toml_fail(t, "] is missing");
	r = item ? open_item(t, &table, key.items[key.count - 1])
		 : open_table(t, &table, key.items[key.count - 1]);
	t->at += item ? 2 : 1;
	*ret = table;
	return r;
}

static int document(struct toml *t, json_t *root)
{
	json_t *table = root;
	int r = toml_mark(t, root, TOML_HEADER);

	while (r >= 0 && t->at < t->end) {
		char c;

		toml_blanks(t);
		c = toml_peek(t);
		if (c == '[')
			r = header(t, root, &table);
		else if (c && c != '#' && c != '\n' && c != '\r')
			r = toml_pair(t, table);
		if (r >= 0)
			r = end_line(t);
	}
	return r;
}

int toml_parse(const char *text, size_t len, json_t **ret, struct err *err)
{
	struct toml t = { .text = text, .at = text, .end = text + len, .err = err };
	json_t *root;
	int r;

	if (len > TOML_TEXT_MAX)
		return err_set(err, ERR_INVALID, "longer than %d bytes", TOML_TEXT_MAX);
	if (!utf8_valid(text, len))
		return err_set(err, ERR_INVALID, "not UTF-8 text");
	t.marks = xcalloc(1, sizeof(*t.marks));
	root = json_object();
	r = document(&t, root);
	free(t.marks);
	if (r < 0) {
		json_decref(root);
		return r;
	}
	*ret = root;
	return 0;
}
