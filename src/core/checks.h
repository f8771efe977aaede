/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Which process types of an app are deployed without downtime, and checked: config/checks/<app>/
 * disabled and skipped, lists of process types separated by commas, "_all_" for every one.
 */

#include <stdbool.h>
#include <stdint.h>

#include "core/ctx.h"

enum checks_list { CHECKS_DISABLED, CHECKS_SKIPPED };

/* The stored text, "" when nothing is set; for free(). */
char *checks_list(struct ctx *ctx, const char *app, enum checks_list list) MUST_CHECK;
/*
 * Puts TYPES ("web,worker" or "_all_") on LIST and takes them off the other one. Naming types ends
 * an "_all_" of LIST.
 */
MUST_CHECK int checks_put(struct ctx *ctx, const char *app, enum checks_list list,
	const char *types, struct err *err);
/* Takes TYPES off both lists; "_all_" empties them. */
MUST_CHECK int checks_enable(struct ctx *ctx, const char *app, const char *types, struct err *err);

/* Old containers of the type are stopped before new ones start. */
bool checks_are_disabled(struct ctx *ctx, const char *app, const char *process);
/* New containers of the type count as healthy at once. */
bool checks_are_skipped(struct ctx *ctx, const char *app, const char *process);

enum { CHECKS_SECONDS_MAX = 86400 };

/* Seconds for which an old container stays behind its successor. */
uint64_t checks_wait_to_retire(struct ctx *ctx, const char *app);
/* Seconds for which a container without checks of its own has to run (checks/--global/default-wait,
 * which no command sets). */
uint64_t checks_default_wait(struct ctx *ctx);
