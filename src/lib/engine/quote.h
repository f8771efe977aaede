/* SPDX-License-Identifier: MIT */
#pragma once

#include <stddef.h>

#include "base/strbuf.h"

enum { QUOTE_MAX = 500 };

/*
 * Appends text of the other side for use in an error: in single quotes, at most QUOTE_MAX bytes
 * ("..." marks what was cut, never within a character), control characters as spaces, trimmed.
 */
void quote_remote(struct strbuf *out, const char *text, size_t len);
