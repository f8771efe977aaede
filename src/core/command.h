/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * From a command line to a handler: finds the row, parses flags by its table, checks the app, asks
 * the authoriser, takes the lock the row names, runs. No handler can forget any of it.
 */

#include "core/plugin.h"

/* What every plugin has without writing a row. */
enum command_source { COMMAND_ROW, COMMAND_HELP, COMMAND_SET, COMMAND_REPORT };

struct command_match {
	const struct plugin *plugin;
	const struct command *cmd; /* never NULL in a match */
	enum command_source source;
};

/* Finds a built-in command by its whole name ("apps:create", "nginx", "docker-local:set"). */
bool command_find(struct ctx *ctx, const char *name, struct command_match *ret);

/* The flags that every command understands (--quiet, --trace, --force, --dry-run, --app). */
extern const struct flag command_global_flags[];

/*
 * Takes leading global flags off WORDS into ctx; what remains starts with the command. Later ones
 * are seen by the command's own parser.
 */
MUST_CHECK int command_take_globals(struct ctx *ctx, struct strvec *words, struct err *err);

/* Runs ctx->argv. */
MUST_CHECK int command_dispatch(struct ctx *ctx, struct err *err);
