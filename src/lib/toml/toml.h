/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * TOML 1.0, whole and strict, into JSON values. What JSON has no type for becomes a string as it is
 * written: dates, times, inf and nan. One deviation: \u0000 is refused, as nothing here could hold
 * what it stands for.
 */

#include <jansson.h>
#include <stddef.h>

#include "base/err.h"
#include "base/strbuf.h"

enum {
	TOML_TEXT_MAX = 1 << 20,
	TOML_DEPTH_MAX = 64, /* of brackets and braces; parts of a key */
	TOML_TABLES_MAX = 16384,
};

/*
 * Parses a document; *RET is an object, json_decref() is the caller's. ERR_INVALID, with line and
 * column, for what is not TOML or beyond the limits.
 */
MUST_CHECK int toml_parse(const char *text, size_t len, json_t **ret, struct err *err);

/* Appends S as a basic string of TOML, quotes included. */
void toml_quote(struct strbuf *out, const char *s);
