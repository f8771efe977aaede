/* SPDX-License-Identifier: MIT */
#pragma once

/* Git calls that reach other machines: with the instance's keys, known hosts and .netrc. */

#include "base/child.h"
#include "core/ctx.h"
#include "lib/git/remote.h"

/*
 * Adds to C (see lib/git/git.h) what such a call needs. Nothing is asked for: an unknown host or a
 * missing password ends it. REMOTE may be NULL; its name and password go through the environment.
 */
void git_remote_env(struct ctx *ctx, const struct git_remote *remote, struct child *c);

/*
 * Runs C, which fetches, as a long wait of a step. ERR_FAILED with git's words, and with what may
 * help where they are plain.
 */
MUST_CHECK int git_remote_run(struct child *c, struct err *err);
