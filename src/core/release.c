/* SPDX-License-Identifier: MIT */
#include "core/release.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/parse.h"
#include "core/app.h"
#include "core/app_env.h"
#include "core/appjson.h"
#include "core/build_job.h"
#include "core/builder.h"
#include "core/deploy.h"
#include "core/image.h"
#include "core/image_kind.h"
#include "core/image_make.h"
#include "core/output.h"
#include "core/phase.h"
#include "core/state.h"
#include "core/trigger.h"
#include "lib/engine/images.h"
#include "lib/jsonc/jsonc.h"

/* Was the process that made something for STEP killed or called off in the middle of it? */
static bool was_cut_off(const struct operation *op, const struct step *step)
{
	return step->state != STEP_DONE && (op->recovering || operation_interrupted());
}

int image_restore(struct operation *op, struct step *step, struct err *err)
{
	int r = image_put_back(op->ctx, step_arg(step, "image"), step_arg(step, "old_image"), err);

	return r < 0 ? r : image_sweep(op->ctx, op->id, err);
}

int release_sweep(struct operation *op, struct step *step, struct err *err)
{
	return phase_sweep(op->ctx, step_arg(step, "app"), was_cut_off(op, step), err);
}

int release_unpredeploy(struct operation *op, struct step *step, struct err *err)
{
	int r = release_sweep(op, step, err);

	return r < 0 ? r : image_restore(op, step, err);
}

static const char *tag_of(const char *image)
{
	const char *colon = strrchr(image, ':');

	return colon ? colon + 1 : "latest";
}

/* Who built the image; for free(). */
static int builder_of(struct ctx *ctx, const char *image, char **ret, struct err *err)
{
	json_t *inspected = NULL;
	int r = engine_image_inspect(ctx_engine(ctx), image, &inspected, err);

	if (r < 0)
		return r;
	*ret = xstrdup(image_builder(inspected));
	json_decref(inspected);
	return 0;
}

/* --- what was built --- */

/* Takes away what an earlier release has added. */
static int go_back(struct operation *op, const char *origin, const char *image, struct err *err)
{
	const char *colon = strrchr(image, ':');
	AUTO_FREE char *repo = xstrndup(image, colon ? (size_t)(colon - image) : strlen(image));

	return engine_image_tag(ctx_engine(op->ctx), origin, repo, colon ? colon + 1 : NULL, err);
}

/*
 * Every release begins with what was built, however many there are: what the last one added, by the
 * builder's rules or by a predeploy script, would lie below for ever.
 */
static int begin_with_built(struct operation *op, const struct step *step, struct err *err)
{
	const char *image = step_arg(step, "image");
	AUTO_FREE char *origin = NULL;
	json_t *inspected = NULL;
	const struct builder *builder;
	struct release release = {
		.ctx = op->ctx,
		.app = step_arg(step, "app"),
		.image = image,
		.operation = op->id,
	};
	const char *id;
	int r = engine_image_inspect(ctx_engine(op->ctx), image, &inspected, err);

	if (r < 0)
		return r;
	builder = builder_find(image_builder(inspected));
	id = json_string_value(json_object_get(inspected, "Id"));
	r = image_origin(op->ctx, inspected, &origin, err);
	release.from = origin;
	if (r >= 0)
		r = builder && builder->release ? builder->release(&release, err) : 0;
	if (r == 0 && id && !str_eq(origin, id))
		r = go_back(op, origin, image, err);
	json_decref(inspected);
	return r < 0 ? r : 0;
}

int release_unenv(struct operation *op, struct step *step, struct err *err)
{
	int r = build_sweep(op->ctx, op->id, was_cut_off(op, step), err);

	return r < 0 ? r : image_restore(op, step, err);
}

/* --- variables --- */

static int ask(const char *name, const struct appjson_var *v, char **ret, struct err *err)
{
	size_t size = 0;

	if (!isatty(0)) {
		return v->required ? err_set(err, ERR_INVALID,
					     "required env var %s has no value, no default, and no "
					     "TTY for prompt",
					     name)
				   : 0;
	}
	out_info1("Enter value for %s%s%s%s", name, *v->description ? " (" : "", v->description,
		*v->description ? ")" : "");
	fputs("> ", stdout);
	out_flush();
	if (getline(ret, &size, stdin) < 0)
		free(TAKE_PTR(*ret));
	else
		(*ret)[strcspn(*ret, "\r\n")] = '\0';
	if (v->required && (!*ret || !**ret))
		return err_set(err, ERR_INVALID, "required env var %s cannot be empty", name);
	return 0;
}

static int set_variable(struct ctx *ctx, const char *app, const char *name, json_t *entry,
	bool first, const struct env *now, struct err *err)
{
	AUTO_APPJSON_VAR v = APPJSON_VAR_INIT;
	AUTO_FREE char *value = NULL;
	int r = appjson_var_read(entry, &v, err);

	if (r < 0)
		return err_wrap(err, "app.json: env.%s", name);
	switch (appjson_decide(&v, first, env_get(now, name))) {
	case APPJSON_LEAVE:
		return 0;
	case APPJSON_VALUE:
		value = xstrdup(v.value);
		break;
	case APPJSON_GENERATE:
		value = appjson_secret();
		break;
	case APPJSON_ASK:
		r = ask(name, &v, &value, err);
		break;
	}
	return r < 0 || !value || !*value ? r : app_env_set(ctx, app, name, value, err);
}

static int set_variables(struct ctx *ctx, const char *app, json_t *vars, struct err *err)
{
	bool first = !app_is_deployed(ctx, app) &&
		     !state_exists(ctx, "app-json", app, "appjson-env-processed");
	AUTO_STRVEC names = STRVEC_INIT;
	AUTO_ENV now = ENV_INIT;
	const char *name;
	json_t *entry;
	int r = app_env_merged(ctx, app, &now, err);

	json_object_foreach (vars, name, entry)
		strvec_push(&names, name);
	strvec_sort(&names);
	out_info1("Processing app.json env vars");
	for (size_t i = 0; r >= 0 && i < names.count; i++) {
		name = names.items[i];
		r = env_key_valid(name) ? set_variable(ctx, app, name, json_object_get(vars, name),
						  first, &now, err)
					: err_set(err, ERR_INVALID,
						  "app.json: '%.100s' cannot be a variable", name);
	}
	return r < 0 ? r
		     : state_set(ctx, "app-json", app, "appjson-env-processed", "executed", err);
}

/* "builder-release", by which plugins release what they have built; "pre-release-builder", and its
 * name of before. */
static int fire_before(struct ctx *ctx, const char *app, const char *image, struct err *err)
{
	AUTO_FREE char *builder = NULL;
	AUTO_FREE char *old = NULL;
	const struct builder *driver;
	const char *suffix;
	int r = builder_of(ctx, image, &builder, err);

	if (r < 0)
		return r;
	r = trigger_fire(ctx, err, "builder-release", builder, app, tag_of(image), NULL);
	if (r < 0)
		return r;
	driver = builder_find(builder);
	suffix = driver && driver->old_name ? driver->old_name : builder;
	old = xasprintf("pre-release-%s", suffix);
	if (*suffix && trigger_has_external(ctx, old)) {
		out_warn("Deprecated: please upgrade plugin to use 'pre-release-builder' plugin "
			 "trigger instead of %s",
			old);
		r = trigger_fire(ctx, err, old, app, tag_of(image), NULL);
	}
	return r < 0 ? r : trigger_fire(ctx, err, "pre-release-builder", builder, app, image, NULL);
}

int release_env(struct operation *op, struct step *step, struct err *err)
{
	const char *app = step_arg(step, "app");
	json_t *app_json = NULL;
	json_t *vars;
	int r;

	if (operation_find(op, "builder:build")) {
		r = trigger_fire(op->ctx, err, "release-and-deploy", app, NULL);
		if (r < 0)
			return r;
	}
	out_info1("Releasing %s...", app);
	r = appjson_load(op->ctx, app, &app_json, err);
	if (r < 0)
		return r;
	vars = jsonc_get(app_json, "env");
	if (json_object_size(vars))
		r = set_variables(op->ctx, app, vars, err);
	json_decref(app_json);
	if (r >= 0)
		r = begin_with_built(op, step, err);
	return r < 0 ? r : fire_before(op->ctx, app, step_arg(step, "image"), err);
}

/* --- scripts and labels --- */

static int run_phase(struct operation *op, struct step *step, const char *name, bool commit,
	struct err *err)
{
	struct phase phase = {
		.app = step_arg(step, "app"),
		.image = step_arg(step, "image"),
		.name = name,
		.commit = commit,
		.operation = op->id,
	};

	return phase_run(op->ctx, &phase, err);
}

int release_predeploy(struct operation *op, struct step *step, struct err *err)
{
	/* What the deploy before could not take away. */
	int r = phase_sweep(op->ctx, step_arg(step, "app"), false, err);

	return r < 0 ? r : run_phase(op, step, "predeploy", true, err);
}

int release_label(struct operation *op, struct step *step, struct err *err)
{
	const char *image = step_arg(step, "image");
	json_t *labels;
	json_t *inspected = NULL;
	int r = engine_image_inspect(ctx_engine(op->ctx), image, &inspected, err);
	bool released;

	if (r < 0)
		return r;
	released = str_eq(image_label(inspected, "com.dokku.image-stage"), "release");
	json_decref(inspected);
	if (released)
		return 0;
	labels = labels_for(op->ctx, step_arg(step, "app"));
	json_object_set_new(labels, "com.dokku.image-stage", json_string("release"));
	r = image_derive(op->ctx, image, labels, "", image, err);
	json_decref(labels);
	return r;
}

int release_command(struct operation *op, struct step *step, struct err *err)
{
	const char *app = step_arg(step, "app");
	int r = run_phase(op, step, "release", false, err);

	if (r < 0 || app_is_deployed(op->ctx, app) ||
		state_exists(op->ctx, "app-json", app, "heroku.postdeploy"))
		return r;
	/* Noted first: what failed half-way is not repeated behind its author's back. */
	r = state_set(op->ctx, "app-json", app, "heroku.postdeploy", "executed", err);
	return r < 0 ? r : run_phase(op, step, "heroku.postdeploy", false, err);
}

/* --- scale --- */

int release_plan_scale(struct operation *op, const char *app, struct err *err)
{
	AUTO_STRBUF can = STRBUF_INIT;
	AUTO_FREE char *image = image_name(op->ctx, app, NULL);
	json_t *scale = NULL;
	int r = procs_scale_save(op->ctx, app, &scale, err);

	if (r >= 0)
		r = state_get(op->ctx, "ps", app, "can-scale", &can, err);
	if (r < 0) {
		json_decref(scale);
		return r;
	}
	return deploy_add(op, "release:scale",
		json_pack("{s:s, s:s, s:o, s:s}", "app", app, "image", image, "scale", scale,
			"can_scale", can.buf),
		err);
}

/* A quantity in app.json makes its formation the whole scale. */
static int apply_formation(struct ctx *ctx, const char *app, struct err *err)
{
	AUTO_SCALE wanted = SCALE_INIT;
	json_t *app_json = NULL;
	int r = appjson_load(ctx, app, &app_json, err);

	if (r < 0)
		return r;
	r = appjson_formation(app_json, &wanted, err);
	json_decref(app_json);
	if (r >= 0)
		r = state_set(ctx, "ps", app, "can-scale", wanted.count ? "false" : "true", err);
	return r < 0 || !wanted.count ? r : procs_update_scale(ctx, app, &wanted, true, err);
}

/* Process types that the image itself has. */
static int note_types(struct ctx *ctx, const char *app, const char *image, struct err *err)
{
	AUTO_STRVEC types = STRVEC_INIT;
	json_t *inspected = NULL;
	int r = engine_image_inspect(ctx_engine(ctx), image, &inspected, err);

	if (r == -ERR_NOT_FOUND)
		err_clear(err);
	else if (r < 0)
		return r;
	image_process_types(inspected, &types);
	json_decref(inspected);
	return procs_set_image_types(ctx, app, &types, err);
}

static int fire_after(struct ctx *ctx, const char *app, const char *image, struct err *err)
{
	AUTO_FREE char *builder = NULL;
	int r = 0;

	if (trigger_is_heard(ctx, "post-release-builder")) {
		r = builder_of(ctx, image, &builder, err);
		if (r >= 0)
			r = trigger_fire(ctx, err, "post-release-builder", builder, app, image,
				NULL);
	}
	if (r >= 0 && trigger_has_external(ctx, "pre-deploy")) {
		out_warn("Deprecated: please upgrade plugin to use 'pre-release-builder' plugin "
			 "trigger instead of pre-deploy");
		r = trigger_fire(ctx, err, "pre-deploy", app, tag_of(image), NULL);
	}
	return r;
}

int release_scale(struct operation *op, struct step *step, struct err *err)
{
	const char *app = step_arg(step, "app");
	int r = note_types(op->ctx, app, step_arg(step, "image"), err);

	if (r >= 0)
		r = apply_formation(op->ctx, app, err);
	if (r >= 0)
		r = procs_sync_scale(op->ctx, app, err);
	return r < 0 ? r : fire_after(op->ctx, app, step_arg(step, "image"), err);
}

int release_unscale(struct operation *op, struct step *step, struct err *err)
{
	const char *app = step_arg(step, "app");
	const char *can = step_arg(step, "can_scale");
	int r = procs_scale_restore(op->ctx, app, json_object_get(step->args, "scale"), err);

	if (r < 0)
		return r;
	return *can ? state_set(op->ctx, "ps", app, "can-scale", can, err)
		    : state_unset(op->ctx, "ps", app, "can-scale", err);
}
