/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/fs.h"
#include "lib/toml/private.h"

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static void add_utf8(struct strbuf *out, unsigned code)
{
	if (code < 0x80) {
		strbuf_addch(out, (char)code);
		return;
	}
	if (code < 0x800) {
		strbuf_addch(out, (char)(0xc0 | code >> 6));
	} else if (code < 0x10000) {
		strbuf_addch(out, (char)(0xe0 | code >> 12));
		strbuf_addch(out, (char)(0x80 | (code >> 6 & 0x3f)));
	} else {
		strbuf_addch(out, (char)(0xf0 | code >> 18));
		strbuf_addch(out, (char)(0x80 | (code >> 12 & 0x3f)));
		strbuf_addch(out, (char)(0x80 | (code >> 6 & 0x3f)));
	}
	strbuf_addch(out, (char)(0x80 | (code & 0x3f)));
}

static int code_point(struct toml *t, int digits, struct strbuf *out)
{
	unsigned code = 0;

	for (int i = 0; i < digits; i++) {
		int value = hex_value(toml_peek(t));

		if (value < 0)
			return toml_fail(t, "a hexadecimal digit is missing");
		code = code << 4 | (unsigned)value;
		t->at++;
	}
	if (!code || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return toml_fail(t, "no such character");
	add_utf8(out, code);
	return 0;
}

static bool skip_newline(struct toml *t)
{
	if (toml_starts(t, "\r\n"))
		t->at += 2;
	else if (toml_peek(t) == '\n')
		t->at++;
	else
		return false;
	return true;
}

/* A backslash at the end of a line takes all white space behind it away. */
static bool skip_line_end(struct toml *t)
{
	const char *from = t->at;

	toml_blanks(t);
	if (!skip_newline(t)) {
		t->at = from;
		return false;
	}
	do
		toml_blanks(t);
	while (skip_newline(t));
	return true;
}

static int escape(struct toml *t, bool multi, struct strbuf *out)
{
	static const char names[] = "btnfr\"\\";
	static const char values[] = "\b\t\n\f\r\"\\";
	const char *known;
	char c;

	t->at++;
	if (multi && skip_line_end(t))
		return 0;
	c = toml_peek(t);
	known = c ? strchr(names, c) : NULL;
	if (!known && c != 'u' && c != 'U')
		return toml_fail(t, "no such escape in a string");
	t->at++;
	if (!known)
		return code_point(t, c == 'u' ? 4 : 8, out);
	strbuf_addch(out, values[known - names]);
	return 0;
}

/* Up to two quotes may stand in front of the three that close. 1 when it is closed. */
static int close_multi(struct toml *t, char quote, struct strbuf *out)
{
	size_t n = 0;

	while (t->at + n < t->end && t->at[n] == quote && n < 6)
		n++;
	if (n == 6)
		return toml_fail(t, "too many quotes");
	if (n < 3) {
		strbuf_add(out, t->at, n);
		t->at += n;
		return 0;
	}
	strbuf_add(out, t->at, n - 3);
	t->at += n;
	return 1;
}

static int multi_line(struct toml *t, char quote, struct strbuf *out)
{
	t->at += 3;
	skip_newline(t);
	for (;;) {
		char c = toml_peek(t);
		int r = 0;

		if (!c)
			return toml_fail(t, "a string without its end");
		if (c == quote) {
			r = close_multi(t, quote, out);
			if (r > 0)
				return 0;
		} else if (c == '\\' && quote == '"') {
			r = escape(t, true, out);
		} else if (skip_newline(t)) {
			strbuf_addch(out, '\n');
		} else if (toml_is_control(c)) {
			return toml_fail(t, "a control character in a string");
		} else {
			strbuf_addch(out, c);
			t->at++;
		}
		if (r < 0)
			return r;
	}
}

int toml_string(struct toml *t, bool multi, struct strbuf *out)
{
	char quote = toml_peek(t);

	if (toml_starts(t, quote == '"' ? "\"\"\"" : "'''"))
		return multi ? multi_line(t, quote, out) : toml_fail(t, "a key of several lines");
	t->at++;
	for (;;) {
		char c = toml_peek(t);

		if (!c || c == '\n' || c == '\r')
			return toml_fail(t, "a string without its end");
		if (toml_is_control(c))
			return toml_fail(t, "a control character in a string");
		if (c == quote) {
			t->at++;
			return 0;
		}
		if (c == '\\' && quote == '"') {
			int r = escape(t, false, out);

			if (r < 0)
				return r;
			continue;
		}
		strbuf_addch(out, c);
		t->at++;
	}
}

void toml_quote(struct strbuf *out, const char *s)
{
	strbuf_addch(out, '"');
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			strbuf_addf(out, "\\%c", *s);
		else if (toml_is_control(*s) || *s == '\t')
			strbuf_addf(out, "\\u%04x", (unsigned)(unsigned char)*s);
		else
			strbuf_addch(out, *s);
	}
	strbuf_addch(out, '"');
}
