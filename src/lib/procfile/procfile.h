/* SPDX-License-Identifier: MIT */
#pragma once

/* Procfile: process types and their commands, by the rules of procfile-util. */

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "lib/envfile/envfile.h"

enum {
	PROCFILE_TEXT_MAX = 1 << 20,
	PROCFILE_LINE_MAX = 64 << 10,
	PROCFILE_NAME_MAX = 63,
	PROCFILE_ENTRIES_MAX = 1000,
	PROCFILE_COMMAND_MAX = 1 << 20, /* after expansion */
};

struct procfile_entry {
	char *name;
	char *command; /* as written, without a trailing comment */
};

/* Sorted by name, which is the order that lists are printed in. */
struct procfile {
	struct procfile_entry *entries;
	size_t count;
	size_t alloc;
};

#define PROCFILE_INIT                                                                              \
	{                                                                                          \
		0                                                                                  \
	}
#define AUTO_PROCFILE CLEANUP(procfile_done) struct procfile

void procfile_done(struct procfile *p);

/* One or more of A-Z a-z 0-9 _ and -, at most PROCFILE_NAME_MAX of them. */
bool procfile_name_valid(const char *name);

/*
 * Parses the text into RET, which must be empty. Any bad line makes the whole file ERR_INVALID,
 * with the reason and the line's number; so does a file without an entry. RET is untouched then.
 */
MUST_CHECK int procfile_parse(const char *text, size_t len, struct procfile *ret, struct err *err);

/* Borrowed; NULL if there is no such type. */
const struct procfile_entry *procfile_find(const struct procfile *p, const char *name);

/*
 * Appends the command with $VAR and ${VAR} replaced from ENV. PORT (as given) and PS (the process
 * type) have defaults, everything else that is not set is empty. "$(" is left alone, for the shell
 * that runs the command; a $ that begins no name stays. ERR_INVALID if the result is too long; OUT
 * is untouched then.
 */
MUST_CHECK int procfile_expand(const struct procfile_entry *entry, const struct env *env,
	unsigned port, struct strbuf *out, struct err *err);
