/* SPDX-License-Identifier: MIT */
#include "lib/engine/images.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

static void image_target(struct http_target *t, const char *image, const char *verb)
{
	target_path(t, "/images/");
	target_image(t, image);
	target_path(t, verb);
}

int engine_image_inspect(struct engine *e, const char *image, json_t **ret, struct err *err)
{
	AUTO_TARGET t = HTTP_TARGET_INIT;
	int r;

	image_target(&t, image, "/json");
	r = engine_call_target(e, "GET", &t, NULL, ret, err);
	return r < 0 ? r : 0;
}

int engine_image_history(struct engine *e, const char *image, json_t **ret, struct err *err)
{
	AUTO_TARGET t = HTTP_TARGET_INIT;
	int r;

	image_target(&t, image, "/history");
	r = engine_call_target(e, "GET", &t, NULL, ret, err);
	return r < 0 ? r : 0;
}

int engine_image_tag(struct engine *e, const char *image, const char *repo, const char *tag,
	struct err *err)
{
	AUTO_TARGET t = HTTP_TARGET_INIT;
	int r;

	image_target(&t, image, "/tag");
	target_query(&t, "repo", repo);
	target_query(&t, "tag", tag);
	r = engine_call_target(e, "POST", &t, NULL, NULL, err);
	return r < 0 ? r : 0;
}

int engine_image_remove(struct engine *e, const char *image, bool force, bool no_prune,
	struct err *err)
{
	AUTO_TARGET t = HTTP_TARGET_INIT;
	int r;

	image_target(&t, image, "");
	target_query_flag(&t, "force", force);
	target_query_flag(&t, "noprune", no_prune);
	r = engine_call_target(e, "DELETE", &t, NULL, NULL, err);
	return r < 0 ? r : 0;
}

int engine_image_list(struct engine *e, bool all, const json_t *filters, json_t **ret,
	struct err *err)
{
	AUTO_TARGET t = HTTP_TARGET_INIT;
	int r;

	target_path(&t, "/images/json");
	target_query_flag(&t, "all", all);
	target_query_json(&t, "filters", filters);
	r = engine_call_target(e, "GET", &t, NULL, ret, err);
	return r < 0 ? r : 0;
}

int engine_image_prune(struct engine *e, const json_t *filters, json_t **ret, struct err *err)
{
	AUTO_TARGET t = HTTP_TARGET_INIT;
	struct engine_request rq = { .method = "POST", .target = &t };
	int r;

	/* Without a deadline: removing many layers takes as long as the disk takes. */
	target_path(&t, "/images/prune");
	target_query_json(&t, "filters", filters);
	r = engine_send(e, &rq, ret, err);
	return r < 0 ? r : 0;
}

/* URL-safe base64 with padding, as the engine decodes its registry headers. */
static void add_base64url(struct strbuf *out, const char *data, size_t len)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

	for (size_t i = 0; i < len; i += 3) {
		size_t n = len - i < 3 ? len - i : 3;
		unsigned v = (unsigned)(unsigned char)data[i] << 16;

		if (n > 1)
			v |= (unsigned)(unsigned char)data[i + 1] << 8;
		if (n > 2)
			v |= (unsigned char)data[i + 2];
		strbuf_addch(out, digits[v >> 18]);
		strbuf_addch(out, digits[v >> 12 & 63]);
		strbuf_addch(out, n > 1 ? digits[v >> 6 & 63] : '=');
		strbuf_addch(out, n > 2 ? digits[v & 63] : '=');
	}
}

/* "NAME: base64" of VALUE; nothing for NULL. The text is a secret. */
static void auth_header(struct strbuf *out, const char *name, const json_t *value)
{
	char *text = value ? json_dumps(value, JSON_COMPACT) : NULL;

	if (!text)
		return;
	strbuf_addf(out, "%s: ", name);
	add_base64url(out, text, strlen(text));
	explicit_bzero(text, strlen(text));
	free(text);
}

static void erase(struct strbuf *sb)
{
	strbuf_erase(sb);
}

/* Runs a call whose answer is a progress stream; RQ may be given a header by the caller. */
static int run(struct engine *e, const struct engine_request *rq, struct progress_decoder *d,
	struct err *err)
{
	int r = engine_stream(e, rq, progress_feed, d, err);

	return r < 0 ? r : progress_end(d, err);
}

/* Is there a tag or digest in a reference? A colon before the last slash belongs to a port. */
static bool has_tag(const char *image)
{
	const char *slash = strrchr(image, '/');

	return strpbrk(slash ? slash : image, ":@") != NULL;
}

int engine_image_pull(struct engine *e, const char *image, const char *platform, const json_t *auth,
	progress_fn fn, void *ctx, struct err *err)
{
	AUTO_TARGET t = HTTP_TARGET_INIT;
	AUTO_PROGRESS d;
	CLEANUP(erase) struct strbuf header = STRBUF_INIT;
	struct engine_request rq = { .method = "POST", .target = &t };

	progress_init(&d, ERR_REMOTE, fn, ctx);
	auth_header(&header, "X-Registry-Auth", auth);
	rq.header = header.len ? header.buf : NULL;
	target_path(&t, "/images/create");
	target_query(&t, "fromImage", image);
	target_query(&t, "tag", has_tag(image) ? NULL : "latest");
	target_query(&t, "platform", platform);
	return run(e, &rq, &d, err);
}

int engine_image_push(struct engine *e, const char *repo, const char *tag, const json_t *auth,
	progress_fn fn, void *ctx, struct err *err)
{
	AUTO_TARGET t = HTTP_TARGET_INIT;
	AUTO_PROGRESS d;
	CLEANUP(erase) struct strbuf header = STRBUF_INIT;
	json_auto_t *nobody = json_object();
	struct engine_request rq = { .method = "POST", .target = &t };

	progress_init(&d, ERR_REMOTE, fn, ctx);
	/* Engines insist on the header, also when there is nothing to say. */
	auth_header(&header, "X-Registry-Auth", auth ? auth : nobody);
	rq.header = header.buf;
	image_target(&t, repo, "/push");
	target_query(&t, "tag", tag);
	return run(e, &rq, &d, err);
}

int engine_registry_login(struct engine *e, const json_t *auth, char **ret_token, struct err *err)
{
	json_auto_t *answer = NULL;
	const char *token;
	int r = engine_call(e, "POST", "/auth", auth, &answer, err);

	if (r < 0)
		return r;
	token = json_string_value(json_object_get(answer, "IdentityToken"));
	*ret_token = xstrdup(token ? token : "");
	return 0;
}

int engine_image_build(struct engine *e, int tar_fd, const struct engine_param *params,
	const json_t *registries, progress_fn fn, void *ctx, char **ret_id, struct err *err)
{
	AUTO_TARGET t = HTTP_TARGET_INIT;
	AUTO_PROGRESS d;
	CLEANUP(erase) struct strbuf header = STRBUF_INIT;
	struct engine_request rq = { .method = "POST",
		.target = &t,
		.content_type = "application/x-tar",
		.body_from_fd = true,
		.body_fd = tar_fd };
	int r;

	progress_init(&d, ERR_FAILED, fn, ctx);
	auth_header(&header, "X-Registry-Config", registries);
	rq.header = header.len ? header.buf : NULL;
	target_path(&t, "/build");
	target_query(&t, "version", "1"); /* the classic builder; BuildKit needs a session */
	/* No container of a step stays behind, whichever way it ends. */
	target_query_flag(&t, "rm", true);
	target_query_flag(&t, "forcerm", true);
	for (const struct engine_param *p = params; p && p->key; p++)
		target_query(&t, p->key, p->value);
	r = run(e, &rq, &d, err);
	if (r < 0 || !ret_id)
		return r;
	if (!d.image_id.len)
		return err_set(err, ERR_INVALID,
			"the Docker Engine did not name the image it built");
	*ret_id = xstrdup(d.image_id.buf);
	return 0;
}

int engine_image_load(struct engine *e, int fd, progress_fn fn, void *ctx, struct err *err)
{
	AUTO_TARGET t = HTTP_TARGET_INIT;
	AUTO_PROGRESS d;
	struct engine_request rq = { .method = "POST",
		.target = &t,
		.content_type = "application/x-tar",
		.body_from_fd = true,
		.body_fd = fd };

	progress_init(&d, ERR_REMOTE, fn, ctx);
	target_path(&t, "/images/load");
	target_query(&t, "quiet", "1");
	return run(e, &rq, &d, err);
}

int engine_image_import(struct engine *e, int fd, const char *repo, const char *tag,
	char *const *changes, struct err *err)
{
	AUTO_TARGET t = HTTP_TARGET_INIT;
	AUTO_PROGRESS d;
	struct engine_request rq = { .method = "POST",
		.target = &t,
		.content_type = "application/x-tar",
		.body_from_fd = true,
		.body_fd = fd };

	progress_init(&d, ERR_REMOTE, NULL, NULL);
	target_path(&t, "/images/create");
	target_query(&t, "fromSrc", "-");
	target_query(&t, "repo", repo);
	target_query(&t, "tag", tag);
	for (char *const *c = changes; c && *c; c++)
		target_query(&t, "changes", *c);
	return run(e, &rq, &d, err);
}

int engine_image_save(struct engine *e, const char *image, http_sink sink, void *ctx,
	struct err *err)
{
	AUTO_TARGET t = HTTP_TARGET_INIT;
	struct engine_request rq = { .method = "GET", .target = &t };

	image_target(&t, image, "/get");
	return engine_stream(e, &rq, sink, ctx, err);
}
