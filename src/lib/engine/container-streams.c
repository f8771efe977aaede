/* SPDX-License-Identifier: MIT */
/* Calls on a container that last: wait and logs. */
#include <string.h>

#include "base/timing.h"
#include "lib/engine/containers.h"
#include "lib/engine/quote.h"

enum { API_STREAM_TYPE = 42 /* the content type tells a terminal's stream */ };

static int wait_begin(struct engine *e, struct engine_wait *w, const char *id,
	const char *condition, uint64_t timeout_ms, struct err *err)
{
	AUTO_TARGET t = HTTP_TARGET_INIT;
	struct engine_request rq = { .method = "POST", .target = &t, .timeout_ms = timeout_ms };
	int r;

	engine_conn_init(e, &w->conn);
	target_noun(&t, "/containers/", id, "/wait");
	target_query(&t, "condition", condition);
	r = engine_begin(e, &w->conn, &rq, err);
	return r < 0 ? r : 0;
}

int engine_wait_begin(struct engine *e, struct engine_wait *w, const char *id,
	const char *condition, struct err *err)
{
	/* The head of the answer comes at once and says that the engine watches. */
	return wait_begin(e, w, id, condition, e->timeout_ms, err);
}

int engine_wait_end(struct engine_wait *w, uint64_t timeout_ms, int *ret_code, struct err *err)
{
	json_auto_t *answer = NULL;
	const char *problem;
	const json_t *code;
	int r;

	http_set_deadline(&w->conn, timeout_ms ? now_ms() + timeout_ms : 0);
	r = engine_read_json(&w->conn, &answer, err);
	if (r < 0)
		return r;
	problem = json_string_value(json_object_get(json_object_get(answer, "Error"), "Message"));
	if (problem && *problem) {
		AUTO_STRBUF text = STRBUF_INIT;

		quote_remote(&text, problem, strlen(problem));
		return err_set(err, ERR_REMOTE, "the Docker Engine says %s", text.buf);
	}
	code = json_object_get(answer, "StatusCode");
	if (!json_is_integer(code))
		return err_set(err, ERR_INVALID, "the Docker Engine's answer has no 'StatusCode'");
	*ret_code = (int)json_integer_value(code);
	return 0;
}

void engine_wait_done(struct engine_wait *w)
{
	http_conn_done(&w->conn);
}

int engine_container_wait(struct engine *e, const char *id, const char *condition,
	uint64_t timeout_ms, int *ret_code, struct err *err)
{
	CLEANUP(engine_wait_done) struct engine_wait w = { .conn = { .fd = -1 } };
	uint64_t start = now_ms();
	uint64_t spent;
	int r = wait_begin(e, &w, id, condition, timeout_ms, err);

	if (r < 0)
		return r;
	spent = now_ms() - start;
	if (timeout_ms)
		timeout_ms = spent < timeout_ms ? timeout_ms - spent : 1;
	return engine_wait_end(&w, timeout_ms, ret_code, err);
}

/* Does the container write to a terminal, so that its output is one raw stream? */
static int has_terminal(struct engine *e, const char *id, bool *ret, struct err *err)
{
	json_auto_t *inspected = NULL;
	int r = engine_container_inspect(e, id, &inspected, err);

	if (r == 0)
		*ret = json_is_true(json_object_get(json_object_get(inspected, "Config"), "Tty"));
	return r;
}

static void logs_target(struct http_target *t, const char *id, const struct engine_log_opts *opts)
{
	target_noun(t, "/containers/", id, "/logs");
	target_query_flag(t, "stdout", opts->out);
	target_query_flag(t, "stderr", opts->err);
	target_query_flag(t, "follow", opts->follow);
	target_query_flag(t, "timestamps", opts->timestamps);
	if (opts->tail >= 0)
		target_query_int(t, "tail", opts->tail);
	if (opts->since)
		target_query_int(t, "since", opts->since);
	if (opts->until)
		target_query_int(t, "until", opts->until);
}

int engine_container_logs(struct engine *e, const char *id, const struct engine_log_opts *opts,
	stream_sink sink, void *ctx, struct err *err)
{
	AUTO_TARGET t = HTTP_TARGET_INIT;
	AUTO_HTTP_CONN c;
	AUTO_STREAM decoder;
	struct engine_request rq = { .method = "GET", .target = &t };
	const char *type;
	bool raw = false;
	int r;

	engine_conn_init(e, &c);
	stream_init(&decoder, false, sink, ctx);
	logs_target(&t, id, opts);
	r = engine_api(e, err);
	if (r >= 0 && r < API_STREAM_TYPE)
		r = has_terminal(e, id, &raw, err);
	if (r >= 0)
		r = engine_begin(e, &c, &rq, err);
	if (r < 0)
		return r;
	type = http_parser_header(&c.parser, "content-type");
	decoder.raw = raw || (e->api_minor >= API_STREAM_TYPE && type &&
				     strcmp(type, "application/vnd.docker.raw-stream") == 0);
	r = http_body(&c, stream_feed, &decoder, err);
	return r ? r : stream_end(&decoder, err);
}
