/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Child processes: an argument vector, never a shell line.
 *
 * Fill in argv and what differs from the defaults, then child_run() or child_capture(), or
 * child_start() followed by exactly one child_wait(). child_done() frees the vectors and may be
 * used as a cleanup attribute at any time. In the child, all descriptors above 2 are closed on
 * exec and signals are at their defaults.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "base/strvec.h"

enum {
	CHILD_INHERIT = -1, /* the parent's descriptor */
	CHILD_NULL = -2,    /* /dev/null */
	CHILD_PIPE = -3,    /* a new pipe; the parent's end lands in the same field */
};

struct child {
	struct strvec argv;
	struct strvec env; /* "K=V" sets, "K" unsets; on top of the parent's environment ... */
	bool clean_env;    /* ... or, if set, of an empty one */
	const char *cwd;   /* borrowed; NULL: the parent's */
	int in;            /* CHILD_*, or a descriptor that stays the caller's */
	int out;
	int err;
	int keep_fds[2]; /* more descriptors to pass on under their own numbers, or -1 */
	bool new_group;  /* own process group, so that all of it can be signalled */
	bool die_with_parent;
	uint64_t timeout_ms; /* 0: none; after it SIGTERM, 2 s later SIGKILL, to the group */
	/* When it becomes readable: SIGTERM to the child and all that it has started, 10 s later
	 * SIGKILL to what is left of them. -1: none; borrowed. */
	int cancel_fd;
	/* private */
	pid_t pid;
	int exec_fd;
};

#define CHILD_INIT                                                                                 \
	{                                                                                          \
		.argv = STRVEC_INIT, .env = STRVEC_INIT, .in = CHILD_NULL, .out = CHILD_INHERIT,   \
		.err = CHILD_INHERIT, .keep_fds = { -1, -1 }, .cancel_fd = -1, .pid = -1,          \
		.exec_fd = -1                                                                      \
	}

/* How it ended. Decoded here and nowhere else. */
struct child_status {
	int code;   /* exit code, or 128 + signal */
	int signal; /* 0 when it exited */
	bool timed_out;
	bool cancelled;
};

void child_done(struct child *c);
#define AUTO_CHILD CLEANUP(child_done) struct child

/* ERR_NOT_FOUND when the program does not exist, ERR_SYS otherwise. */
MUST_CHECK int child_start(struct child *c, struct err *err);
MUST_CHECK int child_wait(struct child *c, struct child_status *ret, struct err *err);
MUST_CHECK int child_run(struct child *c, struct child_status *ret, struct err *err);

/*
 * Runs with INPUT (may be NULL: what `in` says) on stdin and collects stdout and, if ERR_OUT is not
 * NULL, stderr (else it is the parent's). Buffers keep their own caps. ERR_OUT may equal OUT to
 * merge both streams in order of arrival.
 */
MUST_CHECK int child_capture(struct child *c, const struct strbuf *input, struct strbuf *out,
	struct strbuf *err_out, struct child_status *ret, struct err *err);

/* Turns a status other than 0 into ERR_FAILED "PROGRAM: exit code N" (or signal, or time-out). */
MUST_CHECK int child_check(const struct child *c, const struct child_status *st, struct err *err);

/* First executable NAME on $PATH (absolute names are looked at as they are), for free(), or NULL. */
char *child_which(const char *name) MUST_CHECK;
