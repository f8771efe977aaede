/* SPDX-License-Identifier: MIT */
#include "lib/words/words.h"

#include <string.h>

#include "base/alloc.h"
#include "lib/words/collect.h"

void collect_done(struct collect *c)
{
	strvec_done(&c->words);
	strbuf_done(&c->word);
}

void collect_add(struct collect *c, const char *data, size_t len)
{
	strbuf_add(&c->word, data, len);
	c->open = true;
}

int collect_end(struct collect *c, struct err *err)
{
	if (!c->open)
		return 0;
	if (c->words.count >= WORDS_MAX)
		return err_set(err, ERR_INVALID, "more than %d words", WORDS_MAX);
	strvec_push(&c->words, c->word.buf);
	strbuf_clear(&c->word);
	c->open = false;
	return 0;
}

int collect_into(struct collect *c, struct strvec *ret, struct err *err)
{
	int r = collect_end(c, err);

	if (r < 0)
		return r;
	strvec_pushv(ret, c->words.items);
	return 0;
}

int words_check_text(const char *text, size_t len, struct err *err)
{
	const char *nul;

	if (len > WORDS_TEXT_MAX)
		return err_set(err, ERR_INVALID, "the text is longer than %d bytes",
			WORDS_TEXT_MAX);
	nul = len ? memchr(text, '\0', len) : NULL;
	if (nul)
		return err_set(err, ERR_INVALID, "NUL byte at column %zu",
			(size_t)(nul - text) + 1);
	return 0;
}

/* The quoted part that starts at AT; returns the offset behind its end, through RET. */
static int xargs_quoted(const char *text, size_t len, size_t at, struct collect *c, size_t *ret,
	struct err *err)
{
	const char *kind = text[at] == '"' ? "double" : "single";
	size_t start = at + 1;

	for (size_t i = start; i < len; i++) {
		if (text[i] == '\n')
			return err_set(err, ERR_INVALID,
				"newline inside the %s quotes that start at column %zu", kind,
				at + 1);
		if (text[i] == text[at]) {
			collect_add(c, text + start, i - start);
			*ret = i + 1;
			return 0;
		}
	}
	return err_set(err, ERR_INVALID, "unmatched %s quote at column %zu", kind, at + 1);
}

int words_xargs(const char *text, size_t len, struct strvec *ret, struct err *err)
{
	AUTO_COLLECT c = COLLECT_INIT;
	int r = words_check_text(text, len, err);

	for (size_t i = 0; r >= 0 && i < len;) {
		if (text[i] == '\'' || text[i] == '"') {
			r = xargs_quoted(text, len, i, &c, &i, err);
		} else if (text[i] == '\\') {
			if (i + 1 < len) /* at the very end it escapes nothing and vanishes */
				collect_add(&c, text + i + 1, 1);
			i += 2;
		} else {
			if (strchr(" \t\n", text[i]))
				r = collect_end(&c, err);
			else if (c.open || !strchr("\v\f\r", text[i]))
				collect_add(&c, text + i, 1);
			i++;
		}
	}
	return r < 0 ? r : collect_into(&c, ret, err);
}

int words_plain(const char *text, size_t len, struct strvec *ret, struct err *err)
{
	AUTO_COLLECT c = COLLECT_INIT;
	int r = words_check_text(text, len, err);

	for (size_t i = 0; r >= 0 && i < len; i++) {
		if (strchr(" \t\n", text[i]))
			r = collect_end(&c, err);
		else
			collect_add(&c, text + i, 1);
	}
	return r < 0 ? r : collect_into(&c, ret, err);
}
