/* SPDX-License-Identifier: MIT */
#include "lib/engine/quote.h"

#include <stdbool.h>

void quote_remote(struct strbuf *out, const char *text, size_t len)
{
	AUTO_STRBUF clean = STRBUF_INIT;
	size_t n = len > QUOTE_MAX ? QUOTE_MAX : len;

	/* Step back to the start of a character of several bytes. */
	while (n < len && n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
		n--;
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text[i];

		strbuf_addch(&clean, c < 0x20 || c == 0x7f ? ' ' : (char)c);
	}
	strbuf_trim(&clean);
	strbuf_addf(out, "'%s%s'", clean.buf, n < len ? "..." : "");
}
