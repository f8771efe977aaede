/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * flock(2) on a permanent file that is never unlinked. The file's content says who holds it; it is
 * for messages only, the kernel's lock is the truth. A lock dies with the last descriptor of it, so
 * a child that inherits the descriptor keeps it.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/*
 * Opens (creating it 0600) and locks PATH exclusively. WAIT_MS 0: fail at once with ERR_BUSY when
 * taken; otherwise wait that long first (UINT64_MAX: for ever). HOLDER is written into the file.
 * Returns the descriptor.
 */
MUST_CHECK int lock_take(const char *path, const char *holder, uint64_t wait_ms, struct err *err);
/* Replaces the note in a lock file one holds. */
void lock_note(int fd, const char *holder);
/* Appends what the holder wrote, "" if nothing can be read. */
void lock_holder(const char *path, struct strbuf *out);
