/* SPDX-License-Identifier: MIT */
/* Deploys as whole operations: marked, recorded, captured. */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/app.h"
#include "core/build_capture.h"
#include "core/deploy.h"
#include "core/disk.h"
#include "core/image.h"
#include "core/image_make.h"
#include "core/registry.h"

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

/* A deploy of a source: how it is planned, and what the plan goes by. */
struct source {
	const char *origin;
	deploy_plan_fn plan;
	const void *memory;
	const char *rev; /* NULL: the deploy branch; "": it has yet to be fetched */
};

static int run_source(struct ctx *ctx, const char *app, const struct source *s, const char *build,
	struct err *err)
{
	json_t *args = json_pack("{s:s, s:b}", "source", s->origin, "announce", 1);
	struct operation *op;
	int r;

	if (build)
		json_object_set_new(args, "build", json_string(build));
	r = begin(ctx, "deploy", app, args, &op, err);
	if (r < 0)
		return r;
	op->memory = s->memory;
	if (build)
		r = deploy_add(op, "deploy:mark",
			json_pack("{s:s, s:s}", "app", app, "build", build), err);
	if (r >= 0)
		r = s->plan(op, app, s->memory, err);
	return operation_run_planned(op, r, err);
}

static int deploy_from(struct ctx *ctx, const char *app, const struct source *s, struct err *err)
{
	struct build_capture capture = BUILD_CAPTURE_INIT;
	AUTO_FREE char *own = NULL;
	int r = refuse_locked(ctx, app, err);

	if (r >= 0)
		r = disk_check_build(ctx, app, s->rev, err);
	if (r < 0 || ctx->dry_run)
		return r < 0 ? r : run_source(ctx, app, s, NULL, err);
	r = build_capture_begin(ctx, app, s->origin, &capture, err);
	if (r < 0)
		return r;
	if (!capture.id)
		own = operation_new_id();
	r = run_source(ctx, app, s, capture.id ? capture.id : own, err);
	build_capture_end(&capture, err);
	return r < 0 ? -(int)err->kind : 0;
}

int deploy_fetched(struct ctx *ctx, const char *app, const char *source, deploy_plan_fn plan,
	const void *memory, struct err *err)
{
	struct source s = { source, plan, memory, "" };

	return deploy_from(ctx, app, &s, err);
}

static int plan_revision(struct operation *op, const char *app, const void *memory, struct err *err)
{
	return deploy_plan_build(op, app, memory, err);
}

int deploy_source(struct ctx *ctx, const char *app, const char *rev, const char *source,
	struct err *err)
{
	struct source s = { source, plan_revision, rev, rev };

	return deploy_from(ctx, app, &s, err);
}

static int plan_push(struct operation *op, const char *app, const void *memory, struct err *err)
{
	const struct pushed_ref *ref = memory;

	json_object_set_new(op->args, "ref",
		json_pack("{s:s, s:s, s:s, s:s, s:s}", "name", ref->name, "old", ref->old, "rev",
			ref->rev, "type", "git-push", "metadata", ref->rev));
	return deploy_plan_build(op, app, ref->rev, err);
}

int deploy_push(struct ctx *ctx, const char *app, const struct pushed_ref *ref, struct err *err)
{
	struct source s = { "git-hook", plan_push, ref, ref->rev };

	return deploy_from(ctx, app, &s, err);
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
	r = release ? deploy_plan_release(op, d->app, d->image, err)
		    : deploy_plan_start(op, d, err);
	return operation_run_planned(op, r, err);
}

static int recorded(struct ctx *ctx, const char *name, const struct deploy *d, bool release,
	struct err *err)
{
	struct build_capture capture = BUILD_CAPTURE_INIT;
	int r;

	if (ctx->dry_run)
		return redeploy(ctx, name, d, release, err);
	r = build_capture_begin(ctx, d->app, origin(ctx), &capture, err);
	if (r < 0)
		return r;
	r = redeploy(ctx, name, d, release, err);
	build_capture_end(&capture, err);
	return r < 0 ? -(int)err->kind : 0;
}

/* The build's image may have been removed from here: what was released has it, here or remotely. */
static int fetch_built(struct ctx *ctx, const char *app, const char *image, char **id,
	struct err *err)
{
	AUTO_FREE char *released = NULL;
	AUTO_FREE char *found = NULL;
	int r = registry_image(ctx, app, NULL, &released, err);

	if (r >= 0)
		r = image_id(ctx, released, &found, err);
	if (r >= 0 && !*found && !str_eq(released, image)) {
		r = registry_fetch(ctx, app, released, err);
		free(TAKE_PTR(found));
		r = r < 0 ? r : image_id(ctx, released, &found, err);
	}
	if (r < 0 || !*found)
		return r;
	free(*id);
	*id = TAKE_PTR(found);
	return image_put_back(ctx, image, *id, err);
}

int deploy_release_image(struct ctx *ctx, const char *app, const char *tag, struct err *err)
{
	AUTO_FREE char *image = image_name(ctx, app, tag);
	AUTO_FREE char *id = NULL;
	struct deploy d = { .app = app, .image = image };
	int r = image_id(ctx, image, &id, err);

	if (r >= 0 && !*id && !tag && app_is_deployed(ctx, app))
		r = fetch_built(ctx, app, image, &id, err);
	/* Nothing was built yet. */
	return r < 0 || !*id ? r : recorded(ctx, "release", &d, true, err);
}

int deploy_release(struct ctx *ctx, const char *app, struct err *err)
{
	return app_is_deployed(ctx, app) ? deploy_release_image(ctx, app, NULL, err) : 0;
}

int deploy_image(struct ctx *ctx, const char *app, const char *tag, const char *process,
	struct err *err)
{
	AUTO_FREE char *image = NULL;
	struct deploy d = { .app = app, .process = process };
	int r = registry_image(ctx, app, tag, &image, err);

	d.image = image;
	return r < 0 ? r : recorded(ctx, "restart", &d, false, err);
}

int deploy_restart(struct ctx *ctx, const char *app, const char *process, struct err *err)
{
	return app_is_deployed(ctx, app) ? deploy_image(ctx, app, NULL, process, err) : 0;
}
