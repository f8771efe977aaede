/* SPDX-License-Identifier: MIT */
#include "core/deploy.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/app_env.h"
#include "core/cron.h"
#include "core/image.h"
#include "core/image_make.h"
#include "core/output.h"
#include "core/procs.h"
#include "core/proxy.h"
#include "core/registry.h"
#include "core/release.h"
#include "core/source.h"
#include "core/staged.h"
#include "core/state.h"
#include "core/state_step.h"
#include "core/trigger.h"

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

/* The build, with what it replaces: the image of that name and the ports that were detected. */
static int plan_image(struct operation *op, const char *app, const char *dir, const char *rev,
	const char *image, struct err *err)
{
	AUTO_FREE char *old = NULL;
	AUTO_STRVEC ports = STRVEC_INIT;
	json_t *lines = json_array();
	int r = old_image(op, image, &old, err);

	if (r >= 0)
		r = state_get_list(op->ctx, "ports", app, "map-detected", &ports, err);
	for (size_t i = 0; i < ports.count; i++)
		json_array_append_new(lines, json_string(ports.items[i]));
	if (r < 0) {
		json_decref(lines);
		return r;
	}
	return deploy_add(op, "builder:build",
		json_pack("{s:s, s:s, s:s, s:s, s:s, s:o}", "app", app, "dir", dir, "rev", rev,
			"image", image, "old_image", old, "ports", lines),
		err);
}

/* Files are read from the image that an app was made from; a source of another kind ends that. */
static int plan_source_image(struct operation *op, const char *app, struct err *err)
{
	json_t *ref = json_object_get(op->args, "ref");
	const char *type = json_string_value(json_object_get(ref, "type"));
	json_t *changes;
	int r;

	if (!type || !*type || str_eq(type, "docker-image"))
		return 0;
	changes = json_array();
	r = state_change(op->ctx, changes, "git", app, "source-image", NULL, err);
	if (r >= 0)
		return state_plan(op, changes, err);
	json_decref(changes);
	return r;
}

int deploy_plan_found(struct operation *op, const char *app, const struct deploy_found *found,
	struct err *err)
{
	AUTO_FREE char *branch = git_deploy_branch(op->ctx, app, "master");
	AUTO_FREE char *name = xasprintf("refs/heads/%s", found->branch ? found->branch : branch);
	AUTO_STRBUF old = STRBUF_INIT;
	int r = git_resolve(op->ctx, app, name, &old, err);

	if (r < 0)
		return r;
	if (r == 0)
		strbuf_addstr(&old, GIT_NO_REVISION);
	json_object_set_new(op->args, "ref",
		json_pack("{s:s, s:s, s:s, s:s, s:s, s:b}", "name", name, "old", old.buf, "rev",
			found->rev, "type", found->type ? found->type : "", "metadata",
			found->metadata ? found->metadata : "", "own", 1));
	return deploy_plan_build(op, app, found->rev, err);
}

/* The choice, with the builder of what is deployed now ("" for none). */
static int plan_choice(struct operation *op, const char *app, const char *dir, const char *rev,
	struct err *err)
{
	AUTO_FREE char *detected = state_get_or(op->ctx, "builder", app, "detected", "");

	return deploy_add(op, "builder:choose",
		json_pack("{s:s, s:s, s:s, s:s}", "app", app, "dir", dir, "rev", rev, "detected",
			detected),
		err);
}

int deploy_plan_build(struct operation *op, const char *app, const char *rev, struct err *err)
{
	AUTO_STRBUF revision = STRBUF_INIT;
	AUTO_FREE char *image = image_name(op->ctx, app, NULL);
	AUTO_FREE char *dir = source_dir(op);
	AUTO_FREE char *pid = staged_pid();
	int r = find_revision(op->ctx, app, rev, &revision, err);

	if (r >= 0)
		r = plan_source_image(op, app, err);
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
		r = plan_choice(op, app, dir, revision.buf, err);
	if (r >= 0)
		r = plan_image(op, app, dir, revision.buf, image, err);
	if (r >= 0)
		r = deploy_add(op, "source:remove", json_pack("{s:s, s:s}", "app", app, "dir", dir),
			err);
	return r < 0 ? r : deploy_plan_release(op, app, image, err);
}

/* The steps of the deploy itself depend on what release found; --dry-run shows them as of now. */
static int plan_rest(struct operation *op, const char *app, const char *image, struct err *err)
{
	struct deploy d = { .app = app };
	AUTO_FREE char *released = NULL;
	int r;

	if (!op->ctx->dry_run)
		return deploy_add(op, "deploy:plan",
			json_pack("{s:s, s:s}", "app", app, "image", image), err);
	r = registry_plan_release(op, app, image, &released, err);
	d.image = released;
	return r < 0 ? r : deploy_plan_start(op, &d, err);
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
		r = deploy_add(op, "deploy:ref", json_pack("{s:s, s:O}", "app", d->app, "ref", ref),
			err);
	if (r >= 0)
		r = deploy_add(op, "deploy:core-post-deploy",
			json_pack("{s:s, s:s}", "app", d->app, "image", d->image), err);
	if (r >= 0)
		r = scheduler->plan_settle(op, d, err);
	if (r >= 0)
		r = deploy_add(op, "deploy:postdeploy",
			json_pack("{s:s, s:s}", "app", d->app, "image", d->image), err);
	if (r >= 0)
		r = cron_plan_write(op, d->app, err);
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
	return deploy_add(op, "deploy:unmark", json_pack("{s:s, s:s}", "app", app, "build", build),
		err);
}

/* Once per process type where only some are deployed. */
static int fire_scheduler_deploy(struct ctx *ctx, const struct scheduler *scheduler,
	const struct deploy *d, struct err *err)
{
	const char *colon = strrchr(d->image, ':');
	const char *tag = colon ? colon + 1 : "latest";
	size_t count = d->scale ? d->scale->count : 1;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < count && !ctx->dry_run; i++) {
		const char *process = d->scale ? d->scale->items[i].name : d->process;

		r = trigger_fire(ctx, err, "scheduler-deploy", scheduler->name, d->app, tag,
			process ? process : "", NULL);
	}
	return r;
}

int deploy_plan_start(struct operation *op, const struct deploy *d, struct err *err)
{
	const struct scheduler *scheduler;
	int r = scheduler_of(op->ctx, d->app, &scheduler, err);

	if (r >= 0)
		r = fire_scheduler_deploy(op->ctx, scheduler, d, err);
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

int deploy_plan_nothing(struct operation *op, const char *app, struct err *err)
{
	return plan_unmark(op, app, err);
}
