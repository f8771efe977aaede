/* SPDX-License-Identifier: MIT */
#pragma once

/* A sink for container streams that keeps what comes, for tests. */

#include "base/strbuf.h"
#include "lib/engine/stream.h"

struct streams {
	struct strbuf out;
	struct strbuf err;
	int stop_after;
	int calls;
};

static inline int to_streams(void *ctx, int stream, const void *data, size_t len, struct err *err)
{
	struct streams *s = ctx;

	strbuf_add(stream == STREAM_STDERR ? &s->err : &s->out, data, len);
	return s->stop_after && ++s->calls >= s->stop_after;
}

static inline void streams_done(struct streams *s)
{
	strbuf_done(&s->out);
	strbuf_done(&s->err);
}

#define STREAMS_INIT                                                                               \
	{                                                                                          \
		.out = STRBUF_INIT, .err = STRBUF_INIT                                             \
	}
