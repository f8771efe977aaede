/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A line that a person types: cursor, deleting, the lines of before. The keys are those of
 * readline's usual (emacs) set. The editor itself is bytes in and text out; terminal.c connects it
 * to a terminal. Every character counts as one column wide.
 */

#include <stdbool.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "base/strvec.h"

enum { LINEEDIT_MAX = 64 * 1024, LINEEDIT_HISTORY = 500 };

enum lineedit_event {
	LINEEDIT_MORE, /* nothing yet */
	LINEEDIT_LINE, /* the line is whole */
	LINEEDIT_END,  /* Ctrl-D on an empty line */
	LINEEDIT_DROP, /* Ctrl-C: the line is given up */
	LINEEDIT_WIPE, /* Ctrl-L: clear the screen */
};

struct lineedit {
	struct strvec history; /* oldest first; at most LINEEDIT_HISTORY */
	struct strbuf line;
	size_t cursor;      /* byte in line, at the start of a character */
	size_t at;          /* place in history; history.count: the new line */
	struct strbuf kept; /* the new line while an old one is shown */
	char escape[16];    /* an escape sequence that has begun */
	size_t escape_len;
};

#define LINEEDIT_INIT                                                                              \
	{                                                                                          \
		.history = STRVEC_INIT, .line = STRBUF_INIT, .kept = STRBUF_INIT                   \
	}
#define AUTO_LINEEDIT CLEANUP(lineedit_done) struct lineedit

void lineedit_done(struct lineedit *e);
/* Begins a new line. */
void lineedit_start(struct lineedit *e);
enum lineedit_event lineedit_byte(struct lineedit *e, unsigned char byte);
/* Adds a line to the history unless it is the last one again. */
void lineedit_remember(struct lineedit *e, const char *line);

/* Appends what shows PROMPT and the line in one row of COLUMNS, the cursor in its place. */
void lineedit_draw(const struct lineedit *e, const char *prompt, size_t columns,
	struct strbuf *out);

/*
 * Reads a line from descriptor IN into RET, without its newline; 1, or 0 at the end. From a
 * terminal it is edited, with OUT for what is seen. From anything else the bytes are taken one by
 * one, so that what follows the line is there for others to read.
 */
MUST_CHECK int lineedit_read(struct lineedit *e, int in, int out, const char *prompt,
	struct strbuf *ret, struct err *err);
