/* SPDX-License-Identifier: MIT */
/* The step that makes and starts one batch of new containers. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/timing.h"
#include "core/checks.h"
#include "core/output.h"
#include "core/trigger.h"
#include "schedulers/docker-local/driver.h"

struct creation {
	const char *app;
	const char *operation;
	const struct image_facts *facts;
	struct slot slot;
};

void step_create_describe(const struct step *step, struct strbuf *out)
{
	strbuf_addf(out, "start %zu new container(s) of %s:", slot_count(step),
		step_arg(step, "app"));
	for (size_t i = 0; i < slot_count(step); i++) {
		struct slot s = slot_at(step, i);

		strbuf_addf(out, " %s.%u", s.process, s.index);
	}
}

static int connect_networks(struct ctx *ctx, const struct creation *c, const char *id,
	struct err *err)
{
	AUTO_STRVEC networks = STRVEC_INIT;
	json_t *inspected = NULL;
	int r;

	container_networks(ctx, c->app, "attach-post-create", &networks);
	if (!networks.count)
		return 0;
	r = engine_container_inspect(ctx_engine(ctx), id, &inspected, err);
	for (size_t i = 0; r >= 0 && i < networks.count; i++)
		r = container_connect(ctx, c->app, c->slot.process, inspected, networks.items[i],
			err);
	json_decref(inspected);
	return r;
}

static int make(struct ctx *ctx, const struct creation *c, char **ret_id, struct err *err)
{
	const struct spec_unit unit = {
		.app = c->app,
		.process = c->slot.process,
		.index = c->slot.index,
		.name = c->slot.name,
		.operation = c->operation,
	};
	AUTO_SPEC spec = SPEC_INIT;
	AUTO_FREE char *id = NULL;
	int r = spec_for_unit(ctx, &unit, c->facts, &spec, err);

	if (r >= 0)
		r = container_create(ctx, &spec, &id, err);
	if (r >= 0)
		r = connect_networks(ctx, c, id, err);
	if (r >= 0)
		r = trigger_fire(ctx, err, "post-container-create", "app", id, c->app, "deploy",
			c->slot.process, NULL);
	if (r >= 0)
		*ret_id = TAKE_PTR(id);
	return r;
}

/* A worker's job. Run again, it goes on with the container that is there. */
static int create_one(struct ctx *ctx, void *arg, struct strbuf *out, struct err *err)
{
	const struct creation *c = arg;
	AUTO_FREE char *id = NULL;
	json_t *inspected = NULL;
	int r = container_look(ctx, c->slot.name, &inspected, err);

	if (r > 0)
		id = xstrdup(container_id(inspected));
	json_decref(inspected);
	if (r == 0)
		r = make(ctx, c, &id, err);
	if (r >= 0)
		r = engine_container_start(ctx_engine(ctx), id, err);
	if (r >= 0) {
		strbuf_addstr(out, id);
		return 0;
	}
	if (!err->user.len)
		err_user(err, ERR_FAILED, 1, "App %s: container %s.%u cannot be started: %s",
			c->app, c->slot.process, c->slot.index, err->msg.buf);
	return r;
}

static void report_publishing(struct ctx *ctx, const char *app, const struct step *step)
{
	struct slot first = slot_at(step, 0);
	json_int_t total = json_integer_value(json_object_get(step->args, "published"));

	if (total > 1)
		out_warn("Deploys may fail when publishing ports and scaling to multiple "
			 "containers. Consider scaling process type %s to 1.",
			first.process);
	else if (total && !checks_are_disabled(ctx, app, first.process))
		out_warn("Deploys may fail when publishing ports and enabling zero downtime. "
			 "Consider disabling zero downtime for process type %s.",
			first.process);
}

static void announce(struct ctx *ctx, const struct step *step)
{
	const json_t *counts = json_object_get(step->args, "counts");

	for (size_t i = 0; i < slot_count(step); i++) {
		struct slot s = slot_at(step, i);

		if (s.index == 1)
			out_info1("Deploying %s (count=%d)", s.process,
				(int)json_integer_value(json_object_get(counts, s.process)));
	}
	report_publishing(ctx, step_arg(step, "app"), step);
}

static int first_failure(const struct job *jobs, size_t count, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < count; i++) {
		if (jobs[i].result >= 0)
			continue;
		if (r < 0) {
			out_error(&jobs[i].err);
			continue;
		}
		r = jobs[i].result;
		err_set(err, jobs[i].err.kind, "%s", jobs[i].err.msg.buf);
		if (jobs[i].err.user.len)
			err_user(err, jobs[i].err.kind, jobs[i].err.exit_code, "%s",
				jobs[i].err.user.buf);
	}
	return r;
}

static int run_jobs(struct operation *op, struct step *step, const struct image_facts *facts,
	struct err *err)
{
	size_t count = slot_count(step);
	struct creation *all = xcalloc(count + 1, sizeof(*all));
	struct job *jobs = xcalloc(count + 1, sizeof(*jobs));
	int r;

	for (size_t i = 0; i < count; i++) {
		all[i] =
			(struct creation){ step_arg(step, "app"), op->id, facts, slot_at(step, i) };
		jobs[i] = (struct job){ .run = create_one, .arg = &all[i] };
	}
	r = jobs_run(op->ctx, jobs, count, err);
	if (r >= 0)
		r = first_failure(jobs, count, err);
	jobs_done(jobs, count);
	free(jobs);
	free(all);
	return r;
}

int step_create_run(struct operation *op, struct step *step, struct err *err)
{
	AUTO_IMAGE_FACTS facts = IMAGE_FACTS_INIT;
	int r = image_facts_load(op->ctx, step_arg(step, "app"), step_arg(step, "image"), &facts,
		err);

	if (r < 0)
		return r;
	announce(op->ctx, step);
	return run_jobs(op, step, &facts, err);
}

/* A container whose checks failed is kept, stopped, for logs:failed. 0: there is none. */
static int undo_one(struct operation *op, const char *app, const char *name, struct err *err)
{
	json_t *inspected = NULL;
	int r = container_look(op->ctx, name, &inspected, err);

	if (r > 0 && !str_eq(container_label(inspected, LABEL_OPERATION), op->id))
		r = 0; /* not this operation's */
	if (r > 0) {
		const char *id = container_id(inspected);

		r = failed_has(op->ctx, app, id, err);
		if (r > 0)
			r = container_stop(op->ctx, id, setting_stop_timeout(op->ctx, app), err);
		else if (r == 0)
			r = container_remove(op->ctx, id, true, err);
		r = r < 0 ? r : 1;
	}
	json_decref(inspected);
	return r;
}

/* The engine goes on with a request whose sender was killed: what is missing may still turn up. */
static uint64_t patience(const struct operation *op, const struct step *step)
{
	bool cut_off = op->recovering || operation_interrupted();

	return step->state != STEP_DONE && cut_off ? ENGINE_LATE_MS : 0;
}

int step_create_undo(struct operation *op, struct step *step, struct err *err)
{
	uint64_t deadline = now_ms() + patience(op, step);
	int r = 0;

	for (size_t i = 0; r >= 0 && i < slot_count(step); i++) {
		const char *name = slot_at(step, i).name;

		r = undo_one(op, step_arg(step, "app"), name, err);
		while (r == 0 && ms_left(deadline)) {
			sleep_ms(ENGINE_LATE_POLL_MS);
			r = undo_one(op, step_arg(step, "app"), name, err);
		}
	}
	return r < 0 ? r : 0;
}
