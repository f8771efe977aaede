/* SPDX-License-Identifier: MIT */
#pragma once

/* Which unix user runs a command. */

#include <stdbool.h>

#include "core/ctx.h"

/*
 * Makes the process run as the instance's user: nothing to do when it does; root becomes it
 * in-process (groups, gid, uid, HOME, USER; SSH_USER keeps who asked); anybody else is run again
 * through sudo, and this call does not return. Fails with ERR_DENIED when there is no way.
 */
MUST_CHECK int user_become(struct ctx *ctx, char **argv, struct err *err);

/*
 * May the environment say where the instance is? Not after sudo from another user: the caller's
 * variables would choose the files that the instance's user works on.
 */
bool user_trusts_env(void);
