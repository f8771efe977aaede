/* SPDX-License-Identifier: MIT */
#include "core/phase.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/timing.h"
#include "core/app_env.h"
#include "core/appjson.h"
#include "core/docker_client.h"
#include "core/engine_path.h"
#include "core/image.h"
#include "core/image_make.h"
#include "core/output.h"
#include "core/phase_args.h"
#include "core/procs.h"
#include "core/state.h"
#include "core/trigger.h"
#include "lib/dockeropts/dockeropts.h"
#include "lib/engine/containers.h"
#include "lib/engine/images.h"
#include "lib/words/words.h"

enum { LINE_SHOWN_MAX = 16 * 1024, SHORT_ID = 9 };

/* --- what to run --- */

static bool is_release(const struct phase *phase)
{
	return str_eq(phase->name, "release");
}

static int find_command(struct ctx *ctx, const struct phase *phase, struct strbuf *out,
	struct err *err)
{
	json_t *app_json = NULL;
	int r;

	if (is_release(phase)) {
		r = procs_command(ctx, phase->app, "release", "5000", out, err);
		return r < 0 ? r : 0;
	}
	r = appjson_load(ctx, phase->app, &app_json, err);
	if (r < 0)
		return r;
	strbuf_addstr(out, appjson_script(app_json, phase->name));
	json_decref(app_json);
	return 0;
}

static int add_flags_of(struct ctx *ctx, const char *trigger, const struct strvec *args,
	struct strvec *ret, struct err *err)
{
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_STRBUF empty = STRBUF_INIT;
	int r = trigger_run_builtin(ctx, trigger, args, &text, err);

	strbuf_addch(&text, ' ');
	if (r >= 0)
		r = trigger_capture_args(ctx, trigger, args, &empty, &text, err);
	return r < 0 ? r : words_posix(text.buf, text.len, ret, err);
}

static int collect_flags(struct ctx *ctx, const struct phase *phase, const struct env *env,
	const char *builder, struct strvec *ret, struct err *err)
{
	const char *colon = strrchr(phase->image, ':');
	const char *tag = colon ? colon + 1 : "latest";
	AUTO_STRVEC deploy = STRVEC_INIT;
	AUTO_STRVEC process = STRVEC_INIT;
	int r;

	for (size_t i = 0; i < env->count; i++)
		strvec_pushf(ret, "--env=%s", env->vars[i].key);
	strvec_pushl(&deploy, phase->app, tag, NULL);
	strvec_pushl(&process, phase->app, builder, tag, NULL);
	r = add_flags_of(ctx, "docker-args-deploy", &deploy, ret, err);
	if (r >= 0)
		r = add_flags_of(ctx, "docker-args-process-deploy", &process, ret, err);
	if (r < 0)
		return err_wrap(err, "read the docker options of '%s'", phase->app);
	phase_filter_flags(ret);
	return 0;
}

/* --- the container --- */

struct run {
	struct ctx *ctx;
	const struct phase *phase;
	const char *command;
	json_t *image; /* inspected */
	struct env env;
	char *id;
};

static json_t *config_of(const struct run *run, const char *key)
{
	return json_object_get(json_object_get(run->image, "Config"), key);
}

static json_t *own_labels(const struct run *run)
{
	json_t *labels = labels_for(run->ctx, run->phase->app);

	json_object_set_new(labels, "dokku_phase_script", json_string(run->phase->name));
	json_object_set_new(labels, "com.moorage.operation", json_string(run->phase->operation));
	return labels;
}

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

static int create_by_api(struct run *run, struct dockeropts *opts, const struct strvec *words,
	struct err *err)
{
	json_t *body = dockeropts_default_body();
	json_t *labels = own_labels(run);
	int r;

	dockeropts_merge(body, opts->body);
	if (!json_object_get(body, "Labels"))
		json_object_set_new(body, "Labels", json_object());
	json_object_update(json_object_get(body, "Labels"), labels);
	json_object_set_new(body, "Image", json_string(run->phase->image));
	json_object_set_new(body, "Cmd", words_json(words));
	r = engine_container_create(ctx_engine(run->ctx), opts->name, body, &run->id, err);
	json_decref(labels);
	json_decref(body);
	return r;
}

/* For flags that only the docker program knows. */
static int create_by_client(struct run *run, const struct strvec *flags, const struct strvec *words,
	struct err *err)
{
	AUTO_DOCKER_CLIENT client = DOCKER_CLIENT_INIT;
	AUTO_CHILD c = CHILD_INIT;
	AUTO_STRBUF out = STRBUF_CAPPED(4096);
	json_t *labels = own_labels(run);
	struct child_status st;
	const char *key;
	json_t *value;
	int r = docker_client_find(run->ctx, &client, err);

	if (r >= 0) {
		docker_client_child(run->ctx, &client, &c);
		strvec_pushl(&c.argv, "container", "create", NULL);
		strvec_pushv(&c.argv, flags->items);
		json_object_foreach (labels, key, value)
			strvec_pushf(&c.argv, "--label=%s=%s", key, json_string_value(value));
		strvec_push(&c.argv, run->phase->image);
		strvec_pushv(&c.argv, words->items);
		for (size_t i = 0; i < run->env.count; i++)
			strvec_pushf(&c.env, "%s=%s", run->env.vars[i].key, run->env.vars[i].value);
		r = child_capture(&c, NULL, &out, NULL, &st, err);
	}
	json_decref(labels);
	if (r >= 0)
		r = child_check(&c, &st, err);
	if (r < 0)
		return r;
	strbuf_trim(&out);
	run->id = strbuf_detach(&out);
	return 0;
}

static int create(struct run *run, struct err *err)
{
	struct ctx *ctx = run->ctx;
	AUTO_FREE char *shell =
		state_computed(ctx, "scheduler", run->phase->app, "shell", "/bin/bash");
	const char *builder = image_label(run->image, "com.dokku.builder-type");
	struct dockeropts_source source = { .lookup = lookup, .cookie = &run->env };
	AUTO_DOCKEROPTS opts = DOCKEROPTS_INIT;
	AUTO_STRVEC flags = STRVEC_INIT;
	AUTO_STRVEC words = STRVEC_INIT;
	int r = engine_api(ctx_engine(ctx), err);

	if (r < 0)
		return r;
	source.api_minor = (unsigned)r;
	r = phase_command(run->command, shell, config_of(run, "Entrypoint"), ctx->trace, &words,
		err);
	if (r >= 0)
		r = collect_flags(ctx, run->phase, &run->env, *builder ? builder : "dockerfile",
			&flags, err);
	engine_path_flags(&ctx->inst, &flags);
	if (r >= 0)
		r = dockeropts_parse(flags.items, &source, &opts, NULL, err);
	if (r < 0)
		return r;
	return r == DOCKEROPTS_NEEDS_CLIENT ? create_by_client(run, &flags, &words, err)
					    : create_by_api(run, &opts, &words, err);
}

static int connect_networks(struct run *run, struct err *err)
{
	AUTO_STRVEC args = STRVEC_INIT;
	AUTO_STRBUF said = STRBUF_INIT;
	int r;

	strvec_pushl(&args, "app", run->id, run->phase->app, run->phase->name, NULL);
	r = trigger_run_builtin(run->ctx, "post-container-create", &args, &said, err);
	return r < 0 ? r : trigger_fire_args(run->ctx, "post-container-create", &args, err);
}

/* --- its output --- */

static void show_line(struct strbuf *line)
{
	strbuf_chomp(line);
	out_verbose("%s", line->buf);
	out_flush();
	strbuf_clear(line);
	line->truncated = false;
}

static int show(void *cookie, int stream, const void *data, size_t len, struct err *err)
{
	struct strbuf *line = cookie;
	const char *text = data;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\n')
			show_line(line);
		else if (text[i] != '\0')
			strbuf_addch(line, text[i]);
	}
	return 0;
}

static int follow(struct run *run, int *ret_code, struct err *err)
{
	struct engine_log_opts opts = { .follow = true, .out = true, .err = true, .tail = -1 };
	struct engine *e = ctx_engine(run->ctx);
	AUTO_STRBUF line = STRBUF_CAPPED(LINE_SHOWN_MAX);
	int r;

	out_info2_quiet("Start of %s %s task (%.*s) output", run->phase->app, run->phase->name,
		SHORT_ID, run->id);
	out_flush();
	e->cancel_fd = operation_cancel_fd();
	r = engine_container_logs(e, run->id, &opts, show, &line, err);
	if (line.len)
		show_line(&line);
	if (r >= 0)
		r = engine_container_wait(e, run->id, NULL, 0, ret_code, err);
	e->cancel_fd = -1;
	out_info2_quiet("End of %s %s task (%.*s) output", run->phase->app, run->phase->name,
		SHORT_ID, run->id);
	return r < 0 ? r : 0;
}

/* --- the result --- */

static void add_change(struct strvec *changes, const char *verb, json_t *list)
{
	AUTO_FREE char *text = json_array_size(list) ? json_dumps(list, JSON_COMPACT) : NULL;

	if (text)
		strvec_pushf(changes, "%s %s", verb, text);
}

/* What the engine is told to change in the image that it makes of the container. */
static void list_changes(const struct run *run, json_t *labels, struct strvec *ret)
{
	const char *key;
	json_t *value;

	add_change(ret, "ENTRYPOINT", config_of(run, "Entrypoint"));
	add_change(ret, "CMD", config_of(run, "Cmd"));
	json_object_foreach (labels, key, value)
		strvec_pushf(ret, "LABEL %s=\"%s\"", key, json_string_value(value));
}

/*
 * Makes the container's files the image. The script's own command must not become the image's: an
 * image that has none gets that back by a line that only a build understands.
 */
static int commit(struct run *run, struct err *err)
{
	const char *colon = strrchr(run->phase->image, ':');
	AUTO_FREE char *repo = xstrndup(run->phase->image,
		colon ? (size_t)(colon - run->phase->image) : strlen(run->phase->image));
	AUTO_FREE char *label = xasprintf("com.dokku.%s-phase", run->phase->name);
	AUTO_STRVEC changes = STRVEC_INIT;
	AUTO_FREE char *id = NULL;
	bool has_cmd = json_array_size(config_of(run, "Cmd")) != 0;
	struct engine_commit opts = { .no_pause = true };
	json_t *labels = labels_for(run->ctx, run->phase->app);
	int r;

	json_object_set_new(labels, label, json_string("true"));
	list_changes(run, labels, &changes);
	opts.changes = changes.items;
	opts.repo = has_cmd ? repo : NULL;
	opts.tag = has_cmd && colon ? colon + 1 : NULL;
	r = engine_container_commit(ctx_engine(run->ctx), run->id, &opts, &id, err);
	if (r >= 0 && !has_cmd)
		r = image_derive(run->ctx, id, labels, "CMD []\n", run->phase->image, err);
	json_decref(labels);
	return r < 0 ? err_wrap(err, "keep the result of the %s task", run->phase->name) : 0;
}

static int start_and_watch(struct run *run, struct err *err)
{
	int code = 0;
	int r = connect_networks(run, err);

	if (r >= 0)
		r = engine_container_start(ctx_engine(run->ctx), run->id, err);
	if (r >= 0)
		r = follow(run, &code, err);
	if (operation_interrupted())
		return err_user(err, ERR_FAILED, 1, "Execution of %s task interrupted",
			run->phase->name);
	if (r >= 0 && code)
		r = err_set(err, ERR_FAILED, "exit code %d", code);
	if (r < 0)
		return err_user(err, ERR_FAILED, 1, "Execution of %s task failed: %s\n%s",
			run->phase->name, run->command, err_text(err));
	return run->phase->commit ? commit(run, err) : 0;
}

static int run_command(struct run *run, struct err *err)
{
	AUTO_ERR remove_err = ERR_INIT;
	int r = engine_image_inspect(ctx_engine(run->ctx), run->phase->image, &run->image, err);

	if (r >= 0)
		r = app_env_merged(run->ctx, run->phase->app, &run->env, err);
	if (r >= 0)
		r = create(run, err);
	if (r < 0)
		return err_wrap(err, "prepare the %s task", run->phase->name);
	r = start_and_watch(run, err);
	if (engine_container_remove(ctx_engine(run->ctx), run->id, true, true, &remove_err) < 0)
		out_trace("%s", remove_err.msg.buf);
	return r;
}

int phase_run(struct ctx *ctx, const struct phase *phase, struct err *err)
{
	struct run run = { .ctx = ctx, .phase = phase, .env = ENV_INIT };
	AUTO_STRBUF command = STRBUF_INIT;
	int r;

	out_info1("Checking for %s task", phase->name);
	r = find_command(ctx, phase, &command, err);
	if (r < 0)
		return r;
	if (!command.len) {
		out_verbose("No %s task found, skipping", phase->name);
		return 0;
	}
	out_verbose("Executing %s task from %s%s: %s", phase->name,
		is_release(phase) ? "Procfile" : "app.json",
		phase->commit ? "" : " in ephemeral container", command.buf);
	run.command = command.buf;
	r = run_command(&run, err);
	json_decref(run.image);
	env_done(&run.env);
	free(run.id);
	return r;
}

/* How many there were. */
static int sweep_once(struct ctx *ctx, const char *app, struct err *err)
{
	json_t *filter = labels_filter(ctx, app);
	json_t *labels = json_object_get(filter, "label");
	json_t *found = NULL;
	int count = 0;
	json_t *one;
	size_t i;
	int r;

	json_array_append_new(labels, json_string("dokku_phase_script"));
	r = engine_container_list(ctx_engine(ctx), true, filter, &found, err);
	json_decref(filter);
	json_array_foreach (found, i, one) {
		const char *id = json_string_value(json_object_get(one, "Id"));
		json_t *their = json_object_get(one, "Labels");

		/* Containers of an image that a script has made inherit its label. */
		if (r < 0 || !id || json_object_get(their, "com.dokku.container-type"))
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

int phase_sweep(struct ctx *ctx, const char *app, bool late, struct err *err)
{
	uint64_t deadline = now_ms() + ENGINE_LATE_MS;
	int r = sweep_once(ctx, app, err);

	while (r == 0 && late && ms_left(deadline)) {
		sleep_ms(ENGINE_LATE_POLL_MS);
		r = sweep_once(ctx, app, err);
	}
	return r < 0 ? r : 0;
}
