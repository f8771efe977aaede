/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * HTTP/1.1 client over a Unix socket: one connection, kept and used again while the peer keeps it.
 *
 * A call is http_begin() (sends, reads the head of the answer), then http_body() (reads the rest),
 * or http_close(). After an upgrade the connection belongs to the caller until http_close(): bytes
 * that came along with the head lie in c->in. Blocking, through poll, never longer than the
 * deadline. Not thread-safe. No SIGPIPE is raised.
 */

#include <stdbool.h>
#include <stdint.h>

#include "lib/engine/http-parse.h"

enum {
	HTTP_EARLY_MAX = 1024 * 1024, /* answer bytes held while the request is still being sent */
};

struct http_conn {
	const char *socket_path;  /* borrowed */
	uint64_t connect_wait_ms; /* how long to retry when nobody listens; 0: fail at once */
	int cancel_fd;            /* when it becomes readable, calls fail with ERR_FAILED; or -1 */
	int hangup_fd;            /* the same when nobody is at its other end any more */
	/* the answer being read; status and headers are valid after http_begin() */
	struct http_parser parser;
	/* private */
	int fd;
	struct strbuf in; /* received, not yet parsed: from in_pos on */
	size_t in_pos;
	uint64_t deadline_ms;
	bool unfinished; /* the request was not sent to its end */
};

struct http_request {
	const char *method;
	const char *target;       /* checked by target_check() */
	const char *header;       /* one more "Name: value", or NULL */
	const char *content_type; /* NULL: there is no body */
	const void *body;
	size_t body_len;
	bool body_from_fd; /* instead of BODY: all that can be read from body_fd, chunked */
	int body_fd;
	uint64_t deadline_ms; /* as now_ms(); 0: none */
	bool upgrade;
};

void http_conn_init(struct http_conn *c, const char *socket_path);
/* Closes. */
void http_conn_done(struct http_conn *c);
#define AUTO_HTTP_CONN CLEANUP(http_conn_done) struct http_conn

void http_close(struct http_conn *c);
/* True if the connection is open and the peer has not closed it; closes it otherwise. */
bool http_alive(struct http_conn *c);

/*
 * Returns 0 with the head of the answer read, whatever its status. Connects when needed. A kept
 * connection that turns out to be dead is replaced once, if nothing of the request was sent or the
 * request is a GET or HEAD. ERR_REMOTE: nobody listens, or the peer closed early. ERR_DENIED: no
 * permission for the socket. ERR_TIMEOUT: the deadline. ERR_INVALID: not HTTP. On failure the
 * connection is closed.
 */
MUST_CHECK int http_begin(struct http_conn *c, const struct http_request *rq, struct err *err);

/*
 * Reads the body to SINK (NULL: to nowhere). 0 at its end, 1 when the sink had enough (the
 * connection is then closed). Keeps the connection when it can. On failure it is closed.
 */
MUST_CHECK int http_body(struct http_conn *c, http_sink sink, void *ctx, struct err *err);

/*
 * After http_begin() with UPGRADE: checks that the peer handed the connection over, and drops the
 * deadline. ERR_INVALID if it goes on with HTTP; the connection is then closed.
 */
MUST_CHECK int http_take_over(struct http_conn *c, struct err *err);

/* Replaces the deadline of the call that is under way; 0: none. */
void http_set_deadline(struct http_conn *c, uint64_t deadline_ms);
