/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Commands of third-party plugins, by Dokku's rules: for "name:sub" the executables
 * enabled/<name:sub>/subcommands/default, enabled/<name:sub>/subcommands/<name:sub> and
 * enabled/<name>/subcommands/<sub> (for a bare name: sub = name) are tried; if none exists, every
 * enabled plugin's `commands` runs, where exit code 10 means "not mine", 0 "handled, go on", and
 * anything else ends the search with that code.
 */

#include "core/ctx.h"

enum { EXTERNAL_NOT_FOUND = 1 };

/* 0: handled; EXTERNAL_NOT_FOUND: nobody knows it; negative: failed, with the command's code. */
MUST_CHECK int external_command(struct ctx *ctx, struct err *err);

/* What all `commands help` print, concatenated. */
void external_help(struct ctx *ctx, bool all, struct strbuf *out);
