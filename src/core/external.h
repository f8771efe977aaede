/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Commands of third-party plugins, by Dokku's rules: for "name:sub" the executables
 * enabled/<name:sub>/subcommands/default, enabled/<name:sub>/subcommands/<name:sub> and
 * enabled/<name>/subcommands/<sub> (for a bare name: sub = name) are tried; if none exists, every
 * enabled plugin's `commands` runs, where exit code 10 means "not mine", 0 "handled, go on", and
 * anything else ends the search with that code.
 *
 * A plugin that takes the place of a built-in one is looked for under its folder's name, which may
 * differ from its verb ("nginx:report" is nginx-vhosts/subcommands/report).
 */

#include "core/plugin.h"

enum { EXTERNAL_NOT_FOUND = 1 };

/*
 * REPLACED: the built-in plugin whose place a third-party one takes, or NULL. 0: handled;
 * EXTERNAL_NOT_FOUND: nobody knows it; negative: failed, with the command's code.
 */
MUST_CHECK int external_command(struct ctx *ctx, const struct plugin *replaced, struct err *err);

/*
 * What all `commands help` print, concatenated. Plugins tell `help` from `help --all` by looking at
 * the command line of the process that started them, which is ours.
 */
void external_help(struct ctx *ctx, struct strbuf *out);
