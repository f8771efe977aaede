/* SPDX-License-Identifier: MIT */
/* One-off containers: run, run:detached, cron:run. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/lock.h"
#include "base/parse.h"
#include "core/events.h"
#include "core/output.h"
#include "core/procs.h"
#include "core/registry.h"
#include "core/trigger.h"
#include "lib/engine/attach.h"
#include "lib/words/words.h"
#include "schedulers/docker-local/driver.h"

struct oneoff {
	const struct run_request *rq;
	const char *kind; /* "run" or "cron" */
	bool tty;
	struct image_facts facts;
	int lock; /* of a task that forbids a second run, or -1 */
};

static const char *policy_of(const struct run_request *rq)
{
	return rq->concurrency && *rq->concurrency ? rq->concurrency : "allow";
}

/* --- cron: what happens to one that still runs --- */

static int replace_one(struct ctx *ctx, const char *app, const char *id, struct err *err)
{
	int r = container_stop(ctx, id, setting_stop_timeout(ctx, app), err);

	return r < 0 ? r : dead_register(ctx, app, id, 60, err);
}

static int forbidden(const struct run_request *rq, struct err *err)
{
	return err_user(err, ERR_BUSY, 1,
		"%s currently has a cron lock in place for %s. Exiting...", rq->app, rq->cron_id);
}

/* Two that start at once do not see each other's container: held until ours is seen. */
static int lock_task(struct ctx *ctx, const struct run_request *rq, struct err *err)
{
	AUTO_FREE char *dir = inst_lib(&ctx->inst, "data/moorage/cron");
	AUTO_FREE char *path =
		xasprintf("%s/%s.%08x", dir, rq->app, hash32(rq->cron_id, strlen(rq->cron_id)));
	AUTO_ERR why = ERR_INIT;
	int r = fs_mkdir_p(dir, 0755, err);

	if (r < 0)
		return r;
	r = lock_take(path, "", 0, &why);
	if (r == -ERR_BUSY)
		return forbidden(rq, err);
	return r < 0 ? err_set(err, why.kind, "%s", err_text(&why)) : r;
}

static int apply_policy(struct ctx *ctx, struct oneoff *o, struct err *err)
{
	const struct run_request *rq = o->rq;
	json_t *list = NULL;
	int r = 0;

	if (!rq->cron_id || !*rq->cron_id || str_eq(policy_of(rq), "allow"))
		return 0;
	if (str_eq(policy_of(rq), "forbid"))
		r = o->lock = lock_task(ctx, rq, err);
	if (r < 0)
		return r;
	r = list_ours(ctx, rq->app, "cron", false, &list, err);
	for (size_t i = 0; r >= 0 && i < json_array_size(list); i++) {
		const json_t *item = json_array_get(list, i);
		const char *id = json_string_value(json_object_get(item, "Id"));
		const char *cron = json_string_value(
			json_object_get(json_object_get(item, "Labels"), "com.dokku.cron-id"));

		if (!id || !cron || !str_eq(cron, rq->cron_id))
			continue;
		if (str_eq(policy_of(rq), "forbid")) {
			r = forbidden(rq, err);
		} else {
			out_warn("Replacing running container for %s", rq->cron_id);
			r = replace_one(ctx, rq->app, id, err);
		}
	}
	json_decref(list);
	return r;
}

/* --- the command --- */

/* A first word that is a process type stands for its command; 1 then. */
static int expand_process(struct ctx *ctx, const struct run_request *rq, struct spec *s,
	struct err *err)
{
	AUTO_STRBUF command = STRBUF_INIT;
	const char *first = rq->argv->items[0];
	int r = proc_name_valid(first) ? procs_command(ctx, rq->app, first, "5000", &command, err)
				       : 0;

	if (r < 0 || !command.len)
		return r;
	out_info1_quiet("Found '%s' in Procfile, running that command", first);
	strvec_pushf(&s->flags, "--label=" LABEL_PROCESS "=%s", first);
	r = words_xargs(command.buf, command.len, &s->command, err);
	return r < 0 ? r : 1;
}

static int add_command(struct ctx *ctx, const struct run_request *rq, struct spec *s,
	struct err *err)
{
	int r;

	if (!rq->argv || !rq->argv->count) {
		strvec_push_take(&s->command, setting_shell(ctx, rq->app));
		return 0;
	}
	r = expand_process(ctx, rq, s, err);
	if (r < 0)
		return r;
	strvec_pushv(&s->command, rq->argv->items + r);
	return 0;
}

/* --- making and running --- */

static int create(struct ctx *ctx, const struct oneoff *o, struct spec *s, char **ret_id,
	struct err *err)
{
	AUTO_STRVEC networks = STRVEC_INIT;
	json_t *inspected = NULL;
	int r = spec_for_run(ctx, o->rq, o->kind, random_number(), &o->facts, o->tty, s, err);

	if (r >= 0)
		r = add_command(ctx, o->rq, s, err);
	if (r >= 0)
		r = container_create(ctx, s, ret_id, err);
	if (r < 0)
		return r;
	container_networks(ctx, o->rq->app, "attach-post-create", &networks);
	if (networks.count)
		r = engine_container_inspect(ctx_engine(ctx), *ret_id, &inspected, err);
	for (size_t i = 0; r >= 0 && i < networks.count; i++)
		r = container_connect(ctx, o->rq->app, NULL, inspected, networks.items[i], err);
	json_decref(inspected);
	if (r >= 0)
		r = trigger_fire(ctx, err, "post-container-create", "app", *ret_id, o->rq->app,
			"run", NULL);
	return r;
}

static int start_detached(struct ctx *ctx, const struct spec *s, const char *id, struct err *err)
{
	int r = engine_container_start(ctx_engine(ctx), id, err);

	if (r >= 0)
		out_line("%s", s->name);
	return r;
}

static int run_attached(struct ctx *ctx, const struct oneoff *o, const char *id, int *ret_code,
	struct err *err)
{
	const struct engine_io io = {
		.in = STDIN_FILENO,
		.out = STDOUT_FILENO,
		.err = STDERR_FILENO,
		.tty = o->tty,
		.forward_signals = true,
	};

	out_flush();
	return engine_container_run(ctx_engine(ctx), id, &io,
		o->rq->no_rm ? "next-exit" : "removed", ret_code, err);
}

static int run_created(struct ctx *ctx, const struct oneoff *o, const struct spec *s,
	const char *id, int *ret_code, struct err *err)
{
	AUTO_FREE char *code = NULL;
	int r;

	*ret_code = 0;
	r = o->rq->detached ? start_detached(ctx, s, id, err)
			    : run_attached(ctx, o, id, ret_code, err);
	if (r < 0)
		return r;
	code = xasprintf("%d", *ret_code);
	return trigger_fire(ctx, err, "scheduler-post-run", "docker-local", o->rq->app, id, code,
		NULL);
}

static int check_stage(const struct oneoff *o, struct err *err)
{
	if (o->facts.is_release)
		return 0;
	out_warn("Invalid image stage detected: expected 'release', got '%s'", o->facts.stage);
	return err_user(err, ERR_INVALID, 1, "Successfully deploy your app to fix dokku run calls");
}

static bool wants_tty(const struct run_request *rq)
{
	if (rq->no_tty || rq->detached)
		return rq->force_tty && !rq->no_tty;
	return rq->force_tty || (isatty(STDIN_FILENO) && isatty(STDOUT_FILENO));
}

static void note_event(struct ctx *ctx, const struct run_request *rq)
{
	AUTO_STRVEC args = STRVEC_INIT;

	strvec_pushl(&args, "docker-local", rq->app, NULL);
	strvec_pushf(&args, "%zu", rq->env ? rq->env->count : 0);
	if (rq->env)
		strvec_pushv(&args, rq->env->items);
	strvec_push(&args, "--");
	if (rq->argv)
		strvec_pushv(&args, rq->argv->items);
	events_log(ctx, "scheduler-run", &args);
}

int local_run(struct ctx *ctx, const struct run_request *rq, int *ret_code, struct err *err)
{
	struct oneoff o = {
		.rq = rq,
		.kind = rq->cron_id && *rq->cron_id ? "cron" : "run",
		.tty = wants_tty(rq),
		.lock = -1,
	};
	AUTO_FREE char *image = NULL;
	AUTO_FREE char *id = NULL;
	AUTO_SPEC spec = SPEC_INIT;
	int r = registry_image(ctx, rq->app, NULL, &image, err);

	note_event(ctx, rq);
	if (r >= 0)
		r = image_facts_load(ctx, rq->app, image, &o.facts, err);
	if (r >= 0)
		r = check_stage(&o, err);
	if (r >= 0)
		r = apply_policy(ctx, &o, err);
	if (r >= 0)
		r = create(ctx, &o, &spec, &id, err);
	if (r >= 0)
		r = run_created(ctx, &o, &spec, id, ret_code, err);
	if (r < 0 && id && !rq->no_rm) {
		AUTO_ERR ignored = ERR_INIT;

		/* One that never started stays otherwise; the first error is what counts. */
		(void)!container_remove(ctx, id, true, &ignored);
	}
	if (o.lock >= 0)
		close(o.lock);
	image_facts_done(&o.facts);
	return r < 0 ? err_wrap(err, "run a command for '%s'", rq->app) : 0;
}
