/* SPDX-License-Identifier: MIT */
/* Numbers, booleans, dates and times: words that end where none of their characters follows. */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "lib/toml/private.h"

enum { WORD_MAX = 4096 };

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c && strchr("+-_.:", c));
}

/* --- dates and times --- */

/* N digits at *P, which moves behind them; -1 when they are not there. */
static int digits(const char **p, int n)
{
	int value = 0;

	for (int i = 0; i < n; i++, (*p)++) {
		if (!is_digit(**p))
			return -1;
		value = value * 10 + (**p - '0');
	}
	return value;
}

static bool take(const char **p, char c)
{
	if (**p != c)
		return false;
	(*p)++;
	return true;
}

static bool in_range(int value, int min, int max)
{
	return value >= min && value <= max;
}

static int month_days(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month == 2 && leap ? 29 : days[month - 1];
}

static bool read_date(const char **p)
{
	int year = digits(p, 4);
	int month;

	if (year < 0 || !take(p, '-'))
		return false;
	month = digits(p, 2);
	return in_range(month, 1, 12) && take(p, '-') &&
	       in_range(digits(p, 2), 1, month_days(year, month));
}

static bool read_time(const char **p)
{
	if (!in_range(digits(p, 2), 0, 23) || !take(p, ':') || !in_range(digits(p, 2), 0, 59) ||
		!take(p, ':') || !in_range(digits(p, 2), 0, 60))
		return false;
	if (!take(p, '.'))
		return true;
	if (!is_digit(**p))
		return false;
	while (is_digit(**p))
		(*p)++;
	return true;
}

static bool read_offset(const char **p)
{
	if (take(p, 'Z') || take(p, 'z'))
		return true;
	if (!take(p, '+') && !take(p, '-'))
		return !**p;
	return in_range(digits(p, 2), 0, 23) && take(p, ':') && in_range(digits(p, 2), 0, 59);
}

static bool is_moment(const char *word)
{
	const char *p = word;

	if (word[2] == ':')
		return read_time(&p) && !*p;
	if (!read_date(&p))
		return false;
	if (!*p)
		return true;
	return (take(&p, 'T') || take(&p, 't') || take(&p, ' ')) && read_time(&p) &&
	       read_offset(&p) && !*p;
}

/* "1979-" or "07:" begin one. */
static bool looks_like_moment(const char *word)
{
	const char *p = word;

	if (digits(&p, 2) < 0)
		return false;
	return *p == ':' || (digits(&p, 2) >= 0 && *p == '-');
}

/* --- numbers --- */

static bool is_digit_of(char c, int base)
{
	if (base == 16)
		return isxdigit((unsigned char)c);
	return c >= '0' && c < '0' + base;
}

/* Digits of BASE, an underscore between any two of them; without these to OUT. */
static bool read_digits(const char **p, int base, struct strbuf *out)
{
	if (!is_digit_of(**p, base))
		return false;
	for (;;) {
		if (is_digit_of(**p, base))
			strbuf_addch(out, **p);
		else if (**p != '_' || !is_digit_of((*p)[1], base))
			return true;
		(*p)++;
	}
}

static int integer(const struct toml *t, const char *text, int base, json_t **ret)
{
	char *end;
	long long value;

	errno = 0;
	value = strtoll(text, &end, base);
	if (errno || *end)
		return toml_fail(t, "a number that does not fit in 64 bits");
	*ret = json_integer(value);
	return 0;
}

static int real(const struct toml *t, const char *text, json_t **ret)
{
	double value = strtod(text, NULL);

	if (!isfinite(value))
		return toml_fail(t, "a number that is too large");
	*ret = json_real(value);
	return 0;
}

static int with_base(const struct toml *t, const char *word, json_t **ret)
{
	AUTO_STRBUF plain = STRBUF_INIT;
	int base = word[1] == 'x' ? 16 : word[1] == 'o' ? 8 : 2;
	const char *p = word + 2;

	if (!read_digits(&p, base, &plain) || *p)
		return toml_fail(t, "not a number");
	return integer(t, plain.buf, base, ret);
}

/* ".5" and "e10" behind the whole part; false when they are not as they must be. */
static bool read_fraction(const char **p, struct strbuf *out)
{
	if (take(p, '.')) {
		strbuf_addch(out, '.');
		if (!read_digits(p, 10, out))
			return false;
	}
	if (!take(p, 'e') && !take(p, 'E'))
		return true;
	strbuf_addch(out, 'e');
	if (**p == '+' || **p == '-')
		strbuf_addch(out, *(*p)++);
	return read_digits(p, 10, out);
}

static int number(const struct toml *t, const char *word, json_t **ret)
{
	AUTO_STRBUF plain = STRBUF_INIT;
	const char *p = word;
	size_t whole;

	if (*p == '+' || *p == '-')
		strbuf_addch(&plain, *p++);
	whole = plain.len;
	if (str_eq(p, "inf") || str_eq(p, "nan")) {
		*ret = json_string(word);
		return 0;
	}
	if (!read_digits(&p, 10, &plain))
		return toml_fail(t, "not a value");
	if (plain.buf[whole] == '0' && plain.len > whole + 1)
		return toml_fail(t, "a number with a zero in front");
	if (!*p)
		return integer(t, plain.buf, 10, ret);
	if (!read_fraction(&p, &plain) || *p)
		return toml_fail(t, "not a number");
	return real(t, plain.buf, ret);
}

/* --- any of them --- */

static int read_word(const struct toml *t, struct strbuf *out)
{
	const char *p = t->at;

	while (p < t->end && is_word(*p))
		p++;
	/* "1979-05-27 07:32:00" */
	if (p - t->at == 10 && t->at[4] == '-' && p + 1 < t->end && *p == ' ' && is_digit(p[1])) {
		p++;
		while (p < t->end && is_word(*p))
			p++;
	}
	if (p == t->at)
		return toml_fail(t, "a value is missing");
	if (p - t->at > WORD_MAX)
		return toml_fail(t, "not a value");
	strbuf_add(out, t->at, (size_t)(p - t->at));
	return 0;
}

static int convert(const struct toml *t, const char *word, json_t **ret)
{
	if (str_eq(word, "true") || str_eq(word, "false")) {
		*ret = json_boolean(*word == 't');
		return 0;
	}
	if (looks_like_moment(word)) {
		if (!is_moment(word))
			return toml_fail(t, "no such date or time");
		*ret = json_string(word);
		return 0;
	}
	if (word[0] == '0' && (word[1] == 'x' || word[1] == 'o' || word[1] == 'b'))
		return with_base(t, word, ret);
	return number(t, word, ret);
}

int toml_scalar(struct toml *t, json_t **ret)
{
	AUTO_STRBUF word = STRBUF_INIT;
	int r = read_word(t, &word);

	if (r >= 0)
		r = convert(t, word.buf, ret);
	if (r >= 0)
		t->at += word.len;
	return r;
}
