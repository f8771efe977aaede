/* SPDX-License-Identifier: MIT */
/*
 * nginx as a service. With nginx_control=helper everything that needs root goes through the root
 * helper's fixed verbs; with "direct" we are who runs it.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/child.h"
#include "base/fs.h"
#include "base/parse.h"
#include "base/timing.h"
#include "core/output.h"
#include "proxies/nginx/nginx.h"

enum { RUN_TIMEOUT_MS = 120000, ANSWER_MAX = 65536, TAKE_OVER_MS = 30000, STOP_WAIT_MS = 10000 };

static bool is_direct(struct ctx *ctx)
{
	return str_eq(ctx->inst.nginx_control, "direct");
}

static void helper_argv(struct ctx *ctx, const char *verb, struct strvec *argv)
{
	strvec_pushl(argv, "sudo", "-n", NULL);
	strvec_pushf(argv, "%s/moorage-root", ctx->inst.libexec_dir);
	strvec_pushf(argv, "nginx-%s", verb);
}

static const char test_name[] = "The test of the nginx configuration";

static int check_said(const struct child *c, const char *what, const struct child_status *st,
	struct strbuf *said, struct err *err)
{
	strbuf_trim(said);
	if (st->code == 0)
		return 0;
	if (!said->len)
		return child_check(c, st, err);
	return err_set(err, ERR_FAILED, "%s failed:\n%s", what, said->buf);
}

/* Runs it; what it said is in the error when it fails. */
static int run(struct child *c, const char *what, struct err *err)
{
	AUTO_STRBUF said = STRBUF_CAPPED(ANSWER_MAX);
	struct child_status st;
	int r;

	c->timeout_ms = RUN_TIMEOUT_MS;
	out_flush();
	r = child_capture(c, NULL, &said, &said, &st, err);
	return r < 0 ? err_wrap(err, "%s", what) : check_said(c, what, &st, &said, err);
}

static void test_argv(struct ctx *ctx, struct strvec *argv)
{
	if (is_direct(ctx))
		strvec_pushl(argv, ctx->inst.nginx_bin, "-t", "-q", "-c", ctx->inst.nginx_conf,
			NULL);
	else
		helper_argv(ctx, "test", argv);
}

int nginx_test(struct ctx *ctx, struct err *err)
{
	AUTO_CHILD c = CHILD_INIT;

	test_argv(ctx, &c.argv);
	return run(&c, test_name, err);
}

/* A test that goes on meanwhile; *RET_FD is what it says. */
static int start_test(struct ctx *ctx, struct child *c, int *ret_fd, struct err *err)
{
	int ends[2];
	int r;

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return err_sys(err, "make a pipe");
	test_argv(ctx, &c->argv);
	c->out = ends[1];
	c->err = ends[1];
	c->timeout_ms = RUN_TIMEOUT_MS;
	out_flush();
	r = child_start(c, err);
	close(ends[1]);
	if (r < 0)
		close(ends[0]);
	else
		*ret_fd = ends[0];
	return r;
}

static int end_test(struct child *c, int fd, struct err *err)
{
	AUTO_STRBUF said = STRBUF_CAPPED(ANSWER_MAX);
	uint64_t deadline = now_ms() + c->timeout_ms;
	struct child_status st;
	char data[4096];
	int r;

	for (ssize_t n = 1; n != 0 && ms_left(deadline);) {
		struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

		(void)poll(&poll_fd, 1, (int)ms_left(deadline));
		n = read(fd, data, sizeof(data));
		if (n > 0)
			strbuf_add(&said, data, (size_t)n);
	}
	c->timeout_ms = ms_left(deadline) ? ms_left(deadline) : 1;
	r = child_wait(c, &st, err);
	return r < 0 ? err_wrap(err, "%s", test_name) : check_said(c, test_name, &st, &said, err);
}

static int signal_master(struct ctx *ctx, int sig, struct err *err)
{
	AUTO_STRBUF text = STRBUF_INIT;
	uint64_t pid;
	int r = nginx_runs(ctx) ? fs_read(ctx->inst.nginx_pid, 64, &text, err)
				: err_set(err, ERR_FAILED, "nginx is not running");

	if (r < 0)
		return r;
	strbuf_trim(&text);
	r = parse_uint(text.buf, 2, INT32_MAX, &pid, err);
	if (r >= 0 && kill((pid_t)pid, sig) < 0)
		r = err_sys(err, "signal nginx");
	return r;
}

static int stop_direct(struct ctx *ctx, struct err *err)
{
	uint64_t deadline = now_ms() + STOP_WAIT_MS;
	int r;

	if (!nginx_runs(ctx))
		return 0;
	r = signal_master(ctx, SIGQUIT, err);
	while (r >= 0 && nginx_runs(ctx)) {
		if (!ms_left(deadline))
			return err_set(err, ERR_TIMEOUT, "nginx does not stop");
		sleep_ms(20);
	}
	return r;
}

static int control_direct(struct ctx *ctx, const char *verb, struct err *err)
{
	AUTO_CHILD c = CHILD_INIT;
	struct child_status st;
	int r;

	if (str_eq(verb, "reload"))
		return signal_master(ctx, SIGHUP, err);
	if (str_eq(verb, "stop"))
		return stop_direct(ctx, err);
	if (!str_eq(verb, "start") || nginx_runs(ctx))
		return 0; /* there is no boot that enable and disable could mean */
	strvec_pushl(&c.argv, ctx->inst.nginx_bin, "-c", ctx->inst.nginx_conf, NULL);
	/* It leaves a daemon behind, which must not hold a pipe of ours open. */
	c.out = CHILD_NULL;
	c.timeout_ms = RUN_TIMEOUT_MS;
	r = child_run(&c, &st, err);
	return r < 0 ? r : child_check(&c, &st, err);
}

int nginx_control(struct ctx *ctx, const char *app, const char *verb, struct err *err)
{
	AUTO_CHILD c = CHILD_INIT;
	AUTO_STRBUF command = STRBUF_INIT;
	AUTO_FREE char *what = xasprintf("nginx %s", verb);
	int r = nginx_value(ctx, app ? app : "--global", "nginx-service-command", &command, err);

	if (r < 0)
		return r;
	if (!command.len && is_direct(ctx))
		return control_direct(ctx, verb, err);
	if (command.len)
		strvec_pushl(&c.argv, command.buf, verb, NULL);
	else
		helper_argv(ctx, verb, &c.argv);
	return run(&c, what, err);
}

static int has_taken_over(struct ctx *ctx, const char *before, struct err *err)
{
	if (nginx_wait_taken_over(ctx, before, TAKE_OVER_MS))
		return 0;
	return err_set(err, ERR_TIMEOUT,
		"nginx has not taken over its new configuration; its error log says why");
}

/* Both read all there is, which takes a while where there are many apps. */
static int test_while_reloading(struct ctx *ctx, const char *app, const char *before,
	struct err *err)
{
	AUTO_CHILD test = CHILD_INIT;
	AUTO_ERR reload_err = ERR_INIT;
	AUTO_CLOSE int said = -1;
	int reloaded;
	int r = start_test(ctx, &test, &said, err);

	if (r < 0)
		return r;
	reloaded = nginx_control(ctx, app, "reload", &reload_err);
	r = end_test(&test, said, err);
	if (r >= 0 && reloaded < 0)
		r = err_set(err, reload_err.kind, "%s", err_text(&reload_err));
	return r < 0 ? r : has_taken_over(ctx, before, err);
}

static int test_then_reload(struct ctx *ctx, const char *app, const char *before, bool *ret_tried,
	struct err *err)
{
	int r = nginx_test(ctx, err);

	if (r < 0)
		return r;
	if (!*before) {
		out_warn("nginx is not running; its configuration counts once it is started");
		return 0;
	}
	*ret_tried = true;
	r = nginx_control(ctx, app, "reload", err);
	return r < 0 ? r : has_taken_over(ctx, before, err);
}

int nginx_test_and_reload(struct ctx *ctx, const char *app, bool *ret_tried, struct err *err)
{
	AUTO_FREE char *before = nginx_generation(ctx);
	AUTO_STRBUF command = STRBUF_INIT;
	int r = nginx_value(ctx, app ? app : "--global", "nginx-service-command", &command, err);

	if (r < 0)
		return r;
	/* Nobody knows what somebody else's command does with a configuration that is wrong. */
	if (!*before || command.len)
		return test_then_reload(ctx, app, before, ret_tried, err);
	*ret_tried = true;
	return test_while_reloading(ctx, app, before, err);
}
