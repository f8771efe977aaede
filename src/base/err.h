/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The error object. Functions that can fail return an int and take `struct err *` (the caller's,
 * never NULL) as their last parameter. Success: result >= 0, err untouched. Failure: result is
 * -kind, err set once, outputs untouched. Callers branch on kind, never on text.
 *
 * Two texts: `user` is the line for the person (Dokku's own words where it has some, with its exit
 * code), `msg` is the chain of causes ("start app 'x': connect '/run/docker.sock': ..."), for
 * --trace, logs and the journal. Where no user line was set the chain is what the person sees.
 * Rules: docs/dev/errors.md.
 */

#include <errno.h>
#include <stdarg.h>

#include "base/macro.h"
#include "base/strbuf.h"

enum err_kind {
	ERR_OK,
	ERR_USAGE, /* wrong arguments */
	ERR_NOT_FOUND,
	ERR_EXISTS,
	ERR_INVALID, /* a value, file or message that does not parse or is out of range */
	ERR_DENIED,
	ERR_BUSY, /* a lock is held */
	ERR_TIMEOUT,
	ERR_REMOTE, /* the engine or another service said no */
	ERR_FAILED, /* something that was run for the user failed: build, check, script */
	ERR_SYS,    /* a system call */
	ERR_SILENT, /* failure already reported, or none to report: only the exit code counts */
	ERR_BUG,
};

struct err {
	enum err_kind kind;
	int sys_errno; /* set for ERR_SYS */
	int exit_code; /* 0: derive from kind (1) */
	struct strbuf msg;
	struct strbuf user;
};

#define ERR_INIT                                                                                   \
	{                                                                                          \
		.msg = STRBUF_INIT, .user = STRBUF_INIT                                            \
	}
#define AUTO_ERR CLEANUP(err_done) struct err

void err_done(struct err *e);
/* Forgets the failure; the object can be used again. */
void err_clear(struct err *e);

/* All setters return -kind. */
int err_set(struct err *e, enum err_kind kind, const char *fmt, ...) PRINTF(3, 4);
int err_vset(struct err *e, enum err_kind kind, const char *fmt, va_list ap) PRINTF(3, 0);
/* The failed system call's errno is taken before the arguments run. */
#define err_sys(e, ...) err_sys_errno((e), errno, __VA_ARGS__)
int err_sys_errno(struct err *e, int sys_errno, const char *fmt, ...) PRINTF(3, 4);
/* Puts "text: " in front of the chain; the kind stays. */
int err_wrap(struct err *e, const char *fmt, ...) PRINTF(2, 3);
/*
 * Sets the line for the person, and the exit code if not 0. On a fresh object it also sets kind
 * and chain; on one that is already set it keeps them (a later call wins over an earlier one).
 */
int err_user(struct err *e, enum err_kind kind, int exit_code, const char *fmt, ...) PRINTF(4, 5);
/* Failure without a message of its own: only the exit code is passed on. */
int err_exit(struct err *e, int exit_code);

/* What to show a person; valid until the object changes. */
const char *err_text(const struct err *e);
int err_exit_code(const struct err *e);
