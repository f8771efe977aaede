/* SPDX-License-Identifier: MIT */
/* print and println, and the escapers, which print first. */
#include <ctype.h>

#include "lib/gotemplate/run.h"

/* Go's Sprint: a space between two operands when neither is a string. */
static void print_args(const struct call *c, const char *nil, struct strbuf *out)
{
	for (size_t i = 0; i < c->count && !out->truncated; i++) {
		const struct val *v = &c->args[i];

		if (i && v->type != VAL_STRING && c->args[i - 1].type != VAL_STRING)
			strbuf_addch(out, ' ');
		if (v->type == VAL_NIL)
			strbuf_addstr(out, nil);
		else
			val_print(v, out);
	}
}

FUNC(fn_print)
{
	AUTO_STRBUF out = STRBUF_CAPPED(GOTMPL_TEXT_MAX);

	print_args(c, "<nil>", &out);
	return run_take(c->run, &out, ret, err);
}

FUNC(fn_println)
{
	AUTO_STRBUF out = STRBUF_CAPPED(GOTMPL_TEXT_MAX);

	for (size_t i = 0; i < c->count && !out.truncated; i++) {
		if (i)
			strbuf_addch(&out, ' ');
		val_print(&c->args[i], &out);
	}
	strbuf_addch(&out, '\n');
	return run_take(c->run, &out, ret, err);
}

FUNC(fn_html)
{
	AUTO_STRBUF text = STRBUF_CAPPED(GOTMPL_TEXT_MAX);
	AUTO_STRBUF out = STRBUF_CAPPED(GOTMPL_TEXT_MAX);

	print_args(c, "<no value>", &text);
	for (size_t i = 0; i < text.len; i++) {
		char ch = text.buf[i];
		const char *e = ch == '"'    ? "&#34;"
				: ch == '\'' ? "&#39;"
				: ch == '&'  ? "&amp;"
				: ch == '<'  ? "&lt;"
				: ch == '>'  ? "&gt;"
				: !ch        ? "\xef\xbf\xbd"
					     : NULL;

		if (e)
			strbuf_addstr(&out, e);
		else
			strbuf_addch(&out, ch);
	}
	return run_take(c->run, &out, ret, err);
}

FUNC(fn_js)
{
	AUTO_STRBUF text = STRBUF_CAPPED(GOTMPL_TEXT_MAX);
	AUTO_STRBUF out = STRBUF_CAPPED(GOTMPL_TEXT_MAX);

	print_args(c, "<no value>", &text);
	for (size_t i = 0; i < text.len;) {
		uint32_t ch;
		size_t n = utf8_get(text.buf + i, text.len - i, &ch);

		if (ch == '\\' || ch == '\'' || ch == '"')
			strbuf_addf(&out, "\\%c", (char)ch);
		else if (ch < 0x20 || ch == '<' || ch == '>' || ch == '&' || ch == '=')
			strbuf_addf(&out, "\\u%04X", (unsigned int)ch);
		else if (ch >= 0x7f && ch < 0xa1)
			strbuf_addf(&out, ch == 0x7f ? "\x7f" : "\\u%04X", (unsigned int)ch);
		else if (ch == 0x2028 || ch == 0x2029 || ch == 0xfeff)
			strbuf_addf(&out, "\\u%04X", (unsigned int)ch);
		else
			utf8_add(&out, ch);
		i += n;
	}
	return run_take(c->run, &out, ret, err);
}

FUNC(fn_urlquery)
{
	AUTO_STRBUF text = STRBUF_CAPPED(GOTMPL_TEXT_MAX);
	AUTO_STRBUF out = STRBUF_CAPPED(GOTMPL_TEXT_MAX);

	print_args(c, "<no value>", &text);
	for (size_t i = 0; i < text.len; i++) {
		unsigned char ch = (unsigned char)text.buf[i];

		if (isalnum(ch) || ch == '-' || ch == '_' || ch == '.' || ch == '~')
			strbuf_addch(&out, (char)ch);
		else if (ch == ' ')
			strbuf_addch(&out, '+');
		else
			strbuf_addf(&out, "%%%02X", ch);
	}
	return run_take(c->run, &out, ret, err);
}
