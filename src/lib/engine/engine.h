/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * A Docker Engine, reached over its Unix socket.
 *
 * engine_open() does no I/O: the socket is opened and the API version negotiated by the first call.
 * Versions 1.41 to 1.55 are spoken; where they name things differently, the functions of this
 * folder hide it and say so in their headers.
 *
 * Errors of all calls. ERR_NOT_FOUND: 404. ERR_EXISTS: 409, which engines also use for "in the
 * wrong state" (kill of a stopped container, removal of a running one or of one that is being
 * removed). ERR_REMOTE: any other refusal, its text quoted; no engine answers; it hung up.
 * ERR_DENIED: no permission for the socket. ERR_TIMEOUT. ERR_INVALID: a name that cannot be part of
 * a request (nothing was sent), or an answer that does not parse. ERR_FAILED: cancelled.
 *
 * Plain calls share one kept connection. Streaming ones (logs, pull, build, attach, exec, wait)
 * open their own, so their callbacks may make plain calls on the same struct engine. Not
 * thread-safe. After fork() only one side may go on using it.
 */

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "lib/engine/http.h"
#include "lib/engine/target.h"

enum {
	ENGINE_API_MIN = 41, /* 1.41, Docker 20.10 */
	ENGINE_API_MAX = 55,
	ENGINE_JSON_MAX = 64 * 1024 * 1024,
	ENGINE_TIMEOUT_MS = 300 * 1000,
	/* What a request makes whose sender has died may turn up this much later. */
	ENGINE_LATE_MS = 2000,
	ENGINE_LATE_POLL_MS = 100,
};

struct engine {
	uint64_t connect_wait_ms; /* retry this long when nobody listens; default 0 */
	uint64_t timeout_ms;      /* of one plain call; default ENGINE_TIMEOUT_MS */
	int cancel_fd;            /* readable: calls fail with ERR_FAILED; default -1; borrowed */
	int hangup_fd;            /* the same when its other end is closed; default -1; borrowed */
	/* private */
	char *socket_path;
	unsigned api_minor; /* 0: not negotiated yet */
	struct http_conn conn;
};

void engine_open(struct engine *e, const char *socket_path);
void engine_done(struct engine *e);
#define AUTO_ENGINE CLEANUP(engine_done) struct engine

MUST_CHECK int engine_ping(struct engine *e, struct err *err);
/* Negotiates if that was not done; returns the minor API version in use (41 ... 55). */
MUST_CHECK int engine_api(struct engine *e, struct err *err);
/* GET /version and /info. *RET is new. */
MUST_CHECK int engine_version(struct engine *e, json_t **ret, struct err *err);
MUST_CHECK int engine_info(struct engine *e, json_t **ret, struct err *err);

/*
 * Any call: PATH starts with a slash and has no version ("/containers/json?all=1"); what comes from
 * outside must have been encoded by target_*(). BODY (borrowed) may be NULL. RET may be NULL, then
 * the answer is dropped; otherwise *RET is new, json_null() for an empty answer. Returns the HTTP
 * status (< 400; 304 means "was so already").
 */
MUST_CHECK int engine_call(struct engine *e, const char *method, const char *path,
	const json_t *body, json_t **ret, struct err *err);
/* The same with a target under construction; its errors are reported here. */
MUST_CHECK int engine_call_target(struct engine *e, const char *method,
	const struct http_target *target, const json_t *body, json_t **ret, struct err *err);

/* --- for the other files of this folder --- */

struct engine_request {
	const char *method;
	const struct http_target *target;
	const json_t *json;       /* the body, or ... */
	const char *content_type; /* ... bytes of this type: */
	const void *body;
	size_t body_len;
	bool body_from_fd;
	int body_fd;
	const char *header; /* one more "Name: value" */
	bool upgrade;
	uint64_t timeout_ms; /* 0: none */
};

/* A connection of its own for a streaming call; close with http_conn_done(). */
void engine_conn_init(struct engine *e, struct http_conn *c);
/*
 * Sends over C and reads the head. A status >= 400 is an error and the connection is closed.
 * Returns the status; http_body() or http_close() must follow.
 */
MUST_CHECK int engine_begin(struct engine *e, struct http_conn *c, const struct engine_request *rq,
	struct err *err);
/* A plain call over the kept connection with all of a request's fields. As engine_call(). */
MUST_CHECK int engine_send(struct engine *e, const struct engine_request *rq, json_t **ret,
	struct err *err);
/* A streaming call: body to SINK. 0, or 1 when the sink stopped it. */
MUST_CHECK int engine_stream(struct engine *e, const struct engine_request *rq, http_sink sink,
	void *ctx, struct err *err);
/* Reads the JSON body of the answer on C. */
MUST_CHECK int engine_read_json(struct http_conn *c, json_t **ret, struct err *err);
/* Copies the string at KEY of an answer for free(); ERR_INVALID if there is none. */
MUST_CHECK int engine_take_string(const json_t *answer, const char *key, char **ret,
	struct err *err);
