/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Text to words, and words to text, without a shell.
 *
 * Each splitter appends to RET and follows the rules of one well-known program, because texts that
 * were written for that program must mean the same here. None of them expands or executes anything.
 *
 * All of them: TEXT is LEN bytes and need not be terminated; words are bytes, no encoding is
 * required. ERR_INVALID for a NUL byte, a text longer than WORDS_TEXT_MAX, more than WORDS_MAX
 * words, or what the function names; RET is untouched then. Messages name the column and never
 * quote the text, which may hold a secret.
 */

#include "base/err.h"
#include "base/strbuf.h"
#include "base/strvec.h"

enum {
	WORDS_TEXT_MAX = 1 << 20,
	WORDS_MAX = 1 << 16,
	WORDS_DEPTH_MAX = 64, /* of $( ${ ` " inside each other */
};

/*
 * As xargs: blanks and newlines separate, '...' and "..." take everything up to the same quote
 * literally, a backslash outside of quotes takes the next byte literally. A quote without its end
 * or a newline inside quotes is ERR_INVALID: xargs would run what it has read so far, which nobody
 * wants half of.
 */
MUST_CHECK int words_xargs(const char *text, size_t len, struct strvec *ret, struct err *err);

/* At runs of space, tab and newline; quotes and backslashes are ordinary bytes. */
MUST_CHECK int words_plain(const char *text, size_t len, struct strvec *ret, struct err *err);

/*
 * As a POSIX shell's quote removal: '...' literal; in "..." a backslash escapes only $ ` " \ and
 * newline; elsewhere it escapes every byte; backslash-newline vanishes. Everything else, $ ( ; #
 * included, is an ordinary byte. Missing ends are ERR_INVALID.
 */
MUST_CHECK int words_posix(const char *text, size_t len, struct strvec *ret, struct err *err);

/*
 * As words_posix, but by the shell's grammar: $(...), ${...}, `...` are kept as written, inside
 * and outside of double quotes, and may contain blanks; an unquoted # at the start of a word begins
 * a comment that ends with the line; an unquoted ; & | < > ( ) is ERR_INVALID. RET_END (NULL
 * allowed) receives the offset behind the last word, so that a caller can tell that a comment was
 * dropped.
 */
MUST_CHECK int words_shell(const char *text, size_t len, struct strvec *ret, size_t *ret_end,
	struct err *err);

/* Appends '...' for a shell: ' becomes '\''. Always quotes. */
void quote_single(struct strbuf *out, const char *s);
/* The content only, without the surrounding quotes. */
void quote_single_content(struct strbuf *out, const char *s);
/* Appends "...", with a backslash in front of \ " $ and `. */
void quote_double(struct strbuf *out, const char *s);
/* Appends S as it is when a shell reads it as one plain word, else as quote_single. */
void quote_word(struct strbuf *out, const char *s);
/* Appends the words, each through quote_word, a space between them. */
void quote_words(struct strbuf *out, const struct strvec *words);
