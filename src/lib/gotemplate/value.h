/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Values of a template while it is rendered, and the arena they live in. Values are immutable and
 * shared freely; nothing is freed before the arena is.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strbuf.h"

struct arena_chunk;

struct arena {
	struct arena_chunk *chunks;
	size_t total; /* bytes handed out; the owner compares it with its limit */
};

void *arena_alloc(struct arena *a, size_t size) MUST_CHECK;
char *arena_copy(struct arena *a, const char *s, size_t len) MUST_CHECK;
void arena_done(struct arena *a);
#define AUTO_ARENA CLEANUP(arena_done) struct arena

struct str {
	const char *s; /* not terminated, may hold NUL bytes */
	size_t len;
};

bool str_is(struct str s, const char *text);
bool str_same(struct str a, struct str b);
int str_order(struct str a, struct str b);

enum val_type {
	VAL_NIL,
	VAL_BOOL,
	VAL_INT,
	VAL_BYTE, /* Go's uint8: what indexing a string gives */
	VAL_FLOAT,
	VAL_STRING,
	VAL_STREAM, /* text that functions taking a path use as the content itself */
	VAL_LIST,
	VAL_MAP,
};

enum { VAL_DEPTH_MAX = 64 };

struct val {
	enum val_type type;
	union {
		bool b;
		int64_t i; /* VAL_INT, VAL_BYTE */
		double f;
		struct str s; /* VAL_STRING, VAL_STREAM */
		const struct list *list;
		const struct map *map;
	};
};

struct list {
	size_t count;
	unsigned int depth; /* of values inside each other */
	struct val items[];
};

struct pair {
	struct str key;
	struct val val;
};

struct map {
	size_t count;
	unsigned int depth;
	struct pair items[]; /* sorted by key, no key twice */
};

struct val val_str(const char *s, size_t len);
struct val val_bool(bool b);
struct val val_int(int64_t i);
/* Copies the content of SB into the arena. */
struct val val_take(struct arena *a, const struct strbuf *sb);

/* A list to be filled in; list_seal() afterwards computes its depth. */
struct list *list_new(struct arena *a, size_t count) MUST_CHECK;
void list_seal(struct list *l);
/* The same for a map; sealing sorts, and of equal keys the last one stays. */
struct map *map_new(struct arena *a, size_t count) MUST_CHECK;
void map_seal(struct map *m);
/* NULL when there is no such key. */
const struct val *map_get(const struct map *m, struct str key);

/* Go's truth: not the zero value, not empty. */
bool val_truth(const struct val *v);
/* 0 for what is not a list or map. */
unsigned int val_depth(const struct val *v);
/* Go's name of the type. */
const char *val_type_name(const struct val *v);
/* Appends it as Go's %v does; nil is "<nil>". OUT has a cap, for shared values may print as far
 * more than they take; so for val_to_json(). */
void val_print(const struct val *v, struct strbuf *out);
/* Appends the shortest text that reads back as F, in Go's %g form. */
void float_print(double f, struct strbuf *out);
/* ERR_INVALID when it is nested too deeply or holds a list that is too long. */
MUST_CHECK int val_from_json(struct arena *a, json_t *json, struct val *ret, struct err *err);
void val_to_json(const struct val *v, struct strbuf *out);
/* Reads one character of UTF-8: its length, or 1 and U+FFFD for an invalid byte. LEN is not 0. */
size_t utf8_get(const char *s, size_t len, uint32_t *ret);
void utf8_add(struct strbuf *sb, uint32_t c);
