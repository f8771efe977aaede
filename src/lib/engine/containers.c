/* SPDX-License-Identifier: MIT */
#include "lib/engine/containers.h"

#include <stdlib.h>
#include <string.h>

/* METHOD /containers/ID/VERB without a body, and with its answer dropped. */
static int simple(struct engine *e, const char *method, const char *id, const char *verb,
	struct err *err)
{
	AUTO_TARGET t = HTTP_TARGET_INIT;
	int r;

	target_noun(&t, "/containers/", id, verb);
	r = engine_call_target(e, method, &t, NULL, NULL, err);
	return r < 0 ? r : 0;
}

int engine_container_start(struct engine *e, const char *id, struct err *err)
{
	return simple(e, "POST", id, "/start", err);
}

/* The engine answers after the container's grace time, which may be longer than a plain call. */
static int stop_like(struct engine *e, const char *id, const char *verb, int timeout_s,
	struct err *err)
{
	AUTO_TARGET t = HTTP_TARGET_INIT;
	struct engine_request rq = { .method = "POST", .target = &t, .timeout_ms = e->timeout_ms };
	int r;

	target_noun(&t, "/containers/", id, verb);
	if (timeout_s >= 0) {
		target_query_int(&t, "t", timeout_s);
		rq.timeout_ms += rq.timeout_ms ? (uint64_t)timeout_s * 1000 : 0;
	} else {
		rq.timeout_ms = 0;
	}
	r = engine_send(e, &rq, NULL, err);
	return r < 0 ? r : 0;
}

int engine_container_stop(struct engine *e, const char *id, int timeout_s, struct err *err)
{
	return stop_like(e, id, "/stop", timeout_s, err);
}

int engine_container_restart(struct engine *e, const char *id, int timeout_s, struct err *err)
{
	return stop_like(e, id, "/restart", timeout_s, err);
}

int engine_container_kill(struct engine *e, const char *id, const char *signal, struct err *err)
{
	AUTO_TARGET t = HTTP_TARGET_INIT;
	int r;

	target_noun(&t, "/containers/", id, "/kill");
	target_query(&t, "signal", signal);
	r = engine_call_target(e, "POST", &t, NULL, NULL, err);
	return r < 0 ? r : 0;
}

int engine_container_remove(struct engine *e, const char *id, bool force, bool volumes,
	struct err *err)
{
	AUTO_TARGET t = HTTP_TARGET_INIT;
	int r;

	target_noun(&t, "/containers/", id, "");
	target_query_flag(&t, "force", force);
	target_query_flag(&t, "v", volumes);
	r = engine_call_target(e, "DELETE", &t, NULL, NULL, err);
	return r < 0 ? r : 0;
}

int engine_container_rename(struct engine *e, const char *id, const char *new_name, struct err *err)
{
	AUTO_TARGET t = HTTP_TARGET_INIT;
	int r;

	target_noun(&t, "/containers/", id, "/rename");
	target_query(&t, "name", new_name);
	r = engine_call_target(e, "POST", &t, NULL, NULL, err);
	return r < 0 ? r : 0;
}

int engine_container_inspect(struct engine *e, const char *id, json_t **ret, struct err *err)
{
	AUTO_TARGET t = HTTP_TARGET_INIT;
	int r;

	target_noun(&t, "/containers/", id, "/json");
	r = engine_call_target(e, "GET", &t, NULL, ret, err);
	return r < 0 ? r : 0;
}

const char *engine_container_address(const json_t *inspected, const char *network)
{
	json_t *settings = json_object_get(inspected, "NetworkSettings");
	json_t *networks = json_object_get(settings, "Networks");
	const char *name;
	json_t *endpoint;

	json_object_foreach (networks, name, endpoint) {
		const char *ip = json_string_value(json_object_get(endpoint, "IPAddress"));

		if (network && strcmp(name, network) != 0)
			continue;
		if (ip && *ip)
			return ip;
	}
	return NULL;
}

int engine_container_list(struct engine *e, bool all, const json_t *filters, json_t **ret,
	struct err *err)
{
	AUTO_TARGET t = HTTP_TARGET_INIT;
	int r;

	target_path(&t, "/containers/json");
	target_query_flag(&t, "all", all);
	target_query_json(&t, "filters", filters);
	r = engine_call_target(e, "GET", &t, NULL, ret, err);
	return r < 0 ? r : 0;
}

int engine_container_update(struct engine *e, const char *id, const json_t *body, struct err *err)
{
	AUTO_TARGET t = HTTP_TARGET_INIT;
	int r;

	target_noun(&t, "/containers/", id, "/update");
	r = engine_call_target(e, "POST", &t, body, NULL, err);
	return r < 0 ? r : 0;
}

int engine_container_top(struct engine *e, const char *id, const char *ps_args, json_t **ret,
	struct err *err)
{
	AUTO_TARGET t = HTTP_TARGET_INIT;
	int r;

	target_noun(&t, "/containers/", id, "/top");
	target_query(&t, "ps_args", ps_args);
	r = engine_call_target(e, "GET", &t, NULL, ret, err);
	return r < 0 ? r : 0;
}

int engine_container_resize(struct engine *e, const char *id, unsigned rows, unsigned cols,
	struct err *err)
{
	AUTO_TARGET t = HTTP_TARGET_INIT;
	int r;

	target_noun(&t, "/containers/", id, "/resize");
	target_query_int(&t, "h", rows);
	target_query_int(&t, "w", cols);
	r = engine_call_target(e, "POST", &t, NULL, NULL, err);
	return r < 0 ? r : 0;
}

int engine_container_commit(struct engine *e, const char *id, const struct engine_commit *opts,
	char **ret_image, struct err *err)
{
	AUTO_TARGET t = HTTP_TARGET_INIT;
	json_auto_t *answer = NULL;
	json_auto_t *empty = json_object();
	int r;

	target_path(&t, "/commit");
	target_query(&t, "container", id);
	target_query(&t, "repo", opts->repo);
	target_query(&t, "tag", opts->tag);
	target_query(&t, "comment", opts->message);
	target_query(&t, "author", opts->author);
	target_query(&t, "pause", opts->no_pause ? "0" : "1");
	for (char *const *c = opts->changes; c && *c; c++)
		target_query(&t, "changes", *c);
	r = engine_call_target(e, "POST", &t, opts->config ? opts->config : empty, &answer, err);
	return r < 0 ? r : engine_take_string(answer, "Id", ret_image, err);
}

int engine_archive_get(struct engine *e, const char *id, const char *path, http_sink sink,
	void *ctx, struct err *err)
{
	AUTO_TARGET t = HTTP_TARGET_INIT;
	struct engine_request rq = { .method = "GET", .target = &t };

	target_noun(&t, "/containers/", id, "/archive");
	target_query(&t, "path", path);
	return engine_stream(e, &rq, sink, ctx, err);
}

int engine_container_export(struct engine *e, const char *id, http_sink sink, void *ctx,
	struct err *err)
{
	AUTO_TARGET t = HTTP_TARGET_INIT;
	struct engine_request rq = { .method = "GET", .target = &t };

	target_noun(&t, "/containers/", id, "/export");
	return engine_stream(e, &rq, sink, ctx, err);
}

static int archive_put(struct engine *e, const char *id, const char *path, struct engine_request rq,
	struct err *err)
{
	AUTO_TARGET t = HTTP_TARGET_INIT;

	target_noun(&t, "/containers/", id, "/archive");
	target_query(&t, "path", path);
	rq.method = "PUT";
	rq.target = &t;
	rq.content_type = "application/x-tar";
	return engine_stream(e, &rq, NULL, NULL, err);
}

int engine_archive_put(struct engine *e, const char *id, const char *path, const void *tar,
	size_t len, struct err *err)
{
	struct engine_request rq = { .body = tar, .body_len = len };

	return archive_put(e, id, path, rq, err);
}

int engine_archive_put_fd(struct engine *e, const char *id, const char *path, int tar_fd,
	struct err *err)
{
	struct engine_request rq = { .body_from_fd = true, .body_fd = tar_fd };

	return archive_put(e, id, path, rq, err);
}
