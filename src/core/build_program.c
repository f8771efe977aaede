/* SPDX-License-Identifier: MIT */
#include "core/build_program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/timing.h"
#include "core/app_env.h"
#include "core/operation.h"
#include "core/output.h"
#include "core/registry_auth.h"
#include "core/resource.h"

enum { CANCEL_GRACE_MS = 10 * 1000 };

int build_program_check(const struct build *b, const char *builder, const char *name,
	const char *how, struct err *err)
{
	AUTO_FREE char *path = child_which(name);

	out_info1("Building %s from %s", b->app, builder);
	if (path)
		return 0;
	return err_set(err, ERR_NOT_FOUND, "Missing %s, install it: %s", name, how);
}

/* --- environment --- */

/* Variables that would change the program itself, or where it builds. */
static bool is_reserved(const char *key)
{
	static const char *const names[] = { "PATH", "HOME", "USER", "SHELL", "TMPDIR", "IFS",
		"ENV" };
	static const char *const prefixes[] = { "DOCKER_", "LD_", "BUILDX_", "BUILDKIT_", "BASH_",
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

int build_program_env(const struct build *b, struct child *c, struct err *err)
{
	AUTO_ENV env = ENV_INIT;
	int r = app_env_merged(b->ctx, b->app, &env, err);

	for (size_t i = 0; r >= 0 && i < env.count; i++) {
		if (!is_reserved(env.vars[i].key))
			strvec_pushf(&c->env, "%s=%s", env.vars[i].key, env.vars[i].value);
	}
	return r;
}

int build_program_child(const struct build *b, const char *name, struct child *c, struct err *err)
{
	AUTO_FREE char *path = child_which(name);
	AUTO_FREE char *logins = registry_config_dir(b->ctx, b->app);

	strvec_push(&c->argv, path ? path : name);
	strvec_pushf(&c->env, "DOCKER_HOST=unix://%s", b->ctx->inst.engine_socket);
	strvec_push(&c->env, "DOCKER_CONTEXT");
	if (logins)
		strvec_pushf(&c->env, "DOCKER_CONFIG=%s", logins);
	c->cwd = b->dir;
	return build_program_env(b, c, err);
}

void build_program_warn_limits(const struct build *b, const char *name)
{
	if (resource_limits_build(b->ctx, b->app))
		out_warn("The limits of 'resource:limit --process-type build' have no effect: %s "
			 "builds with BuildKit, which cannot limit a build",
			name);
}

/* --- running --- */

static void show(const struct strbuf *text)
{
	fwrite(text->buf, 1, text->len, stdout);
	out_flush();
}

static void pass(const struct build_filter *filter, const char *data, size_t len)
{
	AUTO_STRBUF text = STRBUF_INIT;

	if (filter)
		filter->feed(filter->cookie, data, len, &text);
	else
		strbuf_add(&text, data, len);
	show(&text);
}

static void pass_end(const struct build_filter *filter)
{
	AUTO_STRBUF text = STRBUF_INIT;

	if (filter)
		filter->end(filter->cookie, &text);
	show(&text);
}

/* One process of the group may have ended, with others at work: it is the group that is told. */
static void tell(const struct child *c, int sig)
{
	kill(-c->pid, sig);
}

/* 1 when there was something, 0 at the end. */
static int read_some(int fd, const struct build_filter *filter, struct err *err)
{
	char data[8192];
	ssize_t n = read(fd, data, sizeof(data));

	if (n < 0 && errno == EINTR)
		return 1;
	if (n < 0)
		return err_sys(err, "read what the build prints");
	pass(filter, data, (size_t)n);
	return n > 0;
}

/* Passes on what is printed until the program and all that it started have closed the pipe. */
static int follow(const struct child *c, int fd, const struct build_filter *filter, struct err *err)
{
	uint64_t deadline = 0;
	int r = 1;

	while (r > 0) {
		struct pollfd fds[] = {
			{ .fd = fd, .events = POLLIN },
			{ .fd = deadline ? -1 : operation_cancel_fd(), .events = POLLIN },
		};

		if (poll(fds, 2, deadline ? (int)ms_left(deadline) : -1) < 0 && errno != EINTR)
			r = err_sys(err, "wait for the build");
		else if (!deadline && operation_interrupted()) {
			tell(c, SIGTERM);
			deadline = now_ms() + CANCEL_GRACE_MS;
		} else if (deadline && now_ms() >= deadline)
			break;
		else if (fds[0].revents)
			r = read_some(fd, filter, err);
	}
	if (deadline || r < 0)
		tell(c, SIGKILL);
	return r < 0 ? r : 0;
}

int build_program_run(struct child *c, const struct build_filter *filter, struct err *err)
{
	AUTO_ERR wait_err = ERR_INIT;
	struct child_status st;
	int ends[2];
	int waited;
	int r;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, "make a pipe");
	c->out = ends[1];
	c->err = ends[1];
	c->new_group = true;
	c->die_with_parent = true;
	out_flush();
	r = child_start(c, err);
	close(ends[1]);
	if (r >= 0) {
		r = follow(c, ends[0], filter, err);
		pass_end(filter);
		waited = child_wait(c, &st, &wait_err);
		if (r >= 0 && waited < 0)
			r = err_set(err, wait_err.kind, "%s", wait_err.msg.buf);
		if (r >= 0)
			r = child_check(c, &st, err);
	}
	close(ends[0]);
	return r;
}
