/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The one authoriser, in front of every verb. Default deny: a command runs only if a rule of the
 * table in auth.c allows what it needs to who asks; third-party user-auth and user-auth-app
 * handlers are asked afterwards and can only narrow.
 */

#include <stdbool.h>

#include "core/ctx.h"
#include "core/plugin.h"

/* What a command needs. */
enum right {
	RIGHT_USE,   /* work on apps and settings as the instance's user */
	RIGHT_KEYS,  /* say who may come in by ssh */
	RIGHT_STATE, /* take away or replace all state, the keys and secrets of everybody in it */
	RIGHT_ROOT,  /* change the machine */
	RIGHT_OTHER, /* a third-party plugin's command, run as the instance's user */
	RIGHTS,
};

/* Who asks. */
enum caller {
	CALLER_ROOT = 1 << 0,  /* locally, and the process still is root */
	CALLER_LOCAL = 1 << 1, /* locally: the instance's user, or someone whom sudo let be it */
	CALLER_KEY = 1 << 2,   /* an ssh key */
	CALLER_ADMIN = 1 << 3, /* an ssh key whose name says that it may manage keys */
};

/* CMD NULL: a third-party or unknown command. */
enum right auth_right_of(const struct command *cmd);
enum caller auth_caller(const struct ctx *ctx);
/* The table alone. */
bool auth_allows(enum caller caller, enum right right);

/*
 * May who asks run ARGV? CMD is its row, NULL for a third-party or unknown command.
 * ERR_DENIED with Dokku's words when not.
 */
MUST_CHECK int auth_check(struct ctx *ctx, const struct command *cmd, const struct strvec *argv,
	struct err *err);

/* Appends those of APPS that who asks may see, in order. */
MUST_CHECK int auth_filter_apps(struct ctx *ctx, const struct strvec *apps, struct strvec *ret,
	struct err *err);
bool auth_may_see_app(struct ctx *ctx, const char *app);
