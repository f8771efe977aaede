/* SPDX-License-Identifier: MIT */
#include "lib/gotemplate/value.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "lib/gotemplate/gotemplate.h"

enum {
	ARENA_CHUNK = 16384,
	EXPONENT_FORM_FROM = 6, /* 1e+06, as Go does for the shortest form */
};

struct arena_chunk {
	struct arena_chunk *next;
	size_t used;
	size_t size;
	_Alignas(16) char data[];
};

void *arena_alloc(struct arena *a, size_t size)
{
	struct arena_chunk *c = a->chunks;
	void *p;

	size = size_add(size, 15) & ~(size_t)15;
	a->total = size_add(a->total, size);
	if (!c || c->size - c->used < size) {
		size_t room = size > ARENA_CHUNK ? size : ARENA_CHUNK;

		c = xmalloc(size_add(sizeof(*c), room));
		c->next = a->chunks;
		c->used = 0;
		c->size = room;
		a->chunks = c;
	}
	p = c->data + c->used;
	c->used += size;
	return p;
}

char *arena_copy(struct arena *a, const char *s, size_t len)
{
	char *p = arena_alloc(a, size_add(len, 1));

	if (len)
		memcpy(p, s, len);
	p[len] = '\0';
	return p;
}

void arena_done(struct arena *a)
{
	while (a->chunks) {
		struct arena_chunk *c = a->chunks;

		a->chunks = c->next;
		free(c);
	}
	a->total = 0;
}

bool str_is(struct str s, const char *text)
{
	return s.len == strlen(text) && !memcmp(s.s, text, s.len);
}

bool str_same(struct str a, struct str b)
{
	return a.len == b.len && (!a.len || !memcmp(a.s, b.s, a.len));
}

int str_order(struct str a, struct str b)
{
	size_t common = a.len < b.len ? a.len : b.len;
	int d = common ? memcmp(a.s, b.s, common) : 0;

	if (d)
		return d;
	return a.len < b.len ? -1 : a.len > b.len;
}

struct val val_str(const char *s, size_t len)
{
	return (struct val){ .type = VAL_STRING, .s = { s, len } };
}

struct val val_bool(bool b)
{
	return (struct val){ .type = VAL_BOOL, .b = b };
}

struct val val_int(int64_t i)
{
	return (struct val){ .type = VAL_INT, .i = i };
}

struct val val_take(struct arena *a, const struct strbuf *sb)
{
	return val_str(arena_copy(a, sb->buf, sb->len), sb->len);
}

struct list *list_new(struct arena *a, size_t count)
{
	struct list *l = arena_alloc(a, size_add(sizeof(*l), count * sizeof(l->items[0])));

	l->count = count;
	l->depth = 1;
	return l;
}

void list_seal(struct list *l)
{
	for (size_t i = 0; i < l->count; i++) {
		unsigned int d = val_depth(&l->items[i]) + 1;

		if (d > l->depth)
			l->depth = d;
	}
}

struct map *map_new(struct arena *a, size_t count)
{
	struct map *m = arena_alloc(a, size_add(sizeof(*m), count * sizeof(m->items[0])));

	m->count = count;
	m->depth = 1;
	return m;
}

/* qsort(3) is not stable; equal keys are told apart by their address. */
static int pair_order(const void *a, const void *b)
{
	const struct pair *const *x = a;
	const struct pair *const *y = b;
	int d = str_order((*x)->key, (*y)->key);

	if (d)
		return d;
	return *x < *y ? -1 : 1;
}

void map_seal(struct map *m)
{
	AUTO_FREE const struct pair **order = xmalloc((m->count + 1) * sizeof(*order));
	AUTO_FREE struct pair *sorted = xmalloc((m->count + 1) * sizeof(*sorted));
	size_t n = 0;

	for (size_t i = 0; i < m->count; i++)
		order[i] = &m->items[i];
	qsort(order, m->count, sizeof(*order), pair_order);
	for (size_t i = 0; i < m->count; i++) {
		if (n && str_same(sorted[n - 1].key, order[i]->key))
			n--;
		sorted[n++] = *order[i];
	}
	for (size_t i = 0; i < n; i++) {
		unsigned int d = val_depth(&sorted[i].val) + 1;

		m->items[i] = sorted[i];
		if (d > m->depth)
			m->depth = d;
	}
	m->count = n;
}

const struct val *map_get(const struct map *m, struct str key)
{
	size_t lo = 0;
	size_t hi = m->count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int d = str_order(key, m->items[mid].key);

		if (!d)
			return &m->items[mid].val;
		if (d < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return NULL;
}

bool val_truth(const struct val *v)
{
	switch (v->type) {
	case VAL_NIL:
		return false;
	case VAL_BOOL:
		return v->b;
	case VAL_INT:
	case VAL_BYTE:
		return v->i != 0;
	case VAL_FLOAT:
		return v->f != 0.0;
	case VAL_STRING:
		return v->s.len > 0;
	case VAL_STREAM:
		return true;
	case VAL_LIST:
		return v->list->count > 0;
	case VAL_MAP:
		return v->map->count > 0;
	}
	return false;
}

unsigned int val_depth(const struct val *v)
{
	if (v->type == VAL_LIST)
		return v->list->depth;
	return v->type == VAL_MAP ? v->map->depth : 0;
}

const char *val_type_name(const struct val *v)
{
	static const char *const names[] = {
		[VAL_NIL] = "<nil>",
		[VAL_BOOL] = "bool",
		[VAL_INT] = "int",
		[VAL_BYTE] = "uint8",
		[VAL_FLOAT] = "float64",
		[VAL_STRING] = "string",
		[VAL_STREAM] = "stream",
		[VAL_LIST] = "[]interface {}",
		[VAL_MAP] = "map[string]interface {}",
	};

	return names[v->type];
}

void float_print(double f, struct strbuf *out)
{
	char text[64];
	const char *e;
	int precision = 0;
	int exponent;

	if (isnan(f) || isinf(f)) {
		strbuf_addstr(out, isnan(f) ? "NaN" : f > 0 ? "+Inf" : "-Inf");
		return;
	}
	do
		snprintf(text, sizeof(text), "%.*e", precision, f);
	while (strtod(text, NULL) != f && ++precision < 18);
	e = strchr(text, 'e');
	exponent = e ? (int)strtol(e + 1, NULL, 10) : 0;
	if (exponent >= -4 && exponent < EXPONENT_FORM_FROM)
		snprintf(text, sizeof(text), "%.*f",
			precision > exponent ? precision - exponent : 0, f);
	strbuf_addstr(out, text);
}

/* A list can hold another one many times over, so what ends the work is the cap of OUT. */
static void print_items(const struct val *v, struct strbuf *out)
{
	if (v->type == VAL_LIST) {
		strbuf_addch(out, '[');
		for (size_t i = 0; i < v->list->count && !out->truncated; i++) {
			if (i)
				strbuf_addch(out, ' ');
			val_print(&v->list->items[i], out);
		}
		strbuf_addch(out, ']');
		return;
	}
	strbuf_addstr(out, "map[");
	for (size_t i = 0; i < v->map->count && !out->truncated; i++) {
		if (i)
			strbuf_addch(out, ' ');
		strbuf_add(out, v->map->items[i].key.s, v->map->items[i].key.len);
		strbuf_addch(out, ':');
		val_print(&v->map->items[i].val, out);
	}
	strbuf_addch(out, ']');
}

/* Recursion is bounded by VAL_DEPTH_MAX, which every maker of lists and maps keeps. */
void val_print(const struct val *v, struct strbuf *out)
{
	switch (v->type) {
	case VAL_NIL:
		strbuf_addstr(out, "<nil>");
		break;
	case VAL_BOOL:
		strbuf_addstr(out, v->b ? "true" : "false");
		break;
	case VAL_INT:
	case VAL_BYTE:
		strbuf_addf(out, "%" PRId64, v->i);
		break;
	case VAL_FLOAT:
		float_print(v->f, out);
		break;
	case VAL_STRING:
	case VAL_STREAM:
		strbuf_add(out, v->s.s, v->s.len);
		break;
	case VAL_LIST:
	case VAL_MAP:
		print_items(v, out);
		break;
	}
}

size_t utf8_get(const char *s, size_t len, uint32_t *ret)
{
	const unsigned char *p = (const unsigned char *)s;
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = p[0] < 0x80       ? 1
		   : p[0] >> 5 == 6  ? 2
		   : p[0] >> 4 == 14 ? 3
		   : p[0] >> 3 == 30 ? 4
				     : 0;
	uint32_t c;

	*ret = n == 1 ? p[0] : 0xfffd;
	if (n < 2 || n > len)
		return 1;
	c = p[0] & (0xffu >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 1;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 1;
	*ret = c;
	return n;
}

void utf8_add(struct strbuf *sb, uint32_t c)
{
	char out[4];
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000)) {
		c = 0xfffd;
		n = 3;
	}
	if (n == 1) {
		strbuf_addch(sb, (char)c);
		return;
	}
	for (size_t i = n - 1; i > 0; i--, c >>= 6)
		out[i] = (char)(0x80 | (c & 0x3f));
	out[0] = (char)((0xf00u >> n & 0xff) | c);
	strbuf_add(sb, out, n);
}
