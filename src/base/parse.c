/* SPDX-License-Identifier: MIT */
#include "base/parse.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

int parse_uint(const char *s, uint64_t min, uint64_t max, uint64_t *ret, struct err *err)
{
	uint64_t value = 0;

	if (!*s)
		return err_set(err, ERR_INVALID, "a number is missing");
	for (const char *p = s; *p; p++) {
		if (*p < '0' || *p > '9')
			return err_set(err, ERR_INVALID, "'%.64s' is not a whole number", s);
		if (__builtin_mul_overflow(value, (uint64_t)10, &value) ||
			__builtin_add_overflow(value, (uint64_t)(*p - '0'), &value))
			return err_set(err, ERR_INVALID, "'%.64s' is too large", s);
	}
	if (value < min || value > max)
		return err_set(err, ERR_INVALID, "'%.64s' is not between %" PRIu64 " and %" PRIu64,
			s, min, max);
	*ret = value;
	return 0;
}

int parse_int(const char *s, int64_t min, int64_t max, int64_t *ret, struct err *err)
{
	char *end;
	long long value;

	if ((*s < '0' || *s > '9') && *s != '-')
		return err_set(err, ERR_INVALID, "'%.64s' is not a whole number", s);
	errno = 0;
	value = strtoll(s, &end, 10);
	if (errno || *end || end == s)
		return err_set(err, ERR_INVALID, "'%.64s' is not a whole number", s);
	if (value < min || value > max)
		return err_set(err, ERR_INVALID, "'%.64s' is not between %" PRId64 " and %" PRId64,
			s, min, max);
	*ret = value;
	return 0;
}

int parse_bool(const char *s, bool *ret, struct err *err)
{
	if (strcmp(s, "true") == 0)
		*ret = true;
	else if (strcmp(s, "false") == 0)
		*ret = false;
	else
		return err_set(err, ERR_INVALID, "'%.64s' is neither true nor false", s);
	return 0;
}

/* Length of the sequence that starts with C, 0 if none can. */
static size_t utf8_length(unsigned char c)
{
	if (c < 0x80)
		return 1;
	if (c >= 0xc2 && c <= 0xdf)
		return 2;
	if (c >= 0xe0 && c <= 0xef)
		return 3;
	return c >= 0xf0 && c <= 0xf4 ? 4 : 0;
}

/* Overlong forms, surrogates and values above U+10FFFF start like this. */
static bool utf8_forbidden(const unsigned char *p)
{
	return (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
	       (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f);
}

bool utf8_valid(const char *s, size_t len)
{
	const unsigned char *p = (const unsigned char *)s;

	while (len) {
		size_t n = utf8_length(*p);

		if (!n || n > len || !*p)
			return false;
		for (size_t i = 1; i < n; i++) {
			if ((p[i] & 0xc0) != 0x80)
				return false;
		}
		if (n > 2 && utf8_forbidden(p))
			return false;
		p += n;
		len -= n;
	}
	return true;
}

bool has_control(const char *s)
{
	for (; *s; s++) {
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return true;
	}
	return false;
}

uint32_t hash32(const void *data, size_t len)
{
	const unsigned char *p = data;
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * 16777619u;
	return h;
}
