/* SPDX-License-Identifier: MIT */
/* sigil's functions on strings. */
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "lib/gotemplate/run.h"

/* False and zero count as missing, as every zero value does; lists and maps never do. */
FUNC(fn_default)
{
	const struct val *v = &c->args[1];
	bool missing = v->type != VAL_LIST && v->type != VAL_MAP && !val_truth(v);

	*ret = missing ? c->args[0] : *v;
	return 0;
}

/*
 * Letters of Latin-1, Latin Extended-A, Greek and Cyrillic, which is what names are written in. A
 * distance of 1 means that capital and small letter take turns, the capital first.
 */
static const struct {
	uint32_t first; /* capital */
	uint32_t last;
	uint32_t distance;
} letters[] = {
	{ 'A', 'Z', 0x20 },
	{ 0xc0, 0xd6, 0x20 },
	{ 0xd8, 0xde, 0x20 },
	{ 0x100, 0x12e, 1 },
	{ 0x132, 0x136, 1 },
	{ 0x139, 0x147, 1 },
	{ 0x14a, 0x176, 1 },
	{ 0x179, 0x17d, 1 },
	{ 0x391, 0x3a1, 0x20 },
	{ 0x3a3, 0x3a9, 0x20 },
	{ 0x400, 0x40f, 0x50 },
	{ 0x410, 0x42f, 0x20 },
};

/* The other case of C, if it is a letter of the case that CAPITAL says. */
static uint32_t other_case(uint32_t c, bool capital)
{
	for (size_t i = 0; i < ARRAY_SIZE(letters); i++) {
		uint32_t distance = letters[i].distance;
		uint32_t big = capital ? c : c - distance;

		if (big < letters[i].first || big > letters[i].last)
			continue;
		if (distance == 1 && (big - letters[i].first) % 2)
			continue;
		return capital ? c + distance : big;
	}
	return c;
}

/* What ends a word for strings.Title. */
static bool is_separator(uint32_t c)
{
	if (c < 0x80)
		return !isalnum((int)c) && c != '_';
	return c == 0x85 || c == 0xa0 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 ||
	       c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

enum letter_case {
	CASE_LOWER,
	CASE_UPPER,
	CASE_TITLE,
};

static int change_case(const struct call *c, const char *who, enum letter_case how, struct val *ret,
	struct err *err)
{
	AUTO_STRBUF out = STRBUF_CAPPED(GOTMPL_TEXT_MAX);
	uint32_t last = ' ';
	struct str s;
	int r = want_string(&c->args[0], who, &s, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < s.len;) {
		uint32_t ch;
		size_t n = utf8_get(s.s + i, s.len - i, &ch);

		if (n == 1 && ch == 0xfffd)
			strbuf_addch(&out, s.s[i]);
		else if (how == CASE_LOWER)
			utf8_add(&out, other_case(ch, true));
		else if (how == CASE_UPPER || is_separator(last))
			utf8_add(&out, other_case(ch, false));
		else
			utf8_add(&out, ch);
		last = ch;
		i += n;
	}
	return run_take(c->run, &out, ret, err);
}

FUNC(fn_lower)
{
	return change_case(c, "lower", CASE_LOWER, ret, err);
}

FUNC(fn_upper)
{
	return change_case(c, "upper", CASE_UPPER, ret, err);
}

FUNC(fn_capitalize)
{
	return change_case(c, "capitalize", CASE_TITLE, ret, err);
}

/* The next place of NEEDLE at or after AT, or the end. An empty needle is between all characters.
 */
static size_t find(struct str s, size_t at, struct str needle)
{
	const char *hit;
	uint32_t c;

	if (!needle.len)
		return at < s.len ? at + utf8_get(s.s + at, s.len - at, &c) : s.len;
	hit = at < s.len ? memmem(s.s + at, s.len - at, needle.s, needle.len) : NULL;
	return hit ? (size_t)(hit - s.s) : s.len;
}

FUNC(fn_replace)
{
	AUTO_STRBUF out = STRBUF_CAPPED(GOTMPL_TEXT_MAX);
	struct str old = c->args[0].s;
	struct str new = c->args[1].s;
	struct str s;
	int r = want_string(&c->args[2], "replace", &s, err);

	if (r < 0)
		return r;
	if (!old.len)
		strbuf_add(&out, new.s, new.len);
	for (size_t i = 0; i < s.len && !out.truncated;) {
		size_t hit = find(s, i, old);
		bool found = !old.len || hit < s.len;

		strbuf_add(&out, s.s + i, hit - i);
		if (found)
			strbuf_add(&out, new.s, new.len);
		i = found ? hit + old.len : s.len;
	}
	return run_take(c->run, &out, ret, err);
}

FUNC(fn_trim)
{
	struct str s;
	int r = want_string(&c->args[0], "trim", &s, err);

	if (r < 0)
		return r;
	while (s.len && (s.s[0] == ' ' || s.s[0] == '\n')) {
		s.s++;
		s.len--;
	}
	while (s.len && (s.s[s.len - 1] == ' ' || s.s[s.len - 1] == '\n'))
		s.len--;
	*ret = val_str(s.s, s.len);
	return 0;
}

FUNC(fn_indent)
{
	AUTO_STRBUF out = STRBUF_CAPPED(GOTMPL_TEXT_MAX);
	struct str s;
	int r = want_string(&c->args[1], "indent", &s, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < s.len && !out.truncated; i++) {
		/* Not the first line, and no empty one. */
		if (i && s.s[i - 1] == '\n' && s.s[i] != '\n')
			strbuf_add(&out, c->args[0].s.s, c->args[0].s.len);
		strbuf_addch(&out, s.s[i]);
	}
	return run_take(c->run, &out, ret, err);
}

/* A number as Go's Atoi reads it. */
static bool read_number(struct str s, int64_t *ret)
{
	AUTO_ERR ignored = ERR_INIT;
	char text[24];
	size_t plus = s.len > 1 && s.s[0] == '+';

	if (s.len - plus >= sizeof(text))
		return false;
	memcpy(text, s.s + plus, s.len - plus);
	text[s.len - plus] = '\0';
	return parse_int(text, INT32_MIN, INT32_MAX, ret, &ignored) >= 0;
}

FUNC(fn_substr)
{
	struct str range = c->args[0].s;
	const char *colon = range.len ? memchr(range.s, ':', range.len) : NULL;
	size_t first = colon ? (size_t)(colon - range.s) : 0;
	int64_t start = 0;
	int64_t end = 0;
	struct str last;
	struct str s;
	int r = want_string(&c->args[1], "substr", &s, err);

	if (r < 0)
		return r;
	if (!colon)
		return err_set(err, ERR_INVALID, "substr needs slice expression as 'start:end'");
	last = (struct str){ colon + 1, range.len - first - 1 };
	last.len = find(last, 0, (struct str){ ":", 1 });
	if (!read_number((struct str){ range.s, first }, &start))
		start = 0;
	if (!read_number(last, &end))
		return err_set(err, ERR_INVALID, "substr needs slice expression as 'start:end'");
	if (start < 0 || end < start || (uint64_t)end > s.len)
		return err_set(err, ERR_INVALID,
			"slice bounds out of range [%" PRId64 ":%" PRId64 "] with length %zu",
			start, end, s.len);
	*ret = val_str(s.s + start, (size_t)(end - start));
	return 0;
}

/* Cuts S at SEP; RET may be NULL to count only. */
static size_t split(struct str s, struct str sep, struct val *ret)
{
	size_t count = 0;
	size_t at = 0;

	if (!sep.len && !s.len)
		return 0;
	for (;;) {
		size_t hit = find(s, at, sep);

		if (ret)
			ret[count] = val_str(s.s + at, hit - at);
		count++;
		if (hit >= s.len)
			return count;
		at = hit + sep.len;
		if (at == s.len && sep.len) {
			if (ret)
				ret[count] = val_str("", 0);
			return count + 1;
		}
	}
}

FUNC(fn_split)
{
	struct list *l;
	struct str s;
	int r = want_string(&c->args[1], "split", &s, err);

	if (r >= 0)
		r = run_list(c->run, split(s, c->args[0].s, NULL), &l, err);
	if (r < 0)
		return r;
	split(s, c->args[0].s, l->items);
	return run_seal(l, ret, err);
}

/* What is no string is left out. */
FUNC(fn_join)
{
	AUTO_STRBUF out = STRBUF_CAPPED(GOTMPL_TEXT_MAX);
	const struct list *l = c->args[1].list;
	bool first = true;

	for (size_t i = 0; i < l->count && !out.truncated; i++) {
		if (l->items[i].type != VAL_STRING)
			continue;
		if (!first)
			strbuf_add(&out, c->args[0].s.s, c->args[0].s.len);
		strbuf_add(&out, l->items[i].s.s, l->items[i].s.len);
		first = false;
	}
	return run_take(c->run, &out, ret, err);
}

FUNC(fn_match)
{
	struct str s;
	int r = want_string(&c->args[1], "match", &s, err);

	if (r >= 0)
		r = pattern_match(c->run, c->args[0].s, s, err);
	if (r < 0)
		return r;
	*ret = val_bool(r);
	return 0;
}
