/* SPDX-License-Identifier: MIT */
/* ps:scale */
#include <jansson.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/app.h"
#include "core/deploy.h"
#include "core/registry.h"
#include "core/output.h"
#include "core/procs.h"
#include "core/state.h"
#include "core/trigger.h"
#include "plugins/ps/ps.h"

/* --- without quantities: what is set --- */

static void print_json(const struct scale *scale)
{
	json_t *list = json_array();

	for (size_t i = 0; i < scale->count; i++)
		json_array_append_new(list,
			json_pack("{s:s, s:i}", "process_type", scale->items[i].name, "quantity",
				(int)scale->items[i].count));
	out_json(list);
}

static void print_count(const char *name, const char *count)
{
	AUTO_FREE char *left = xasprintf("%s:", name);

	out_line("%-5s %s", left, count);
}

static void print_text(const char *app, const struct scale *scale)
{
	out_info1_quiet("Scaling for %s", app);
	if (!output_is_quiet()) {
		print_count("proctype", "qty");
		print_count("--------", "---");
	}
	for (size_t i = 0; i < scale->count; i++) {
		AUTO_FREE char *count = xasprintf("%u", scale->items[i].count);

		print_count(scale->items[i].name, count);
	}
}

static int print_scale(struct ctx *ctx, const char *app, const char *format, struct err *err)
{
	AUTO_SCALE scale = SCALE_INIT;
	int r = procs_formation(ctx, app, &scale, err);

	if (r < 0)
		return r;
	if (str_eq(format, "json"))
		print_json(&scale);
	else
		print_text(app, &scale);
	return 0;
}

/* --- the step --- */

static json_t *scale_json(const struct scale *scale)
{
	json_t *list = json_array();

	for (size_t i = 0; i < scale->count; i++)
		json_array_append_new(list,
			json_sprintf("%s=%u", scale->items[i].name, scale->items[i].count));
	return list;
}

static void scale_words(const struct step *step, struct strvec *ret)
{
	const json_t *list = json_object_get(step->args, "scale");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *word = json_string_value(json_array_get(list, i));

		strvec_push(ret, word ? word : "");
	}
}

static void describe_scale(const struct step *step, struct strbuf *out)
{
	AUTO_STRVEC words = STRVEC_INIT;

	scale_words(step, &words);
	strbuf_addf(out, "store the scale of %s: ", step_arg(step, "app"));
	strvec_join(&words, " ", out);
}

static int run_scale(struct operation *op, struct step *step, struct err *err)
{
	AUTO_STRVEC words = STRVEC_INIT;
	AUTO_SCALE changes = SCALE_INIT;
	int r;

	scale_words(step, &words);
	r = scale_parse(&words, &changes, err);
	if (r < 0)
		return r;
	return procs_update_scale(op->ctx, step_arg(step, "app"), &changes,
		json_is_true(json_object_get(step->args, "clear")), err);
}

static int undo_scale(struct operation *op, struct step *step, struct err *err)
{
	return procs_scale_restore(op->ctx, step_arg(step, "app"),
		json_object_get(step->args, "before"), err);
}

/* --- ps:stop's own steps --- */

static void describe_stopped(const struct step *step, struct strbuf *out)
{
	strbuf_addf(out, "note that %s is to stay stopped", step_arg(step, "app"));
}

static int run_stopped(struct operation *op, struct step *step, struct err *err)
{
	return state_set(op->ctx, "ps", step_arg(step, "app"), "restore", "false", err);
}

/* Before it nothing was stored in most cases; "true" means the same. */
static int undo_stopped(struct operation *op, struct step *step, struct err *err)
{
	return state_set(op->ctx, "ps", step_arg(step, "app"), "restore", step_arg(step, "before"),
		err);
}

static void describe_post_stop(const struct step *step, struct strbuf *out)
{
	strbuf_addf(out, "tell plugins that %s was stopped", step_arg(step, "app"));
}

static int run_post_stop(struct operation *op, struct step *step, struct err *err)
{
	return trigger_fire(op->ctx, err, "post-stop", step_arg(step, "app"), NULL);
}

const struct step_kind ps_steps[] = {
	[PS_SCALE] = { "ps:scale", 0, describe_scale, run_scale, undo_scale },
	[PS_STOPPED] = { "ps:stopped", STEP_COMMIT, describe_stopped, run_stopped, undo_stopped },
	[PS_POST_STOP] = { "ps:post-stop", STEP_ONCE | STEP_MAY_FAIL, describe_post_stop,
		run_post_stop, NULL },
	{},
};

/* --- with quantities --- */

/* Those of CHANGES whose count is another one now. */
static int find_changed(struct ctx *ctx, const char *app, const struct scale *changes,
	struct scale *ret, struct err *err)
{
	AUTO_SCALE now = SCALE_INIT;
	int r = procs_formation(ctx, app, &now, err);

	for (size_t i = 0; r >= 0 && i < changes->count; i++) {
		const struct proc_count *p = &changes->items[i];
		const struct proc_count *is = scale_find(&now, p->name);

		if (!is || is->count != p->count)
			scale_put(ret, p->name, p->count);
	}
	return r;
}

static int fire_deploys(struct ctx *ctx, const char *app, const struct scale *deployed,
	struct err *err)
{
	AUTO_FREE char *tag = registry_tag_in_use(ctx, app);
	int r = 0;

	for (size_t i = 0; r >= 0 && i < deployed->count && !ctx->dry_run; i++)
		r = trigger_fire(ctx, err, "deploy", app, tag, deployed->items[i].name, NULL);
	return r;
}

static int plan(struct operation *op, const char *app, const struct scale *changes, bool clear,
	const struct scale *deployed, struct err *err)
{
	AUTO_FREE char *image = NULL;
	struct deploy d = { .app = app, .scale = deployed };
	json_t *before = NULL;
	int r = registry_image(op->ctx, app, NULL, &image, err);

	d.image = image;
	if (r >= 0)
		r = procs_scale_save(op->ctx, app, &before, err);

	if (r >= 0)
		r = operation_add(op, &ps_steps[PS_SCALE],
			json_pack("{s:s, s:o, s:b, s:o}", "app", app, "scale", scale_json(changes),
				"clear", (int)clear, "before", before),
			err);
	if (r >= 0 && deployed)
		r = fire_deploys(op->ctx, app, deployed, err);
	return r < 0 || !deployed ? r : deploy_plan_start(op, &d, err);
}

int ps_scale(struct ctx *ctx, const char *app, const struct scale *changes, bool clear,
	bool skip_deploy, bool all, struct err *err)
{
	AUTO_SCALE changed = SCALE_INIT;
	const struct scale *deployed = all ? changes : &changed;
	struct operation *op;
	int r = procs_check_scale(ctx, app, changes, err);

	if (r >= 0)
		r = find_changed(ctx, app, changes, &changed, err);
	if (r < 0)
		return r;
	if (skip_deploy || !deployed->count || !app_is_deployed(ctx, app))
		deployed = NULL;
	/* Plugins call this in the middle of a deploy, which is an operation already. */
	if (!deployed && !ctx->dry_run)
		return procs_update_scale(ctx, app, changes, clear, err);
	ctx_publish_env(ctx);
	r = operation_begin(ctx, "scale", app, NULL, NULL, &op, err);
	if (r < 0)
		return r;
	r = plan(op, app, changes, clear, deployed, err);
	return operation_run_planned(op, r, err);
}

int ps_run_scale(struct ctx *ctx, const struct args *args, struct err *err)
{
	const char *app = args_pos(args, 0);
	const char *format = args_value(args, "format", "stdout");
	AUTO_STRVEC words = STRVEC_INIT;
	AUTO_SCALE changes = SCALE_INIT;
	AUTO_FREE char *joined = NULL;
	int r;

	if (args->pos.count < 2)
		return print_scale(ctx, app, format, err);
	if (!procs_can_scale(ctx, app))
		return err_set(err, ERR_DENIED,
			"App %s contains an app.json file with a formations key and cannot be "
			"manually scaled",
			app);
	strvec_pushv(&words, args->pos.items + 1);
	joined = strvec_joined(&words, " ");
	out_info1("Scaling %s processes: %s", app, joined);
	r = scale_parse(&words, &changes, err);
	if (r < 0)
		return r;
	return ps_scale(ctx, app, &changes, false, args_has(args, "skip-deploy"), false, err);
}
