/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Writing a backup: a compressed tar stream whose last member, checksums.json, lists what stands
 * before it. Commands come in as lines of JSON, each is answered by a line:
 *
 *   {"tree": PATH, "as": NAME, "skip": [PATTERN]}   a file, link or folder; PATTERNs are for names
 *                                                   directly in it. A missing one adds nothing
 *   {"text": TEXT, "as": NAME}                      a small file
 *   {"end": true}                                   completes the archive, which is then on disk
 *
 * Answer: {"files": N, "bytes": N, "left_out": [TEXT]} of this command (of all, for the end), or
 * {"error": TEXT}, which ends it. Left out, and named, is what cannot be read, and what an archive
 * of ours may not hold: links that lead out of the tree, names with control characters.
 */

#include <stdio.h>

#include "base/err.h"

enum backup_filter { BACKUP_ZSTD, BACKUP_GZIP };

/* OUT stays the caller's. Returns 0 after an end command; ERR_FAILED when input stops before. */
MUST_CHECK int backup_write(FILE *commands, FILE *answers, int out, enum backup_filter filter,
	struct err *err);
