/* SPDX-License-Identifier: MIT */
#include "core/output.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/parse.h"
#include "base/strvec.h"

/* The two settings of the process's only terminal; everything else is passed by value. */
static bool quiet;
static bool tracing;

void output_set_quiet(bool value)
{
	quiet = value;
}

bool output_is_quiet(void)
{
	return quiet;
}

void output_set_trace(bool value)
{
	tracing = value;
}

bool output_has_tty(void)
{
	const char *force = getenv("DOKKU_FORCE_TTY");
	const char *disable = getenv("DOKKU_DISABLE_TTY");

	if (force && strcmp(force, "true") == 0)
		return true;
	if (disable && strcmp(disable, "true") == 0)
		return false;
	return isatty(0);
}

static void emit(FILE *to, const char *mark, const char *fmt, va_list ap) PRINTF(3, 0);
static void emit(FILE *to, const char *mark, const char *fmt, va_list ap)
{
	AUTO_STRBUF line = STRBUF_INIT;

	/* In one piece: others may be writing to the same terminal. */
	strbuf_addstr(&line, mark);
	strbuf_vaddf(&line, fmt, ap);
	strbuf_addch(&line, '\n');
	fwrite(line.buf, 1, line.len, to);
}

#define DEFINE_OUT(name, stream, mark, when)                                                       \
	void name(const char *fmt, ...)                                                            \
	{                                                                                          \
		va_list ap;                                                                        \
                                                                                                   \
		if (!(when))                                                                       \
			return;                                                                    \
		va_start(ap, fmt);                                                                 \
		emit(stream, mark, fmt, ap);                                                       \
		va_end(ap);                                                                        \
	}

DEFINE_OUT(out_line, stdout, "", true)
DEFINE_OUT(out_line_quiet, stdout, "", !quiet)
DEFINE_OUT(out_info1, stdout, "-----> ", true)
DEFINE_OUT(out_info1_quiet, stdout, "-----> ", !quiet)
DEFINE_OUT(out_info2, stdout, "=====> ", true)
DEFINE_OUT(out_info2_quiet, stdout, "=====> ", !quiet)
DEFINE_OUT(out_verbose, stdout, "       ", true)
DEFINE_OUT(out_verbose_quiet, stdout, "       ", !quiet)
DEFINE_OUT(out_exclaim, stdout, " !     ", true)
DEFINE_OUT(out_warn, stderr, " !     ", true)
DEFINE_OUT(out_stderr, stderr, "", true)
DEFINE_OUT(out_trace, stderr, " ?     ", tracing)

/* TEXT with what would move the cursor, colour the screen or is no text at all made visible. */
static char *printable(const char *text)
{
	AUTO_STRBUF out = STRBUF_INIT;
	bool valid = utf8_valid(text, strlen(text));

	for (const char *p = text; *p; p++) {
		unsigned char c = (unsigned char)*p;

		if ((c < 0x20 && c != '\t' && c != '\n') || c == 0x7f || (c >= 0x80 && !valid))
			strbuf_addf(&out, "\\x%02x", c);
		else
			strbuf_addch(&out, *p);
	}
	return strbuf_detach(&out);
}

void out_error(const struct err *err)
{
	AUTO_FREE char *text = NULL;
	AUTO_FREE char *chain = NULL;
	AUTO_STRVEC lines = STRVEC_INIT;

	if (err->kind == ERR_SILENT)
		return;
	out_flush();
	text = printable(err_text(err));
	strvec_split_lines(&lines, text);
	for (size_t i = 0; i < lines.count; i++)
		out_warn("%s", lines.items[i]);
	if (err->user.len && strcmp(err->user.buf, err->msg.buf) != 0)
		out_trace("%s", (chain = printable(err->msg.buf)));
}

void out_row(int width, const char *left, const char *right)
{
	printf("       %-*s%s\n", width, left, right);
}

void out_flush(void)
{
	fflush(stdout);
	fflush(stderr);
}

void out_json(json_t *value)
{
	AUTO_FREE char *text = json_dumps(value, JSON_COMPACT);

	out_line("%s", text ? text : "null");
	json_decref(value);
}
