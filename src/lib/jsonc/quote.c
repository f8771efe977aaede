/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/fs.h"
#include "base/parse.h"
#include "lib/jsonc/jsonc.h"

/* Length of the valid character of two or more bytes at P, 0 if there is none. */
static size_t multi_byte(const char *p)
{
	for (size_t n = 2; n <= 4; n++) {
		if (memchr(p, '\0', n))
			return 0;
		if (utf8_valid(p, n))
			return n;
	}
	return 0;
}

static const char *short_escape(char c)
{
	switch (c) {
	case '"':
		return "\\\"";
	case '\\':
		return "\\\\";
	case '\b':
		return "\\b";
	case '\f':
		return "\\f";
	case '\n':
		return "\\n";
	case '\r':
		return "\\r";
	case '\t':
		return "\\t";
	default:
		return NULL;
	}
}

/* One byte below 0x80. */
static void quote_ascii(struct strbuf *out, char c, bool html)
{
	const char *escape = short_escape(c);

	if (escape)
		strbuf_addstr(out, escape);
	else if ((unsigned char)c < 0x20 || (html && strchr("<>&", c)))
		strbuf_addf(out, "\\u%04x", (unsigned)c);
	else
		strbuf_addch(out, c);
}

static void quote(struct strbuf *out, const char *s, bool html)
{
	strbuf_addch(out, '"');
	while (*s) {
		size_t n = (unsigned char)*s < 0x80 ? 1 : multi_byte(s);

		if (!n) {
			strbuf_addstr(out, "\\ufffd");
			n = 1;
		} else if (n == 1) {
			quote_ascii(out, *s, html);
		} else if (html &&
			   (str_starts(s, "\xe2\x80\xa8") || str_starts(s, "\xe2\x80\xa9"))) {
			strbuf_addf(out, "\\u202%c", s[2] == '\xa8' ? '8' : '9');
		} else {
			strbuf_add(out, s, n);
		}
		s += n;
	}
	strbuf_addch(out, '"');
}

void jsonc_quote(struct strbuf *out, const char *s)
{
	quote(out, s, true);
}

void jsonc_quote_plain(struct strbuf *out, const char *s)
{
	quote(out, s, false);
}
