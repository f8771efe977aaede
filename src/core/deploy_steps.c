/* SPDX-License-Identifier: MIT */
/* The steps of a deploy that belong to no other file. */
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/app_env.h"
#include "core/build_image.h"
#include "core/build_job.h"
#include "core/build_limit.h"
#include "core/builder.h"
#include "core/cleanup.h"
#include "core/deploy.h"
#include "core/domains.h"
#include "core/output.h"
#include "core/phase.h"
#include "core/procs.h"
#include "core/proxy.h"
#include "core/registry.h"
#include "core/release.h"
#include "core/source.h"
#include "core/staged.h"
#include "core/state.h"
#include "core/trigger.h"

/* --- the marker --- */

static int run_mark(struct operation *op, struct step *step, struct err *err)
{
	AUTO_FREE char *path = deploy_marker(op->ctx, step_arg(step, "app"));
	AUTO_FREE char *text = xasprintf("%s\n", step_arg(step, "build"));

	return fs_write_str(path, text, 0644, err);
}

/* Only one's own marker: apps:unlock followed by apps:lock may have put another one there. */
static int run_unmark(struct operation *op, struct step *step, struct err *err)
{
	AUTO_FREE char *path = deploy_marker(op->ctx, step_arg(step, "app"));
	AUTO_STRBUF text = STRBUF_INIT;
	int r = 0;

	/* The push that would have moved the branch failed with the process that was killed. */
	if (op->recovering)
		r = git_ref_settle(op->ctx, step_arg(step, "app"), err);
	if (r >= 0)
		r = fs_read_optional(path, 4096, &text, err);
	strbuf_chomp(&text);
	if (r <= 0 || !str_eq(text.buf, step_arg(step, "build")))
		return r;
	return fs_unlink(path, err);
}

static void describe_mark(const struct step *step, struct strbuf *out)
{
	strbuf_addf(out, "mark %s as being deployed", step_arg(step, "app"));
}

static void describe_unmark(const struct step *step, struct strbuf *out)
{
	strbuf_addf(out, "remove the mark of %s", step_arg(step, "app"));
}

/* --- the revision variable --- */

static int run_set_rev(struct operation *op, struct step *step, struct err *err)
{
	return app_env_set(op->ctx, step_arg(step, "app"), step_arg(step, "variable"),
		step_arg(step, "rev"), err);
}

static int undo_set_rev(struct operation *op, struct step *step, struct err *err)
{
	const char *old = step_arg(step, "old");
	bool unset = json_is_true(json_object_get(step->args, "unset"));

	if (!unset && !*old)
		return 0; /* it was not written down */
	return app_env_set(op->ctx, step_arg(step, "app"), step_arg(step, "variable"),
		unset ? NULL : old, err);
}

static void describe_set_rev(const struct step *step, struct strbuf *out)
{
	strbuf_addf(out, "set %s to %s", step_arg(step, "variable"), step_arg(step, "rev"));
}

/* --- source --- */

static void describe_checkout(const struct step *step, struct strbuf *out)
{
	strbuf_addf(out, "check out revision %.12s of %s", step_arg(step, "rev"),
		step_arg(step, "app"));
}

static void describe_extract(const struct step *step, struct strbuf *out)
{
	strbuf_addstr(out, "read and check app.json, Procfile, CHECKS and nginx.conf.sigil");
}

static void describe_remove(const struct step *step, struct strbuf *out)
{
	strbuf_addf(out, "remove %s", step_arg(step, "dir"));
}

/* --- builder --- */

static int choose(struct operation *op, struct step *step, struct strbuf *reason, char **ret,
	struct err *err)
{
	struct ctx *ctx = op->ctx;
	const char *app = step_arg(step, "app");
	int r = builder_choose(ctx, app, step_arg(step, "dir"), ret, reason, err);

	if (r < 0)
		return r;
	r = trigger_fire(ctx, err, "pre-receive-app", app, *ret, step_arg(step, "dir"),
		step_arg(step, "rev"), NULL);
	if (r >= 0)
		r = cleanup_run(ctx, app, false, err);
	return r < 0 ? r : state_set(ctx, "builder", app, "detected", *ret, err);
}

static int run_choose(struct operation *op, struct step *step, struct err *err)
{
	AUTO_FREE char *name = NULL;
	AUTO_STRBUF reason = STRBUF_INIT;
	int r = choose(op, step, &reason, &name, err);

	if (r < 0)
		return r;
	out_info1("Detected %s because %s", name, reason.buf);
	json_object_set_new(step->result, "builder", json_string(name));
	json_object_set_new(step->result, "reason", json_string(reason.buf));
	return 0;
}

/* Scripts of the build have seen the new one; what is reported is what is deployed. */
static int undo_choose(struct operation *op, struct step *step, struct err *err)
{
	const char *app = step_arg(step, "app");
	const char *detected = step_arg(step, "detected");

	return *detected ? state_set(op->ctx, "builder", app, "detected", detected, err)
			 : state_unset(op->ctx, "builder", app, "detected", err);
}

static void describe_choose(const struct step *step, struct strbuf *out)
{
	strbuf_addf(out, "choose a builder for %s", step_arg(step, "app"));
}

static int run_build(struct operation *op, struct step *step, struct err *err)
{
	const struct step *chosen = operation_find(op, "builder:choose");
	const char *name = chosen ? step_result(chosen, "builder") : "";
	struct build build = {
		.ctx = op->ctx,
		.app = step_arg(step, "app"),
		.dir = step_arg(step, "dir"),
		.rev = step_arg(step, "rev"),
		.image = step_arg(step, "image"),
		.operation = op->id,
	};
	uint64_t limit = build_limit(op->ctx, build.app);
	AUTO_STRBUF late = STRBUF_INIT;
	int r;

	operation_begin_limit(limit);
	r = builder_build(&build, name, err);
	operation_end_limit(r >= 0);
	if (r < 0 && operation_out_of_time())
		build_limit_explain(build.app, limit, &late);
	if (r < 0 && (late.len || !operation_interrupted()))
		err_user(err, ERR_FAILED, 0, "App build failed\n%s",
			late.len ? late.buf : err_text(err));
	return r;
}

/* Containers that the build has left; the engine may still be making one. */
static int sweep_build(struct operation *op, struct step *step, struct err *err)
{
	const struct step *chosen = operation_find(op, "builder:choose");
	const struct builder *builder =
		chosen ? builder_find(step_result(chosen, "builder")) : NULL;
	bool cut_off = op->recovering || operation_interrupted();

	if (!builder || !builder->in_containers)
		return 0;
	return build_sweep(op->ctx, op->id, step->state != STEP_DONE && cut_off, err);
}

static int undo_build(struct operation *op, struct step *step, struct err *err)
{
	AUTO_STRVEC ports = STRVEC_INIT;
	json_t *line;
	size_t i;
	int r = sweep_build(op, step, err);

	if (r >= 0)
		r = build_half_remove(op->ctx, step_arg(step, "image"), err);
	if (r >= 0)
		r = image_restore(op, step, err);
	json_array_foreach (json_object_get(step->args, "ports"), i, line)
		strvec_push(&ports, json_string_value(line) ? json_string_value(line) : "");
	return r < 0 ? r
		     : state_set_list(op->ctx, "ports", step_arg(step, "app"), "map-detected",
			       &ports, err);
}

static void describe_build(const struct step *step, struct strbuf *out)
{
	strbuf_addf(out, "build %s", step_arg(step, "image"));
}

/* --- release --- */

static void describe_env(const struct step *step, struct strbuf *out)
{
	strbuf_addstr(out, "set variables that app.json defines");
}

static void describe_predeploy(const struct step *step, struct strbuf *out)
{
	strbuf_addstr(out, "run app.json's predeploy script");
}

static void describe_label(const struct step *step, struct strbuf *out)
{
	strbuf_addf(out, "label %s as released", step_arg(step, "image"));
}

static void describe_command(const struct step *step, struct strbuf *out)
{
	strbuf_addstr(out, "run the Procfile's release command and first-deploy scripts");
}

static void describe_scale(const struct step *step, struct strbuf *out)
{
	strbuf_addf(out, "update the scale of %s", step_arg(step, "app"));
}

/* --- the deploy itself --- */

static const char *tag_of(const char *image)
{
	const char *colon = strrchr(image, ':');

	return colon ? colon + 1 : "latest";
}

static bool skips_deploy(struct ctx *ctx, const char *app)
{
	AUTO_FREE char *value = state_computed(ctx, "ps", app, "skip-deploy", "");

	return str_eq(value, "true");
}

/* The names and the push of a release come first; what they lead to is planned by a step like this. */
static int plan_release(struct operation *op, struct step *step, struct err *err)
{
	const char *app = step_arg(step, "app");
	AUTO_FREE char *image = NULL;
	int r;

	if (json_is_true(json_object_get(step->args, "released")))
		return 0;
	r = registry_plan_release(op, app, step_arg(step, "image"), &image, err);
	if (r <= 0)
		return r;
	r = deploy_add(op, "deploy:plan",
		json_pack("{s:s, s:s, s:b}", "app", app, "image", image, "released", 1), err);
	return r < 0 ? r : 1;
}

static int plan_deploy(struct operation *op, const struct deploy *d, struct err *err)
{
	const struct scheduler *scheduler;
	int r = scheduler_of(op->ctx, d->app, &scheduler, err);

	if (r < 0)
		return r;
	out_info1("Deploying %s via the %s scheduler...", d->app, scheduler->name);
	return deploy_plan_start(op, d, err);
}

static int run_plan(struct operation *op, struct step *step, struct err *err)
{
	struct deploy d = { .app = step_arg(step, "app"), .image = step_arg(step, "image") };
	int r = plan_release(op, step, err);

	if (r != 0)
		return r < 0 ? r : 0;
	if (skips_deploy(op->ctx, d.app)) {
		out_info1("Skipping deployment");
		r = deploy_plan_skip(op, d.app, err);
	} else {
		r = plan_deploy(op, &d, err);
	}
	return r < 0 ? r : registry_plan_tidy(op, d.app, err);
}

static void describe_plan(const struct step *step, struct strbuf *out)
{
	strbuf_addf(out, "deploy %s", step_arg(step, "image"));
}

static int run_keep(struct operation *op, struct step *step, struct err *err)
{
	return staged_promote(op->ctx, step_arg(step, "app"), step_arg(step, "pid"), err);
}

static void describe_keep(const struct step *step, struct strbuf *out)
{
	strbuf_addf(out, "keep the files of %s for a later deploy", step_arg(step, "app"));
}

static int run_finalize(struct operation *op, struct step *step, struct err *err)
{
	const char *app = step_arg(step, "app");
	int r = staged_promote(op->ctx, app, step_arg(step, "pid"), err);

	if (r >= 0)
		r = state_set(op->ctx, "common", app, "deployed", "true", err);
	/* The deploy has stopped what ran of them. */
	if (r >= 0)
		r = procs_forget_old(op->ctx, app, err);
	return r < 0 ? r : state_set(op->ctx, "ps", app, "restore", "true", err);
}

static void describe_finalize(const struct step *step, struct strbuf *out)
{
	strbuf_addf(out, "make the new release of %s the current one", step_arg(step, "app"));
}

static const char *ref_member(const struct step *step, const char *key)
{
	json_t *ref = json_object_get(step->args, "ref");
	const char *value = json_string_value(json_object_get(ref, key));

	return value ? value : "";
}

static int run_ref(struct operation *op, struct step *step, struct err *err)
{
	const char *app = step_arg(step, "app");
	json_t *args = json_object_get(step->args, "ref");
	const char *type = ref_member(step, "type");
	struct pushed_ref ref = { ref_member(step, "name"), ref_member(step, "old"),
		ref_member(step, "rev") };
	int r = *type ? state_set(op->ctx, "apps", app, "deploy-source", type, err) : 0;

	if (r >= 0 && *type)
		r = state_set(op->ctx, "apps", app, "deploy-source-metadata",
			ref_member(step, "metadata"), err);
	if (r < 0)
		return r;
	/* Git does it when a push of ours succeeds; in recovery that push is long over. */
	if (op->recovering || json_is_true(json_object_get(args, "own")))
		return git_ref_move(op->ctx, app, &ref, err);
	return git_ref_expect(op->ctx, app, &ref, err);
}

static void describe_ref(const struct step *step, struct strbuf *out)
{
	strbuf_addstr(out, "note the branch's new head");
}

/* --- after the switch --- */

/* Fires NAME with Dokku's arguments: app, port and address of the first web listener, image tag. */
static int fire_deployed(struct ctx *ctx, const char *name, const struct step *step,
	struct err *err)
{
	const char *app = step_arg(step, "app");
	AUTO_LISTENERS all = LISTENERS_INIT;
	AUTO_FREE char *port = NULL;
	const struct scheduler *scheduler;
	int r;

	if (!trigger_is_heard(ctx, name))
		return 0;
	r = scheduler_of(ctx, app, &scheduler, err);
	if (r >= 0)
		r = scheduler->listeners(ctx, app, "web", &all, err);
	if (r < 0)
		return r;
	port = all.count ? xasprintf("%u", all.items[0].port) : xstrdup("");
	return trigger_fire(ctx, err, name, app, port, all.count ? all.items[0].address : "",
		tag_of(step_arg(step, "image")), NULL);
}

static int run_core_post_deploy(struct operation *op, struct step *step, struct err *err)
{
	proxy_deployed(op->ctx, step_arg(step, "app"));
	return fire_deployed(op->ctx, "core-post-deploy", step, err);
}

static void describe_core_post_deploy(const struct step *step, struct strbuf *out)
{
	strbuf_addstr(out, "let plugins take up the new release");
}

static int run_postdeploy(struct operation *op, struct step *step, struct err *err)
{
	struct phase phase = {
		.app = step_arg(step, "app"),
		.image = step_arg(step, "image"),
		.name = "postdeploy",
		.operation = op->id,
	};

	return phase_run(op->ctx, &phase, err);
}

static void describe_postdeploy(const struct step *step, struct strbuf *out)
{
	strbuf_addstr(out, "run app.json's postdeploy script");
}

static int run_post_deploy(struct operation *op, struct step *step, struct err *err)
{
	/* A script that was cut off is not run again, but its container must go. */
	int r = op->recovering ? phase_sweep(op->ctx, step_arg(step, "app"), true, err) : 0;

	if (r < 0)
		return r;
	return fire_deployed(op->ctx, "post-deploy", step, err);
}

static void describe_post_deploy(const struct step *step, struct strbuf *out)
{
	strbuf_addstr(out, "tell plugins that the deploy is over");
}

static int run_announce(struct operation *op, struct step *step, struct err *err)
{
	AUTO_STRVEC urls = STRVEC_INIT;
	int r;

	if (op->failed)
		return 0;
	r = domains_urls(op->ctx, step_arg(step, "app"), &urls, err);
	if (r < 0)
		return r;
	out_info2("Application deployed:");
	for (size_t i = 0; i < urls.count; i++)
		out_verbose("%s", urls.items[i]);
	out_line("%s", "");
	return 0;
}

static void describe_announce(const struct step *step, struct strbuf *out)
{
	strbuf_addf(out, "print the URLs of %s", step_arg(step, "app"));
}

const struct step_kind deploy_steps[] = {
	{ "deploy:mark", STEP_QUIET, describe_mark, run_mark, run_unmark },
	{ "deploy:unmark", STEP_QUIET, describe_unmark, run_unmark, NULL },
	{ "deploy:set-rev", 0, describe_set_rev, run_set_rev, undo_set_rev },
	{ "source:checkout", 0, describe_checkout, source_checkout, source_remove },
	{ "source:extract", 0, describe_extract, source_extract, source_unextract },
	{ "source:remove", STEP_QUIET, describe_remove, source_remove, NULL },
	{ "builder:choose", 0, describe_choose, run_choose, undo_choose },
	{ "builder:build", 0, describe_build, run_build, undo_build },
	{ "release:env", 0, describe_env, release_env, release_unenv },
	{ "release:predeploy", 0, describe_predeploy, release_predeploy, release_unpredeploy },
	{ "release:label", 0, describe_label, release_label, image_restore },
	{ "release:command", 0, describe_command, release_command, release_sweep },
	{ "release:scale", 0, describe_scale, release_scale, release_unscale },
	{ "deploy:plan", 0, describe_plan, run_plan, NULL },
	{ "deploy:keep", STEP_COMMIT | STEP_QUIET, describe_keep, run_keep, NULL },
	{ "deploy:finalize", 0, describe_finalize, run_finalize, NULL },
	{ "deploy:ref", STEP_QUIET, describe_ref, run_ref, NULL },
	{ "deploy:core-post-deploy", STEP_ONCE | STEP_MAY_FAIL | STEP_QUIET,
		describe_core_post_deploy, run_core_post_deploy, NULL },
	{ "deploy:postdeploy", STEP_ONCE | STEP_MAY_FAIL, describe_postdeploy, run_postdeploy,
		NULL },
	{ "deploy:post-deploy", STEP_ONCE | STEP_MAY_FAIL | STEP_QUIET, describe_post_deploy,
		run_post_deploy, NULL },
	{ "deploy:announce", STEP_ONCE | STEP_MAY_FAIL | STEP_QUIET, describe_announce,
		run_announce, NULL },
	{},
};
