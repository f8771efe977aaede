/* SPDX-License-Identifier: MIT */
/* Go's path.Match: *, ?, [a-z], [^a-z] and backslash; neither * nor ? matches a slash. */
#include "lib/gotemplate/run.h"

/* One character of a class, possibly escaped. False: the pattern is malformed. */
static bool class_char(struct str p, size_t *at, uint32_t *ret)
{
	if (*at >= p.len || p.s[*at] == '-' || p.s[*at] == ']')
		return false;
	if (p.s[*at] == '\\' && ++*at >= p.len)
		return false;
	*at += utf8_get(p.s + *at, p.len - *at, ret);
	return *at < p.len;
}

/* The class at P[*AT], past its bracket. 1: C is in it, 0: it is not, -1: malformed. */
static int class_match(struct str p, size_t *at, uint32_t c)
{
	bool negated = *at < p.len && p.s[*at] == '^';
	bool hit = false;
	bool first = true;

	*at += negated;
	for (;; first = false) {
		uint32_t lo = 0;
		uint32_t hi;

		if (!first && *at < p.len && p.s[*at] == ']')
			break;
		if (!class_char(p, at, &lo))
			return -1;
		hi = lo;
		if (p.s[*at] == '-') {
			++*at;
			if (!class_char(p, at, &hi))
				return -1;
		}
		hit |= lo <= c && c <= hi;
	}
	++*at;
	return hit != negated;
}

/*
 * One element of the pattern against the character at S[*AT] (the end: *AT is the length). Moves
 * both places on. 1, 0, or -1 for a malformed pattern.
 */
static int element_match(struct str p, size_t *p_at, struct str s, size_t *s_at)
{
	bool end = *s_at >= s.len;
	uint32_t c = 0;
	uint32_t want;
	int r;

	if (!end)
		*s_at += utf8_get(s.s + *s_at, s.len - *s_at, &c);
	switch (p.s[*p_at]) {
	case '?':
		++*p_at;
		return !end && c != '/';
	case '[':
		++*p_at;
		r = class_match(p, p_at, c);
		return r > 0 ? !end : r;
	case '\\':
		if (++*p_at >= p.len)
			return -1;
		FALLTHROUGH;
	default:
		*p_at += utf8_get(p.s + *p_at, p.len - *p_at, &want);
		return !end && c == want;
	}
}

/* Reads the rest of the pattern for its form alone, as Go does after a mismatch. */
static int check_form(struct str p, size_t at)
{
	while (at < p.len) {
		size_t end = 0;

		if (p.s[at] == '*')
			at++;
		else if (element_match(p, &at, (struct str){ "", 0 }, &end) < 0)
			return -1;
	}
	return 0;
}

/* Backtracks to the last star only, so the work is at most the product of the lengths. */
static int match(struct str p, struct str s)
{
	size_t p_at = 0;
	size_t s_at = 0;
	size_t star = SIZE_MAX;
	size_t star_s = 0;
	uint32_t c;

	while (p_at < p.len || s_at < s.len) {
		size_t p_next = p_at;
		size_t s_next = s_at;
		int r = 0;

		if (p_at < p.len && p.s[p_at] == '*') {
			star = ++p_at;
			star_s = s_at;
			continue;
		}
		if (p_at < p.len)
			r = element_match(p, &p_next, s, &s_next);
		if (r < 0)
			return -1;
		if (r > 0) {
			p_at = p_next;
			s_at = s_next;
			continue;
		}
		if (star == SIZE_MAX || star_s >= s.len || s.s[star_s] == '/')
			return check_form(p, p_at);
		star_s += utf8_get(s.s + star_s, s.len - star_s, &c);
		s_at = star_s;
		p_at = star;
	}
	return 1;
}

int pattern_match(struct run *r, struct str pattern, struct str s, struct err *err)
{
	int result = run_charge(r, 1 + (uint64_t)pattern.len * s.len / 64, err);

	if (result < 0)
		return result;
	result = match(pattern, s);
	return result < 0 ? err_set(err, ERR_INVALID, "syntax error in pattern") : result;
}
