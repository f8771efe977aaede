/* SPDX-License-Identifier: MIT */
#include "lib/dockeropts/private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/*
 * The docker program reads numbers with Go's parsers, which know more spellings than people use
 * (digit separators, hexadecimal floats, fractions). Those are left to the program itself.
 */

int value_bool(const char *s, bool *ret, struct err *err)
{
	static const char *const yes[] = { "1", "t", "T", "true", "TRUE", "True" };
	static const char *const no[] = { "0", "f", "F", "false", "FALSE", "False" };

	for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
		if (strcmp(s, yes[i]) == 0) {
			*ret = true;
			return 0;
		}
		if (strcmp(s, no[i]) == 0) {
			*ret = false;
			return 0;
		}
	}
	return err_set(err, ERR_INVALID, "'%.64s' is neither true nor false", s);
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

/* Digits of BASE, all of them; the value is below 2^63. */
static int read_digits(const char *s, int base, uint64_t *ret)
{
	uint64_t value = 0;

	if (!*s)
		return -1;
	for (; *s; s++) {
		int d = digit_value(*s);

		if (d >= base || __builtin_mul_overflow(value, (uint64_t)base, &value) ||
			__builtin_add_overflow(value, (uint64_t)d, &value))
			return -1;
	}
	*ret = value;
	return value > INT64_MAX ? -1 : 0;
}

static int read_int(const char *s, bool prefixes, int64_t min, int64_t max, int64_t *ret,
	struct err *err)
{
	const char *p = s;
	bool negative = *p == '-';
	int base = 10;
	uint64_t value;
	int64_t result;

	if (*p == '-' || *p == '+')
		p++;
	if (prefixes && p[0] == '0' && p[1]) {
		char kind = p[1] | 0x20;

		base = kind == 'x' ? 16 : kind == 'b' ? 2 : 8;
		p += kind == 'x' || kind == 'b' || kind == 'o' ? 2 : 1;
	}
	if (read_digits(p, base, &value) < 0) {
		if (prefixes && strchr(p, '_'))
			return DOCKEROPTS_NEEDS_CLIENT;
		return err_set(err, ERR_INVALID, "'%.64s' is not a whole number, or too large", s);
	}
	result = negative ? -(int64_t)value : (int64_t)value;
	if (result < min || result > max)
		return err_set(err, ERR_INVALID, "%.64s is not between %lld and %lld", s,
			(long long)min, (long long)max);
	*ret = result;
	return 0;
}

int value_int(const char *s, int64_t min, int64_t max, int64_t *ret, struct err *err)
{
	return read_int(s, true, min, max, ret, err);
}

int value_decimal(const char *s, int64_t min, int64_t max, int64_t *ret, struct err *err)
{
	return read_int(s, false, min, max, ret, err);
}

/* 1, k, m, g, t, p; 0 if the unit is none of these with its optional "b" or "ib". */
static double size_unit(const char *unit)
{
	static const char letters[] = "kmgtp";
	const char *at;
	double factor = 1024;

	if (!*unit || ((*unit | 0x20) == 'b' && !unit[1]))
		return 1;
	at = strchr(letters, *unit | 0x20);
	if (!at || !*at)
		return 0;
	unit++;
	if (*unit && (*unit | 0x20) == 'i' && unit[1])
		unit++;
	else if ((*unit | 0x20) == 'i')
		return 0;
	if (*unit && ((*unit | 0x20) != 'b' || unit[1]))
		return 0;
	while (at-- > letters)
		factor *= 1024;
	return factor;
}

int value_size(const char *s, int64_t *ret, struct err *err)
{
	size_t len = strspn(s, "0123456789.");
	const char *unit = s + len;
	char *end;
	double size;

	if (*unit == ' ')
		unit++;
	if (*s != '-' && strpbrk(s, "+_xXeE"))
		return DOCKEROPTS_NEEDS_CLIENT;
	size = strtod(s, &end);
	if (!len || end != s + len || size_unit(unit) < 1)
		return err_set(err, ERR_INVALID,
			"'%.64s' is not a size (a number, then b, k, m, g, t or nothing)", s);
	size *= size_unit(unit);
	if (!(size < 9223372036854775808.0))
		return err_set(err, ERR_INVALID, "'%.64s' is too large", s);
	*ret = (int64_t)size;
	return 0;
}

struct duration_unit {
	const char *name;
	int64_t ns;
};

/* The unit at the start of S. The longer of two that fit comes first. */
static const struct duration_unit *duration_unit(const char *s)
{
	static const struct duration_unit units[] = {
		{ "ns", 1 },
		{ "us", 1000 },
		{ "\xc2\xb5s", 1000 }, /* micro sign */
		{ "\xce\xbcs", 1000 }, /* Greek mu */
		{ "ms", 1000000 },
		{ "s", 1000000000 },
		{ "m", 60000000000 },
		{ "h", 3600000000000 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (strncmp(s, units[i].name, strlen(units[i].name)) == 0)
			return &units[i];
	}
	return NULL;
}

/* "12", "12.5", ".5", then a unit. Returns what follows, NULL if it is no duration. */
static const char *duration_part(const char *s, int64_t *total)
{
	const struct duration_unit *unit;
	int64_t whole = 0;
	double fraction = 0;
	double scale = 1;
	bool digits = false;

	for (; *s >= '0' && *s <= '9'; s++, digits = true) {
		if (__builtin_mul_overflow(whole, (int64_t)10, &whole) ||
			__builtin_add_overflow(whole, (int64_t)(*s - '0'), &whole))
			return NULL;
	}
	if (*s == '.') {
		for (s++; *s >= '0' && *s <= '9'; s++, digits = true) {
			/* More digits than a double holds do not change a nanosecond. */
			if (scale >= 1e15)
				continue;
			fraction = fraction * 10 + (*s - '0');
			scale *= 10;
		}
	}
	unit = duration_unit(s);
	if (!digits || !unit || __builtin_mul_overflow(whole, unit->ns, &whole) ||
		__builtin_add_overflow(whole, (int64_t)(fraction * ((double)unit->ns / scale)),
			&whole) ||
		__builtin_add_overflow(*total, whole, total))
		return NULL;
	return s + strlen(unit->name);
}

int value_duration(const char *s, int64_t *ret_ns, struct err *err)
{
	const char *p = s;
	bool negative = *p == '-';
	int64_t total = 0;

	if (*p == '-' || *p == '+')
		p++;
	if (strcmp(p, "0") == 0) {
		*ret_ns = 0;
		return 0;
	}
	if (!*p)
		p = NULL;
	while (p && *p)
		p = duration_part(p, &total);
	if (!p)
		return err_set(err, ERR_INVALID, "'%.64s' is not a duration such as 1m30s or 500ms",
			s);
	*ret_ns = negative ? -total : total;
	return 0;
}

int value_cpus(const char *s, int64_t *ret_nano, struct err *err)
{
	size_t whole = strspn(s, "0123456789");
	size_t fraction = 0;
	int64_t nano = 0;

	if (strpbrk(s, "/eEpPxXoObB_+"))
		return DOCKEROPTS_NEEDS_CLIENT;
	if (s[whole] == '.')
		fraction = strspn(s + whole + 1, "0123456789");
	if (!(whole + fraction) || s[whole + (s[whole] == '.') + fraction])
		return err_set(err, ERR_INVALID, "'%.64s' is not a number of CPUs", s);
	if (whole > 9)
		return err_set(err, ERR_INVALID, "'%.64s' is too large", s);
	for (size_t i = 0; i < whole; i++)
		nano = nano * 10 + (s[i] - '0');
	for (size_t i = 0; i < 9; i++)
		nano = nano * 10 + (i < fraction ? s[whole + 1 + i] - '0' : 0);
	for (size_t i = 9; i < fraction; i++) {
		if (s[whole + 1 + i] != '0')
			return err_set(err, ERR_INVALID, "'%.64s' is too precise", s);
	}
	*ret_nano = nano;
	return 0;
}
