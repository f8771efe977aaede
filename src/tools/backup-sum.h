/* SPDX-License-Identifier: MIT */
#pragma once

/* Checksums of a backup's members: SHA-256, as 64 hexadecimal digits. */

#include <openssl/evp.h>
#include <stddef.h>

#include "base/err.h"

/* The archive's last member: {"members": [{"name", "size", "sha256"} or {"name", "target"}]}. */
#define BACKUP_SUMS_NAME     "checksums.json"
#define BACKUP_MANIFEST_NAME "manifest.json"

enum { BACKUP_SUM_TEXT = 65 };

struct backup_sum {
	EVP_MD_CTX *ctx; /* made by the first use */
};
#define BACKUP_SUM_INIT                                                                            \
	{                                                                                          \
		0                                                                                  \
	}
void backup_sum_done(struct backup_sum *s);
#define AUTO_BACKUP_SUM CLEANUP(backup_sum_done) struct backup_sum

void backup_sum_add(struct backup_sum *s, const void *data, size_t len);
/* Ends it; the object can be used again. */
void backup_sum_text(struct backup_sum *s, char ret[BACKUP_SUM_TEXT]);
/* Of the regular file PATH, which is no link. *RET_SIZE is its length. */
MUST_CHECK int backup_sum_file(const char *path, char ret[BACKUP_SUM_TEXT], long long *ret_size,
	struct err *err);
