/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The lock of an app's name: one flock file per name under LIB_ROOT/data/moorage/locks, outside the
 * app's folder and never unlinked. At most two are held (rename), taken in name order.
 *
 * Re-entrancy: plugins call `dokku config:set --no-restart` and the like in the middle of a deploy.
 * A child inherits the descriptors and MOORAGE_LOCKS="app:fd:token ..."; a command that finds the
 * descriptor to be that very file, with the token in it, runs inside its parent's lock.
 */

#include <stdbool.h>

#include "base/child.h"
#include "core/ctx.h"

enum app_lock_wait { APP_LOCK_WAIT, APP_LOCK_NOW };

/*
 * Takes the lock and recovers what an interrupted operation on that app left (unless the lock is a
 * parent's). Waiting says for whom on stderr. ERR_BUSY names the holder.
 */
MUST_CHECK int app_lock(struct ctx *ctx, const char *app, enum app_lock_wait wait, struct err *err);
/* The lock alone, for recovery, which needs the partner of a two-app operation. Waits. */
MUST_CHECK int app_lock_plain(struct ctx *ctx, const char *app, struct err *err);
/* Both, in name order. */
MUST_CHECK int app_lock_two(struct ctx *ctx, const char *a, const char *b, struct err *err);
void app_unlock_all(struct ctx *ctx);
/* Releases one of them; nothing when it is not held or is a parent's. */
void app_unlock(struct ctx *ctx, const char *app);
bool app_lock_held(const struct ctx *ctx, const char *app);
/* Lets a child run inside the locks held: passes descriptors and the variable. */
void app_lock_pass_on(const struct ctx *ctx, struct child *c);
/* True if some process holds the lock right now. */
bool app_lock_is_taken(struct ctx *ctx, const char *app);
