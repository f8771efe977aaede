/* SPDX-License-Identifier: MIT */
#include "lib/engine/attach.h"

#include "base/strbuf.h"

struct attached {
	struct engine *e;
	const char *id;
};

/* Both are courtesies: the container may be gone already, which is no failure of the session. */
static void on_resize(void *ctx, unsigned rows, unsigned cols)
{
	const struct attached *a = ctx;
	AUTO_ERR ignored = ERR_INIT;

	(void)!engine_container_resize(a->e, a->id, rows, cols, &ignored);
}

static void on_signal(void *ctx, int sig)
{
	const struct attached *a = ctx;
	AUTO_ERR ignored = ERR_INIT;
	AUTO_STRBUF number = STRBUF_INIT;

	strbuf_addf(&number, "%d", sig);
	(void)!engine_container_kill(a->e, a->id, number.buf, &ignored);
}

static const struct pump_ops attach_ops = { .resize = on_resize, .signal = on_signal };

static int begin(struct engine *e, struct http_conn *c, const char *id, const struct engine_io *io,
	struct err *err)
{
	AUTO_TARGET t = HTTP_TARGET_INIT;
	struct engine_request rq = { .method = "POST",
		.target = &t,
		.upgrade = true,
		.timeout_ms = e->timeout_ms };
	int r;

	target_noun(&t, "/containers/", id, "/attach");
	target_query_flag(&t, "stream", true);
	target_query_flag(&t, "stdin", io->in >= 0);
	target_query_flag(&t, "stdout", true);
	target_query_flag(&t, "stderr", true);
	r = engine_begin(e, c, &rq, err);
	return r < 0 ? r : http_take_over(c, err);
}

/* Attached and watched before it starts, so that nothing is missed. C and W are initialised here. */
static int start(struct engine *e, struct http_conn *c, struct engine_wait *w, const char *id,
	const struct engine_io *io, const char *condition, struct err *err)
{
	int r;

	engine_conn_init(e, c);
	engine_conn_init(e, &w->conn);
	r = begin(e, c, id, io, err);
	if (r == 0)
		r = engine_wait_begin(e, w, id, condition ? condition : "next-exit", err);
	return r == 0 ? engine_container_start(e, id, err) : r;
}

int engine_container_run(struct engine *e, const char *id, const struct engine_io *io,
	const char *condition, int *ret_code, struct err *err)
{
	struct attached a = { .e = e, .id = id };
	AUTO_HTTP_CONN c;
	CLEANUP(engine_wait_done) struct engine_wait w;
	int r = start(e, &c, &w, id, io, condition, err);

	if (r == 0)
		r = pump_run(&c, io, &attach_ops, &a, err);
	return r < 0 ? r : engine_wait_end(&w, 0, ret_code, err);
}

int engine_container_run_to(struct engine *e, const char *id, stream_sink sink, void *ctx,
	int *ret_code, struct err *err)
{
	struct engine_io io = { .in = -1, .out = -1, .err = -1 };
	AUTO_HTTP_CONN c;
	CLEANUP(engine_wait_done) struct engine_wait w;
	int r = start(e, &c, &w, id, &io, NULL, err);

	if (r == 0)
		r = pump_capture(&c, NULL, sink, ctx, err);
	return r < 0 ? r : engine_wait_end(&w, 0, ret_code, err);
}

int engine_container_attach(struct engine *e, const char *id, const struct engine_io *io,
	struct err *err)
{
	struct attached a = { .e = e, .id = id };
	AUTO_HTTP_CONN c;
	int r;

	engine_conn_init(e, &c);
	r = begin(e, &c, id, io, err);
	return r < 0 ? r : pump_run(&c, io, &attach_ops, &a, err);
}
