/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Decoder of the engine's output streams (logs, attach, exec). Without a terminal each piece has an
 * 8-byte header: stream number, three zero bytes, length (big-endian); with one the bytes are raw.
 * Incremental: pieces go to the sink as they come, a frame is never held in memory.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strbuf.h"

enum {
	STREAM_STDIN, /* engines name it, none sends it; handed on as stdout */
	STREAM_STDOUT,
	STREAM_STDERR,
	STREAM_SYSTEM, /* the engine's own error text; becomes the err object */
	STREAM_HEADER_SIZE = 8,
	STREAM_SYSTEM_MAX = 1024,
};

/* STREAM is STREAM_STDOUT or STREAM_STDERR. 0: go on; 1: enough; < 0: failed, with ERR set. */
typedef int (*stream_sink)(void *ctx, int stream, const void *data, size_t len, struct err *err);

struct stream_decoder {
	bool raw;
	stream_sink sink;
	void *ctx;
	/* private */
	uint8_t header[STREAM_HEADER_SIZE];
	size_t header_len;
	uint32_t left;
	struct strbuf report; /* text of STREAM_SYSTEM */
};

void stream_init(struct stream_decoder *d, bool raw, stream_sink sink, void *ctx);
void stream_done(struct stream_decoder *d);
#define AUTO_STREAM CLEANUP(stream_done) struct stream_decoder

/*
 * Fits http_sink, with the decoder as its context. ERR_INVALID for a header that is none,
 * ERR_REMOTE with the engine's text when it reports an error inside the stream.
 */
int stream_feed(void *decoder, const void *data, size_t len, struct err *err);
/* The stream ended: ERR_REMOTE if that was in the middle of a frame. */
MUST_CHECK int stream_end(const struct stream_decoder *d, struct err *err);
