/* SPDX-License-Identifier: MIT */
#include "lib/cronspec/cronspec.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/strvec.h"

static const char blanks[] = " \t\n\v\f\r";

static const char *const months[] = { "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep",
	"oct", "nov", "dec", NULL };
static const char *const days[] = { "sun", "mon", "tue", "wed", "thu", "fri", "sat", NULL };

static const struct field {
	const char *name;
	unsigned min, max;
	const char *const *names; /* of min, min + 1, ... */
} fields[CRONSPEC_FIELDS] = {
	{ "minute", 0, 59, NULL },
	{ "hour", 0, 23, NULL },
	{ "day of month", 1, 31, NULL },
	{ "month", 1, 12, months },
	{ "day of week", 0, 6, days },
};

/* A piece of the text. */
struct piece {
	const char *s;
	size_t len;
};

/* Takes what stands before the next SEP (or everything) off REST; false when there was none. */
static bool take(struct piece *rest, char sep, struct piece *ret)
{
	const char *at = rest->s ? memchr(rest->s, sep, rest->len) : NULL;
	size_t len = at ? (size_t)(at - rest->s) : rest->len;

	if (!rest->s)
		return false;
	*ret = (struct piece){ rest->s, len };
	*rest = at ? (struct piece){ at + 1, rest->len - len - 1 } : (struct piece){ NULL, 0 };
	return true;
}

static bool is(struct piece p, const char *s)
{
	return p.len == strlen(s) && !memcmp(p.s, s, p.len);
}

static bool is_star(struct piece p)
{
	return is(p, "*") || is(p, "?");
}

/* Text of a message: printable, short. */
static char *shown(struct piece p)
{
	size_t len = p.len < 40 ? p.len : 40;
	char *copy = xstrndup(p.s, len);

	for (size_t i = 0; i < len; i++) {
		if (!isprint((unsigned char)copy[i]))
			copy[i] = '.';
	}
	return copy;
}

static int bad(const struct field *f, struct piece item, const char *why, struct err *err)
{
	AUTO_FREE char *text = shown(item);

	return err_set(err, ERR_INVALID, "%s '%s': %s", f->name, text, why);
}

/* --- values --- */

static bool number_of(struct piece p, unsigned *ret)
{
	unsigned n = 0;

	if (!p.len || p.len > 6)
		return false;
	for (size_t i = 0; i < p.len; i++) {
		if (p.s[i] < '0' || p.s[i] > '9')
			return false;
		n = n * 10 + (unsigned)(p.s[i] - '0');
	}
	*ret = n;
	return true;
}

static bool value_of(const struct field *f, struct piece p, unsigned *ret)
{
	for (unsigned i = 0; f->names && f->names[i]; i++) {
		if (p.len == 3 && !strncasecmp(p.s, f->names[i], 3)) {
			*ret = f->min + i;
			return true;
		}
	}
	return number_of(p, ret);
}

/* --- one item of a field: a value, a range, either with a step --- */

struct item {
	struct piece text;
	struct piece range; /* before the slash */
	struct piece step;  /* behind it; s NULL when there is none */
	unsigned first, last, by;
};

static int read_range(const struct field *f, struct item *it, struct err *err)
{
	struct piece rest = it->range;
	struct piece low = { 0 };
	struct piece high = { 0 };
	bool ranged;

	if (is_star(it->range)) {
		it->first = f->min;
		it->last = f->max;
		return 0;
	}
	(void)take(&rest, '-', &low); /* there is always a first piece */
	ranged = take(&rest, '-', &high);
	if (rest.s)
		return bad(f, it->text, "it has more than one hyphen", err);
	if (!value_of(f, low, &it->first) || (ranged && !value_of(f, high, &it->last)))
		return bad(f, it->text, "it is neither a number nor a name", err);
	if (!ranged)
		it->last = it->step.s ? f->max : it->first;
	if (it->first < f->min || it->first > f->max || it->last > f->max) {
		AUTO_FREE char *why = xasprintf("it is not within %u to %u", f->min, f->max);

		return bad(f, it->text, why, err);
	}
	if (it->first > it->last)
		return bad(f, it->text, "the range ends before it begins", err);
	return 0;
}

static int read_item(const struct field *f, struct piece text, struct item *it, struct err *err)
{
	struct piece rest = text;

	*it = (struct item){ .text = text, .by = 1 };
	(void)take(&rest, '/', &it->range);
	if (take(&rest, '/', &it->step) && rest.s)
		return bad(f, text, "it has more than one slash", err);
	if (it->step.s && (!number_of(it->step, &it->by) || !it->by))
		return bad(f, text, "the step is not a number from 1 on", err);
	return read_range(f, it, err);
}

/* As cron(8) takes it: it knows neither "?" nor a step without a range. */
static void write_item(const struct field *f, const struct item *it, struct strbuf *out)
{
	bool open = it->step.s && !is_star(it->range) && !memchr(it->range.s, '-', it->range.len);

	if (is_star(it->range))
		strbuf_addch(out, '*');
	else
		strbuf_add(out, it->range.s, it->range.len);
	if (open)
		strbuf_addf(out, "-%u", f->max);
	if (it->step.s) {
		strbuf_addch(out, '/');
		strbuf_add(out, it->step.s, it->step.len);
	}
}

/* --- a field --- */

static int read_field(size_t number, const char *text, struct cronspec *spec, struct strbuf *out,
	struct err *err)
{
	const struct field *f = &fields[number];
	struct piece rest = { text, strlen(text) };
	struct piece piece;

	for (size_t n = 0; take(&rest, ',', &piece); n++) {
		struct item it;
		int r = read_item(f, piece, &it, err);

		if (r < 0)
			return r;
		for (unsigned v = it.first; v <= it.last; v += it.by)
			spec->sets[number] |= UINT64_C(1) << v;
		spec->any[number] |= is_star(it.range) && it.by == 1;
		if (n)
			strbuf_addch(out, ',');
		write_item(f, &it, out);
	}
	return 0;
}

static int read_fields(const char *text, struct cronspec *spec, struct strbuf *out, struct err *err)
{
	AUTO_STRVEC words = STRVEC_INIT;
	int r = 0;

	strvec_split(&words, text, blanks);
	if (words.count != CRONSPEC_FIELDS)
		return err_set(err, ERR_INVALID, "it has %zu fields, not %d", words.count,
			CRONSPEC_FIELDS);
	for (size_t i = 0; r >= 0 && i < words.count; i++) {
		if (i)
			strbuf_addch(out, ' ');
		r = read_field(i, words.items[i], spec, out, err);
	}
	return r;
}

/* --- descriptors --- */

/* As Go writes a duration: 1h30m, 90s, 1.5h. */
static bool is_duration(const char *s)
{
	static const char *const units[] = { "ns", "us", "ms", "s", "m", "h" };

	if (!*s)
		return false;
	while (*s) {
		size_t whole = strspn(s, "0123456789");
		size_t part = s[whole] == '.' ? strspn(s + whole + 1, "0123456789") : 0;
		const char *unit = s + whole + (s[whole] == '.') + part;
		const char *end = NULL;

		if (!whole && !part)
			return false;
		for (size_t i = 0; !end && i < ARRAY_SIZE(units); i++)
			end = str_after(unit, units[i]);
		if (!end)
			return false;
		s = end;
	}
	return true;
}

static int read_descriptor(const char *text, struct cronspec *spec, struct strbuf *out,
	struct err *err)
{
	static const char *const known[] = { "@yearly", "@annually", "@monthly", "@weekly",
		"@daily", "@midnight", "@hourly" };
	const char *every = str_after(text, "@every ");
	AUTO_FREE char *seen = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (str_eq(text, known[i])) {
			strbuf_addstr(out, text);
			return 0;
		}
	}
	if (every && is_duration(every)) {
		spec->every = true;
		return 0;
	}
	seen = shown((struct piece){ text, strlen(text) });
	return err_set(err, ERR_INVALID, "'%s' is not a descriptor", seen);
}

/* --- all of it --- */

/* Behind "TZ=Area/City ", if it begins so. */
static const char *skip_zone(const char *text, struct cronspec *spec)
{
	const char *name = str_after(text, "TZ=");
	size_t len;

	if (!name)
		name = str_after(text, "CRON_TZ=");
	if (!name)
		return text;
	len = strcspn(name, blanks);
	spec->zone = true;
	return name + len + strspn(name + len, blanks);
}

static int read_spec(const char *text, struct cronspec *spec, struct strbuf *out, struct err *err)
{
	if (strlen(text) > CRONSPEC_TEXT_MAX)
		return err_set(err, ERR_INVALID, "it is longer than %d bytes", CRONSPEC_TEXT_MAX);
	text = skip_zone(text, spec);
	if (*text == '@')
		return read_descriptor(text, spec, out, err);
	return read_fields(text, spec, out, err);
}

int cronspec_parse(const char *text, struct cronspec *ret, struct err *err)
{
	AUTO_STRBUF ignored = STRBUF_INIT;
	struct cronspec spec = { 0 };
	int r = read_spec(text, &spec, &ignored, err);

	if (r >= 0)
		*ret = spec;
	return r;
}

int cronspec_crontab(const char *text, struct strbuf *out, struct err *err)
{
	AUTO_STRBUF line = STRBUF_INIT;
	struct cronspec spec = { 0 };
	int r = read_spec(text, &spec, &line, err);

	if (r >= 0 && spec.every)
		r = err_set(err, ERR_INVALID, "the machine's cron cannot do @every");
	else if (r >= 0 && spec.zone)
		r = err_set(err, ERR_INVALID, "the machine's cron knows no time zones per task");
	if (r >= 0)
		strbuf_add(out, line.buf, line.len);
	return r;
}
