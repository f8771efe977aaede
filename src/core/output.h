/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What a person or a script reads: Dokku's marks in front of lines, on the right stream. The
 * _quiet forms say nothing under --quiet (and when stdin is no terminal, as in Dokku).
 * Everything goes through stdio; the streams are flushed before a child is started.
 */

#include <jansson.h>
#include <stdbool.h>

#include "base/err.h"

void output_set_quiet(bool quiet);
bool output_is_quiet(void);
void output_set_trace(bool trace);
/* Is there a person on stdin? DOKKU_FORCE_TTY and DOKKU_DISABLE_TTY ("true") decide first. */
bool output_has_tty(void);

void out_line(const char *fmt, ...) PRINTF(1, 2); /* text */
void out_line_quiet(const char *fmt, ...) PRINTF(1, 2);
void out_info1(const char *fmt, ...) PRINTF(1, 2); /* -----> text */
void out_info1_quiet(const char *fmt, ...) PRINTF(1, 2);
void out_info2(const char *fmt, ...) PRINTF(1, 2); /* =====> text */
void out_info2_quiet(const char *fmt, ...) PRINTF(1, 2);
void out_verbose(const char *fmt, ...) PRINTF(1, 2); /* 7 spaces, text */
void out_verbose_quiet(const char *fmt, ...) PRINTF(1, 2);
void out_exclaim(const char *fmt, ...) PRINTF(1, 2); /*  !     text, on stdout */
void out_warn(const char *fmt, ...) PRINTF(1, 2);    /*  !     text, on stderr */
void out_stderr(const char *fmt, ...) PRINTF(1, 2);  /* text, on stderr */
/* " ?     text" on stderr under --trace. */
void out_trace(const char *fmt, ...) PRINTF(1, 2);

/* Reports a failure once: its text line by line as warnings, its chain under --trace. */
void out_error(const struct err *err);

/* LEFT padded with blanks to WIDTH, then RIGHT, behind 7 spaces: a row of a report. */
void out_row(int width, const char *left, const char *right);
/* VALUE on one line; takes it over. */
void out_json(json_t *value);
void out_flush(void);
