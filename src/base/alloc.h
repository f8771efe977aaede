/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Allocation that aborts when memory is out. Sizes that come from outside are checked against a
 * named limit before they reach these functions.
 */

#include <stdarg.h>
#include <stddef.h>

#include "base/macro.h"

void *xmalloc(size_t size) MUST_CHECK;
void *xcalloc(size_t count, size_t size) MUST_CHECK;
void *xrealloc(void *p, size_t size) MUST_CHECK;
/* Resize to count elements of size; the product is checked for overflow. */
void *xreallocarray(void *p, size_t count, size_t size) MUST_CHECK;
char *xstrdup(const char *s) MUST_CHECK;
/* NULL stays NULL. */
char *xstrdup_null(const char *s) MUST_CHECK;
char *xstrndup(const char *s, size_t len) MUST_CHECK;
char *xasprintf(const char *fmt, ...) PRINTF(1, 2) MUST_CHECK;
char *xvasprintf(const char *fmt, va_list ap) PRINTF(1, 0) MUST_CHECK;

/* A + B, aborting on overflow. */
size_t size_add(size_t a, size_t b);
