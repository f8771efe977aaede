/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The journal of one operation: an append-only file of lines "<crc> <JSON object>". Its space is
 * reserved when it is made, so it can be written on a full disk, and read by a person. A record is
 * synced where journal_append() is told so. A torn last line (its checksum is wrong) counts as not
 * written.
 *
 * LIB_ROOT/data/moorage/operations/<app>.journal while it runs (a hard link for each further app),
 * LIB_ROOT/data/moorage/history/<id>.journal afterwards (the newest 100).
 */

#include <jansson.h>
#include <stdbool.h>

#include "core/ctx.h"

enum { JOURNAL_BYTES = 256 * 1024 };

struct journal;

/* Fails with ERR_EXISTS when one of the apps has an unfinished one. */
MUST_CHECK int journal_create(struct ctx *ctx, const char *id, const struct strvec *apps,
	struct journal **ret, struct err *err);
/* Opens an unfinished one; 0 with *ret NULL when there is none. RECORDS (a new array) gets its
 * lines. */
MUST_CHECK int journal_open(struct ctx *ctx, const char *app, struct journal **ret,
	json_t **ret_records, struct err *err);
/*
 * Appends a record; RECORD is borrowed. DURABLE: it and all before it are on disk on return. The
 * others are safe from a kill at once and from a power cut with the next durable one.
 */
MUST_CHECK int journal_append(struct journal *j, json_t *record, bool durable, struct err *err);
/* Moves the file to the history and frees J. */
MUST_CHECK int journal_finish(struct ctx *ctx, struct journal *j, const char *id,
	const struct strvec *apps, struct err *err);
void journal_free(struct journal *j);
/* Removes one that never got a step. */
void journal_discard(struct ctx *ctx, struct journal *j, const struct strvec *apps);
bool journal_exists(struct ctx *ctx, const char *app);
/* Appends the names of all apps with an unfinished one, apps that are gone by now among them. */
MUST_CHECK int journal_list(struct ctx *ctx, struct strvec *ret, struct err *err);
