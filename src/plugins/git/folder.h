/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A folder becomes a commit of an app, which is deployed: what from-archive, from-image and the
 * trigger git-from-directory share. The operation's working folder holds it as "tree".
 */

#include "core/operation.h"

/* The operation's working folder, private to its user; for free(). */
char *git_workspace(const struct operation *op) MUST_CHECK;
/* Plans that it is made; it goes when the commit is made, or with the operation's undoing. */
MUST_CHECK int git_plan_workspace(struct operation *op, struct err *err);

struct git_commit {
	const char *name; /* of the author; "": Dokku's */
	const char *email;
	const char *type; /* as in struct deploy_found */
	const char *metadata;
};

/*
 * Plans the commit of WORKSPACE/tree on the deploy branch, and from there the deploy. A tree that
 * is as the branch's head ends it.
 */
MUST_CHECK int git_plan_commit(struct operation *op, const char *app, const struct git_commit *c,
	struct err *err);
