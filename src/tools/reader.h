/* SPDX-License-Identifier: MIT */
#pragma once

/* An archive as a stream of members with limits: what extracting and listing share. */

#include <archive.h>
#include <archive_entry.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "tools/unpack.h"

struct source;

struct reader {
	const struct unpack *u; /* borrowed */
	uint64_t files;         /* members so far */
	uint64_t bytes;         /* of content so far */
	struct archive *in;
	struct source *source;
};

void reader_done(struct reader *r);
/*
 * Opens the archive on descriptor IN, which stays the caller's; R has u set and the rest zero.
 * A pipe that may hold a zip is copied to an unnamed file in FOLDER.
 */
MUST_CHECK int reader_open(struct reader *r, int in, const char *folder, struct err *err);
/* The next member, valid until the following call; 0 at the end, 1 otherwise. */
MUST_CHECK int reader_next(struct reader *r, struct archive_entry **ret, struct err *err);
/* ERR_INVALID when BYTES more, of member NAME, are too many. */
MUST_CHECK int reader_count(struct reader *r, const char *name, uint64_t bytes, struct err *err);
/* Reads the member's content, counts it (SIZE at least), and hands it to TO unless that is NULL. */
MUST_CHECK int reader_copy(struct reader *r, const char *name, uint64_t size, struct archive *to,
	struct err *err);

/* An archive error (of reading or writing) as ERR_INVALID "WHAT: reason". Returns -kind. */
int reader_failed(struct archive *a, struct err *err, const char *what);
/* ERR_INVALID "archive member 'NAME' PROBLEM". Returns -kind. */
int reader_member_failed(struct err *err, const char *name, const char *problem);

/* Borrowed from the member; NULL when there is none or it does not parse. */
const char *reader_entry_name(struct archive_entry *e);
const char *reader_entry_link(struct archive_entry *e);
const char *reader_entry_hardlink(struct archive_entry *e);
uint64_t reader_entry_size(struct archive_entry *e);
/* Why it may not be unpacked, as far as can be told without the others; NULL: it may. */
const char *reader_entry_problem(struct archive_entry *e, size_t *ret_spare);
