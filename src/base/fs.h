/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Files and folders. Replacement of a file is atomic and durable: readers see the old or the new
 * content, also across a crash (temp file in the same folder, fsync, rename, fsync of the folder).
 * Temporary names start with ".tmp-". Every descriptor is CLOEXEC.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "base/strvec.h"

/* Appends the whole file to OUT; a file longer than MAX bytes is ERR_INVALID. A missing file is
 * ERR_NOT_FOUND. */
MUST_CHECK int fs_read(const char *path, size_t max, struct strbuf *out, struct err *err);
/* The same, but a missing file (or folder) leaves OUT alone and returns 0; 1 when it was read. */
MUST_CHECK int fs_read_optional(const char *path, size_t max, struct strbuf *out, struct err *err);

/* Replaces PATH atomically and durably. The folder must exist. */
MUST_CHECK int fs_write(const char *path, const void *data, size_t len, mode_t mode,
	struct err *err);
/* The same for a C string, creating missing parent folders (0755). */
MUST_CHECK int fs_write_str(const char *path, const char *text, mode_t mode, struct err *err);
/* Removes a file and syncs its folder; a missing one is fine. */
MUST_CHECK int fs_unlink(const char *path, struct err *err);
/* rename(2) followed by a sync of the folder (of both folders). */
MUST_CHECK int fs_rename(const char *from, const char *to, struct err *err);

/* Creates missing folders up to and including PATH. */
MUST_CHECK int fs_mkdir_p(const char *path, mode_t mode, struct err *err);
/* Removes a tree without following symbolic links; a missing one is fine. */
MUST_CHECK int fs_rm_rf(const char *path, struct err *err);
/* Copies a tree: folders, files (mode kept), symbolic links as links. TO must not exist. */
MUST_CHECK int fs_copy_tree(const char *from, const char *to, struct err *err);
MUST_CHECK int fs_copy_file(const char *from, const char *to, struct err *err);

/* Appends the names in a folder, sorted; "." and ".." left out. Missing folder: none, returns 0. */
MUST_CHECK int fs_list(const char *path, struct strvec *ret_names, struct err *err);

bool fs_exists(const char *path);
bool fs_is_dir(const char *path);  /* follows links */
bool fs_is_file(const char *path); /* a regular file, follows links */
bool fs_is_exec(const char *path); /* a regular file this user may execute */

/* Writes all of it, retrying short writes. 0, or -1 with errno. */
int fs_write_all(int fd, const void *data, size_t len);

/* "DIR/NAME", for free(). */
char *path_join(const char *dir, const char *name) MUST_CHECK;
/* The part after the last slash; points into PATH. */
const char *path_base(const char *path);
/*
 * True for a relative path that stays inside its root: not empty, no leading slash, no ".."
 * component, no control characters.
 */
bool path_is_inside(const char *path);

/* Pointer to P without a leading PREFIX, or NULL. */
const char *str_after(const char *s, const char *prefix);
bool str_starts(const char *s, const char *prefix);
bool str_ends(const char *s, const char *suffix);
bool str_eq(const char *a, const char *b);
