/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Decoder of progress streams (pull, build, load): JSON objects, one per line. Incremental, a line
 * is bounded.
 */

#include <jansson.h>

#include "base/err.h"
#include "base/strbuf.h"

enum { PROGRESS_LINE_MAX = 4 * 1024 * 1024 };

/*
 * One message, borrowed for the call: {"stream": ...}, {"status": ..., "id": ..., "progressDetail":
 * ...} or {"aux": ...}. Errors do not come here.
 */
typedef void (*progress_fn)(void *ctx, const json_t *message);

struct progress_decoder {
	progress_fn fn; /* may be NULL */
	void *ctx;
	enum err_kind failure; /* kind of the error that the stream reports */
	/* the id in the last {"aux": {"ID": ...}}, or empty */
	struct strbuf image_id;
	/* private */
	struct strbuf line;
};

void progress_init(struct progress_decoder *d, enum err_kind failure, progress_fn fn, void *ctx);
void progress_done(struct progress_decoder *d);
#define AUTO_PROGRESS CLEANUP(progress_done) struct progress_decoder

/*
 * Fits http_sink, with the decoder as its context. An error in the stream becomes one of kind
 * FAILURE with its text quoted; ERR_INVALID for what is not JSON or too long.
 */
int progress_feed(void *decoder, const void *data, size_t len, struct err *err);
/* The stream ended: takes in a last line without newline. */
MUST_CHECK int progress_end(struct progress_decoder *d, struct err *err);
