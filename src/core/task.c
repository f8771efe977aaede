/* SPDX-License-Identifier: MIT */
#include "core/task.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/timing.h"
#include "core/docker_create.h"
#include "core/engine_path.h"
#include "core/image.h"
#include "core/operation.h"
#include "core/output.h"
#include "core/trigger.h"
#include "lib/dockeropts/dockeropts.h"
#include "lib/engine/attach.h"

void task_done(struct task *t)
{
	strvec_done(&t->flags);
	strvec_done(&t->command);
	env_done(&t->env);
	json_decref(t->labels);
	free(t->id);
	*t = (struct task)TASK_INIT;
}

/* --- making it --- */

static const char *lookup(void *cookie, const char *name)
{
	const char *value = env_get(cookie, name);

	return value ? value : getenv(name);
}

static json_t *words_json(const struct strvec *words)
{
	json_t *list = json_array();

	for (size_t i = 0; i < words->count; i++)
		json_array_append_new(list, json_string(words->items[i]));
	return list;
}

static int create_by_api(struct task *t, struct dockeropts *opts, struct err *err)
{
	json_t *body = dockeropts_default_body();
	int r;

	dockeropts_merge(body, opts->body);
	if (!json_object_get(body, "Labels"))
		json_object_set_new(body, "Labels", json_object());
	json_object_update(json_object_get(body, "Labels"), t->labels);
	json_object_set_new(body, "Image", json_string(t->image));
	if (t->command.count)
		json_object_set_new(body, "Cmd", words_json(&t->command));
	r = engine_container_create(ctx_engine(t->ctx), opts->name, body, &t->id, err);
	json_decref(body);
	return r;
}

static int create_by_client(struct task *t, struct err *err)
{
	struct docker_create what = { t->image, &t->flags, &t->command, &t->env };
	const char *key;
	json_t *value;

	json_object_foreach (t->labels, key, value)
		strvec_pushf(&t->flags, "--label=%s=%s", key, json_string_value(value));
	return docker_create(t->ctx, &what, &t->id, err);
}

int task_create(struct task *t, struct err *err)
{
	struct dockeropts_source source = { .lookup = lookup, .cookie = &t->env };
	AUTO_DOCKEROPTS opts = DOCKEROPTS_INIT;
	int r = engine_api(ctx_engine(t->ctx), err);

	if (r < 0)
		return r;
	source.api_minor = (unsigned)r;
	/* It is watched, and looked at when it has ended; a terminal's stream has another form. */
	strvec_pushl(&t->flags, "--rm=false", "--tty=false", "--interactive=false", NULL);
	engine_path_flags(&t->ctx->inst, &t->flags);
	r = dockeropts_parse(t->flags.items, &source, &opts, NULL, err);
	if (r < 0)
		return r;
	/* What is no part of the request's body is the program's own doing. */
	if (r == DOCKEROPTS_NEEDS_CLIENT || opts.platform || opts.pull)
		return create_by_client(t, err);
	return create_by_api(t, &opts, err);
}

/* --- its life --- */

int task_announce(struct task *t, const char *app, const char *phase, struct err *err)
{
	AUTO_STRVEC args = STRVEC_INIT;
	AUTO_STRBUF said = STRBUF_INIT;
	int r;

	strvec_pushl(&args, "app", t->id, app, phase, NULL);
	r = trigger_run_builtin(t->ctx, "post-container-create", &args, &said, err);
	return r < 0 ? r : trigger_fire_args(t->ctx, "post-container-create", &args, err);
}

int task_run(struct task *t, stream_sink sink, void *cookie, int *ret_code, struct err *err)
{
	struct engine *e = ctx_engine(t->ctx);
	int r;

	out_flush();
	e->cancel_fd = operation_cancel_fd();
	r = engine_container_run_to(e, t->id, sink, cookie, ret_code, err);
	e->cancel_fd = -1;
	return r < 0 ? r : 0;
}

void task_remove(struct task *t)
{
	AUTO_ERR err = ERR_INIT;

	if (t->id && engine_container_remove(ctx_engine(t->ctx), t->id, true, true, &err) < 0)
		out_trace("%s", err.msg.buf);
	free(t->id);
	t->id = NULL;
}

/* --- what interrupted ones left --- */

/* How many there were. */
static int sweep_once(struct ctx *ctx, const json_t *filter, struct err *err)
{
	json_t *found = NULL;
	int count = 0;
	json_t *one;
	size_t i;
	int r = engine_container_list(ctx_engine(ctx), true, filter, &found, err);

	json_array_foreach (found, i, one) {
		const char *id = json_string_value(json_object_get(one, "Id"));
		json_t *labels = json_object_get(one, "Labels");

		/* Containers of an image that a task has made inherit its labels. */
		if (r < 0 || !id || json_object_get(labels, "com.dokku.container-type"))
			continue;
		r = engine_container_remove(ctx_engine(ctx), id, true, true, err);
		count++;
		if (r == -ERR_NOT_FOUND || r == -ERR_EXISTS) {
			err_clear(err);
			r = 0;
		}
	}
	json_decref(found);
	return r < 0 ? r : count;
}

int task_sweep(struct ctx *ctx, const char *app, const char *const *labels, bool late,
	struct err *err)
{
	json_t *filter = labels_filter(ctx, app);
	uint64_t deadline = now_ms() + ENGINE_LATE_MS;
	int r;

	for (; *labels; labels++)
		json_array_append_new(json_object_get(filter, "label"), json_string(*labels));
	r = sweep_once(ctx, filter, err);
	while (r == 0 && late && ms_left(deadline)) {
		sleep_ms(ENGINE_LATE_POLL_MS);
		r = sweep_once(ctx, filter, err);
	}
	json_decref(filter);
	return r < 0 ? r : 0;
}
