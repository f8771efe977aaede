/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/parse.h"
#include "lib/jsonc/jsonc.h"

/* A string in which an & is itself. */
static void add_string(struct strbuf *out, const char *s)
{
	AUTO_STRBUF quoted = STRBUF_INIT;

	jsonc_quote(&quoted, s);
	for (const char *p = quoted.buf; *p; p++) {
		if (*p != '\\') {
			strbuf_addch(out, *p);
		} else if (str_starts(p, "\\u0026")) {
			strbuf_addch(out, '&');
			p += 5;
		} else {
			strbuf_add(out, p, 2);
			p++;
		}
	}
}

/* The shortest text that is read as the same number; with an exponent only where it is far from 1. */
static void add_real(struct strbuf *out, double value)
{
	double size = value < 0 ? -value : value;
	bool plain = size >= 1e-6 && size < 1e21;
	char text[64];
	char *zero;

	for (int digits = plain ? 0 : 1; digits <= 22; digits++) {
		snprintf(text, sizeof(text), plain ? "%.*f" : "%.*g", digits, value);
		if (strtod(text, NULL) == value)
			break;
	}
	zero = strstr(text, "e-0");
	if (zero)
		memmove(zero + 2, zero + 3, strlen(zero + 3) + 1);
	strbuf_addstr(out, text);
}

static void new_line(struct strbuf *out, unsigned depth)
{
	strbuf_addch(out, '\n');
	for (unsigned i = 0; i < depth; i++)
		strbuf_addstr(out, "  ");
}

static void add_value(struct strbuf *out, const json_t *value, unsigned depth);

static void add_array(struct strbuf *out, const json_t *value, unsigned depth)
{
	const json_t *item;
	size_t i;

	strbuf_addch(out, '[');
	json_array_foreach (value, i, item) {
		if (i)
			strbuf_addch(out, ',');
		new_line(out, depth + 1);
		add_value(out, item, depth + 1);
	}
	if (json_array_size(value))
		new_line(out, depth);
	strbuf_addch(out, ']');
}

static void add_object(struct strbuf *out, const json_t *value, unsigned depth)
{
	json_t *object = (json_t *)(uintptr_t)value; /* iterating changes nothing */
	const char *key;
	json_t *item;
	size_t i = 0;

	strbuf_addch(out, '{');
	json_object_foreach (object, key, item) {
		if (i++)
			strbuf_addch(out, ',');
		new_line(out, depth + 1);
		add_string(out, key);
		strbuf_addstr(out, ": ");
		add_value(out, item, depth + 1);
	}
	if (i)
		new_line(out, depth);
	strbuf_addch(out, '}');
}

static void add_value(struct strbuf *out, const json_t *value, unsigned depth)
{
	switch (depth < JSONC_DEPTH_MAX ? json_typeof(value) : JSON_NULL) {
	case JSON_OBJECT:
		add_object(out, value, depth);
		break;
	case JSON_ARRAY:
		add_array(out, value, depth);
		break;
	case JSON_STRING:
		add_string(out, json_string_value(value));
		break;
	case JSON_INTEGER:
		strbuf_addf(out, "%lld", (long long)json_integer_value(value));
		break;
	case JSON_REAL:
		add_real(out, json_real_value(value));
		break;
	case JSON_TRUE:
		strbuf_addstr(out, "true");
		break;
	case JSON_FALSE:
		strbuf_addstr(out, "false");
		break;
	case JSON_NULL:
		strbuf_addstr(out, "null");
		break;
	}
}

void jsonc_add_indented(struct strbuf *out, const json_t *value)
{
	add_value(out, value, 0);
}
