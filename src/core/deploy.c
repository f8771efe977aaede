/* SPDX-License-Identifier: MIT */
#include "core/deploy.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/app.h"
#include "core/app_env.h"
#include "core/build_capture.h"
#include "core/image.h"
#include "core/image_make.h"
#include "core/output.h"
#include "core/proxy.h"
#include "core/release.h"
#include "core/source.h"
#include "core/staged.h"
#include "core/state.h"

const struct step_kind *deploy_step(const char *name)
{
	const struct step_kind *k = deploy_steps;

	while (k->name && !str_eq(k->name, name))
		k++;
	return k->name ? k : NULL;
}

int deploy_add(struct operation *op, const char *name, json_t *args, struct err *err)
{
	return operation_add(op, deploy_step(name), args, err);
}

char *deploy_marker(struct ctx *ctx, const char *app)
{
	return inst_lib(&ctx->inst, "data/apps/%s/.deploy.lock", app);
}

/* --- plans --- */

/* The id under IMAGE's name now; "" under --dry-run, which asks nobody. */
static int old_image(struct operation *op, const char *image, char **ret, struct err *err)
{
	if (!op->ctx->dry_run)
		return image_id(op->ctx, image, ret, err);
	*ret = xstrdup("");
	return 0;
}

/* An old value goes into the journal only if it is plainly a revision: it might be a secret. */
static bool is_revision(const char *text)
{
	size_t len = strlen(text);

	return (len == 40 || len == 64) && strspn(text, "0123456789abcdef") == len;
}

static int plan_rev_variable(struct operation *op, const char *app, const char *rev,
	struct err *err)
{
	AUTO_FREE char *name = git_rev_variable(op->ctx, app);
	AUTO_STRBUF old = STRBUF_INIT;
	int r;

	if (!*name)
		return 0;
	r = app_env_get(op->ctx, app, name, &old, err);
	if (r < 0)
		return r;
	return deploy_add(op, "deploy:set-rev",
		json_pack("{s:s, s:s, s:s, s:s, s:b}", "app", app, "variable", name, "rev", rev,
			"old", is_revision(old.buf) ? old.buf : "", "unset", r == 0),
		err);
}

/* The revision to build: REV, or the head of the deploy branch. */
static int find_revision(struct ctx *ctx, const char *app, const char *rev, struct strbuf *out,
	struct err *err)
{
	AUTO_FREE char *branch = git_deploy_branch(ctx, app, "master");
	AUTO_FREE char *ref = xasprintf("refs/heads/%s", branch);
	int r;

	if (rev) {
		strbuf_addstr(out, rev);
		return 0;
	}
	r = git_resolve(ctx, app, ref, out, err);
	if (r != 0)
		return r;
	return err_user(err, ERR_NOT_FOUND, 1,
		"Cannot build from '%s' as there are no commits stored at that branch.", branch);
}

int deploy_plan_build(struct operation *op, const char *app, const char *rev, struct err *err)
{
	AUTO_STRBUF revision = STRBUF_INIT;
	AUTO_FREE char *image = image_name(op->ctx, app, NULL);
	AUTO_FREE char *dir = source_dir(op);
	AUTO_FREE char *pid = staged_pid();
	AUTO_FREE char *old = NULL;
	int r = find_revision(op->ctx, app, rev, &revision, err);

	if (r >= 0)
		r = old_image(op, image, &old, err);
	if (r >= 0 && rev)
		r = plan_rev_variable(op, app, rev, err);
	if (r >= 0)
		r = deploy_add(op, "source:checkout",
			json_pack("{s:s, s:s, s:s}", "app", app, "dir", dir, "rev", revision.buf),
			err);
	if (r >= 0)
		r = deploy_add(op, "source:extract",
			json_pack("{s:s, s:s, s:s, s:s}", "app", app, "dir", dir, "rev",
				revision.buf, "pid", pid),
			err);
	if (r >= 0)
		r = deploy_add(op, "builder:choose",
			json_pack("{s:s, s:s, s:s}", "app", app, "dir", dir, "rev", revision.buf),
			err);
	if (r >= 0)
		r = deploy_add(op, "builder:build",
			json_pack("{s:s, s:s, s:s, s:s, s:s}", "app", app, "dir", dir, "rev",
				revision.buf, "image", image, "old_image", old),
			err);
	if (r >= 0)
		r = deploy_add(op, "source:remove",
			json_pack("{s:s, s:s}", "app", app, "dir", dir), err);
	return r < 0 ? r : deploy_plan_release(op, app, image, err);
}

/* The steps of the deploy itself depend on what release found; --dry-run shows them as of now. */
static int plan_rest(struct operation *op, const char *app, const char *image, struct err *err)
{
	struct deploy d = { .app = app, .image = image };

	if (op->ctx->dry_run)
		return deploy_plan_start(op, &d, err);
	return deploy_add(op, "deploy:plan", json_pack("{s:s, s:s}", "app", app, "image", image),
		err);
}

int deploy_plan_release(struct operation *op, const char *app, const char *image, struct err *err)
{
	static const char *const steps[] = { "release:env", "release:predeploy", "release:label",
		"release:command" };
	AUTO_FREE char *old = NULL;
	int r = old_image(op, image, &old, err);

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(steps); i++) {
		r = deploy_add(op, steps[i],
			json_pack("{s:s, s:s, s:s}", "app", app, "image", image, "old_image", old),
			err);
	}
	if (r >= 0)
		r = release_plan_scale(op, app, err);
	return r < 0 ? r : plan_rest(op, app, image, err);
}

/* What is done once the new processes are the ones that serve. */
static int plan_after_switch(struct operation *op, const struct deploy *d,
	const struct scheduler *scheduler, struct err *err)
{
	AUTO_FREE char *pid = staged_pid();
	json_t *ref = json_object_get(op->args, "ref");
	int r = deploy_add(op, "deploy:finalize",
		json_pack("{s:s, s:s, s:s}", "app", d->app, "pid", pid, "image", d->image), err);

	if (r >= 0 && ref)
		r = deploy_add(op, "deploy:ref",
			json_pack("{s:s, s:O}", "app", d->app, "ref", ref), err);
	if (r >= 0)
		r = deploy_add(op, "deploy:core-post-deploy",
			json_pack("{s:s, s:s}", "app", d->app, "image", d->image), err);
	if (r >= 0)
		r = scheduler->plan_settle(op, d, err);
	if (r >= 0)
		r = deploy_add(op, "deploy:postdeploy",
			json_pack("{s:s, s:s}", "app", d->app, "image", d->image), err);
	if (r >= 0)
		r = deploy_add(op, "deploy:post-deploy",
			json_pack("{s:s, s:s}", "app", d->app, "image", d->image), err);
	if (r >= 0 && json_is_true(json_object_get(op->args, "announce")))
		r = deploy_add(op, "deploy:announce", json_pack("{s:s}", "app", d->app), err);
	return r;
}

static int plan_unmark(struct operation *op, const char *app, struct err *err)
{
	const char *build = json_string_value(json_object_get(op->args, "build"));

	if (!build)
		return 0;
	return deploy_add(op, "deploy:unmark",
		json_pack("{s:s, s:s}", "app", app, "build", build), err);
}

int deploy_plan_start(struct operation *op, const struct deploy *d, struct err *err)
{
	const struct scheduler *scheduler;
	int r = scheduler_of(op->ctx, d->app, &scheduler, err);

	if (r >= 0)
		r = scheduler->plan_start(op, d, err);
	if (r >= 0)
		r = proxy_plan_switch(op, d->app, err);
	if (r >= 0)
		r = plan_after_switch(op, d, scheduler, err);
	return r < 0 ? r : plan_unmark(op, d->app, err);
}

int deploy_plan_skip(struct operation *op, const char *app, struct err *err)
{
	AUTO_FREE char *pid = staged_pid();
	json_t *ref = json_object_get(op->args, "ref");
	int r = deploy_add(op, "deploy:keep", json_pack("{s:s, s:s}", "app", app, "pid", pid), err);

	if (r >= 0 && ref)
		r = deploy_add(op, "deploy:ref", json_pack("{s:s, s:O}", "app", app, "ref", ref),
			err);
	return r < 0 ? r : plan_unmark(op, app, err);
}

/* --- whole operations --- */

/* What the record of a deploy without a source calls its origin. */
static const char *origin(const struct ctx *ctx)
{
	const char *name = ctx->argv.count ? ctx->argv.items[0] : "";

	if (str_starts(name, "ps:"))
		return name;
	return str_starts(name, "config:") ? "config-redeploy" : "deploy";
}

/* A marker that no running deploy has made (they hold the app's lock, as we do) is apps:lock's. */
static int refuse_locked(struct ctx *ctx, const char *app, struct err *err)
{
	AUTO_FREE char *marker = deploy_marker(ctx, app);

	if (!fs_exists(marker))
		return 0;
	return err_user(err, ERR_BUSY, 1,
		"%s currently has a deploy lock in place. Exiting...\n"
		"Run 'apps:unlock' to release the existing deploy lock",
		app);
}

static int begin(struct ctx *ctx, const char *name, const char *app, json_t *args,
	struct operation **ret, struct err *err)
{
	int r;

	ctx_publish_env(ctx); /* DOKKU_PID names what is staged */
	r = ctx->dry_run ? 0 : git_ref_settle(ctx, app, err);
	if (r >= 0)
		return operation_begin(ctx, name, app, NULL, args, ret, err);
	json_decref(args);
	return r;
}

/* Runs OP if planning it went well (R); a plan that failed changes nothing. */
static int run_planned(struct operation *op, int r, struct err *err)
{
	if (r >= 0)
		return operation_run(op, err);
	operation_abandon(op);
	return r;
}

static json_t *ref_json(const struct pushed_ref *ref)
{
	return json_pack("{s:s, s:s, s:s}", "name", ref->name, "old", ref->old, "rev", ref->rev);
}

static int run_source(struct ctx *ctx, const char *app, const char *rev, const char *source,
	const struct pushed_ref *ref, const char *build, struct err *err)
{
	json_t *args = json_pack("{s:s, s:b}", "source", source, "announce", 1);
	struct operation *op;
	int r;

	if (build)
		json_object_set_new(args, "build", json_string(build));
	if (ref)
		json_object_set_new(args, "ref", ref_json(ref));
	r = begin(ctx, "deploy", app, args, &op, err);
	if (r < 0)
		return r;
	if (build)
		r = deploy_add(op, "deploy:mark",
			json_pack("{s:s, s:s}", "app", app, "build", build), err);
	if (r >= 0)
		r = deploy_plan_build(op, app, rev, err);
	return run_planned(op, r, err);
}

static int source_or_push(struct ctx *ctx, const char *app, const char *rev, const char *source,
	const struct pushed_ref *ref, struct err *err)
{
	struct build_capture capture = BUILD_CAPTURE_INIT;
	AUTO_FREE char *own = NULL;
	int r = refuse_locked(ctx, app, err);

	if (r < 0 || ctx->dry_run)
		return r < 0 ? r : run_source(ctx, app, rev, source, ref, NULL, err);
	r = build_capture_begin(ctx, app, source, &capture, err);
	if (r < 0)
		return r;
	if (!capture.id)
		own = operation_new_id();
	r = run_source(ctx, app, rev, source, ref, capture.id ? capture.id : own, err);
	build_capture_end(&capture, err);
	return r < 0 ? -(int)err->kind : 0;
}

int deploy_source(struct ctx *ctx, const char *app, const char *rev, const char *source,
	struct err *err)
{
	return source_or_push(ctx, app, rev, source, NULL, err);
}

int deploy_push(struct ctx *ctx, const char *app, const struct pushed_ref *ref, struct err *err)
{
	return source_or_push(ctx, app, ref->rev, "git-hook", ref, err);
}

/* Runs PLAN for an app that is deployed, recorded; nothing to do for one that is not. */
static int redeploy(struct ctx *ctx, const char *name, const struct deploy *d, bool release,
	struct err *err)
{
	json_t *args = json_pack("{s:s, s:b}", "source", origin(ctx), "announce", (int)release);
	struct operation *op;
	int r = begin(ctx, name, d->app, args, &op, err);

	if (r < 0)
		return r;
	r = release ? deploy_plan_release(op, d->app, d->image, err) :
		      deploy_plan_start(op, d, err);
	return run_planned(op, r, err);
}

static int recorded(struct ctx *ctx, const char *name, const char *app, const char *process,
	bool release, struct err *err)
{
	struct build_capture capture = BUILD_CAPTURE_INIT;
	AUTO_FREE char *image = image_name(ctx, app, NULL);
	struct deploy d = { .app = app, .image = image, .process = process };
	int r;

	if (!app_is_deployed(ctx, app))
		return 0;
	if (ctx->dry_run)
		return redeploy(ctx, name, &d, release, err);
	r = build_capture_begin(ctx, app, origin(ctx), &capture, err);
	if (r < 0)
		return r;
	r = redeploy(ctx, name, &d, release, err);
	build_capture_end(&capture, err);
	return r < 0 ? -(int)err->kind : 0;
}

int deploy_release(struct ctx *ctx, const char *app, struct err *err)
{
	return recorded(ctx, "release", app, NULL, true, err);
}

int deploy_restart(struct ctx *ctx, const char *app, const char *process, struct err *err)
{
	return recorded(ctx, "restart", app, process, false, err);
}
