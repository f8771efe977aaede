/* SPDX-License-Identifier: MIT */
#pragma once

/* Arguments of one command, parsed by its row's table of flags. */

#include <stdbool.h>

#include "base/err.h"
#include "base/strvec.h"

enum flag_kind { FLAG_BOOL, FLAG_VALUE, FLAG_LIST };

/* Tables end with {}. */
struct flag {
	const char *name; /* without dashes */
	char letter;      /* or 0 */
	enum flag_kind kind;
	const char *value; /* name of the value in help; NULL for FLAG_BOOL */
	const char *help;
};

struct args {
	struct strvec
		pos; /* positionals; the app, or "--global", is the first where there is one */
	struct strvec names;   /* flags that were given, parallel to values */
	struct strvec values;  /* "" for FLAG_BOOL */
	struct strvec unknown; /* unknown flags, where the command takes them (reports) */
	const struct flag *table;
};

#define ARGS_INIT                                                                                  \
	{                                                                                          \
		.pos = STRVEC_INIT, .names = STRVEC_INIT, .values = STRVEC_INIT,                   \
		.unknown = STRVEC_INIT                                                             \
	}

enum args_mode {
	ARGS_MIXED,        /* flags anywhere, "--" ends them */
	ARGS_FLAGS_FIRST,  /* flags until the first positional */
	ARGS_KEEP_UNKNOWN, /* as MIXED, unknown long flags are collected */
	ARGS_KEEP_DASHES,  /* as MIXED, but "--" is a positional like others */
};

/* WORDS without the command name. */
MUST_CHECK int args_parse(struct args *args, const struct flag *table, enum args_mode mode,
	const struct strvec *words, struct err *err);
void args_done(struct args *args);
#define AUTO_ARGS CLEANUP(args_done) struct args

/* The flag was given (a FLAG_BOOL given as --x=false was not). */
bool args_has(const struct args *args, const char *name);
/* The last value given, or FALLBACK. Valid as long as args. */
const char *args_value(const struct args *args, const char *name, const char *fallback);
/* Appends all values given. */
void args_list(const struct args *args, const char *name, struct strvec *ret);
/* Positional INDEX, or "" when there are fewer. */
const char *args_pos(const struct args *args, size_t index);

/* Dokku's words for a command that was not told the app. */
extern const char args_no_app_text[];
/* ERR_USAGE when the first positional, the app, is missing. For commands that take it or --all. */
MUST_CHECK int args_need_app(const struct args *args, struct err *err);
