/* SPDX-License-Identifier: MIT */
#pragma once

/* Interactive containers. Errors: see engine.h. */

#include "lib/engine/containers.h"
#include "lib/engine/pump.h"

/*
 * Attaches to a container that was created with the matching AttachStdin, OpenStdin, StdinOnce and
 * Tty, starts it, moves the streams until they end, and waits for the exit code. Nothing of its
 * output is missed, and a container with AutoRemove gives its code too. CONDITION: as for
 * engine_container_wait(), NULL means "next-exit"; use "removed" for AutoRemove. A start that fails
 * (no such program) leaves the container, created. Local terminal: raw, its size is passed on.
 */
MUST_CHECK int engine_container_run(struct engine *e, const char *id, const struct engine_io *io,
	const char *condition, int *ret_code, struct err *err);

/*
 * The same without input, for a container without a terminal: its output goes to SINK as it comes.
 * Waits for "next-exit". The engine's log of it is not read, so any log driver will do.
 */
MUST_CHECK int engine_container_run_to(struct engine *e, const char *id, stream_sink sink,
	void *ctx, int *ret_code, struct err *err);

/* Attaches to a running container until its streams end. */
MUST_CHECK int engine_container_attach(struct engine *e, const char *id, const struct engine_io *io,
	struct err *err);
