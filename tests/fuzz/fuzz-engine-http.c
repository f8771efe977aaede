/* SPDX-License-Identifier: MIT */
/*
 * What an engine sends: an HTTP answer, its body once as an output stream and once as progress. The
 * first byte chooses the size of the pieces that arrive, the second what was asked.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/parse.h"
#include "lib/engine/http-parse.h"
#include "lib/engine/progress.h"
#include "lib/engine/quote.h"
#include "lib/engine/stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct targets {
	struct stream_decoder stream;
	struct progress_decoder progress;
	size_t body;
};

static int on_output(void *ctx, int stream, const void *data, size_t len, struct err *err)
{
	if (!len || (stream != STREAM_STDOUT && stream != STREAM_STDERR))
		abort();
	return 0;
}

static int on_body(void *ctx, const void *data, size_t len, struct err *err)
{
	struct targets *t = ctx;
	AUTO_ERR ignored = ERR_INIT;

	t->body += len;
	(void)!stream_feed(&t->stream, data, len, &ignored);
	(void)!progress_feed(&t->progress, data, len, &ignored);
	return 0;
}

static void finish(struct targets *t)
{
	AUTO_ERR ignored = ERR_INIT;

	(void)!stream_end(&t->stream, &ignored);
	(void)!progress_end(&t->progress, &ignored);
	stream_done(&t->stream);
	progress_done(&t->progress);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct targets t = { 0 };
	AUTO_HTTP_PARSER p;
	AUTO_ERR err = ERR_INIT;
	AUTO_STRBUF quoted = STRBUF_INIT;
	size_t piece;
	size_t at = 2;
	int r = HTTP_MORE;

	http_parser_init(&p);
	if (size < 2)
		return 0;
	piece = data[0] ? data[0] : size;
	stream_init(&t.stream, data[1] & 4, on_output, NULL);
	progress_init(&t.progress, ERR_FAILED, NULL, NULL);
	http_parser_begin(&p, data[1] & 1, data[1] & 2);
	while ((at < size || r == HTTP_HEAD) && (r == HTTP_MORE || r == HTTP_HEAD)) {
		size_t n = size - at < piece ? size - at : piece;
		size_t used = 0;

		r = http_parser_feed(&p, data + at, n, &used, on_body, &t, &err);
		if (used > n || (r == HTTP_MORE && used != n))
			abort();
		at += used;
	}
	if (r == HTTP_MORE)
		r = http_parser_eof(&p, &err);
	if (r == HTTP_UPGRADED)
		on_body(&t, data + at, size - at, &err);
	/* A failure says so, once; more body than input is impossible. */
	if ((r < 0) != (err.kind != ERR_OK) || t.body > size)
		abort();
	finish(&t);
	quote_remote(&quoted, (const char *)data, size);
	if (quoted.len > QUOTE_MAX + 5)
		abort();
	return 0;
}
