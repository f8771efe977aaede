/* SPDX-License-Identifier: MIT */
#include "base/strvec.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

char *strvec_empty[1];

void strvec_init(struct strvec *v)
{
	*v = (struct strvec)STRVEC_INIT;
}

void strvec_done(struct strvec *v)
{
	int saved = errno;

	for (size_t i = 0; i < v->count; i++)
		free(v->items[i]);
	if (v->alloc)
		free(v->items);
	strvec_init(v);
	errno = saved;
}

void strvec_clear(struct strvec *v)
{
	strvec_done(v);
}

static void make_room(struct strvec *v)
{
	size_t want;

	if (v->count + 2 <= v->alloc)
		return;
	want = size_add(v->alloc, v->alloc / 2 + 8);
	v->items = xreallocarray(v->alloc ? v->items : NULL, want, sizeof(*v->items));
	v->alloc = want;
}

void strvec_push_take(struct strvec *v, char *s)
{
	make_room(v);
	v->items[v->count++] = s;
	v->items[v->count] = NULL;
}

void strvec_push(struct strvec *v, const char *s)
{
	strvec_push_take(v, xstrdup(s));
}

void strvec_pushf(struct strvec *v, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	strvec_push_take(v, xvasprintf(fmt, ap));
	va_end(ap);
}

void strvec_pushl(struct strvec *v, ...)
{
	va_list ap;
	const char *s;

	va_start(ap, v);
	while ((s = va_arg(ap, const char *)))
		strvec_push(v, s);
	va_end(ap);
}

void strvec_pushv(struct strvec *v, char *const *items)
{
	for (; *items; items++)
		strvec_push(v, *items);
}

void strvec_insert(struct strvec *v, size_t at, const char *s)
{
	char *copy = xstrdup(s);

	make_room(v);
	memmove(v->items + at + 1, v->items + at, (v->count - at) * sizeof(*v->items));
	v->items[at] = copy;
	v->items[++v->count] = NULL;
}

void strvec_remove(struct strvec *v, size_t at)
{
	free(v->items[at]);
	memmove(v->items + at, v->items + at + 1, (v->count - at) * sizeof(*v->items));
	v->count--;
}

size_t strvec_remove_str(struct strvec *v, const char *s)
{
	size_t removed = 0;

	for (size_t i = v->count; i-- > 0;) {
		if (strcmp(v->items[i], s) == 0) {
			strvec_remove(v, i);
			removed++;
		}
	}
	return removed;
}

ptrdiff_t strvec_index(const struct strvec *v, const char *s)
{
	for (size_t i = 0; i < v->count; i++) {
		if (strcmp(v->items[i], s) == 0)
			return (ptrdiff_t)i;
	}
	return -1;
}

bool strvec_has(const struct strvec *v, const char *s)
{
	return strvec_index(v, s) >= 0;
}

static int compare_items(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void strvec_sort(struct strvec *v)
{
	if (v->count > 1)
		qsort(v->items, v->count, sizeof(*v->items), compare_items);
}

void strvec_sort_unique(struct strvec *v)
{
	strvec_sort(v);
	for (size_t i = v->count; i-- > 1;) {
		if (strcmp(v->items[i], v->items[i - 1]) == 0)
			strvec_remove(v, i);
	}
}

void strvec_split(struct strvec *v, const char *s, const char *seps)
{
	while (*s) {
		size_t n = strcspn(s, seps);

		if (n)
			strvec_push_take(v, xstrndup(s, n));
		s += n;
		if (*s)
			s++;
	}
}

void strvec_split_lines(struct strvec *v, const char *s)
{
	strvec_split(v, s, "\n");
}

void strvec_join(const struct strvec *v, const char *sep, struct strbuf *out)
{
	for (size_t i = 0; i < v->count; i++) {
		if (i)
			strbuf_addstr(out, sep);
		strbuf_addstr(out, v->items[i]);
	}
}

char *strvec_joined(const struct strvec *v, const char *sep)
{
	struct strbuf sb = STRBUF_INIT;

	strvec_join(v, sep, &sb);
	return strbuf_detach(&sb);
}
