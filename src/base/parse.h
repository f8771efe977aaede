/* SPDX-License-Identifier: MIT */
#pragma once

/* Whole-string parsers of small things. The text must match completely; nothing is skipped. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

MUST_CHECK int parse_uint(const char *s, uint64_t min, uint64_t max, uint64_t *ret,
	struct err *err);
MUST_CHECK int parse_int(const char *s, int64_t min, int64_t max, int64_t *ret, struct err *err);
/* "true" or "false". */
MUST_CHECK int parse_bool(const char *s, bool *ret, struct err *err);
/* True if S is valid UTF-8 without NUL. */
bool utf8_valid(const char *s, size_t len);
/* True if S holds a control character (below 0x20, 0x7f). */
bool has_control(const char *s);
/* FNV-1a, for tables and checksums of records; not for security. */
uint32_t hash32(const void *data, size_t len);
