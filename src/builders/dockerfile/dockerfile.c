/* SPDX-License-Identifier: MIT */
/* Builds a source tree that has a Dockerfile, with the docker program. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "builders/dockerfile/expose.h"
#include "builders/dockerfile/said.h"
#include "builders/dockerfile/syntax.h"
#include "core/app_env.h"
#include "core/build_flags.h"
#include "core/builder.h"
#include "core/docker_client.h"
#include "core/image.h"
#include "core/operation.h"
#include "core/output.h"
#include "core/resource.h"
#include "core/source_file.h"
#include "core/state.h"
#include "core/trigger.h"
#include "lib/dockeropts/dockeropts.h"
#include "lib/engine/images.h"

enum { DOCKERFILE_MAX = 4 << 20 };

static int detect(struct ctx *ctx, const char *app, const char *dir, struct strbuf *reason,
	struct err *err)
{
	AUTO_ERR why = ERR_INIT;
	AUTO_CLOSE int fd = source_open(dir, "Dockerfile", &why);

	/* A link out of the source is no reason to look for another builder. */
	if (fd == -ERR_DENIED)
		return err_set(err, ERR_DENIED, "%s", err_text(&why));
	if (fd < 0)
		return 0;
	strbuf_addstr(reason, "Dockerfile found");
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

/* Variables that would change the docker program itself. */
static bool is_reserved(const char *key)
{
	static const char *const names[] = { "PATH", "HOME", "USER", "SHELL", "TMPDIR", "IFS" };
	static const char *const prefixes[] = { "DOCKER_", "LD_", "BUILDX_", "BUILDKIT_",
		"MOORAGE_", "DOKKU_", "GIT_CONFIG", "SSL_CERT_" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (str_eq(key, names[i]))
			return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		if (str_starts(key, prefixes[i]))
			return true;
	}
	return false;
}

/* `--build-arg KEY` takes its value from here, so no value is ever on a command line. */
static int add_env(const struct build *b, struct child *c, struct err *err)
{
	AUTO_ENV env = ENV_INIT;
	int r = app_env_merged(b->ctx, b->app, &env, err);

	for (size_t i = 0; r >= 0 && i < env.count; i++) {
		if (!is_reserved(env.vars[i].key))
			strvec_pushf(&c->env, "%s=%s", env.vars[i].key, env.vars[i].value);
	}
	return r;
}

static void show(const struct strbuf *text)
{
	fwrite(text->buf, 1, text->len, stdout);
	out_flush();
}

/* Passes on what is worth reading until the program and all it started have closed the pipe. */
static int follow(int fd, struct err *err)
{
	AUTO_SAID said = SAID_INIT;
	AUTO_STRBUF text = STRBUF_INIT;
	char data[8192];
	ssize_t n;

	while ((n = read(fd, data, sizeof(data))) != 0) {
		if (n < 0 && errno == EINTR) {
			if (operation_interrupted())
				break;
			continue;
		}
		if (n < 0)
			return err_sys(err, "read what the build prints");
		said_feed(&said, data, (size_t)n, &text);
		show(&text);
		strbuf_clear(&text);
	}
	said_end(&said, &text);
	show(&text);
	return 0;
}

/* Interrupted, the program gets the time to tell the engine that the build is off. */
static int run_shown(struct child *c, struct child_status *st, struct err *err)
{
	AUTO_ERR wait_err = ERR_INIT;
	int ends[2];
	int waited;
	int r;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, "make a pipe");
	c->out = ends[1];
	c->err = ends[1];
	r = child_start(c, err);
	close(ends[1]);
	if (r < 0) {
		close(ends[0]);
		return r;
	}
	r = follow(ends[0], err);
	close(ends[0]);
	if (operation_interrupted())
		kill(c->pid, SIGTERM);
	waited = child_wait(c, st, &wait_err);
	if (r >= 0 && waited < 0)
		r = err_set(err, wait_err.kind, "%s", wait_err.msg.buf);
	return r;
}

/*
 * Nobody looks at the image between its build and its release: it gets the label of the latter at
 * once, which saves the making of another image.
 */
static const char *stage_label(const struct build *b)
{
	static const char *const between[] = { "post-build", "post-build-dockerfile",
		"builder-build", "pre-release-builder", "pre-release-dockerfile" };

	for (size_t i = 0; i < ARRAY_SIZE(between); i++) {
		if (trigger_has_external(b->ctx, between[i]))
			return "--label=com.dokku.image-stage=build";
	}
	return "--label=com.dokku.image-stage=release";
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

static int run_docker(const struct build *b, struct err *err)
{
	AUTO_DOCKER_CLIENT client = DOCKER_CLIENT_INIT;
	AUTO_CHILD c = CHILD_INIT;
	AUTO_STRVEC options = STRVEC_INIT;
	struct child_status st;
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
	labels_args(b->ctx, b->app, &c.argv);
	strvec_pushl(&c.argv, stage_label(b), "--label=com.dokku.builder-type=dockerfile", NULL);
	strvec_pushf(&c.argv, "--label=com.moorage.operation=%s", b->operation);
	strvec_pushv(&c.argv, options.items);
	r = add_env(b, &c, err);
	if (r < 0)
		return r;
	strvec_pushl(&c.argv, "--tag", b->image, ".", NULL);
	c.cwd = b->dir;
	c.die_with_parent = true;
	out_flush();
	r = run_shown(&c, &st, err);
	return r < 0 ? r : child_check(&c, &st, err);
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

static int default_port(const struct build *b, struct port_maps *ret, struct err *err)
{
	AUTO_FREE char *port = NULL;
	struct port_map map;
	AUTO_FREE char *text = NULL;
	int r = ports_configure(b->ctx, b->app, err);

	if (r < 0)
		return r;
	port = state_computed(b->ctx, "proxy", b->app, "proxy-port", "80");
	text = xasprintf("http:%s:5000", port);
	r = port_map_parse(text, &map, err);
	if (r < 0)
		return r;
	port_maps_add(ret, map.scheme, map.host, map.container);
	free(map.scheme);
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
	if (r >= 0 && !maps.count)
		r = default_port(b, &maps, err);
	return r < 0 ? r : ports_set_detected(b->ctx, b->app, &maps, err);
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

extern const struct builder builder_dockerfile;
const struct builder builder_dockerfile = {
	.name = "dockerfile",
	.detect = detect,
	.prepare = prepare,
	.build = build,
};
