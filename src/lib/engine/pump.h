/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Moves bytes between local descriptors and a connection that the engine has handed over (attach,
 * exec). For the files of this folder.
 */

#include "lib/engine/http.h"
#include "lib/engine/stream.h"

/* Where the streams of a container process go. */
struct engine_io {
	int in;   /* read to its end; -1: nothing is sent */
	int out;  /* -1: dropped */
	int err;  /* -1: dropped; with a terminal everything comes on `out` */
	bool tty; /* the process has a terminal; if `in` is one too, it is raw for the time */
	bool forward_signals; /* SIGINT, SIGTERM, SIGHUP, SIGQUIT go to the container; without it
				 and with a terminal they end the session with ERR_FAILED */
};

struct pump_ops {
	/* Optional: the local terminal has this size now. */
	void (*resize)(void *ctx, unsigned rows, unsigned cols);
	/* Optional: a signal came that is to be forwarded. */
	void (*signal)(void *ctx, int sig);
};

/*
 * Runs until the engine ends the stream, which must have been upgraded by http_begin(). The
 * deadline is what http_set_deadline() set. The terminal and the signal mask are restored.
 * ERR_SYS when writing to out or err fails.
 */
MUST_CHECK int pump_run(struct http_conn *c, const struct engine_io *io, const struct pump_ops *ops,
	void *ctx, struct err *err);

/*
 * The same with INPUT (may be NULL: none) as stdin and the output given to SINK. 0, or 1 when the
 * sink had enough.
 */
MUST_CHECK int pump_capture(struct http_conn *c, const struct strbuf *input, stream_sink sink,
	void *ctx, struct err *err);
