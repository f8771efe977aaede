/* SPDX-License-Identifier: MIT */
#pragma once

/* SHA-1 (FIPS 180-4), for names that other programs derive that way; not for security. */

#include <stddef.h>

#include "base/strbuf.h"

enum { SHA1_HEX_LEN = 40 };

/* Appends the digest of LEN bytes as 40 lower-case hexadecimal digits. */
void sha1_hex(const void *data, size_t len, struct strbuf *out);
