/* SPDX-License-Identifier: MIT */
#pragma once

/* Files of a source tree that somebody else wrote: nothing is read outside of the tree. */

#include <stdbool.h>

#include "base/err.h"

/*
 * Opens the regular file PATH (relative) below DIR for reading. Symbolic links are followed while
 * they stay inside. Returns the descriptor, or -ERR_NOT_FOUND; ERR_DENIED when a link leads out,
 * ERR_INVALID when PATH is no plain path or no regular file.
 */
MUST_CHECK int source_open(const char *dir, const char *path, struct err *err);
/* There is a regular file of that name, by the same rules. */
bool source_has(const char *dir, const char *path);
/* The folder PATH below DIR, by the same rules. */
MUST_CHECK int source_open_dir(const char *dir, const char *path, struct err *err);
/* Appends the file's content; more than MAX bytes are ERR_INVALID. 1 when there is such a file. */
MUST_CHECK int source_read(const char *dir, const char *path, size_t max, struct strbuf *out,
	struct err *err);
