/* SPDX-License-Identifier: MIT */
#include "core/output.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
	fputs(mark, to);
	vfprintf(to, fmt, ap);
	fputc('\n', to);
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

void out_error(const struct err *err)
{
	AUTO_STRVEC lines = STRVEC_INIT;

	if (err->kind == ERR_SILENT)
		return;
	out_flush();
	strvec_split_lines(&lines, err_text(err));
	for (size_t i = 0; i < lines.count; i++)
		out_warn("%s", lines.items[i]);
	if (err->user.len && strcmp(err->user.buf, err->msg.buf) != 0)
		out_trace("%s", err->msg.buf);
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
