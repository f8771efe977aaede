/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Incremental parser of HTTP/1.1 responses, from byte buffers of any size; it does no I/O. Memory
 * is bounded: one line, the headers (HTTP_HEADERS_MAX together), never the body, which goes to a
 * sink as it comes. Interim answers (1xx but 101) are skipped.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "base/strvec.h"

enum {
	HTTP_LINE_MAX = 32 * 1024,
	HTTP_HEADERS_MAX = 128 * 1024,
	HTTP_INTERIM_MAX = 16,
};

/*
 * Takes a piece of a body. 0: go on; 1: enough, stop reading; < 0: failed, with ERR set. The data
 * is valid during the call.
 */
typedef int (*http_sink)(void *ctx, const void *data, size_t len, struct err *err);

enum http_event {
	HTTP_MORE,     /* all input was used, more is needed */
	HTTP_HEAD,     /* status and headers are complete; feed again for the body */
	HTTP_DONE,     /* the message is complete */
	HTTP_UPGRADED, /* what follows is not HTTP any more */
	HTTP_STOPPED,  /* the sink had enough */
};

enum http_state {
	HTTP_IN_STATUS,
	HTTP_IN_HEADERS,
	HTTP_AT_BODY,
	HTTP_IN_LENGTH,
	HTTP_IN_REST, /* a body that ends with the connection */
	HTTP_IN_CHUNK_SIZE,
	HTTP_IN_CHUNK,
	HTTP_IN_CHUNK_END,
	HTTP_IN_TRAILER,
	HTTP_IN_UPGRADE,
	HTTP_AT_END,
};

struct http_parser {
	int status;
	/* private */
	enum http_state state;
	bool head_only; /* the request was a HEAD */
	bool upgrade;   /* the request asked for a raw connection */
	bool chunked;
	bool has_length;
	bool close;
	unsigned interim;
	uint64_t left;
	size_t header_bytes;
	struct strbuf line;
	struct strvec names; /* lower case */
	struct strvec values;
};

void http_parser_init(struct http_parser *p);
void http_parser_done(struct http_parser *p);
#define AUTO_HTTP_PARSER CLEANUP(http_parser_done) struct http_parser

/* Makes ready for the answer to the next request. */
void http_parser_begin(struct http_parser *p, bool head_only, bool upgrade);

/*
 * Reads from DATA; *RET_USED (always set) says how much was taken. Returns an enum http_event.
 * ERR_INVALID when it is not HTTP/1.x or beyond a limit; what SINK returned when that failed.
 */
MUST_CHECK int http_parser_feed(struct http_parser *p, const void *data, size_t len,
	size_t *ret_used, http_sink sink, void *ctx, struct err *err);

/* The peer closed: HTTP_DONE if that ends the message, else ERR_REMOTE. */
MUST_CHECK int http_parser_eof(struct http_parser *p, struct err *err);

/* Value of a header (NAME in lower case), or NULL; valid until the next http_parser_begin(). */
const char *http_parser_header(const struct http_parser *p, const char *name);
/* May another request follow on this connection once the message is complete? */
bool http_parser_keep_alive(const struct http_parser *p);
