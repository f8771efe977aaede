/* SPDX-License-Identifier: MIT */
/*
 * Builds with Cloud Native Buildpacks. The phases of a builder image's lifecycle are run through the
 * engine; the `pack` program is not needed.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "builders/pack/filter.h"
#include "builders/pack/order.h"
#include "builders/pack/run.h"
#include "core/app_env.h"
#include "core/build_flags.h"
#include "core/build_image.h"
#include "core/build_tree.h"
#include "core/image_make.h"
#include "core/output.h"
#include "core/ports.h"
#include "core/registry.h"
#include "core/source_file.h"
#include "core/state.h"
#include "lib/engine/images.h"

#define PROJECT "project.toml"

static const struct build_file marker = { PROJECT, "builder-pack", "projecttoml-path" };

/* --- what is wanted --- */

struct wish {
	struct pack_project project;
	struct pack_flags flags;
	struct env env;
	char *builder;
};

static void wish_done(struct wish *w)
{
	pack_project_done(&w->project);
	pack_flags_done(&w->flags);
	env_done(&w->env);
	free(w->builder);
}

static void warn_all(const char *prefix, const struct strvec *warnings)
{
	for (size_t i = 0; i < warnings->count; i++)
		out_warn("%s%s", prefix, warnings->items[i]);
}

static int read_project(const struct build *b, struct pack_project *ret, struct err *err)
{
	AUTO_STRBUF text = STRBUF_INIT;
	int r = source_read(b->dir, PROJECT, PROJECT_TEXT_MAX, &text, err);

	if (r > 0)
		r = pack_project_read(text.buf, text.len, ret, err);
	warn_all(PROJECT ": ", &ret->warnings);
	return r < 0 ? r : 0;
}

/* The project's variables, those of flags over them, those of the app over these. */
static int read_env(const struct build *b, struct wish *w, struct strvec *words, struct err *err)
{
	AUTO_ENV app = ENV_INIT;
	AUTO_ENV flags = ENV_INIT;
	int r = app_env_merged(b->ctx, b->app, &app, err);

	if (r >= 0)
		r = build_flags_take_env(words, &app, &flags, err);
	if (r < 0)
		return r;
	env_merge(&w->env, &w->project.env);
	env_merge(&w->env, &flags);
	env_merge(&w->env, &app);
	return 0;
}

static int read_wish(const struct build *b, struct wish *w, struct err *err)
{
	AUTO_STRVEC words = STRVEC_INIT;
	int r = read_project(b, &w->project, err);

	if (r >= 0)
		r = build_flags(b, "pack", &words, err);
	if (r >= 0)
		r = read_env(b, w, &words, err);
	if (r >= 0)
		r = pack_flags_read(&words, &w->flags, err);
	warn_all("", &w->flags.warnings);
	return r;
}

/* --- the builder --- */

/* A classic buildpack's address; Dokku would take it for an image, which can only fail. */
static bool is_address(const char *name)
{
	return strstr(name, "://") || str_starts(name, "git@") || str_ends(name, ".git");
}

/* As in Dokku, what BUILDPACK_URL names is the builder, or NULL; .buildpacks holds addresses. */
static const char *builder_of_variable(const struct build *b, const struct env *env)
{
	const char *url = env_get(env, "BUILDPACK_URL");

	if (url && *url && !is_address(url))
		return url;
	if ((url && *url) || source_has(b->dir, ".buildpacks"))
		out_warn("The buildpacks of %s are classic ones and have no part in this build; "
			 "name those of the builder in " PROJECT,
			url && *url ? "BUILDPACK_URL" : ".buildpacks");
	return NULL;
}

/* Chosen by the user, by the project, for all apps. */
static void choose_builder(const struct build *b, struct wish *w)
{
	AUTO_FREE char *stack = state_computed(b->ctx, "buildpacks", b->app, "stack", "");
	const char *url = builder_of_variable(b, &w->env);
	const char *fallback = getenv("DOKKU_CNB_BUILDER");

	if (!w->flags.group.count)
		strvec_pushv(&w->flags.group, w->project.group.items);
	if (url)
		w->builder = xstrdup(url);
	else if (*stack)
		w->builder = TAKE_PTR(stack);
	else if (*w->project.builder)
		w->builder = xstrdup(w->project.builder);
	else
		w->builder = xstrdup(fallback && *fallback ? fallback : "heroku/builder:24");
}

/* --- images --- */

static int pull(const struct build *b, const char *what, const char *image, struct err *err)
{
	int r;

	out_verbose("Pulling the %s %s", what, image);
	r = registry_pull(b->ctx, b->app, image, true, err);
	if (r >= 0)
		return r;
	return err_wrap(err,
		"cannot pull the %s '%s' (load it with docker load, log in to its registry with "
		"registry:login, or choose another builder with buildpacks:set-property %s stack "
		"<image>)",
		what, image, b->app);
}

/* As the pull policy says; *RET is new. */
static int get_image(const struct build *b, const char *what, const char *image,
	enum pack_pull policy, json_t **ret, struct err *err)
{
	int r = 0;

	if (policy == PACK_PULL_ALWAYS)
		r = pull(b, what, image, err);
	if (r >= 0)
		r = engine_image_inspect(ctx_engine(b->ctx), image, ret, err);
	if (r == -ERR_NOT_FOUND && policy == PACK_PULL_MISSING) {
		err_clear(err);
		r = pull(b, what, image, err);
		if (r >= 0)
			r = engine_image_inspect(ctx_engine(b->ctx), image, ret, err);
	}
	return r < 0 ? err_wrap(err, "get the %s", what) : 0;
}

static int load_builder(const struct build *b, const struct wish *w, struct pack_builder *ret,
	struct err *err)
{
	json_t *inspected = NULL;
	int r = get_image(b, "builder image", w->builder, w->flags.pull, &inspected, err);

	if (r >= 0)
		r = pack_builder_read(inspected, w->builder, ret, err);
	json_decref(inspected);
	return r;
}

static int choose_run_image(const struct wish *w, const struct pack_builder *builder,
	const char **ret, struct err *err)
{
	json_t *first = json_array_get(builder->run_images, 0);
	const char *name = json_string_value(json_object_get(first, "image"));

	*ret = *w->flags.run_image ? w->flags.run_image : name;
	if (*ret && **ret)
		return 0;
	return err_set(err, ERR_INVALID,
		"the builder '%s' names no run image; choose one with docker-options:add <app> "
		"build \"--run-image <image>\"",
		builder->image);
}

/* What was built for one stack does not run on another. */
static int check_run_image(const struct build *b, const struct wish *w,
	const struct pack_builder *builder, const char *image, struct err *err)
{
	json_t *inspected = NULL;
	const char *stack;
	int r = get_image(b, "run image", image, w->flags.pull, &inspected, err);

	if (r < 0)
		return r;
	stack = image_label(inspected, "io.buildpacks.stack.id");
	if (*stack && *builder->stack && !str_eq(stack, builder->stack))
		r = err_set(err, ERR_INVALID,
			"the run image '%s' has stack '%s', the builder '%s' has '%s'", image,
			stack, builder->image, builder->stack);
	json_decref(inspected);
	return r;
}

/* --- the build --- */

static int make(const struct build *b, const struct wish *w, struct err *err)
{
	AUTO_PACK_BUILDER builder = PACK_BUILDER_INIT;
	struct pack_run run = { .build = b,
		.builder = &builder,
		.flags = &w->flags,
		.env = &w->env };
	int r = load_builder(b, w, &builder, err);

	if (r >= 0)
		r = pack_order_build(&builder, &w->flags.group,
			w->flags.pre.count ? &w->flags.pre : &w->project.pre,
			w->flags.post.count ? &w->flags.post : &w->project.post, &run.order, err);
	if (r >= 0)
		r = choose_run_image(w, &builder, &run.run_image, err);
	if (r >= 0)
		r = check_run_image(b, w, &builder, run.run_image, err);
	if (r >= 0)
		r = pack_filter(b->dir, &w->project, err);
	if (r >= 0)
		r = pack_run(&run, err);
	json_decref(run.order);
	return r;
}

static int build(const struct build *b, struct err *err)
{
	struct wish w = { .project = PACK_PROJECT_INIT, .flags = PACK_FLAGS_INIT };
	int r = read_wish(b, &w, err);

	if (r >= 0) {
		choose_builder(b, &w);
		out_info1("Building %s from cnb stack %s...", b->app, w.builder);
		r = make(b, &w, err);
	}
	wish_done(&w);
	if (r >= 0)
		r = build_image_label(b, "pack", b->image, "", err);
	return r < 0 ? r : ports_set_detected_default(b->ctx, b->app, err);
}

extern const struct builder builder_pack;
const struct builder builder_pack = {
	.name = "pack",
	.in_containers = true,
	.marker = &marker,
	.build = build,
};
