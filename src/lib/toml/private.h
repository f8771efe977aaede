/* SPDX-License-Identifier: MIT */
#pragma once

/* What the files of this folder share. */

#include <stdbool.h>

#include "base/strvec.h"
#include "lib/toml/toml.h"

/* How a table or a list came to be; what has no mark is a value, which nothing may be added to. */
enum toml_mark {
	TOML_VALUE,
	TOML_IMPLICIT, /* on the way to the table that a header names */
	TOML_HEADER,
	TOML_DOTTED, /* by a dotted key */
	TOML_LIST,   /* [[list]] */
};

enum { TOML_SLOTS = TOML_TABLES_MAX * 2 };

struct toml_marks {
	size_t count;
	struct {
		const json_t *value;
		enum toml_mark mark;
	} slots[TOML_SLOTS];
};

struct toml {
	const char *text;
	const char *at;
	const char *end;
	unsigned depth;
	struct toml_marks *marks;
	struct err *err;
};

/* "line 3, column 4: WHAT", of the cursor's place. */
MUST_CHECK int toml_fail(const struct toml *t, const char *what);
/* The byte under the cursor; 0 at the end, which no document contains. */
char toml_peek(const struct toml *t);
bool toml_starts(const struct toml *t, const char *text);
void toml_blanks(struct toml *t);
/* Control characters but the tab, which stand nowhere as they are. */
bool toml_is_control(char c);

/* string.c: the cursor is at the opening quote. MULTI: three of them are allowed. */
MUST_CHECK int toml_string(struct toml *t, bool multi, struct strbuf *out);
/* scalar.c: numbers, booleans, dates. */
MUST_CHECK int toml_scalar(struct toml *t, json_t **ret);
/* value.c: any value. */
MUST_CHECK int toml_value(struct toml *t, json_t **ret);
/* key.c: a key with its dots, the blanks behind it included. */
MUST_CHECK int toml_key(struct toml *t, struct strvec *ret);
/* "a.b = 1" into TABLE. */
MUST_CHECK int toml_pair(struct toml *t, json_t *table);
enum toml_mark toml_mark_of(const struct toml *t, const json_t *value);
MUST_CHECK int toml_mark(struct toml *t, const json_t *value, enum toml_mark mark);
/* A new table below TABLE. */
MUST_CHECK int toml_add_table(struct toml *t, json_t *table, const char *key, enum toml_mark mark,
	json_t **ret);
