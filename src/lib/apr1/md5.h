/* SPDX-License-Identifier: MIT */
#pragma once

/* MD5 (RFC 1321), which the password format of apr1.h is made of. Not for anything new. */

#include <stddef.h>
#include <stdint.h>

enum { MD5_SIZE = 16, MD5_BLOCK = 64 };

struct md5 {
	uint32_t state[4];
	uint64_t bytes;
	uint8_t block[MD5_BLOCK];
};

void md5_init(struct md5 *m);
void md5_add(struct md5 *m, const void *data, size_t len);
void md5_end(struct md5 *m, uint8_t ret[MD5_SIZE]);
