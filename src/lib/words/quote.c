/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "lib/words/words.h"

void quote_single_content(struct strbuf *out, const char *s)
{
	for (; *s; s++) {
		if (*s == '\'')
			strbuf_addstr(out, "'\\''");
		else
			strbuf_addch(out, *s);
	}
}

void quote_single(struct strbuf *out, const char *s)
{
	strbuf_addch(out, '\'');
	quote_single_content(out, s);
	strbuf_addch(out, '\'');
}

void quote_double(struct strbuf *out, const char *s)
{
	strbuf_addch(out, '"');
	for (; *s; s++) {
		if (strchr("\\\"$`", *s))
			strbuf_addch(out, '\\');
		strbuf_addch(out, *s);
	}
	strbuf_addch(out, '"');
}

void quote_word(struct strbuf *out, const char *s)
{
	if (*s && !strpbrk(s, " \t\n\"'$`\\*?[]<>|&;(){}!#~"))
		strbuf_addstr(out, s);
	else
		quote_single(out, s);
}

void quote_words(struct strbuf *out, const struct strvec *words)
{
	for (size_t i = 0; i < words->count; i++) {
		if (i)
			strbuf_addch(out, ' ');
		quote_word(out, words->items[i]);
	}
}
