/* SPDX-License-Identifier: MIT */
#include "core/phase.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/app_env.h"
#include "core/appjson.h"
#include "core/image.h"
#include "core/image_kind.h"
#include "core/image_make.h"
#include "core/output.h"
#include "core/phase_args.h"
#include "core/procs.h"
#include "core/state.h"
#include "core/task.h"
#include "core/trigger.h"
#include "lib/engine/containers.h"
#include "lib/engine/images.h"
#include "lib/words/words.h"

enum { LINE_SHOWN_MAX = 16 * 1024, SHORT_ID = 9 };

#define PHASE_LABEL "dokku_phase_script"

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
	struct task task;
	const struct phase *phase;
	const char *command;
	json_t *image; /* inspected */
};

static json_t *config_of(const struct run *run, const char *key)
{
	return json_object_get(json_object_get(run->image, "Config"), key);
}

/* What builds keep is at hand, as in Dokku. */
static void add_cache(struct ctx *ctx, const char *app, struct strvec *flags)
{
	AUTO_FREE char *volume = cache_volume(ctx, app);

	strvec_pushf(flags, "--volume=%s:/tmp/cache", volume);
}

static int create(struct run *run, struct err *err)
{
	struct task *t = &run->task;
	AUTO_FREE char *shell =
		state_computed(t->ctx, "scheduler", run->phase->app, "shell", "/bin/bash");
	struct phase_command command = {
		.command = run->command,
		.shell = shell,
		.entrypoint = config_of(run, "Entrypoint"),
		.herokuish = image_is_herokuish(t->ctx, run->phase->app, run->image),
		.trace = t->ctx->trace,
	};
	int r = phase_words(&command, &t->command, err);

	if (r >= 0)
		r = collect_flags(t->ctx, run->phase, &t->env, image_builder(run->image), &t->flags,
			err);
	if (r < 0)
		return r;
	/* Its own is a process of the app; the launcher runs any command. */
	if (image_is_cnb(run->image))
		strvec_push(&t->flags, "--entrypoint=/cnb/lifecycle/launcher");
	if (command.herokuish)
		add_cache(t->ctx, run->phase->app, &t->flags);
	t->image = run->phase->image;
	t->labels = labels_for(t->ctx, run->phase->app);
	json_object_set_new(t->labels, PHASE_LABEL, json_string(run->phase->name));
	json_object_set_new(t->labels, "com.moorage.operation", json_string(run->phase->operation));
	return task_create(t, err);
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
	AUTO_STRBUF line = STRBUF_CAPPED(LINE_SHOWN_MAX);
	const struct phase *phase = run->phase;
	int r;

	out_info2_quiet("Start of %s %s task (%.*s) output", phase->app, phase->name, SHORT_ID,
		run->task.id);
	r = task_run(&run->task, show, &line, ret_code, err);
	if (line.len)
		show_line(&line);
	out_info2_quiet("End of %s %s task (%.*s) output", phase->app, phase->name, SHORT_ID,
		run->task.id);
	return r;
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
	json_t *labels = labels_for(run->task.ctx, run->phase->app);
	int r;

	json_object_set_new(labels, label, json_string("true"));
	image_note_origin(labels, run->image, run->phase->operation);
	list_changes(run, labels, &changes);
	opts.changes = changes.items;
	opts.repo = has_cmd ? repo : NULL;
	opts.tag = has_cmd && colon ? colon + 1 : NULL;
	r = engine_container_commit(ctx_engine(run->task.ctx), run->task.id, &opts, &id, err);
	if (r >= 0 && !has_cmd)
		r = image_derive(run->task.ctx, id, labels, "CMD []\n", run->phase->image, err);
	json_decref(labels);
	return r < 0 ? err_wrap(err, "keep the result of the %s task", run->phase->name) : 0;
}

static int start_and_watch(struct run *run, struct err *err)
{
	int code = 0;
	int r = task_announce(&run->task, run->phase->app, run->phase->name, err);

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
	struct ctx *ctx = run->task.ctx;
	int r = engine_image_inspect(ctx_engine(ctx), run->phase->image, &run->image, err);

	if (r >= 0)
		r = app_env_merged(ctx, run->phase->app, &run->task.env, err);
	if (r >= 0)
		r = create(run, err);
	if (r < 0)
		return err_wrap(err, "prepare the %s task", run->phase->name);
	r = start_and_watch(run, err);
	task_remove(&run->task);
	return r;
}

int phase_run(struct ctx *ctx, const struct phase *phase, struct err *err)
{
	struct run run = { .task = TASK_INIT, .phase = phase };
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
	run.task.ctx = ctx;
	r = run_command(&run, err);
	json_decref(run.image);
	task_done(&run.task);
	return r;
}

int phase_sweep(struct ctx *ctx, const char *app, bool late, struct err *err)
{
	static const char *const labels[] = { PHASE_LABEL, NULL };

	return task_sweep(ctx, app, labels, late, err);
}
