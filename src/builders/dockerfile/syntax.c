/* SPDX-License-Identifier: MIT */
#include "builders/dockerfile/syntax.h"

#include <string.h>
#include <strings.h>

#include "base/macro.h"

struct line {
	const char *at;
	size_t len;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Takes the blanks off the front. */
static void skip_blanks(struct line *l)
{
	while (l->len && is_blank(*l->at)) {
		l->at++;
		l->len--;
	}
}

static struct line take_word(struct line *l)
{
	struct line word = { l->at, 0 };

	while (word.len < l->len && !is_blank(l->at[word.len]))
		word.len++;
	l->at += word.len;
	l->len -= word.len;
	skip_blanks(l);
	return word;
}

static bool is_word(const struct line *word, const char *name)
{
	return word->len == strlen(name) && strncasecmp(word->at, name, word->len) == 0;
}

/* "--mount=..." is "mount". */
static bool is_option(const struct line *word, const char *name)
{
	size_t len = strlen(name);

	return word->len >= len + 2 && memcmp(word->at, "--", 2) == 0 &&
	       strncasecmp(word->at + 2, name, len) == 0 &&
	       (word->len == len + 2 || word->at[len + 2] == '=');
}

/* The instruction's options, which stand in front, are only these: */
static bool is_classic_option(const struct line *verb, const struct line *word)
{
	if (is_word(verb, "COPY"))
		return is_option(word, "from") || is_option(word, "chown");
	return is_word(verb, "ADD") && is_option(word, "chown");
}

static bool instruction_needs(struct line l)
{
	struct line verb = take_word(&l);

	if (!is_word(&verb, "RUN") && !is_word(&verb, "COPY") && !is_word(&verb, "ADD"))
		return false;
	while (l.len >= 2 && memcmp(l.at, "--", 2) == 0) {
		struct line word = take_word(&l);

		if (!is_classic_option(&verb, &word))
			return true;
	}
	/* A here-document; a shell's own ("cat <<EOF") is one to BuildKit as well. */
	for (size_t i = 0; i + 2 < l.len; i++) {
		if (l.at[i] == '<' && l.at[i + 1] == '<' && l.at[i + 2] != '<' &&
			!is_blank(l.at[i + 2]) && (i == 0 || is_blank(l.at[i - 1])))
			return true;
	}
	return false;
}

/* "# syntax=docker/dockerfile:1" */
static bool is_syntax_line(struct line l)
{
	l.at++;
	l.len--;
	skip_blanks(&l);
	if (l.len < strlen("syntax") || strncasecmp(l.at, "syntax", strlen("syntax")) != 0)
		return false;
	l.at += strlen("syntax");
	l.len -= strlen("syntax");
	skip_blanks(&l);
	return l.len && *l.at == '=';
}

static bool is_continued(const struct line *l)
{
	size_t len = l->len;

	while (len && is_blank(l->at[len - 1]))
		len--;
	return len && l->at[len - 1] == '\\';
}

bool syntax_needs_buildkit(const char *text, size_t len)
{
	const char *end = text + len;
	bool continued = false;
	bool directives = true; /* only comments at the very top are */

	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		struct line l = { text, (size_t)((newline ? newline : end) - text) };

		text = newline ? newline + 1 : end;
		skip_blanks(&l);
		if (l.len && *l.at == '#') {
			if (directives && is_syntax_line(l))
				return true;
			continue;
		}
		directives = false;
		if (!continued && instruction_needs(l))
			return true;
		if (l.len)
			continued = is_continued(&l);
	}
	return false;
}
