/* SPDX-License-Identifier: MIT */
/* Builds a source tree that has a Dockerfile, with the docker program. */
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "builders/dockerfile/expose.h"
#include "builders/dockerfile/said.h"
#include "builders/dockerfile/syntax.h"
#include "core/build_flags.h"
#include "core/build_image.h"
#include "core/build_limit.h"
#include "core/build_program.h"
#include "core/builder.h"
#include "core/docker_client.h"
#include "core/output.h"
#include "core/resource.h"
#include "core/source_file.h"
#include "core/state.h"
#include "lib/dockeropts/dockeropts.h"
#include "lib/engine/images.h"

enum { DOCKERFILE_MAX = 4 << 20 };

/* Is the tree for the builder NAME? */
static int is_for(const char *name, struct ctx *ctx, const char *app, const char *dir,
	struct err *err)
{
	const struct builder *other = builder_find(name);
	AUTO_STRBUF reason = STRBUF_INIT;

	return other ? builder_detect(other, ctx, app, dir, &reason, err) : 0;
}

/* These two are asked later, and still a Dockerfile counts for less than what they look for. */
static int is_for_buildpacks(struct ctx *ctx, const char *app, const char *dir, struct err *err)
{
	int r = is_for("herokuish", ctx, app, dir, err);

	return r != 0 ? r : is_for("pack", ctx, app, dir, err);
}

static int detect(struct ctx *ctx, const char *app, const char *dir, struct strbuf *reason,
	struct err *err)
{
	AUTO_ERR why = ERR_INIT;
	AUTO_CLOSE int fd = source_open(dir, "Dockerfile", &why);
	int r;

	/* A link out of the source is no reason to look for another builder. */
	if (fd == -ERR_DENIED)
		return err_set(err, ERR_DENIED, "%s", err_text(&why));
	if (fd < 0)
		return 0;
	r = is_for_buildpacks(ctx, app, dir, err);
	if (r != 0)
		return r < 0 ? r : 0;
	strbuf_addstr(reason, "Dockerfile");
	return 1;
}

/* Another dockerfile-path becomes the Dockerfile. */
static int prepare(struct ctx *ctx, const char *app, const char *dir, struct err *err)
{
	AUTO_FREE char *path =
		state_computed(ctx, "builder-dockerfile", app, "dockerfile-path", "Dockerfile");
	AUTO_FREE char *from = path_join(dir, path);
	AUTO_FREE char *to = path_join(dir, "Dockerfile");
	AUTO_STRBUF text = STRBUF_INIT;
	int r;

	if (str_eq(path, "Dockerfile"))
		return 0;
	r = source_read(dir, path, DOCKERFILE_MAX, &text, err);
	if (r == 0)
		return err_set(err, ERR_INVALID, "Invalid dockerfile-path specified: %s", path);
	if (r >= 0)
		r = fs_unlink(to, err);
	if (r >= 0)
		r = fs_write(to, text.buf, text.len, 0644, err);
	return r < 0 ? r : fs_unlink(from, err);
}

/* --- the command line --- */

/* Flags from docker-options and plugins; of these only what a build understands. */
static int add_options(const struct build *b, struct strvec *argv, struct err *err)
{
	AUTO_STRVEC words = STRVEC_INIT;
	int r = build_flags(b, "dockerfile", &words, err);

	if (r >= 0)
		dockeropts_filter_build(words.items, argv);
	return r;
}

/* Memory is what a step that the kernel has killed was limited in. */
static int explain_kill(const struct build *b, struct err *err)
{
	AUTO_FREE char *limit = resource_build_memory(b->ctx, b->app);

	if (!*limit)
		return -(int)err->kind;
	err_clear(err);
	return build_limit_memory_used(b->app, limit, err);
}

static void feed_said(void *cookie, const char *data, size_t len, struct strbuf *out)
{
	said_feed(cookie, data, len, out);
}

static void end_said(void *cookie, struct strbuf *out)
{
	said_end(cookie, out);
}

/* Flags that the classic builder does not know. */
static bool flags_need_buildkit(const struct strvec *flags)
{
	static const char *const names[] = { "--allow", "--annotation", "--attest", "--builder",
		"--cache-to", "--call", "--check", "--provenance", "--sbom", "--secret", "--ssh" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strvec_has(flags, names[i]))
			return true;
	}
	return false;
}

/*
 * Limits of the build. BuildKit takes the flags and does not keep to them, so a limited build goes
 * to the classic builder, unless that could not build it.
 */
static int apply_limits(const struct build *b, struct docker_client *client, struct strvec *flags,
	struct err *err)
{
	long quota = resource_build_quota(b->ctx, b->app);
	AUTO_STRBUF text = STRBUF_INIT;
	int r;

	if (!resource_limits_build(b->ctx, b->app))
		return 0;
	r = source_read(b->dir, "Dockerfile", DOCKERFILE_MAX, &text, err);
	if (r < 0)
		return r;
	if (client->buildkit &&
		(syntax_needs_buildkit(text.buf, text.len) || flags_need_buildkit(flags))) {
		out_warn("The limits of 'resource:limit --process-type build' have no effect: this "
			 "Dockerfile needs BuildKit, which cannot limit a build");
		return 0;
	}
	if (client->buildkit)
		out_verbose("Building with Docker's classic builder, which keeps the limits");
	client->buildkit = false;
	if (quota) {
		strvec_pushf(flags, "--cpu-period=%d", RESOURCE_PERIOD_US);
		strvec_pushf(flags, "--cpu-quota=%ld", quota);
	}
	return 0;
}

extern const struct builder builder_dockerfile;

static int run_docker(const struct build *b, struct err *err)
{
	AUTO_DOCKER_CLIENT client = DOCKER_CLIENT_INIT;
	AUTO_CHILD c = CHILD_INIT;
	AUTO_STRVEC options = STRVEC_INIT;
	AUTO_SAID said = SAID_INIT;
	struct build_filter filter = { &said, feed_said, end_said };
	int r = docker_client_find(b->ctx, &client, err);

	if (r >= 0)
		r = add_options(b, &options, err);
	if (r >= 0)
		r = apply_limits(b, &client, &options, err);
	if (r < 0)
		return r;
	docker_client_app_child(b->ctx, &client, b->app, &c);
	strvec_pushl(&c.argv, "image", "build", NULL);
	if (client.buildkit)
		strvec_push(&c.argv, "--progress=plain");
	else
		strvec_push(&c.argv, "--force-rm"); /* nothing else would find what a RUN left */
	build_labels_args(b, "dockerfile", builder_stage(b->ctx, &builder_dockerfile), &c.argv);
	strvec_pushv(&c.argv, options.items);
	strvec_pushl(&c.argv, "--tag", b->image, ".", NULL);
	c.cwd = b->dir;
	/* `--build-arg KEY` takes its value from there, so none is ever on a command line. */
	r = build_program_env(b, &c, err);
	if (r >= 0)
		r = build_program_run(&c, &filter, err);
	return r < 0 && said.killed ? explain_kill(b, err) : r;
}

/* --- ports --- */

static int ports_of_image(const struct build *b, struct port_maps *ret, struct err *err)
{
	json_t *image = NULL;
	int r = engine_image_inspect(ctx_engine(b->ctx), b->image, &image, err);

	if (r < 0)
		return r;
	expose_of_image(json_object_get(json_object_get(image, "Config"), "ExposedPorts"), ret);
	json_decref(image);
	return 0;
}

static int store_ports(const struct build *b, struct err *err)
{
	AUTO_PORT_MAPS maps = PORT_MAPS_INIT;
	AUTO_STRBUF text = STRBUF_INIT;
	int r = source_read(b->dir, "Dockerfile", DOCKERFILE_MAX, &text, err);

	if (r >= 0)
		expose_of_dockerfile(text.buf, &maps);
	if (r >= 0 && !maps.count)
		r = ports_of_image(b, &maps, err);
	if (r < 0)
		return r;
	return maps.count ? ports_set_detected(b->ctx, b->app, &maps, err)
			  : ports_set_detected_default(b->ctx, b->app, err);
}

static int build(const struct build *b, struct err *err)
{
	int r;

	out_info1("Building %s from Dockerfile", b->app);
	if (!source_has(b->dir, "Dockerfile"))
		return err_set(err, ERR_INVALID, "No Dockerfile found in source code directory");
	r = run_docker(b, err);
	return r < 0 ? r : store_ports(b, err);
}

const struct builder builder_dockerfile = {
	.name = "dockerfile",
	.old_app_only = true,
	.detect = detect,
	.prepare = prepare,
	.build = build,
};
