/* SPDX-License-Identifier: MIT */
#include "base/base64.h"

#include <stdint.h>
#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(const void *data, size_t len, struct strbuf *out)
{
	const unsigned char *in = data;

	for (size_t i = 0; i < len; i += 3) {
		size_t left = len - i;
		uint32_t bits = (uint32_t)in[i] << 16 | (left > 1 ? (uint32_t)in[i + 1] << 8 : 0) |
				(left > 2 ? in[i + 2] : 0);

		strbuf_addch(out, digits[bits >> 18]);
		strbuf_addch(out, digits[bits >> 12 & 63]);
		strbuf_addch(out, left > 1 ? digits[bits >> 6 & 63] : '=');
		strbuf_addch(out, left > 2 ? digits[bits & 63] : '=');
	}
}

static bool decode(const char *text, size_t len, struct strbuf *out, size_t *at)
{
	uint32_t bits = 0;
	size_t n = 0; /* digits and padding so far */
	size_t pads = 0;

	for (*at = 0; *at < len; ++*at) {
		const char *digit;

		if (text[*at] == '\n' || text[*at] == '\r')
			continue;
		if (text[*at] == '=' && n % 4 >= 2) {
			pads++;
			n++;
			continue;
		}
		digit = text[*at] ? strchr(digits, text[*at]) : NULL;
		if (!digit || pads)
			return false;
		bits = bits << 6 | (uint32_t)(digit - digits);
		if (n % 4)
			strbuf_addch(out, (char)(bits >> (6 - n % 4 * 2) & 0xff));
		n++;
	}
	return n % 4 == 0;
}

bool base64_decode(const char *text, size_t len, struct strbuf *out, size_t *ret_at)
{
	size_t before = out->len;
	size_t at;
	bool fits = decode(text, len, out, &at);

	if (!fits) {
		strbuf_setlen(out, before);
		if (ret_at)
			*ret_at = at;
	}
	return fits;
}
