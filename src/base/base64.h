/* SPDX-License-Identifier: MIT */
#pragma once

/* Base64, the standard alphabet with padding (RFC 4648, section 4). */

#include <stdbool.h>
#include <stddef.h>

#include "base/strbuf.h"

void base64_encode(const void *data, size_t len, struct strbuf *out);
/*
 * Appends what TEXT stands for; line ends in it are skipped. False when it is not base64: OUT is
 * untouched and *RET_AT (may be NULL) is the index of the first byte that does not fit.
 */
MUST_CHECK bool base64_decode(const char *text, size_t len, struct strbuf *out, size_t *ret_at);
