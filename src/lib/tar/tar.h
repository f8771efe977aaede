/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Writes small tar archives in memory (ustar; GNU's record for names above 100 bytes), as the
 * engine takes them. Times are zero, so that the same content gives the same bytes.
 */

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/strbuf.h"

struct tar_owner {
	uid_t uid;
	gid_t gid;
};

/* Appends a regular file. NAME is relative; of a name in a folder the reader makes the folder. */
void tar_add_file(struct strbuf *tar, const char *name, mode_t mode, struct tar_owner owner,
	const void *data, size_t len);
/* Appends a folder; NAME without a slash at its end. */
void tar_add_dir(struct strbuf *tar, const char *name, mode_t mode, struct tar_owner owner);
/* Appends what ends an archive. */
void tar_end(struct strbuf *tar);

/*
 * The content of the first regular file of an archive that somebody else wrote, inside DATA. False
 * when there is none, or when it is not whole.
 */
bool tar_first_file(const char *data, size_t len, const char **ret, size_t *ret_len);
