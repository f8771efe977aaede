/* SPDX-License-Identifier: MIT */
/* Keys, and what they may lead into. */
#include <stdint.h>
#include <string.h>

#include "base/fs.h"
#include "lib/toml/private.h"

/* --- marks --- */

static size_t slot_of(const struct toml_marks *marks, const json_t *value)
{
	size_t i = ((uintptr_t)value >> 4) * 0x9e3779b97f4a7c15u >> 20;

	while (marks->slots[i % TOML_SLOTS].value && marks->slots[i % TOML_SLOTS].value != value)
		i++;
	return i % TOML_SLOTS;
}

enum toml_mark toml_mark_of(const struct toml *t, const json_t *value)
{
	size_t i = slot_of(t->marks, value);

	return t->marks->slots[i].value ? t->marks->slots[i].mark : TOML_VALUE;
}

int toml_mark(struct toml *t, const json_t *value, enum toml_mark mark)
{
	size_t i = slot_of(t->marks, value);

	if (!t->marks->slots[i].value && ++t->marks->count > TOML_TABLES_MAX)
		return toml_fail(t, "too many tables");
	t->marks->slots[i].value = value;
	t->marks->slots[i].mark = mark;
	return 0;
}

int toml_add_table(struct toml *t, json_t *table, const char *key, enum toml_mark mark,
	json_t **ret)
{
	json_t *added = json_object();

	json_object_set_new(table, key, added);
	*ret = added;
	return toml_mark(t, added, mark);
}

/* --- keys --- */

static bool is_bare(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-';
}

static int key_part(struct toml *t, struct strvec *ret)
{
	AUTO_STRBUF text = STRBUF_INIT;
	const char *from = t->at;
	int r = 0;

	if (toml_peek(t) == '"' || toml_peek(t) == '\'') {
		r = toml_string(t, false, &text);
	} else {
		while (is_bare(toml_peek(t)))
			t->at++;
		if (t->at == from)
			return toml_fail(t, "a key is missing");
		strbuf_add(&text, from, (size_t)(t->at - from));
	}
	if (r >= 0)
		strvec_push(ret, text.buf);
	return r;
}

int toml_key(struct toml *t, struct strvec *ret)
{
	for (;;) {
		int r = key_part(t, ret);

		if (r < 0)
			return r;
		toml_blanks(t);
		if (toml_peek(t) != '.')
			return 0;
		if (ret->count >= TOML_DEPTH_MAX)
			return toml_fail(t, "a key of too many parts");
		t->at++;
		toml_blanks(t);
	}
}

/* Parts in front of the last open tables, but none that a header or a value has made. */
static int enter(struct toml *t, json_t **table, const char *key)
{
	json_t *next = json_object_get(*table, key);
	enum toml_mark mark = next ? toml_mark_of(t, next) : TOML_VALUE;

	if (!next)
		return toml_add_table(t, *table, key, TOML_DOTTED, table);
	if (mark != TOML_DOTTED && mark != TOML_IMPLICIT)
		return toml_fail(t, "a key leads into what was defined elsewhere");
	*table = next;
	return toml_mark(t, next, TOML_DOTTED);
}

int toml_pair(struct toml *t, json_t *table)
{
	AUTO_STRVEC key = STRVEC_INIT;
	json_t *value = NULL;
	const char *last;
	int r = toml_key(t, &key);

	for (size_t i = 0; r >= 0 && i + 1 < key.count; i++)
		r = enter(t, &table, key.items[i]);
	if (r < 0)
		return r;
	last = key.items[key.count - 1];
	if (json_object_get(table, last))
		return toml_fail(t, "a key that was given before");
	if (toml_peek(t) != '=')
		return toml_fail(t, "= is missing behind a key");
	t->at++;
	toml_blanks(t);
	r = toml_value(t, &value);
	return r < 0 ? r : json_object_set_new(table, last, value);
}
