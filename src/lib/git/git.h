/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Calls of the git program on repositories that others filled: no hooks, no prompts, no pager, no
 * configuration of the caller's environment, no complaint about a folder's owner.
 */

#include "base/child.h"

/*
 * Fills C's argv and environment for "git <fixed options> -C DIR"; the caller appends the verb and
 * its arguments. All variables that git sets for hooks (GIT_DIR, the push's quarantine ...) are
 * unset.
 */
void git_child(struct child *c, const char *dir);
/* The same inside a push: sees the objects that are still in quarantine. For reading only. */
void git_child_quarantine(struct child *c, const char *dir);

/* Runs C and appends what it prints; ERR_FAILED with git's own words when it fails. */
MUST_CHECK int git_output(struct child *c, struct strbuf *out, struct err *err);
/* Runs C, its output only shown in the error. */
MUST_CHECK int git_quiet(struct child *c, struct err *err);

/*
 * Copies the objects that REV needs and that the repository's refs do not reach out of the push's
 * quarantine into the repository DIR. Nothing to do outside of a push.
 */
MUST_CHECK int git_leave_quarantine(const char *dir, const char *rev, struct err *err);
/* Takes git's variables of a push out of this process's environment. */
void git_forget_push(void);
