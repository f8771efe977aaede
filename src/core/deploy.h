/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * From a source revision or a built image to a serving app, as operations.
 *
 * build:   source -> extract -> detect -> build image      (deploy_plan_build)
 * release: app.json env -> predeploy -> label -> release command -> scale   (deploy_plan_release)
 * deploy:  scheduler's start steps -> switch (point of no return) -> finalize -> settle ->
 *          post-deploy -> retire -> report                  (deploy_plan_start)
 * A push is all three in one operation; ps:restart the last; config:set the last two.
 */

#include "core/git_repo.h"
#include "core/operation.h"
#include "core/scheduler.h"

/*
 * Each plan function adds steps to OP, which its caller has begun. OP's args may hold (the whole
 * operations below fill them in): `build`, the id in the app's deploy marker; `ref`, what moves
 * when the source is accepted; `announce`, which makes the end of the deploy print the app's URLs.
 */

/*
 * For a step that found a revision in the app's repository: plans its build and deploy. Once it
 * serves, the branch moves there, and what it was made from is noted.
 */
struct deploy_found {
	const char *rev;
	const char *branch;   /* NULL: the deploy branch */
	const char *type;     /* "git-sync"; NULL: what is noted stays */
	const char *metadata; /* may be NULL */
};
MUST_CHECK int deploy_plan_found(struct operation *op, const char *app,
	const struct deploy_found *found, struct err *err);
/* There is nothing to deploy after all: plans what ends the operation. */
MUST_CHECK int deploy_plan_nothing(struct operation *op, const char *app, struct err *err);
/* REV NULL: the head of the deploy branch. Plans build, then (by its last step) the rest. */
MUST_CHECK int deploy_plan_build(struct operation *op, const char *app, const char *rev,
	struct err *err);
MUST_CHECK int deploy_plan_release(struct operation *op, const char *app, const char *image,
	struct err *err);
MUST_CHECK int deploy_plan_start(struct operation *op, const struct deploy *d, struct err *err);
/* Instead of deploy_plan_start(), for apps with skip-deploy: what was built waits. */
MUST_CHECK int deploy_plan_skip(struct operation *op, const char *app, struct err *err);

/*
 * Whole operations, recorded as builds (core/build_record.h). The caller holds the app's lock and
 * has run no other operation. A locked app (apps:lock) is refused by the first two.
 */
/* A push: REF names the revision and what git does when we accept. */
MUST_CHECK int deploy_push(struct ctx *ctx, const char *app, const struct pushed_ref *ref,
	struct err *err);
/*
 * A source that has yet to be fetched: PLAN adds the steps, the last of which calls
 * deploy_plan_found(). SOURCE is the record's origin ("git:sync"), MEMORY the operation's.
 */
typedef int (*deploy_plan_fn)(struct operation *op, const char *app, const void *memory,
	struct err *err);
MUST_CHECK int deploy_fetched(struct ctx *ctx, const char *app, const char *source,
	deploy_plan_fn plan, const void *memory, struct err *err);
/* Not deployed yet: the latter two do nothing and return 0. */
MUST_CHECK int deploy_source(struct ctx *ctx, const char *app, const char *rev, const char *source,
	struct err *err);
MUST_CHECK int deploy_release(struct ctx *ctx, const char *app, struct err *err);
/* PROCESS NULL: all. */
MUST_CHECK int deploy_restart(struct ctx *ctx, const char *app, const char *process,
	struct err *err);

/* The same of the app's image TAG (NULL: latest), deployed before or not; a release without such an
 * image does nothing. */
MUST_CHECK int deploy_release_image(struct ctx *ctx, const char *app, const char *tag,
	struct err *err);
MUST_CHECK int deploy_image(struct ctx *ctx, const char *app, const char *tag, const char *process,
	struct err *err);

/* Step kinds of core, given to the common plugin's table. */
extern const struct step_kind deploy_steps[];
/* One of them by name; never NULL for a name that is in the table. */
const struct step_kind *deploy_step(const char *name);
/* Plans such a step; ARGS is taken over. */
MUST_CHECK int deploy_add(struct operation *op, const char *name, json_t *args, struct err *err);

/* Path of the marker that tells a running deploy, or apps:lock; for free(). */
char *deploy_marker(struct ctx *ctx, const char *app) MUST_CHECK;
