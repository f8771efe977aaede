/* SPDX-License-Identifier: MIT */
#include "lib/engine/engine.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/parse.h"
#include "base/timing.h"
#include "lib/engine/quote.h"

void engine_open(struct engine *e, const char *socket_path)
{
	*e = (struct engine){ .timeout_ms = ENGINE_TIMEOUT_MS,
		.cancel_fd = -1,
		.hangup_fd = -1,
		.socket_path = xstrdup(socket_path) };
	http_conn_init(&e->conn, e->socket_path);
}

void engine_done(struct engine *e)
{
	http_conn_done(&e->conn);
	free(TAKE_PTR(e->socket_path));
}

void engine_conn_init(struct engine *e, struct http_conn *c)
{
	http_conn_init(c, e->socket_path);
	c->connect_wait_ms = e->connect_wait_ms;
	c->cancel_fd = e->cancel_fd;
	c->hangup_fd = e->hangup_fd;
}

static int collect(void *ctx, const void *data, size_t len, struct err *err)
{
	struct strbuf *out = ctx;

	strbuf_add(out, data, len);
	if (out->truncated)
		return err_set(err, ERR_INVALID,
			"the Docker Engine's answer is larger than %zu bytes", out->cap);
	return 0;
}

/* Appends the text of an error answer, quoted: its "message", or the body as it is. */
static void add_message(const struct strbuf *body, struct strbuf *out)
{
	json_auto_t *json = json_loadb(body->buf, body->len, JSON_ALLOW_NUL, NULL);
	const char *text = json_string_value(json_object_get(json, "message"));

	if (text)
		quote_remote(out, text, strlen(text));
	else
		quote_remote(out, body->buf, body->len);
}

static enum err_kind kind_of_status(int status)
{
	if (status == 404)
		return ERR_NOT_FOUND;
	return status == 409 ? ERR_EXISTS : ERR_REMOTE;
}

static int refused(struct http_conn *c, struct err *err)
{
	AUTO_STRBUF body = STRBUF_CAPPED(64 * 1024);
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_ERR ignored = ERR_INIT;
	int status = c->parser.status;

	/* A body that is too long or broken off still tells something. */
	if (http_body(c, collect, &body, &ignored) < 0)
		http_close(c);
	add_message(&body, &text);
	return err_set(err, kind_of_status(status), "the Docker Engine says %s (%d)", text.buf,
		status);
}

/* Sends RQ with the API version (0: none) in front of the path. */
static int begin_versioned(struct http_conn *c, const struct engine_request *rq, unsigned minor,
	struct err *err)
{
	AUTO_STRBUF target = STRBUF_INIT;
	char *json = rq->json ? json_dumps(rq->json, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
	struct http_request http = { .method = rq->method,
		.header = rq->header,
		.content_type = rq->content_type,
		.body = rq->body,
		.body_len = rq->body_len,
		.body_from_fd = rq->body_from_fd,
		.body_fd = rq->body_fd,
		.upgrade = rq->upgrade,
		.deadline_ms = rq->timeout_ms ? now_ms() + rq->timeout_ms : 0 };
	int r;

	if (minor)
		strbuf_addf(&target, "/v1.%u", minor);
	strbuf_addstr(&target, rq->target->text.buf);
	http.target = target.buf;
	if (json) {
		http.content_type = "application/json";
		http.body = json;
		http.body_len = strlen(json);
	}
	r = http_begin(c, &http, err);
	if (json)
		explicit_bzero(json, strlen(json)); /* environments hold secrets */
	free(json);
	if (r < 0)
		return r;
	return c->parser.status >= 400 ? refused(c, err) : c->parser.status;
}

static void sync_conn(struct engine *e)
{
	e->conn.connect_wait_ms = e->connect_wait_ms;
	e->conn.cancel_fd = e->cancel_fd;
	e->conn.hangup_fd = e->hangup_fd;
}

/* "1.47" -> 47, 0 if it is something else. */
static unsigned parse_api(const char *text)
{
	AUTO_ERR ignored = ERR_INIT;
	const char *minor = text ? str_after(text, "1.") : NULL;
	uint64_t n = 0;

	if (!minor || parse_uint(minor, 1, 9999, &n, &ignored) < 0)
		return 0;
	return (unsigned)n;
}

static int ping(struct engine *e, unsigned *ret_minor, struct err *err)
{
	AUTO_TARGET target = HTTP_TARGET_INIT;
	struct engine_request rq = { .method = "GET",
		.target = &target,
		.timeout_ms = e->timeout_ms };
	int r;

	target_path(&target, "/_ping");
	sync_conn(e);
	r = begin_versioned(&e->conn, &rq, 0, err);
	if (r < 0)
		return r;
	*ret_minor = parse_api(http_parser_header(&e->conn.parser, "api-version"));
	return http_body(&e->conn, NULL, NULL, err);
}

/* Something between us and the engine may drop the header: ask the other way. */
static int ask_version(struct engine *e, unsigned *ret_minor, struct err *err)
{
	AUTO_TARGET target = HTTP_TARGET_INIT;
	json_auto_t *answer = NULL;
	struct engine_request rq = { .method = "GET",
		.target = &target,
		.timeout_ms = e->timeout_ms };
	int r;

	target_path(&target, "/version");
	r = begin_versioned(&e->conn, &rq, 0, err);
	if (r >= 0)
		r = engine_read_json(&e->conn, &answer, err);
	if (r < 0)
		return r;
	*ret_minor = parse_api(json_string_value(json_object_get(answer, "ApiVersion")));
	return 0;
}

int engine_api(struct engine *e, struct err *err)
{
	unsigned minor = 0;
	int r;

	/* A lost connection may mean another engine: ask again. */
	if (e->api_minor && http_alive(&e->conn))
		return (int)e->api_minor;
	e->api_minor = 0;
	r = ping(e, &minor, err);
	if (r == 0 && !minor)
		r = ask_version(e, &minor, err);
	if (r < 0)
		return r;
	if (minor < ENGINE_API_MIN)
		return err_set(err, ERR_REMOTE,
			"the Docker Engine on '%s' speaks API 1.%u; 1.%d or newer is needed",
			e->socket_path, minor, ENGINE_API_MIN);
	e->api_minor = minor < ENGINE_API_MAX ? minor : ENGINE_API_MAX;
	return (int)e->api_minor;
}

int engine_begin(struct engine *e, struct http_conn *c, const struct engine_request *rq,
	struct err *err)
{
	int r = target_check(rq->target, err);

	if (r == 0)
		r = engine_api(e, err);
	if (r < 0)
		return r;
	sync_conn(e);
	return begin_versioned(c, rq, e->api_minor, err);
}

int engine_read_json(struct http_conn *c, json_t **ret, struct err *err)
{
	AUTO_STRBUF body = STRBUF_CAPPED(ENGINE_JSON_MAX);
	json_error_t bad;
	json_t *json;
	int r = http_body(c, collect, &body, err);

	if (r < 0)
		return r;
	json = body.len ? json_loadb(body.buf, body.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &bad)
			: json_null();
	if (!json)
		return err_set(err, ERR_INVALID, "the Docker Engine's answer is not JSON: %s",
			bad.text);
	*ret = json;
	return 0;
}

int engine_send(struct engine *e, const struct engine_request *rq, json_t **ret, struct err *err)
{
	int status = engine_begin(e, &e->conn, rq, err);
	int r;

	if (status < 0)
		return status;
	if (ret)
		r = engine_read_json(&e->conn, ret, err);
	else
		r = http_body(&e->conn, NULL, NULL, err);
	return r < 0 ? r : status;
}

int engine_stream(struct engine *e, const struct engine_request *rq, http_sink sink, void *ctx,
	struct err *err)
{
	AUTO_HTTP_CONN c;
	int r;

	engine_conn_init(e, &c);
	r = engine_begin(e, &c, rq, err);
	return r < 0 ? r : http_body(&c, sink, ctx, err);
}

int engine_call_target(struct engine *e, const char *method, const struct http_target *target,
	const json_t *body, json_t **ret, struct err *err)
{
	struct engine_request rq = { .method = method,
		.target = target,
		.json = body,
		.timeout_ms = e->timeout_ms };

	return engine_send(e, &rq, ret, err);
}

int engine_call(struct engine *e, const char *method, const char *path, const json_t *body,
	json_t **ret, struct err *err)
{
	AUTO_TARGET target = HTTP_TARGET_INIT;

	target_path(&target, path);
	return engine_call_target(e, method, &target, body, ret, err);
}

int engine_ping(struct engine *e, struct err *err)
{
	unsigned minor;

	return ping(e, &minor, err);
}

int engine_version(struct engine *e, json_t **ret, struct err *err)
{
	int r = engine_call(e, "GET", "/version", NULL, ret, err);

	return r < 0 ? r : 0;
}

int engine_info(struct engine *e, json_t **ret, struct err *err)
{
	int r = engine_call(e, "GET", "/info", NULL, ret, err);

	return r < 0 ? r : 0;
}

int engine_take_string(const json_t *answer, const char *key, char **ret, struct err *err)
{
	const char *text = json_string_value(json_object_get(answer, key));

	if (!text)
		return err_set(err, ERR_INVALID, "the Docker Engine's answer has no '%s'", key);
	*ret = xstrdup(text);
	return 0;
}
