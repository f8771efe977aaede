/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A vector of owned strings, NULL-terminated at all times, so `items` can be handed to exec
 * functions. The only builder of argument vectors, environments and lists of names.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/macro.h"
#include "base/strbuf.h"

struct strvec {
	char **items; /* never NULL */
	size_t count;
	size_t alloc;
};

extern char *strvec_empty[];

#define STRVEC_INIT                                                                                \
	{                                                                                          \
		.items = strvec_empty                                                              \
	}
#define AUTO_STRVEC CLEANUP(strvec_done) struct strvec

void strvec_init(struct strvec *v);
void strvec_done(struct strvec *v);
void strvec_clear(struct strvec *v);
void strvec_push(struct strvec *v, const char *s);
/* Takes ownership of S. */
void strvec_push_take(struct strvec *v, char *s);
void strvec_pushf(struct strvec *v, const char *fmt, ...) PRINTF(2, 3);
void strvec_pushl(struct strvec *v, ...) SENTINEL;
/* Appends a NULL-terminated array. */
void strvec_pushv(struct strvec *v, char *const *items);
void strvec_insert(struct strvec *v, size_t at, const char *s);
void strvec_remove(struct strvec *v, size_t at);
/* Removes all items equal to S; returns how many. */
size_t strvec_remove_str(struct strvec *v, const char *s);
bool strvec_has(const struct strvec *v, const char *s);
/* Index of the first item equal to S, or -1. */
ptrdiff_t strvec_index(const struct strvec *v, const char *s);
void strvec_sort(struct strvec *v);
/* Sorts and drops duplicates. */
void strvec_sort_unique(struct strvec *v);
/* Appends the pieces of S between any of the characters of SEPS; empty pieces are skipped. */
void strvec_split(struct strvec *v, const char *s, const char *seps);
/* Appends the lines of S without their newline; empty lines are skipped. */
void strvec_split_lines(struct strvec *v, const char *s);
/* Appends the items, SEP between them. */
void strvec_join(const struct strvec *v, const char *sep, struct strbuf *out);
/* The same, as a string for free(). */
char *strvec_joined(const struct strvec *v, const char *sep) MUST_CHECK;
