/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A growable byte string. `buf` is never NULL and always NUL-terminated; the content may hold NUL
 * bytes. A buffer that takes bytes from outside is given a cap: appending beyond it drops the
 * excess and sets `truncated`, so a reader checks one flag at the end instead of every append.
 */

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/macro.h"

struct strbuf {
	char *buf;
	size_t len;
	size_t alloc;
	size_t cap; /* 0: no cap */
	bool truncated;
};

extern char strbuf_slop[];

#define STRBUF_INIT                                                                                \
	{                                                                                          \
		.buf = strbuf_slop                                                                 \
	}
#define STRBUF_CAPPED(n)                                                                           \
	{                                                                                          \
		.buf = strbuf_slop, .cap = (n)                                                     \
	}

void strbuf_init(struct strbuf *sb, size_t cap);
void strbuf_done(struct strbuf *sb);
/* Empties the buffer and keeps its memory. */
void strbuf_clear(struct strbuf *sb);
/* Overwrites the content before freeing: for secrets. */
void strbuf_erase(struct strbuf *sb);
/* Gives the content to the caller (free()) and leaves the buffer empty. */
char *strbuf_detach(struct strbuf *sb) MUST_CHECK;

void strbuf_grow(struct strbuf *sb, size_t extra);
void strbuf_add(struct strbuf *sb, const void *data, size_t len);
void strbuf_addstr(struct strbuf *sb, const char *s);
void strbuf_addch(struct strbuf *sb, char c);
void strbuf_addf(struct strbuf *sb, const char *fmt, ...) PRINTF(2, 3);
void strbuf_vaddf(struct strbuf *sb, const char *fmt, va_list ap) PRINTF(2, 0);
void strbuf_set(struct strbuf *sb, const char *s);
void strbuf_insert(struct strbuf *sb, size_t at, const char *s);
void strbuf_setlen(struct strbuf *sb, size_t len);
/* Drops white space at both ends / at the end. */
void strbuf_trim(struct strbuf *sb);
void strbuf_rtrim(struct strbuf *sb);
/* Drops one or more trailing newlines, nothing else. */
void strbuf_chomp(struct strbuf *sb);

#define AUTO_STRBUF CLEANUP(strbuf_done) struct strbuf
