/* SPDX-License-Identifier: MIT */
#include "base/strbuf.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

char strbuf_slop[1];

void strbuf_init(struct strbuf *sb, size_t cap)
{
	*sb = (struct strbuf)STRBUF_CAPPED(cap);
}

void strbuf_done(struct strbuf *sb)
{
	int saved = errno;

	if (sb->alloc)
		free(sb->buf);
	strbuf_init(sb, sb->cap);
	errno = saved;
}

void strbuf_clear(struct strbuf *sb)
{
	strbuf_setlen(sb, 0);
	sb->truncated = false;
}

void strbuf_erase(struct strbuf *sb)
{
	if (sb->alloc)
		explicit_bzero(sb->buf, sb->alloc);
	strbuf_done(sb);
}

char *strbuf_detach(struct strbuf *sb)
{
	char *s;

	strbuf_grow(sb, 0);
	s = sb->buf;
	strbuf_init(sb, sb->cap);
	return s;
}

void strbuf_grow(struct strbuf *sb, size_t extra)
{
	size_t need = size_add(size_add(sb->len, extra), 1);
	size_t want;
	bool fresh = !sb->alloc;

	if (need <= sb->alloc)
		return;
	want = size_add(sb->alloc, sb->alloc / 2 + 64);
	if (want < need)
		want = need;
	sb->buf = xrealloc(fresh ? NULL : sb->buf, want);
	sb->alloc = want;
	if (fresh)
		sb->buf[0] = '\0';
}

void strbuf_add(struct strbuf *sb, const void *data, size_t len)
{
	if (sb->cap && len > sb->cap - sb->len) {
		len = sb->cap - sb->len;
		sb->truncated = true;
	}
	if (!len)
		return;
	strbuf_grow(sb, len);
	memcpy(sb->buf + sb->len, data, len);
	strbuf_setlen(sb, sb->len + len);
}

void strbuf_addstr(struct strbuf *sb, const char *s)
{
	strbuf_add(sb, s, strlen(s));
}

void strbuf_addch(struct strbuf *sb, char c)
{
	strbuf_add(sb, &c, 1);
}

void strbuf_vaddf(struct strbuf *sb, const char *fmt, va_list ap)
{
	AUTO_FREE char *s = xvasprintf(fmt, ap);

	strbuf_addstr(sb, s);
}

void strbuf_addf(struct strbuf *sb, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(sb, fmt, ap);
	va_end(ap);
}

void strbuf_set(struct strbuf *sb, const char *s)
{
	AUTO_FREE char *copy = xstrdup(s);

	strbuf_clear(sb);
	strbuf_addstr(sb, copy);
}

void strbuf_insert(struct strbuf *sb, size_t at, const char *s)
{
	AUTO_FREE char *tail = xmalloc(sb->len - at + 1);
	size_t tail_len = sb->len - at;

	memcpy(tail, sb->buf + at, tail_len);
	strbuf_setlen(sb, at);
	strbuf_addstr(sb, s);
	strbuf_add(sb, tail, tail_len);
}

void strbuf_setlen(struct strbuf *sb, size_t len)
{
	if (!sb->alloc)
		return;
	sb->len = len;
	sb->buf[len] = '\0';
}

void strbuf_rtrim(struct strbuf *sb)
{
	size_t len = sb->len;

	while (len && isspace((unsigned char)sb->buf[len - 1]))
		len--;
	strbuf_setlen(sb, len);
}

void strbuf_trim(struct strbuf *sb)
{
	size_t skip = 0;

	strbuf_rtrim(sb);
	while (skip < sb->len && isspace((unsigned char)sb->buf[skip]))
		skip++;
	if (skip) {
		memmove(sb->buf, sb->buf + skip, sb->len - skip);
		strbuf_setlen(sb, sb->len - skip);
	}
}

void strbuf_chomp(struct strbuf *sb)
{
	size_t len = sb->len;

	while (len && sb->buf[len - 1] == '\n')
		len--;
	strbuf_setlen(sb, len);
}
