/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * JSON with comments and trailing commas, as people write app.json, and a table reader for what
 * comes out of it.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strbuf.h"

enum {
	JSONC_TEXT_MAX = 4 << 20,
	JSONC_DEPTH_MAX = 128,
};

/* True if the text holds only white space: no settings, where a file may be empty. */
bool jsonc_blank(const char *text, size_t len);

/*
 * Parses one value of any type; json_decref() is the caller's. Of a key given twice the last one
 * wins. ERR_INVALID, with line and column of the original text, for what is not JSON, NUL bytes,
 * invalid UTF-8, a text over JSONC_TEXT_MAX or brackets deeper than JSONC_DEPTH_MAX.
 */
MUST_CHECK int jsonc_parse(const char *text, size_t len, json_t **ret, struct err *err);

/*
 * The member KEY of an object (borrowed), or NULL; a null counts as absent. A key that differs in
 * ASCII case only is taken when there is no exact one, as Go programs do.
 */
json_t *jsonc_get(json_t *obj, const char *key);

/* Name of a value's type in an error message: "a string", "an object", ... */
const char *jsonc_type_name(const json_t *value);

enum jsonc_type {
	JSONC_STRING, /* char *, for free() */
	JSONC_BOOL,   /* bool */
	JSONC_INT,    /* int64_t, within min..max of the row unless both are 0 */
	JSONC_STRVEC, /* struct strvec, replaced */
	JSONC_OBJECT, /* json_t *, borrowed from the object read */
	JSONC_ARRAY,  /* the same */
};

enum { JSONC_REQUIRED = 1 };

struct jsonc_field {
	const char *key; /* NULL ends the table */
	enum jsonc_type type;
	size_t offset; /* of the target in the struct */
	unsigned flags;
	int64_t min, max;
};

/*
 * Reads the members of OBJ that the table names into the struct OUT; others are ignored and absent
 * ones leave their target as it was. ERR_INVALID names the key; OUT is untouched then.
 */
MUST_CHECK int jsonc_read(json_t *obj, const struct jsonc_field *fields, void *out,
	struct err *err);

/*
 * Appends S as a JSON string, in the bytes that Go's encoder gives: < > & and U+2028/9 escaped,
 * invalid UTF-8 replaced by \ufffd.
 */
void jsonc_quote(struct strbuf *out, const char *s);
/* The same without the escapes that JSON itself does not ask for: < > & and U+2028/9 stay. */
void jsonc_quote_plain(struct strbuf *out, const char *s);

/*
 * Appends a value over several lines, indented by two blanks, members in their order, in the bytes
 * that Go's encoder gives, except that & stays. What is nested deeper than JSONC_DEPTH_MAX becomes
 * null.
 */
void jsonc_add_indented(struct strbuf *out, const json_t *value);
