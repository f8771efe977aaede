/* SPDX-License-Identifier: MIT */
/* Several jobs at once, each in a process of its own: there are no threads here. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/parse.h"
#include "core/output.h"
#include "schedulers/docker-local/driver.h"

enum { WIRE_MAX = 4 * 1024 * 1024, FIELDS = 5 };

/* The answer of a worker: fields that end with a NUL. */
static void send_result(int fd, int result, const struct job *job, const struct err *err)
{
	AUTO_STRBUF wire = STRBUF_INIT;

	strbuf_addf(&wire, "%d", result);
	strbuf_addch(&wire, '\0');
	strbuf_addf(&wire, "%d", err->exit_code);
	strbuf_addch(&wire, '\0');
	strbuf_add(&wire, err->msg.buf, strlen(err->msg.buf) + 1);
	strbuf_add(&wire, err->user.buf, strlen(err->user.buf) + 1);
	strbuf_add(&wire, job->out.buf, strlen(job->out.buf) + 1);
	(void)!fs_write_all(fd, wire.buf, wire.len);
}

static NORETURN void work(struct ctx *ctx, struct job *job, int fd, pid_t parent)
{
	struct err err = ERR_INIT;
	int r;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);   /* it died before the line above */
	ctx->engine = NULL; /* the connection is the parent's */
	r = job->run(ctx, job->arg, &job->out, &err);
	out_flush();
	send_result(fd, r, job, &err);
	_exit(0);
}

static int start(struct ctx *ctx, struct job *job, struct err *err)
{
	pid_t parent = getpid();
	int fds[2];

	strbuf_init(&job->wire, WIRE_MAX);
	strbuf_init(&job->out, 0);
	job->err = (struct err)ERR_INIT;
	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(err, "pipe");
	job->pid = fork();
	if (job->pid == 0)
		work(ctx, job, fds[1], parent);
	close(fds[1]);
	if (job->pid < 0) {
		close(fds[0]);
		return err_sys(err, "fork");
	}
	job->fd = fds[0];
	return 0;
}

static int lost(struct job *job)
{
	job->result = err_set(&job->err, ERR_FAILED, "a worker process ended without an answer");
	return 0;
}

static int take_result(struct job *job)
{
	const char *fields[FIELDS];
	size_t at = 0;
	AUTO_ERR bad = ERR_INIT;
	int64_t result;
	int64_t code;

	for (size_t i = 0; i < FIELDS; i++) {
		const char *end = memchr(job->wire.buf + at, '\0', job->wire.len - at);

		if (!end)
			return lost(job);
		fields[i] = job->wire.buf + at;
		at = (size_t)(end - job->wire.buf) + 1;
	}
	if (parse_int(fields[0], -ERR_BUG, INT32_MAX, &result, &bad) < 0 ||
		parse_int(fields[1], 0, 255, &code, &bad) < 0)
		return lost(job);
	job->result = (int)result;
	if (result < 0) {
		err_set(&job->err, (enum err_kind) - result, "%s", fields[2]);
		job->err.exit_code = (int)code;
		if (*fields[3])
			err_user(&job->err, (enum err_kind) - result, (int)code, "%s", fields[3]);
	}
	strbuf_set(&job->out, fields[4]);
	return 0;
}

/* Reads what one has to say; at its end takes the result. */
static void hear(struct job *job)
{
	char piece[4096];
	ssize_t n = read(job->fd, piece, sizeof(piece));

	if (n > 0) {
		strbuf_add(&job->wire, piece, (size_t)n);
		return;
	}
	if (n < 0 && errno == EINTR)
		return;
	close(job->fd);
	job->fd = -1;
	while (waitpid(job->pid, NULL, 0) < 0 && errno == EINTR)
		;
	job->pid = -1;
	take_result(job);
}

static void hear_all(struct job *jobs, size_t count)
{
	struct pollfd *polls = xcalloc(count + 1, sizeof(*polls));

	for (;;) {
		size_t open = 0;

		for (size_t i = 0; i < count; i++) {
			polls[i] = (struct pollfd){ .fd = jobs[i].fd, .events = POLLIN };
			open += jobs[i].fd >= 0;
		}
		if (!open)
			break;
		if (poll(polls, count, -1) <= 0)
			continue;
		for (size_t i = 0; i < count; i++) {
			if (jobs[i].fd >= 0 && polls[i].revents)
				hear(&jobs[i]);
		}
	}
	free(polls);
}

int jobs_run(struct ctx *ctx, struct job *jobs, size_t count, struct err *err)
{
	int r = 0;

	out_flush(); /* a child must not print our buffer again */
	for (size_t i = 0; i < count; i++)
		jobs[i].fd = -1;
	for (size_t i = 0; r >= 0 && i < count; i++)
		r = start(ctx, &jobs[i], err);
	hear_all(jobs, count);
	return r < 0 ? err_wrap(err, "start %zu workers", count) : 0;
}

void jobs_done(struct job *jobs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		strbuf_done(&jobs[i].out);
		strbuf_done(&jobs[i].wire);
		err_done(&jobs[i].err);
	}
}
