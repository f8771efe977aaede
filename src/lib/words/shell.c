/* SPDX-License-Identifier: MIT */
/* The two splitters that know a shell's quotes. */
#include <string.h>

#include "lib/words/collect.h"

struct scan {
	const char *text;
	size_t len;
	size_t at;
	bool grammar; /* words_shell; else words_posix */
	size_t end;   /* behind the last word */
	struct collect *c;
	struct err *err;
};

static int unfinished(const struct scan *s, const char *what, size_t start)
{
	return err_set(s->err, ERR_INVALID, "%s without its end at column %zu", what, start + 1);
}

static void take(struct scan *s, size_t n)
{
	collect_add(s->c, s->text + s->at, n);
	s->at += n;
}

/* True if an expansion begins here: $( ${ or a backtick. */
static bool at_expansion(const struct scan *s)
{
	const char *p = s->text + s->at;

	if (*p == '`')
		return true;
	return *p == '$' && s->at + 1 < s->len && (p[1] == '(' || p[1] == '{');
}

/* What ends the construct that begins with the byte C. */
static char end_of(char c)
{
	if (c == '(')
		return ')';
	return c == '{' ? '}' : c;
}

/* Skips '...' when the innermost open construct lets single quotes quote. */
static int skip_single(struct scan *s, size_t *at)
{
	const char *end = memchr(s->text + *at + 1, '\'', s->len - *at - 1);

	if (!end)
		return unfinished(s, "single quote", *at);
	*at = (size_t)(end - s->text) + 1;
	return 0;
}

/*
 * True if the byte at I opens a construct inside the one that INNER closes; DOLLAR: it is a $ with
 * the opening bracket behind it.
 */
static bool opens(const struct scan *s, size_t i, char inner, bool *dollar)
{
	char c = s->text[i];

	*dollar = c == '$' && i + 1 < s->len && strchr("({", s->text[i + 1]);
	if (inner == '`')
		return false;
	return *dollar || c == '`' || (c == '"' && inner != '"') || (c == '(' && inner == ')');
}

/*
 * Takes the expansion at the cursor as it is written. OPEN holds the closing bytes still to come;
 * no recursion, since the text decides on the depth.
 */
static int take_expansion(struct scan *s)
{
	char open[WORDS_DEPTH_MAX];
	size_t depth = 0;
	size_t i = s->at + (s->text[s->at] == '$');

	open[depth++] = end_of(s->text[i++]);
	while (depth && i < s->len) {
		char c = s->text[i];
		char inner = open[depth - 1];
		bool dollar;

		if (c == inner) {
			depth--;
		} else if (c == '\\' && i + 1 < s->len) {
			i++;
		} else if (c == '\'' && (inner == ')' || inner == '}')) {
			int r = skip_single(s, &i);

			if (r < 0)
				return r;
			continue;
		} else if (opens(s, i, inner, &dollar)) {
			if (depth == WORDS_DEPTH_MAX)
				return err_set(s->err, ERR_INVALID,
					"nested deeper than %d at column %zu", WORDS_DEPTH_MAX,
					i + 1);
			i += dollar;
			open[depth++] = end_of(s->text[i]);
		}
		i++;
	}
	if (depth)
		return unfinished(s, "expansion", s->at);
	take(s, i - s->at);
	return 0;
}

static int take_double(struct scan *s)
{
	size_t start = s->at++;
	int r = 0;

	collect_add(s->c, "", 0);
	while (r >= 0 && s->at < s->len) {
		char c = s->text[s->at];

		if (c == '"') {
			s->at++;
			return 0;
		}
		if (c == '\\' && s->at + 1 < s->len && strchr("$`\"\\\n", s->text[s->at + 1])) {
			s->at++;
			if (s->text[s->at] == '\n')
				s->at++;
			else
				take(s, 1);
		} else if (c == '\\' && s->at + 1 < s->len) {
			take(s, 2);
		} else if (s->grammar && at_expansion(s)) {
			r = take_expansion(s);
		} else {
			take(s, 1);
		}
	}
	return r < 0 ? r : unfinished(s, "double quote", start);
}

static int take_single(struct scan *s)
{
	size_t start = s->at;
	size_t end = start;
	int r = skip_single(s, &end);

	if (r < 0)
		return r;
	collect_add(s->c, s->text + start + 1, end - start - 2);
	s->at = end;
	return 0;
}

static int take_escape(struct scan *s)
{
	if (s->at + 1 == s->len)
		return unfinished(s, "backslash", s->at);
	s->at++;
	if (s->text[s->at] == '\n')
		s->at++;
	else
		take(s, 1);
	return 0;
}

static void skip_comment(struct scan *s)
{
	while (s->at < s->len && s->text[s->at] != '\n')
		s->at++;
}

/* One byte or construct outside of quotes. */
static int take_one(struct scan *s)
{
	char c = s->text[s->at];

	if (strchr(" \t\n", c)) {
		s->at++;
		return collect_end(s->c, s->err);
	}
	if (c == '\'')
		return take_single(s);
	if (c == '"')
		return take_double(s);
	if (c == '\\')
		return take_escape(s);
	if (s->grammar && at_expansion(s))
		return take_expansion(s);
	if (s->grammar && strchr(";&|<>()", c))
		return err_set(s->err, ERR_INVALID, "unquoted '%c' at column %zu", c, s->at + 1);
	take(s, 1);
	return 0;
}

static int split(struct scan *s)
{
	int r = words_check_text(s->text, s->len, s->err);

	while (r >= 0 && s->at < s->len) {
		if (s->grammar && !s->c->open && s->text[s->at] == '#') {
			skip_comment(s);
			continue;
		}
		r = take_one(s);
		if (s->c->open)
			s->end = s->at;
	}
	return r;
}

int words_posix(const char *text, size_t len, struct strvec *ret, struct err *err)
{
	AUTO_COLLECT c = COLLECT_INIT;
	struct scan s = { .text = text, .len = len, .c = &c, .err = err };
	int r = split(&s);

	return r < 0 ? r : collect_into(&c, ret, err);
}

int words_shell(const char *text, size_t len, struct strvec *ret, size_t *ret_end, struct err *err)
{
	AUTO_COLLECT c = COLLECT_INIT;
	struct scan s = { .text = text, .len = len, .grammar = true, .c = &c, .err = err };
	int r = split(&s);

	if (r >= 0)
		r = collect_into(&c, ret, err);
	if (r >= 0 && ret_end)
		*ret_end = s.end;
	return r;
}
