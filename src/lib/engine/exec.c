/* SPDX-License-Identifier: MIT */
#include "lib/engine/exec.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/timing.h"

enum {
	EXIT_WAIT_MS = 5000, /* the exit code may come a little after the streams' end */
	EXIT_NAP_MS = 5,
};

struct session {
	struct engine *e;
	char *id;
};

static void session_done(struct session *s)
{
	free(s->id);
}

/* NULL when an item is not UTF-8 text. */
static json_t *string_array(char *const *items)
{
	json_auto_t *list = json_array();

	for (char *const *i = items; i && *i; i++) {
		if (json_array_append_new(list, json_string(*i)) < 0)
			return NULL;
	}
	return json_incref(list);
}

static int create(struct session *s, const char *container, const struct engine_exec *x, bool in,
	bool tty, struct err *err)
{
	AUTO_TARGET t = HTTP_TARGET_INIT;
	json_auto_t *answer = NULL;
	json_auto_t *body = json_pack("{s:b, s:b, s:b, s:b, s:b, s:o*, s:o*, s:s*, s:s*}",
		"AttachStdin", (int)in, "AttachStdout", 1, "AttachStderr", 1, "Tty", (int)tty,
		"Privileged", (int)x->privileged, "Cmd", string_array(x->argv), "Env",
		string_array(x->env), "WorkingDir", x->workdir, "User", x->user);
	int r;

	if (!json_object_get(body, "Cmd") || !json_object_get(body, "Env"))
		return err_set(err, ERR_INVALID, "a command for the container is not UTF-8 text");
	target_noun(&t, "/containers/", container, "/exec");
	r = engine_call_target(s->e, "POST", &t, body, &answer, err);
	return r < 0 ? r : engine_take_string(answer, "Id", &s->id, err);
}

/* Starts the process; the connection carries its streams from then on. */
static int start(const struct session *s, struct http_conn *c, bool tty, struct err *err)
{
	AUTO_TARGET t = HTTP_TARGET_INIT;
	json_auto_t *body = json_pack("{s:b, s:b}", "Detach", 0, "Tty", (int)tty);
	struct engine_request rq = { .method = "POST",
		.target = &t,
		.json = body,
		.upgrade = true,
		.timeout_ms = s->e->timeout_ms };
	int r;

	target_noun(&t, "/exec/", s->id, "/start");
	r = engine_begin(s->e, c, &rq, err);
	return r < 0 ? r : http_take_over(c, err);
}

static int exit_code(const struct session *s, int *ret_code, struct err *err)
{
	AUTO_TARGET t = HTTP_TARGET_INIT;
	uint64_t deadline = now_ms() + EXIT_WAIT_MS;

	target_noun(&t, "/exec/", s->id, "/json");
	for (;;) {
		json_auto_t *answer = NULL;
		int r = engine_call_target(s->e, "GET", &t, NULL, &answer, err);

		if (r < 0)
			return r;
		if (!json_is_true(json_object_get(answer, "Running"))) {
			const json_t *code = json_object_get(answer, "ExitCode");

			if (!json_is_integer(code))
				return err_set(err, ERR_REMOTE,
					"the Docker Engine knows no exit code of the process");
			*ret_code = (int)json_integer_value(code);
			return 0;
		}
		if (now_ms() >= deadline)
			return err_set(err, ERR_REMOTE,
				"the process closed its output but goes on running");
		sleep_ms(EXIT_NAP_MS);
	}
}

static void on_resize(void *ctx, unsigned rows, unsigned cols)
{
	const struct session *s = ctx;
	AUTO_TARGET t = HTTP_TARGET_INIT;
	AUTO_ERR ignored = ERR_INIT;

	target_noun(&t, "/exec/", s->id, "/resize");
	target_query_int(&t, "h", rows);
	target_query_int(&t, "w", cols);
	/* A courtesy: the process may have ended already. */
	(void)!engine_call_target(s->e, "POST", &t, NULL, NULL, &ignored);
}

static const struct pump_ops exec_ops = { .resize = on_resize };

int engine_exec_run(struct engine *e, const char *container, const struct engine_exec *x,
	const struct engine_io *io, int *ret_code, struct err *err)
{
	CLEANUP(session_done) struct session s = { .e = e };
	AUTO_HTTP_CONN c;
	struct engine_io plain = *io;
	int r;

	plain.forward_signals = false;
	engine_conn_init(e, &c);
	r = create(&s, container, x, io->in >= 0, io->tty, err);
	if (r == 0)
		r = start(&s, &c, io->tty, err);
	if (r == 0)
		r = pump_run(&c, &plain, &exec_ops, &s, err);
	return r < 0 ? r : exit_code(&s, ret_code, err);
}

struct capture {
	struct strbuf *out;
	struct strbuf *err;
};

static int collect(void *ctx, int stream, const void *data, size_t len, struct err *err)
{
	const struct capture *to = ctx;
	struct strbuf *sb = stream == STREAM_STDERR ? to->err : to->out;

	if (sb)
		strbuf_add(sb, data, len);
	return 0;
}

int engine_exec_capture(struct engine *e, const char *container, const struct engine_exec *x,
	const struct strbuf *input, struct strbuf *out, struct strbuf *err_out, uint64_t timeout_ms,
	int *ret_code, struct err *err)
{
	CLEANUP(session_done) struct session s = { .e = e };
	struct capture to = { .out = out, .err = err_out };
	uint64_t deadline = timeout_ms ? now_ms() + timeout_ms : 0;
	AUTO_HTTP_CONN c;
	int r;

	engine_conn_init(e, &c);
	r = create(&s, container, x, input != NULL, false, err);
	if (r == 0)
		r = start(&s, &c, false, err);
	if (r == 0) {
		http_set_deadline(&c, deadline);
		r = pump_capture(&c, input, collect, &to, err);
	}
	return r < 0 ? r : exit_code(&s, ret_code, err);
}
