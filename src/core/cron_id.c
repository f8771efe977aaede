/* SPDX-License-Identifier: MIT */
/* Ids of scheduled tasks: what they are made of, read as one large number in base 36. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/cron.h"

enum { ID_MAX = 16 * 1024 };

static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz";
static const char separator[] = "===";

/* Multiplies the number in DIGITS (lowest first, COUNT of them) by BY and adds MORE; the new count. */
static size_t shift_in(unsigned char *number, size_t count, unsigned base, unsigned by,
	unsigned more)
{
	unsigned carry = more;

	for (size_t i = 0; i < count; i++) {
		carry += number[i] * by;
		number[i] = (unsigned char)(carry % base);
		carry /= base;
	}
	for (; carry; carry /= base)
		number[count++] = (unsigned char)(carry % base);
	return count;
}

char *cron_base36(const char *text)
{
	size_t len = strlen(text);
	AUTO_FREE unsigned char *number = xcalloc(len * 2 + 1, 1); /* 8 / log2(36) is below 2 */
	char *out;
	size_t count = 0;

	for (size_t i = 0; i < len; i++)
		count = shift_in(number, count, 36, 256, (unsigned char)text[i]);
	out = xcalloc(count + 1, 1);
	for (size_t i = 0; i < count; i++)
		out[i] = digits[number[count - 1 - i]];
	return out;
}

/* The text that an id stands for; NULL when there is none. */
static char *text_of(const char *id)
{
	size_t len = strlen(id);
	AUTO_FREE unsigned char *number = NULL;
	size_t count = 0;
	char *out;

	if (len > ID_MAX)
		return NULL;
	number = xcalloc(len + 1, 1);
	for (size_t i = 0; i < len; i++) {
		const char *digit = strchr(digits, id[i]);

		if (!digit)
			return NULL;
		count = shift_in(number, count, 256, 36, (unsigned)(digit - digits));
	}
	out = xcalloc(count + 1, 1);
	for (size_t i = 0; i < count; i++)
		out[i] = (char)number[count - 1 - i];
	return out;
}

char *cron_id(const char *app, const char *command, const char *schedule)
{
	AUTO_FREE char *text =
		xasprintf("%s%s%s%s%s", app, separator, command, separator, schedule);

	return cron_base36(text);
}

char *cron_id_for(const char *id, const char *from, const char *to)
{
	AUTO_FREE char *text = text_of(id);
	AUTO_FREE char *new_text = NULL;
	const char *rest = text ? str_after(text, from) : NULL;

	if (!rest || !str_starts(rest, separator))
		return NULL;
	new_text = xasprintf("%s%s", to, rest);
	return cron_base36(new_text);
}
