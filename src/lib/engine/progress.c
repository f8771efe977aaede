/* SPDX-License-Identifier: MIT */
#include "lib/engine/progress.h"

#include <string.h>

#include "lib/engine/quote.h"

void progress_init(struct progress_decoder *d, enum err_kind failure, progress_fn fn, void *ctx)
{
	*d = (struct progress_decoder){ .fn = fn,
		.ctx = ctx,
		.failure = failure,
		.image_id = STRBUF_CAPPED(256),
		.line = STRBUF_CAPPED(PROGRESS_LINE_MAX) };
}

void progress_done(struct progress_decoder *d)
{
	strbuf_done(&d->image_id);
	strbuf_done(&d->line);
}

static int on_message(struct progress_decoder *d, const json_t *message, struct err *err)
{
	const char *error = json_string_value(json_object_get(message, "error"));
	const char *detail = json_string_value(
		json_object_get(json_object_get(message, "errorDetail"), "message"));
	const char *id = json_string_value(json_object_get(json_object_get(message, "aux"), "ID"));

	if (detail)
		error = detail;
	if (error) {
		AUTO_STRBUF text = STRBUF_INIT;

		quote_remote(&text, error, strlen(error));
		return err_set(err, d->failure, "the Docker Engine says %s", text.buf);
	}
	if (id)
		strbuf_set(&d->image_id, id);
	if (d->fn)
		d->fn(d->ctx, message);
	return 0;
}

static int on_line(struct progress_decoder *d, struct err *err)
{
	json_auto_t *message = NULL;

	strbuf_trim(&d->line);
	if (!d->line.len)
		return 0;
	message = json_loadb(d->line.buf, d->line.len, JSON_ALLOW_NUL, NULL);
	if (!json_is_object(message))
		return err_set(err, ERR_INVALID, "the Docker Engine's progress is not JSON");
	return on_message(d, message, err);
}

int progress_feed(void *decoder, const void *data, size_t len, struct err *err)
{
	struct progress_decoder *d = decoder;
	const char *p = data;

	while (len) {
		const char *end = memchr(p, '\n', len);
		size_t n = end ? (size_t)(end - p) + 1 : len;
		int r;

		strbuf_add(&d->line, p, n);
		p += n;
		len -= n;
		if (d->line.truncated)
			return err_set(err, ERR_INVALID,
				"the Docker Engine's progress has a line of over %d bytes",
				PROGRESS_LINE_MAX);
		if (!end)
			break;
		r = on_line(d, err);
		strbuf_clear(&d->line);
		if (r < 0)
			return r;
	}
	return 0;
}

int progress_end(struct progress_decoder *d, struct err *err)
{
	int r = on_line(d, err);

	strbuf_clear(&d->line);
	return r;
}
