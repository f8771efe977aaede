/* SPDX-License-Identifier: MIT */
#pragma once

/* What git writes to its receive hooks: lines "<old> <new> <ref>". */

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum {
	GIT_OID_MAX = 64, /* hex digits of a SHA-256 id; SHA-1 has 40 */
	GIT_REF_MAX = 1024,
	GIT_REFLINES_MAX = 10000,
};

struct git_refline {
	char old[GIT_OID_MAX + 1]; /* all zeros: the ref is new */
	char rev[GIT_OID_MAX + 1]; /* all zeros: the ref is removed */
	char *ref;                 /* "refs/..." */
};

struct git_reflines {
	struct git_refline *items;
	size_t count;
};
#define GIT_REFLINES_INIT                                                                          \
	{                                                                                          \
		0                                                                                  \
	}
void git_reflines_done(struct git_reflines *lines);
#define AUTO_GIT_REFLINES CLEANUP(git_reflines_done) struct git_reflines

/*
 * Parses all lines of TEXT; the last newline may be missing. ERR_INVALID with the line's number for
 * anything that git would not write: ids that are not 40 or 64 lower-case hex digits or of two
 * lengths, more or fewer than two blanks, names that git_ref_valid() refuses. RET, which must be
 * empty, is untouched then.
 */
MUST_CHECK int git_reflines_parse(const char *text, size_t len, struct git_reflines *ret,
	struct err *err);

/* A full ref name by the rules of git-check-ref-format, below refs/, no longer than GIT_REF_MAX. */
bool git_ref_valid(const char *ref);
/* A branch name: valid below refs/heads/, not beginning with a dash, not "HEAD". */
bool git_branch_name_valid(const char *name);
/* 40 or 64 lower-case hex digits. */
bool git_oid_valid(const char *oid);
bool git_oid_is_zero(const char *oid);
