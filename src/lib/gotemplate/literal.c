/* SPDX-License-Identifier: MIT */
/* Go's literals: quoted strings, characters and numbers, read and written. */
#include "lib/gotemplate/tree.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

static const char escape_letters[] = "abfnrtv\\";
static const char escape_bytes[] = "\a\b\f\n\r\t\v\\";

/* Approximately unicode.IsPrint: without tables, the usual invisible ones are named. */
static bool is_print(uint32_t c)
{
	if (c < 0xa0)
		return c >= 0x20 && c < 0x7f;
	return c != 0xa0 && c != 0xad && !(c >= 0x2000 && c <= 0x200f) &&
	       !(c >= 0x2028 && c <= 0x202f) && !(c >= 0x205f && c <= 0x206f) && c != 0x3000 &&
	       !(c >= 0xd800 && c < 0xf900) && c != 0xfeff;
}

void quote_go(struct str s, char quote, struct strbuf *out)
{
	strbuf_addch(out, quote);
	for (size_t i = 0; i < s.len;) {
		uint32_t c;
		size_t n = utf8_get(s.s + i, s.len - i, &c);
		const char *e = c && c < 0x80 ? strchr(escape_bytes, (int)c) : NULL;

		if (n == 1 && c == 0xfffd)
			strbuf_addf(out, "\\x%02x", (unsigned char)s.s[i]);
		else if (e)
			strbuf_addf(out, "\\%c", escape_letters[e - escape_bytes]);
		else if (c == (unsigned char)quote)
			strbuf_addf(out, "\\%c", quote);
		else if (is_print(c))
			strbuf_add(out, s.s + i, n);
		else if (c < 0x20 || c == 0x7f)
			strbuf_addf(out, "\\x%02x", (unsigned int)c);
		else
			strbuf_addf(out, c < 0x10000 ? "\\u%04x" : "\\U%08x", (unsigned int)c);
		i += n;
	}
	strbuf_addch(out, quote);
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* COUNT digits of BASE at S. */
static bool read_digits(struct str s, size_t at, unsigned int base, size_t count, uint32_t *ret)
{
	uint32_t value = 0;

	if (s.len < at || s.len - at < count)
		return false;
	for (size_t i = 0; i < count; i++) {
		int d = digit_value(s.s[at + i]);

		if (d < 0 || d >= (int)base)
			return false;
		value = value * base + (uint32_t)d;
	}
	*ret = value;
	return true;
}

/* One escape at S[*AT], which is past the backslash. */
static bool read_escape(struct str s, size_t *at, char quote, struct strbuf *out)
{
	char c = s.s[*at];
	const char *letter = c ? strchr(escape_letters, c) : NULL;
	size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
	uint32_t value;

	if (letter || c == quote) {
		strbuf_addch(out, letter ? escape_bytes[letter - escape_letters] : quote);
		++*at;
		return true;
	}
	if (digits) {
		if (!read_digits(s, *at + 1, 16, digits, &value))
			return false;
		*at += digits + 1;
	} else {
		if (!read_digits(s, *at, 8, 3, &value) || value > 255)
			return false;
		*at += 3;
	}
	if (digits > 2 && (value > 0x10ffff || (value >= 0xd800 && value < 0xe000)))
		return false;
	if (digits > 2)
		utf8_add(out, value);
	else
		strbuf_addch(out, (char)value);
	return true;
}

bool unquote_go(struct arena *a, struct str quoted, struct str *ret)
{
	AUTO_STRBUF out = STRBUF_INIT;
	struct str s = { quoted.s + 1, quoted.len - 2 };
	char quote = quoted.s[0];

	for (size_t i = 0; i < s.len;) {
		char c = s.s[i++];

		if (quote == '`' && c == '\r')
			continue;
		if (quote == '`' || c != '\\')
			strbuf_addch(&out, c);
		else if (i >= s.len || !read_escape(s, &i, quote, &out))
			return false;
	}
	*ret = (struct str){ arena_copy(a, out.buf, out.len), out.len };
	return true;
}

static int char_parse(struct str text, struct val *ret, struct err *err)
{
	AUTO_ARENA arena = { .chunks = NULL };
	struct str s;
	uint32_t c = 0;

	if (!unquote_go(&arena, text, &s) || !s.len || utf8_get(s.s, s.len, &c) != s.len)
		return err_set(err, ERR_INVALID, "malformed character constant: %.*s",
			(int)(text.len > 40 ? 40 : text.len), text.s);
	/* '\xff' and '\377' are numbers, not UTF-8. */
	if (s.len == 1)
		c = (unsigned char)s.s[0];
	*ret = val_int((int64_t)c);
	return 0;
}

/* Go lets underscores stand between digits and after a base prefix. */
static bool strip_underscores(struct str text, struct strbuf *out)
{
	char last = '\0';

	for (size_t i = 0; i < text.len; i++) {
		char c = text.s[i];

		if (c == '_' && !isalnum((unsigned char)last))
			return false;
		if (last == '_' && !isxdigit((unsigned char)c))
			return false;
		if (c != '_')
			strbuf_addch(out, c);
		last = c;
	}
	return last != '_';
}

static int bad_number(struct str text, struct err *err)
{
	return err_set(err, ERR_INVALID, "illegal number syntax: \"%.*s\"",
		(int)(text.len > 40 ? 40 : text.len), text.s);
}

/* DIGITS without sign and underscores. A hexadecimal float must have its exponent. */
static bool float_parse(const char *digits, bool hex, double *ret)
{
	char *end;

	*ret = strtod(digits, &end);
	return end != digits && !*end && !isinf(*ret) && (!hex || strpbrk(digits, "pP"));
}

/* 1, 0 for what is no number, or -1 for one that is too large. */
static int int_parse(const char *digits, char prefix, int64_t *ret)
{
	bool prefixed = prefix == 'x' || prefix == 'o' || prefix == 'b';
	int base = prefix == 'x' ? 16 : prefix == 'b' ? 2 : prefixed || digits[0] == '0' ? 8 : 10;
	char *end;

	digits += prefixed ? 2 : 0;
	if (!isxdigit((unsigned char)digits[0]))
		return 0;
	errno = 0;
	*ret = strtoll(digits, &end, base);
	if (*end)
		return 0;
	return errno ? -1 : 1;
}

int number_parse(struct str text, struct val *ret, struct err *err)
{
	AUTO_STRBUF plain = STRBUF_INIT;
	const char *digits;
	char prefix;
	bool negative;
	int64_t i = 0;
	double f;
	int r;

	if (text.s[0] == '\'')
		return char_parse(text, ret, err);
	if (text.len > 400 || !strip_underscores(text, &plain))
		return bad_number(text, err);
	negative = plain.buf[0] == '-';
	digits = plain.buf + (plain.buf[0] == '-' || plain.buf[0] == '+');
	prefix = (char)(digits[0] == '0' ? digits[1] | 0x20 : 0);
	if (strpbrk(digits, ".pP") || (prefix != 'x' && strpbrk(digits, "eE"))) {
		if (!float_parse(digits, prefix == 'x', &f))
			return bad_number(text, err);
		*ret = (struct val){ .type = VAL_FLOAT, .f = negative ? -f : f };
		return 0;
	}
	r = int_parse(digits, prefix, &i);
	if (!r)
		return bad_number(text, err);
	if (r < 0)
		return err_set(err, ERR_INVALID, "integer overflow: \"%s\"", plain.buf);
	*ret = val_int(negative ? -i : i);
	return 0;
}
