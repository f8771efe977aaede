/* SPDX-License-Identifier: MIT */
/*
 * Vector's container. It is named and labelled as the one of Dokku's compose project, so that either
 * program finds what the other has started; no compose program is needed.
 */
#include "plugins/logs/vector.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/parse.h"
#include "base/timing.h"
#include "core/image.h"
#include "core/image_make.h"
#include "core/output.h"
#include "core/registry_auth.h"
#include "core/registry_progress.h"
#include "core/state.h"
#include "lib/engine/containers.h"
#include "lib/engine/images.h"
#include "lib/engine/networks.h"

enum { READY_S = 10, POLL_MS = 200, LINE_MAX_BYTES = 64 * 1024 };

const char vector_default_image[] = "timberio/vector:0.57.0-debian";

/* What tells whether the container is still as it should be. */
static const char label_config[] = "com.moorage.config";

char *vector_name(const char *instance)
{
	return xasprintf("%s%svector-vector-1", instance, *instance ? "." : "");
}

/* The container of Dokku before it used compose. */
static char *old_name(const char *instance)
{
	return xasprintf("%s%svector", instance, *instance ? "." : "");
}

void vector_networks(struct ctx *ctx, struct strvec *ret)
{
	AUTO_FREE char *text = state_get_or(ctx, "logs", SCOPE_GLOBAL, "vector-networks", "");

	strvec_split(ret, text, ", ");
}

/* In a container the engine's paths are others than ours. */
static const char *first_of(const char *variable, const char *set, const char *own)
{
	const char *host = getenv(variable);

	if (host && *host)
		return host;
	return *set ? set : own;
}

char *vector_data_dir(struct ctx *ctx)
{
	return xasprintf("%s/data/logs",
		first_of("DOKKU_LIB_HOST_ROOT", ctx->inst.lib_host_root, ctx->inst.lib_root));
}

char *vector_logs_dir(struct ctx *ctx)
{
	return xasprintf("%s/apps", first_of("DOKKU_LOGS_HOST_DIR", "", ctx->inst.logs_dir));
}

/* --- the request --- */

static json_t *labels_of(const struct vector_container *c)
{
	json_t *labels = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "dokku", "",
		"org.label-schema.schema-version", "1.0", "org.label-schema.vendor", "dokku",
		"com.docker.compose.service", "vector", "com.docker.compose.container-number", "1",
		"com.docker.compose.oneoff", "False", "com.docker.compose.project", "vector");

	if (!*c->instance)
		return labels;
	json_object_set_new(labels, "com.moorage.instance", json_string(c->instance));
	json_object_set_new(labels, "com.docker.compose.project",
		json_sprintf("%s-vector", c->instance));
	return labels;
}

static json_t *endpoints_of(const struct vector_container *c)
{
	AUTO_FREE char *name = vector_name(c->instance);
	json_t *endpoints = json_object();

	for (size_t i = 0; i < c->networks->count; i++)
		json_object_set_new(endpoints, c->networks->items[i],
			json_pack("{s:[s, s]}", "Aliases", name, "vector"));
	return endpoints;
}

static json_t *host_config_of(const struct vector_container *c)
{
	const char *network = c->networks->count ? c->networks->items[0] : "bridge";

	return json_pack("{s:[o, o, o], s:s, s:{s:s, s:i}}", "Binds",
		json_sprintf("%s:/etc/vector:rw", c->data_dir),
		json_sprintf("%s:/var/run/docker.sock:ro", c->socket),
		json_sprintf("%s:/var/log/dokku/apps:rw", c->logs_dir), "NetworkMode", network,
		"RestartPolicy", "Name", "unless-stopped", "MaximumRetryCount", 0);
}

json_t *vector_body(const struct vector_container *c)
{
	json_t *body = json_pack("{s:s, s:[s, s, s], s:o, s:o}", "Image", c->image, "Cmd",
		"--config", "/etc/vector/vector.json", "--watch-config", "Labels", labels_of(c),
		"HostConfig", host_config_of(c));
	char *text;
	AUTO_FREE char *mark = NULL;

	if (c->networks->count)
		json_object_set_new(body, "NetworkingConfig",
			json_pack("{s:o}", "EndpointsConfig", endpoints_of(c)));
	text = json_dumps(body, JSON_COMPACT | JSON_SORT_KEYS);
	mark = xasprintf("%08x-%.12s", hash32(text, strlen(text)),
		str_starts(c->image_id, "sha256:") ? c->image_id + 7 : c->image_id);
	free(text);
	json_object_set_new(json_object_get(body, "Labels"), label_config, json_string(mark));
	return body;
}

/* --- what is there --- */

static const char *label_of(const json_t *inspected, const char *name)
{
	const json_t *labels = json_object_get(json_object_get(inspected, "Config"), "Labels");

	return json_string_value(json_object_get(labels, name));
}

static bool is_running(const json_t *inspected)
{
	const json_t *state = json_object_get(inspected, "State");

	return json_is_true(json_object_get(state, "Running")) &&
	       !json_is_true(json_object_get(state, "Restarting"));
}

/* 1: *RET is new; 0: there is none. */
static int look(struct ctx *ctx, const char *name, json_t **ret, struct err *err)
{
	int r = engine_container_inspect(ctx_engine(ctx), name, ret, err);

	if (r == -ERR_NOT_FOUND) {
		err_clear(err);
		return 0;
	}
	return r < 0 ? r : 1;
}

/* Made by Dokku or by us, which is what its template says. */
static bool is_ours(const json_t *inspected)
{
	return label_of(inspected, "dokku") != NULL;
}

/* 1 when it is gone now, 0 when there was none; a stranger's is ERR_EXISTS. */
static int remove_one(struct ctx *ctx, const char *name, struct err *err)
{
	json_t *found = NULL;
	int r = look(ctx, name, &found, err);
	bool ours = r > 0 && is_ours(found);

	json_decref(found);
	if (r <= 0)
		return r;
	if (!ours)
		return err_set(err, ERR_EXISTS,
			"There is a container %s that was not made for log shipping; rename or "
			"remove it",
			name);
	r = engine_container_stop(ctx_engine(ctx), name, -1, err);
	if (r >= 0)
		r = engine_container_remove(ctx_engine(ctx), name, true, true, err);
	if (r == -ERR_NOT_FOUND || r == -ERR_EXISTS) {
		err_clear(err); /* somebody else does the same */
		r = 0;
	}
	return r < 0 ? r : 1;
}

/* --- starting --- */

static int pull(struct ctx *ctx, const char *image, struct err *err)
{
	struct registry_progress progress = REGISTRY_PROGRESS_INIT;
	AUTO_FREE char *why = NULL;
	json_t *auth = NULL;
	int r = registry_auth(ctx, NULL, image, &auth, err);

	if (r < 0)
		return r;
	out_verbose("Pulling %s", image);
	out_flush();
	r = engine_image_pull(ctx_engine(ctx), image, NULL, auth, registry_progress_show, &progress,
		err);
	registry_progress_done(&progress);
	json_decref(auth);
	if (r >= 0)
		return 0;
	why = xstrdup(err_text(err));
	return err_user(err, ERR_NOT_FOUND, 1,
		"The image %s is not here and cannot be pulled: %s\n"
		"Load it with docker load, or name another one: dokku logs:set --global "
		"vector-image <image>",
		image, why);
}

static int need_image(struct ctx *ctx, const char *image, char **ret_id, struct err *err)
{
	AUTO_FREE char *id = NULL;
	int r = image_id(ctx, image, &id, err);

	if (r < 0)
		return r;
	if (!*id) {
		r = pull(ctx, image, err);
		free(TAKE_PTR(id));
		r = r < 0 ? r : image_id(ctx, image, &id, err);
	}
	if (r >= 0)
		*ret_id = TAKE_PTR(id);
	return r;
}

static int create(struct ctx *ctx, const char *name, const json_t *body, struct err *err)
{
	AUTO_ERR ignored = ERR_INIT;
	AUTO_FREE char *id = NULL;
	int r = engine_container_create(ctx_engine(ctx), name, body, &id, err);

	if (r < 0)
		return r;
	r = engine_container_start(ctx_engine(ctx), id, err);
	if (r < 0) /* the first error is what counts */
		(void)!engine_container_remove(ctx_engine(ctx), id, true, true, &ignored);
	return r;
}

/* Brings the container about that BODY describes, from whatever there is. */
static int bring_up(struct ctx *ctx, const json_t *body, struct err *err)
{
	AUTO_FREE char *name = vector_name(ctx->inst.label);
	const char *wanted =
		json_string_value(json_object_get(json_object_get(body, "Labels"), label_config));
	json_t *found = NULL;
	int r = look(ctx, name, &found, err);
	const char *is = r > 0 ? label_of(found, label_config) : NULL;
	bool same = is && str_eq(is, wanted);

	json_decref(found);
	if (r < 0)
		return r;
	if (same)
		return engine_container_start(ctx_engine(ctx), name, err);
	if (r > 0)
		r = remove_one(ctx, name, err);
	return r < 0 ? r : create(ctx, name, body, err);
}

static int start_own(struct ctx *ctx, const char *image, struct err *err)
{
	AUTO_FREE char *data = vector_data_dir(ctx);
	AUTO_FREE char *logs = vector_logs_dir(ctx);
	AUTO_FREE char *id = NULL;
	AUTO_STRVEC networks = STRVEC_INIT;
	struct vector_container c = {
		.instance = ctx->inst.label,
		.image = image,
		.data_dir = data,
		.logs_dir = logs,
		.socket = ctx->inst.engine_socket,
		.networks = &networks,
	};
	json_t *body;
	int r = need_image(ctx, image, &id, err);

	if (r < 0)
		return r;
	c.image_id = id;
	vector_networks(ctx, &networks);
	body = vector_body(&c);
	r = bring_up(ctx, body, err);
	json_decref(body);
	return r < 0 ? err_wrap(err, "start the log shipper") : 0;
}

static int refuse_old(struct ctx *ctx, struct err *err)
{
	AUTO_FREE char *name = old_name(ctx->inst.label);
	json_t *found = NULL;
	int r = look(ctx, name, &found, err);
	bool ours = r > 0 && is_ours(found);

	json_decref(found);
	if (r < 0 || !ours)
		return r < 0 ? r : 0;
	return err_set(err, ERR_EXISTS,
		"Vector container %s already exists in old format, run 'dokku logs:vector-stop' "
		"once to remove it",
		name);
}

/* It has to stay up; one that ends or begins again has something to say. */
static int watch(struct ctx *ctx, struct err *err)
{
	AUTO_FREE char *name = vector_name(ctx->inst.label);
	uint64_t deadline = now_ms() + READY_S * 1000;
	bool up = true;

	while (up && ms_left(deadline)) {
		json_t *found = NULL;
		int r = look(ctx, name, &found, err);

		up = r > 0 && is_running(found) &&
		     !json_integer_value(json_object_get(found, "RestartCount"));
		json_decref(found);
		if (r < 0)
			return r;
		if (up)
			sleep_ms(POLL_MS);
	}
	if (up)
		return 0;
	return err_set(err, ERR_FAILED,
		"Vector container did not start properly, run logs:vector-logs for more details");
}

int vector_run_start(struct ctx *ctx, const struct args *args, struct err *err)
{
	AUTO_FREE char *set =
		state_get_or(ctx, "logs", SCOPE_GLOBAL, "vector-image", vector_default_image);
	AUTO_FREE char *logs = xasprintf("%s/apps", ctx->inst.logs_dir);
	const char *image = args_value(args, "vector-image", "");
	int r;

	out_info2("Starting vector container");
	out_verbose("Ensuring vector configuration exists");
	r = vector_write(ctx, err);
	if (r >= 0)
		r = fs_mkdir_p(logs, 0755, err);
	if (r < 0)
		return r;
	out_verbose("Starting vector container");
	out_flush();
	r = refuse_old(ctx, err);
	if (r >= 0)
		r = vector_compose(ctx, *image ? image : set, true, err);
	if (r == 0)
		r = start_own(ctx, *image ? image : set, err);
	if (r < 0)
		return r;
	out_verbose("Waiting for %d seconds", READY_S);
	out_flush();
	r = watch(ctx, err);
	if (r >= 0)
		out_verbose("Vector container is running");
	return r;
}

int vector_run_stop(struct ctx *ctx, const struct args *args, struct err *err)
{
	AUTO_FREE char *set =
		state_get_or(ctx, "logs", SCOPE_GLOBAL, "vector-image", vector_default_image);
	AUTO_FREE char *name = vector_name(ctx->inst.label);
	AUTO_FREE char *old = old_name(ctx->inst.label);
	AUTO_ERR not_ours = ERR_INIT;
	int r;

	out_info2_quiet("Stopping and removing vector container");
	out_flush();
	(void)!remove_one(ctx, old, &not_ours); /* a stranger's stays */
	r = vector_compose(ctx, set, false, err);
	if (r >= 0)
		r = remove_one(ctx, name, err);
	return r < 0 ? r : 0;
}

/* --- its output --- */

struct shown {
	struct strbuf line[3]; /* of each stream */
};

static void show_line(int stream, struct strbuf *line)
{
	strbuf_chomp(line);
	if (line->len && stream == STREAM_STDERR) {
		out_flush();
		if (!output_is_quiet())
			out_stderr("       %s", line->buf);
	} else if (line->len) {
		out_verbose_quiet("%s", line->buf);
		out_flush();
	}
	strbuf_clear(line);
	line->truncated = false;
}

static int show(void *cookie, int stream, const void *data, size_t len, struct err *err)
{
	struct shown *s = cookie;
	const char *text = data;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\n')
			show_line(stream, &s->line[stream]);
		else if (text[i])
			strbuf_addch(&s->line[stream], text[i]);
	}
	return 0;
}

static int print_logs(struct ctx *ctx, const char *name, const struct engine_log_opts *opts,
	struct err *err)
{
	struct shown s;
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(s.line); i++)
		strbuf_init(&s.line[i], LINE_MAX_BYTES);
	ctx_engine(ctx)->hangup_fd = 1; /* a reader who has left is not waited for */
	r = engine_container_logs(ctx_engine(ctx), name, opts, show, &s, err);
	ctx_engine(ctx)->hangup_fd = -1;
	for (size_t i = 0; i < ARRAY_SIZE(s.line); i++) {
		show_line((int)i, &s.line[i]);
		strbuf_done(&s.line[i]);
	}
	return r < 0 ? r : 0;
}

int vector_run_logs(struct ctx *ctx, const struct args *args, struct err *err)
{
	AUTO_FREE char *name = vector_name(ctx->inst.label);
	struct engine_log_opts opts = { .out = true, .err = true };
	AUTO_ERR bad = ERR_INIT;
	json_t *found = NULL;
	bool running;
	int r;

	if (parse_int(args_value(args, "num", "100"), INT32_MIN, INT32_MAX, &opts.tail, &bad) < 0)
		return err_user(err, ERR_USAGE, 2,
			"invalid argument \"%s\" for \"--num\" flag: not a number",
			args_value(args, "num", ""));
	/* None or fewer means all. */
	opts.tail = opts.tail > 0 ? opts.tail : -1;
	opts.follow = args_has(args, "tail");
	r = look(ctx, name, &found, err);
	running = r > 0 && is_running(found);
	json_decref(found);
	if (r == 0)
		r = err_set(err, ERR_NOT_FOUND, "Vector container does not exist");
	if (r < 0)
		return r;
	if (!running)
		out_warn("Vector container is not running");
	out_info1_quiet("Vector container logs");
	out_flush();
	return print_logs(ctx, name, &opts, err);
}
