/* SPDX-License-Identifier: MIT */
#include "lib/engine/http-parse.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/parse.h"

/* A step that changed the state without an event of its own. */
enum { STEP_AGAIN = 100 };

void http_parser_init(struct http_parser *p)
{
	*p = (struct http_parser){ .line = STRBUF_CAPPED(HTTP_LINE_MAX) };
	strvec_init(&p->names);
	strvec_init(&p->values);
}

void http_parser_done(struct http_parser *p)
{
	strbuf_done(&p->line);
	strvec_done(&p->names);
	strvec_done(&p->values);
}

static void forget_head(struct http_parser *p)
{
	p->status = 0;
	p->chunked = false;
	p->has_length = false;
	p->close = false;
	p->left = 0;
	strvec_clear(&p->names);
	strvec_clear(&p->values);
}

void http_parser_begin(struct http_parser *p, bool head_only, bool upgrade)
{
	forget_head(p);
	strbuf_clear(&p->line);
	p->state = HTTP_IN_STATUS;
	p->head_only = head_only;
	p->upgrade = upgrade;
	p->interim = 0;
	p->header_bytes = 0;
}

const char *http_parser_header(const struct http_parser *p, const char *name)
{
	ptrdiff_t at = strvec_index(&p->names, name);

	return at < 0 ? NULL : p->values.items[at];
}

bool http_parser_keep_alive(const struct http_parser *p)
{
	return p->state == HTTP_AT_END && !p->close;
}

static int malformed(struct err *err, const char *what)
{
	return err_set(err, ERR_INVALID, "malformed HTTP answer: %s", what);
}

/* 1 when p->line holds a whole line (without its end), 0 when more input is needed. */
static int take_line(struct http_parser *p, const char *data, size_t len, size_t *used,
	struct err *err)
{
	const char *end = len ? memchr(data, '\n', len) : NULL;
	size_t n = end ? (size_t)(end - data) : len;

	strbuf_add(&p->line, data, n);
	*used = end ? n + 1 : n;
	if (p->line.truncated)
		return malformed(err, "a line is too long");
	if (!end)
		return 0;
	if (p->line.len && p->line.buf[p->line.len - 1] == '\r')
		strbuf_setlen(&p->line, p->line.len - 1);
	if (strlen(p->line.buf) != p->line.len)
		return malformed(err, "NUL byte in a line");
	return 1;
}

/* "HTTP/1.1 200 OK" */
static int on_status(struct http_parser *p, struct err *err)
{
	const char *s = p->line.buf;

	if (p->line.len < 12 || strncmp(s, "HTTP/1.", 7) != 0 || (s[7] != '0' && s[7] != '1') ||
		s[8] != ' ' || (s[12] && s[12] != ' '))
		return malformed(err, "no status line");
	for (int i = 9; i < 12; i++) {
		if (!isdigit((unsigned char)s[i]))
			return malformed(err, "no status code");
	}
	p->status = (s[9] - '0') * 100 + (s[10] - '0') * 10 + (s[11] - '0');
	if (p->status < 100)
		return malformed(err, "no status code");
	p->close = s[7] == '0';
	p->state = HTTP_IN_HEADERS;
	return STEP_AGAIN;
}

static bool token_char(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("!#$%&'*+-.^_`|~", c));
}

static int add_header(struct http_parser *p, struct err *err)
{
	AUTO_FREE char *name = NULL;
	AUTO_STRBUF value = STRBUF_INIT;
	size_t n = 0;

	while (token_char(p->line.buf[n]))
		n++;
	if (!n || p->line.buf[n] != ':')
		return malformed(err, "a header without a name");
	name = xstrndup(p->line.buf, n);
	for (char *c = name; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	strbuf_addstr(&value, p->line.buf + n + 1);
	strbuf_trim(&value);
	strvec_push_take(&p->names, TAKE_PTR(name));
	strvec_push(&p->values, value.buf);
	return 0;
}

/* What a single header means for the framing; ambiguity is refused. */
static int use_header(struct http_parser *p, const char *name, const char *value, struct err *err)
{
	uint64_t length = 0;

	if (strcmp(name, "content-length") == 0) {
		AUTO_ERR ignored = ERR_INIT;

		if (!isdigit((unsigned char)value[0]) ||
			parse_uint(value, 0, INT64_MAX, &length, &ignored) < 0)
			return malformed(err, "bad content-length");
		if (p->has_length && p->left != length)
			return malformed(err, "two content-lengths");
		p->has_length = true;
		p->left = length;
	} else if (strcmp(name, "transfer-encoding") == 0) {
		if (p->chunked || strcasecmp(value, "chunked") != 0)
			return malformed(err, "unknown transfer-encoding");
		p->chunked = true;
	} else if (strcmp(name, "connection") == 0 && strcasestr(value, "close")) {
		p->close = true;
	}
	return 0;
}

/* The empty line after the headers. */
static int on_head_end(struct http_parser *p, struct err *err)
{
	for (size_t i = 0; i < p->names.count; i++) {
		int r = use_header(p, p->names.items[i], p->values.items[i], err);

		if (r < 0)
			return r;
	}
	if (p->chunked && p->has_length)
		return malformed(err, "both content-length and transfer-encoding");
	if (p->status < 200 && p->status != 101) {
		if (++p->interim > HTTP_INTERIM_MAX)
			return malformed(err, "too many interim answers");
		forget_head(p);
		p->state = HTTP_IN_STATUS;
		return STEP_AGAIN;
	}
	if (p->status == 101 && !p->upgrade)
		return malformed(err, "an upgrade nobody asked for");
	p->state = HTTP_AT_BODY;
	return HTTP_HEAD;
}

/* Decides how the body ends. */
static int on_body_start(struct http_parser *p)
{
	/* Engines hijack a connection with 101, older ones also with a plain 200. */
	if (p->status == 101 || (p->upgrade && p->status == 200 && !p->chunked && !p->has_length)) {
		p->close = true;
		p->state = HTTP_IN_UPGRADE;
	} else if (p->head_only || p->status == 204 || p->status == 304) {
		p->state = HTTP_AT_END;
	} else if (p->chunked) {
		p->state = HTTP_IN_CHUNK_SIZE;
	} else if (p->has_length) {
		p->state = p->left ? HTTP_IN_LENGTH : HTTP_AT_END;
	} else {
		p->close = true;
		p->state = HTTP_IN_REST;
	}
	return STEP_AGAIN;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int on_chunk_size(struct http_parser *p, struct err *err)
{
	const char *s = p->line.buf;
	uint64_t size = 0;
	size_t n = 0;

	for (; hex_digit(s[n]) >= 0; n++) {
		if (n >= 15)
			return malformed(err, "chunk too large");
		size = size * 16 + (uint64_t)hex_digit(s[n]);
	}
	while (s[n] == ' ' || s[n] == '\t')
		n++;
	if (hex_digit(s[0]) < 0 || (s[n] && s[n] != ';'))
		return malformed(err, "bad chunk size");
	p->left = size;
	p->state = size ? HTTP_IN_CHUNK : HTTP_IN_TRAILER;
	return STEP_AGAIN;
}

static int on_line(struct http_parser *p, struct err *err)
{
	int r = STEP_AGAIN;

	if (p->state == HTTP_IN_STATUS || p->state == HTTP_IN_HEADERS ||
		p->state == HTTP_IN_TRAILER) {
		p->header_bytes += p->line.len + 2;
		if (p->header_bytes > HTTP_HEADERS_MAX)
			return malformed(err, "the headers are too long");
	}
	if (p->state == HTTP_IN_STATUS) {
		r = on_status(p, err);
	} else if (p->state == HTTP_IN_HEADERS) {
		if (!p->line.len)
			r = on_head_end(p, err);
		else if (add_header(p, err) < 0)
			r = -ERR_INVALID;
	} else if (p->state == HTTP_IN_CHUNK_SIZE) {
		r = on_chunk_size(p, err);
	} else if (p->state == HTTP_IN_CHUNK_END) {
		p->state = HTTP_IN_CHUNK_SIZE;
		if (p->line.len)
			r = malformed(err, "a chunk is longer than it says");
	} else if (!p->line.len) {
		p->state = HTTP_AT_END;
	}
	strbuf_clear(&p->line);
	return r;
}

static int on_data(struct http_parser *p, const char *data, size_t len, size_t *used,
	http_sink sink, void *ctx, struct err *err)
{
	bool rest = p->state == HTTP_IN_REST;
	size_t n = !rest && p->left < len ? (size_t)p->left : len;
	int r;

	if (!n)
		return HTTP_MORE;
	*used = n;
	if (!rest)
		p->left -= n;
	if (p->state == HTTP_IN_LENGTH && !p->left)
		p->state = HTTP_AT_END;
	else if (p->state == HTTP_IN_CHUNK && !p->left)
		p->state = HTTP_IN_CHUNK_END;
	r = sink ? sink(ctx, data, n, err) : 0;
	if (r < 0)
		return r;
	return r ? HTTP_STOPPED : STEP_AGAIN;
}

static int step(struct http_parser *p, const char *data, size_t len, size_t *used, http_sink sink,
	void *ctx, struct err *err)
{
	int r;

	*used = 0;
	switch (p->state) {
	case HTTP_AT_BODY:
		return on_body_start(p);
	case HTTP_IN_UPGRADE:
		return HTTP_UPGRADED;
	case HTTP_AT_END:
		return HTTP_DONE;
	case HTTP_IN_LENGTH:
	case HTTP_IN_REST:
	case HTTP_IN_CHUNK:
		return on_data(p, data, len, used, sink, ctx, err);
	case HTTP_IN_STATUS:
	case HTTP_IN_HEADERS:
	case HTTP_IN_CHUNK_SIZE:
	case HTTP_IN_CHUNK_END:
	case HTTP_IN_TRAILER:
	default:
		r = take_line(p, data, len, used, err);
		return r <= 0 ? r : on_line(p, err);
	}
}

int http_parser_feed(struct http_parser *p, const void *data, size_t len, size_t *ret_used,
	http_sink sink, void *ctx, struct err *err)
{
	const char *bytes = data;
	size_t total = 0;
	int r;

	do {
		size_t used;

		r = step(p, len ? bytes + total : "", len - total, &used, sink, ctx, err);
		total += used;
	} while (r == STEP_AGAIN);
	*ret_used = total;
	return r;
}

int http_parser_eof(struct http_parser *p, struct err *err)
{
	if (p->state == HTTP_IN_REST)
		p->state = HTTP_AT_END;
	if (p->state == HTTP_AT_END)
		return HTTP_DONE;
	return err_set(err, ERR_REMOTE, "the connection ended in the middle of an answer");
}
