/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What a member of an archive may be called. Pure rules on text, no files: an archive is written by
 * a stranger, and its names decide where bytes land.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/strbuf.h"

enum {
	MEMBER_PATH_MAX = 4000,
	MEMBER_NAME_MAX = 255,
	MEMBER_DEPTH_MAX = 100,
};

/*
 * NULL when PATH is fine for a member: relative, no "..", no control characters, within the limits,
 * not empty. Otherwise a few words, as in "has an absolute path".
 */
const char *member_path_problem(const char *path);

/* Components of PATH, "." and empty ones not counted. */
size_t member_depth(const char *path);

/*
 * The same for the target of a symbolic link at PATH (itself fine). ".." is accepted at the start
 * only and not beyond the root: then a link leads inside whatever other links the archive holds,
 * as long as no member's parent is a link. RET_SPARE: by how many folders the tree could be
 * made shallower with the target still inside.
 */
const char *member_link_problem(const char *path, const char *target, size_t *ret_spare);

/* NAME for a message: at most 200 bytes, unprintable ones as '?'. */
void member_show(const char *name, struct strbuf *out);
