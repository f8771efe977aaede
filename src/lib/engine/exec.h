/* SPDX-License-Identifier: MIT */
#pragma once

/* Processes in running containers. Errors: see engine.h; ERR_EXISTS: the container does not run. */

#include "lib/engine/engine.h"
#include "lib/engine/pump.h"

struct engine_exec {
	char *const *argv;   /* NULL-terminated, at least one */
	char *const *env;    /* "K=V", NULL-terminated; or NULL */
	const char *workdir; /* NULL: the container's */
	const char *user;    /* NULL: the container's */
	bool privileged;
};

/*
 * Runs a process with the caller's descriptors; IO->tty gives it a terminal. *RET_CODE is its exit
 * code: 126 or 127 when the program cannot be run. IO->forward_signals is ignored: the engine has
 * no way to signal such a process.
 */
MUST_CHECK int engine_exec_run(struct engine *e, const char *container, const struct engine_exec *x,
	const struct engine_io *io, int *ret_code, struct err *err);

/*
 * Runs a process with INPUT (may be NULL) and appends its output to OUT and, if not NULL, ERR_OUT
 * (else it is dropped); they may be the same, and keep their caps. TIMEOUT_MS 0: none; otherwise
 * ERR_TIMEOUT, and the process goes on: the engine has no way to stop it.
 */
MUST_CHECK int engine_exec_capture(struct engine *e, const char *container,
	const struct engine_exec *x, const struct strbuf *input, struct strbuf *out,
	struct strbuf *err_out, uint64_t timeout_ms, int *ret_code, struct err *err);
