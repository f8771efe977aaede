/* SPDX-License-Identifier: MIT */
#pragma once

/* The bare repository in an app's folder. */

#include <stdbool.h>

#include "core/ctx.h"

/* Has the app a repository? */
bool git_repo_exists(struct ctx *ctx, const char *app);
/* Makes it if it is missing, and (again) its pre-receive hook. */
MUST_CHECK int git_repo_init(struct ctx *ctx, const char *app, struct err *err);

/* The deploy branch: app, global, FALLBACK; for free(). */
char *git_deploy_branch(struct ctx *ctx, const char *app, const char *fallback) MUST_CHECK;
bool git_branch_valid(const char *branch);
/* Makes HEAD of an app that has a repository name the deploy branch. */
MUST_CHECK int git_head_follow(struct ctx *ctx, const char *app, struct err *err);

/* Appends the revision NAME stands for; 1 when there is one. */
MUST_CHECK int git_resolve(struct ctx *ctx, const char *app, const char *name, struct strbuf *out,
	struct err *err);
/* The variable that holds the deployed revision, "" when that is switched off; for free(). */
char *git_rev_variable(struct ctx *ctx, const char *app) MUST_CHECK;

/* What a ref that does not exist stands at. */
#define GIT_NO_REVISION "0000000000000000000000000000000000000000"

/* A ref that a push moves. */
struct pushed_ref {
	const char *name;
	const char *old; /* all zeros: it is new */
	const char *rev;
};

/*
 * Git moves a pushed ref only after its hook has returned, so a kill in between would leave the
 * branch behind what serves. git_ref_expect() notes the move in advance (PUSHER: the git process
 * that will do it), git_ref_settle() makes up for it when that process is gone.
 */
MUST_CHECK int git_ref_expect(struct ctx *ctx, const char *app, const struct pushed_ref *ref,
	struct err *err);
MUST_CHECK int git_ref_settle(struct ctx *ctx, const char *app, struct err *err);
/* Moves a ref from OLD to REV if it still is at OLD. */
MUST_CHECK int git_ref_move(struct ctx *ctx, const char *app, const struct pushed_ref *ref,
	struct err *err);
