/* SPDX-License-Identifier: MIT */
#include "lib/engine/stream.h"

#include <string.h>

#include "lib/engine/quote.h"

void stream_init(struct stream_decoder *d, bool raw, stream_sink sink, void *ctx)
{
	*d = (struct stream_decoder){ .raw = raw,
		.sink = sink,
		.ctx = ctx,
		.report = STRBUF_CAPPED(STREAM_SYSTEM_MAX) };
}

void stream_done(struct stream_decoder *d)
{
	strbuf_done(&d->report);
}

/* Collects header bytes; 1 when the header is complete, 0 when more is needed. */
static int take_header(struct stream_decoder *d, const uint8_t **data, size_t *len, struct err *err)
{
	size_t want = STREAM_HEADER_SIZE - d->header_len;
	size_t n = *len < want ? *len : want;

	memcpy(d->header + d->header_len, *data, n);
	d->header_len += n;
	*data += n;
	*len -= n;
	if (d->header_len < STREAM_HEADER_SIZE)
		return 0;
	if (d->header[0] > STREAM_SYSTEM || d->header[1] || d->header[2] || d->header[3])
		return err_set(err, ERR_INVALID, "malformed output stream from the engine");
	d->left = (uint32_t)d->header[4] << 24 | (uint32_t)d->header[5] << 16 |
		  (uint32_t)d->header[6] << 8 | d->header[7];
	return 1;
}

/* Hands N bytes of the current frame on. */
static int pass_on(struct stream_decoder *d, const uint8_t *data, size_t n, struct err *err)
{
	int stream = d->header[0];

	if (stream == STREAM_SYSTEM) {
		strbuf_add(&d->report, data, n);
		return 0;
	}
	return d->sink(d->ctx, stream == STREAM_STDERR ? STREAM_STDERR : STREAM_STDOUT, data, n,
		err);
}

static int end_of_frame(struct stream_decoder *d, struct err *err)
{
	AUTO_STRBUF text = STRBUF_INIT;

	d->header_len = 0;
	if (d->header[0] != STREAM_SYSTEM)
		return 0;
	quote_remote(&text, d->report.buf, d->report.len);
	return err_set(err, ERR_REMOTE, "the engine reports %s", text.buf);
}

int stream_feed(void *decoder, const void *data, size_t len, struct err *err)
{
	struct stream_decoder *d = decoder;
	const uint8_t *p = data;
	int r;

	if (d->raw)
		return len ? d->sink(d->ctx, STREAM_STDOUT, data, len, err) : 0;
	while (len) {
		size_t n;

		if (d->header_len < STREAM_HEADER_SIZE) {
			r = take_header(d, &p, &len, err);
			if (r <= 0)
				return r;
		}
		n = len < d->left ? len : d->left;
		d->left -= (uint32_t)n;
		r = n ? pass_on(d, p, n, err) : 0;
		p += n;
		len -= n;
		if (r == 0 && !d->left)
			r = end_of_frame(d, err);
		if (r)
			return r;
	}
	return 0;
}

int stream_end(const struct stream_decoder *d, struct err *err)
{
	if (!d->raw && d->header_len)
		return err_set(err, ERR_REMOTE, "the engine's output stream ended within a frame");
	return 0;
}
