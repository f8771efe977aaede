/* SPDX-License-Identifier: MIT */
#include "core/build_capture.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/build_record.h"
#include "core/operation.h"
#include "core/output.h"

/* SIGUSR1: take what is in the pipe and end, even if some left-over process still holds it. */
static void stop_waiting(int sig)
{
	(void)fcntl(0, F_SETFL, O_NONBLOCK);
}

/* The signal must not come before its handler is there. */
static void block_stop(int how)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(how, &set, NULL);
}

/*
 * The copier: FROM to standard output and to LOG until FROM ends. It holds nothing else open, above
 * all no app's lock, and outlives signals meant for the deploy.
 */
static NORETURN void copy(int from, int log)
{
	static const int ignored[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE };
	struct sigaction act = { .sa_handler = stop_waiting };
	bool reader = true;
	char data[16 * 1024];

	for (size_t i = 0; i < ARRAY_SIZE(ignored); i++)
		signal(ignored[i], SIG_IGN);
	dup2(from, 0);
	dup2(log, 2);
	sigaction(SIGUSR1, &act, NULL);
	block_stop(SIG_UNBLOCK);
	(void)close_range(3, ~0U, 0);
	for (;;) {
		ssize_t n = read(0, data, sizeof(data));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			_exit(0);
		/* A pusher that hung up does not end the log. */
		if (reader && fs_write_all(1, data, (size_t)n) < 0)
			reader = false;
		(void)!fs_write_all(2, data, (size_t)n);
	}
}

static int start_copier(struct build_capture *c, int log, struct err *err)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(err, "make a pipe");
	out_flush();
	block_stop(SIG_BLOCK);
	c->copier = fork();
	if (c->copier < 0) {
		block_stop(SIG_UNBLOCK);
		close(ends[0]);
		close(ends[1]);
		return err_sys(err, "start a process");
	}
	if (c->copier == 0)
		copy(ends[0], log);
	block_stop(SIG_UNBLOCK);
	close(ends[0]);
	c->out = fcntl(1, F_DUPFD_CLOEXEC, 3);
	c->err = fcntl(2, F_DUPFD_CLOEXEC, 3);
	dup2(ends[1], 1);
	dup2(ends[1], 2);
	close(ends[1]);
	/* Live for whoever watches: a line is passed on when it is complete. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	return 0;
}

static char *new_id(void)
{
	const char *given = getenv("DOKKU_BUILD_ID");

	return given && build_id_valid(given) ? xstrdup(given) : operation_new_id();
}

static void publish(const struct build_capture *c, const char *source, const char *log)
{
	setenv("DOKKU_REDIRECT_OUTPUT", "true", 1);
	setenv("DOKKU_BUILD_ID", c->id, 1);
	setenv("DOKKU_BUILD_SOURCE", source, 1);
	setenv("DOKKU_BUILD_LOG_FILE", log, 1);
}

int build_capture_begin(struct ctx *ctx, const char *app, const char *source,
	struct build_capture *ret, struct err *err)
{
	const char *redirected = getenv("DOKKU_REDIRECT_OUTPUT");
	AUTO_FREE char *id = new_id();
	AUTO_FREE char *path = build_log_path(ctx, app, id);
	struct build_capture c = BUILD_CAPTURE_INIT;
	AUTO_CLOSE int log = -1;
	int r;

	if (redirected && str_eq(redirected, "true"))
		return 0;
	r = build_record_start(ctx, app, id, getpid(), source, err);
	if (r < 0)
		return r;
	log = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
	if (log < 0)
		return err_sys(err, "create '%s'", path);
	r = start_copier(&c, log, err);
	if (r < 0)
		return r;
	c.ctx = ctx;
	c.app = xstrdup(app);
	c.id = TAKE_PTR(id);
	publish(&c, source, path);
	*ret = c;
	return 0;
}

static void give_back(int saved, int fd)
{
	dup2(saved, fd);
	close(saved);
}

void build_capture_end(struct build_capture *c, struct err *err)
{
	AUTO_ERR ignored = ERR_INIT;
	int code = err->kind == ERR_OK ? 0 : err_exit_code(err);
	bool canceled = operation_interrupted() && !operation_out_of_time();

	if (!c->id)
		return;
	if (code) {
		out_error(err);
		err_clear(err);
		err_exit(err, code);
	}
	out_flush();
	give_back(TAKE_FD(c->out), 1);
	give_back(TAKE_FD(c->err), 2);
	unsetenv("DOKKU_REDIRECT_OUTPUT");
	unsetenv("DOKKU_BUILD_ID");
	kill(c->copier, SIGUSR1);
	while (waitpid(c->copier, NULL, 0) < 0 && errno == EINTR)
		;
	if (build_record_finish(c->ctx, c->app, c->id, code, canceled, &ignored) < 0)
		out_trace("%s", ignored.msg.buf);
	free(TAKE_PTR(c->id));
	free(TAKE_PTR(c->app));
}
