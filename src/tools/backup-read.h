/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Reading a backup, which may have been damaged, or made by a stranger. Nothing of one that is
 * incomplete, whose checksums do not fit or that breaks the rules on members is used.
 */

#include <jansson.h>

#include "base/err.h"
#include "tools/unpack.h"

/*
 * Reads the archive on IN to its end: a new object {"manifest": ..., "members": [{"name", "size"}],
 * "files": N, "bytes": N}. ERR_INVALID says what is wrong with it.
 */
MUST_CHECK int backup_list(const struct unpack *u, int in, json_t **ret, struct err *err);

/*
 * Unpacks it into DEST, which is missing or an empty folder, and checks what is there then. *RET as
 * above, without members. On failure DEST is empty or missing. Changes the working folder.
 */
MUST_CHECK int backup_extract(const struct unpack *u, int in, const char *dest, json_t **ret,
	struct err *err);
