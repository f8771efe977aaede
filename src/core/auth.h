/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The one authoriser, in front of every verb. Default deny: a command runs only if a rule here
 * allows it; third-party user-auth and user-auth-app handlers can only narrow what is allowed.
 *
 * Rules: local root and the instance's user may do everything their unix rights allow. Over SSH any
 * key may run any command that needs no root (Dokku's rule); a key whose name contains "admin" may
 * also manage keys (ssh-keys:add, ssh-keys:remove).
 */

#include <stdbool.h>

#include "core/ctx.h"
#include "core/plugin.h"

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

/* True if this SSH key may manage keys. */
bool auth_is_key_admin(const struct ctx *ctx);
