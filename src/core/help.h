/* SPDX-License-Identifier: MIT */
#pragma once

/* Help texts from the tables. */

#include "core/plugin.h"

/* Appends "name args,summary" rows of a plugin's visible commands, the implicit ones included. */
void help_rows(const struct plugin *p, struct strvec *ret);
/* `<verb>:help`. */
void help_plugin(const struct plugin *p);
/* `help` and `help --all`. */
void help_top(struct ctx *ctx, bool all);
