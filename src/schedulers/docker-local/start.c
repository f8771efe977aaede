/* SPDX-License-Identifier: MIT */
/* From what a deploy wants to the steps that bring it up beside what runs. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/checks.h"
#include "core/docker_options.h"
#include "core/output.h"
#include "core/ports.h"
#include "core/procs.h"
#include "core/proxy.h"
#include "core/state.h"
#include "core/trigger.h"
#include "schedulers/docker-local/driver.h"

/* --- the first step: what an earlier failed deploy left for logs:failed --- */

void step_begin_describe(const struct step *step, struct strbuf *out)
{
	strbuf_addf(out, "forget the failed containers of earlier deploys of %s",
		step_arg(step, "app"));
}

int step_begin_run(struct operation *op, struct step *step, struct err *err)
{
	return failed_clear(op->ctx, step_arg(step, "app"), err);
}

/* Kept: what a unit is, and what logs:failed shows. */
static int is_wanted(struct ctx *ctx, const char *app, const struct units *units, const char *id,
	struct err *err)
{
	for (size_t i = 0; i < units->count; i++) {
		if (str_eq(units->items[i].id, id))
			return 1;
	}
	return failed_has(ctx, app, id, err);
}

/* The last thing that is undone: whatever carries this operation's label has no use any more. */
int step_begin_undo(struct operation *op, struct step *step, struct err *err)
{
	const char *app = step_arg(step, "app");
	AUTO_UNITS units = UNITS_INIT;
	json_t *list = NULL;
	int r = units_load(op->ctx, app, NULL, &units, err);

	if (r >= 0)
		r = list_ours(op->ctx, app, NULL, true, &list, err);
	for (size_t i = 0; r >= 0 && i < json_array_size(list); i++) {
		const json_t *item = json_array_get(list, i);
		const json_t *labels = json_object_get(item, "Labels");
		const char *made_by = json_string_value(json_object_get(labels, LABEL_OPERATION));
		const char *id = json_string_value(json_object_get(item, "Id"));

		if (!id || !made_by || !str_eq(made_by, op->id))
			continue;
		r = is_wanted(op->ctx, app, &units, id, err);
		if (r == 0)
			r = container_remove(op->ctx, id, true, err);
	}
	json_decref(list);
	return r < 0 ? r : 0;
}

/* --- checks of a batch --- */

void step_check_describe(const struct step *step, struct strbuf *out)
{
	strbuf_addf(out, "check the new container(s) of %s:", step_arg(step, "app"));
	for (size_t i = 0; i < slot_count(step); i++) {
		struct slot s = slot_at(step, i);

		strbuf_addf(out, " %s.%u", s.process, s.index);
	}
}

static int find_unit(struct ctx *ctx, const char *app, struct slot slot, struct checked_unit *ret,
	struct err *err)
{
	json_t *inspected = NULL;
	int r = container_look(ctx, slot.name, &inspected, err);

	if (r == 0)
		return err_user(err, ERR_FAILED, 1,
			"App %s: container %s vanished while it was starting; deploy again", app,
			slot.name);
	if (r < 0)
		return r;
	*ret = (struct checked_unit){
		.process = slot.process,
		.index = slot.index,
		.id = xstrdup(container_id(inspected)),
		.address = container_address(ctx, app, inspected),
	};
	json_decref(inspected);
	return 0;
}

/* Stopped and kept: on the list of logs:failed first, so that undo() leaves it alone. */
static int keep_failed(struct ctx *ctx, const char *app, const struct checked_unit *u,
	struct err *err)
{
	AUTO_FREE char *name = xasprintf("%s.%u", u->process, u->index);
	int r = failed_add(ctx, app, u->id, name, err);

	if (r >= 0)
		r = dead_register(ctx, app, u->id, checks_wait_to_retire(ctx, app), err);
	if (r >= 0)
		r = container_stop(ctx, u->id, setting_stop_timeout(ctx, app), err);
	return r;
}

static int judge(struct ctx *ctx, const char *app, const struct checked_unit *units, size_t count,
	struct err *err)
{
	AUTO_STRBUF failed = STRBUF_INIT;

	for (size_t i = 0; i < count; i++) {
		if (!units[i].failures)
			continue;
		if (keep_failed(ctx, app, &units[i], err) < 0)
			return -(int)err->kind;
		strbuf_addf(&failed, "%s%s.%u", failed.len ? ", " : "", units[i].process,
			units[i].index);
	}
	if (!failed.len)
		return 0;
	return err_user(err, ERR_FAILED, 1,
		"App %s: new container %s failed its checks and was stopped; what ran before stays "
		"as it was. Its output: dokku logs:failed %s",
		app, failed.buf, app);
}

int step_check_run(struct operation *op, struct step *step, struct err *err)
{
	const char *app = step_arg(step, "app");
	size_t count = slot_count(step);
	struct checked_unit *units = xcalloc(count + 1, sizeof(*units));
	int r = 0;

	for (size_t i = 0; r >= 0 && i < count; i++)
		r = find_unit(op->ctx, app, slot_at(step, i), &units[i], err);
	if (r >= 0)
		r = checks_run(op->ctx, app, units, count, err);
	if (r >= 0)
		r = judge(op->ctx, app, units, count, err);
	for (size_t i = 0; i < count; i++) {
		free(units[i].id);
		free(units[i].address);
	}
	free(units);
	return r;
}

/* --- the last step: who is which unit from now on --- */

void step_state_describe(const struct step *step, struct strbuf *out)
{
	strbuf_addf(out, "make the new container(s) of %s the current ones", step_arg(step, "app"));
}

/* Who may still be sending requests to the containers of before. */
static void note_generation(struct ctx *ctx, const char *app, struct step *step)
{
	const struct proxy *proxy = NULL;
	AUTO_ERR unknown = ERR_INIT;
	AUTO_FREE char *generation = NULL;

	/* An app whose proxy does not exist has nobody to wait for. */
	if (proxy_of(ctx, app, &proxy, &unknown) >= 0 && proxy)
		generation = proxy->generation(ctx);
	json_object_set_new(step->result, "generation", json_string(generation ? generation : ""));
}

static int write_slot(struct ctx *ctx, const char *app, struct slot slot, struct err *err)
{
	json_t *inspected = NULL;
	struct unit u = { .index = slot.index };
	int r = container_look(ctx, slot.name, &inspected, err);

	if (r == 0)
		r = err_user(err, ERR_FAILED, 1,
			"App %s: container %s vanished before it could serve; deploy again", app,
			slot.name);
	if (r < 0)
		return r;
	u.process = xstrdup(slot.process);
	u.id = xstrdup(container_id(inspected));
	u.address = container_address(ctx, app, inspected);
	json_decref(inspected);
	r = 0;
	if (str_eq(slot.process, "web"))
		r = ports_web_port(ctx, app, &u.port, err);
	if (r >= 0)
		r = unit_write(ctx, app, &u, err);
	free(u.process);
	free(u.id);
	free(u.address);
	return r;
}

static int forget_dropped(struct ctx *ctx, const char *app, const json_t *drop, struct err *err)
{
	AUTO_STRBUF process = STRBUF_INIT;
	unsigned index;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < json_array_size(drop); i++) {
		const char *name = json_string_value(json_array_get(drop, i));

		if (name && unit_name_split(name, &process, &index))
			r = unit_forget(ctx, app, process.buf, index, err);
	}
	return r;
}

static int fire_processes(struct ctx *ctx, const char *app, const json_t *counts, struct err *err)
{
	json_t *copy = json_deep_copy(counts);
	const char *process;
	json_t *value;
	int r = 0;

	json_object_foreach (copy, process, value) {
		if (r >= 0)
			r = trigger_fire(ctx, err, "scheduler-post-deploy-process", app, process,
				NULL);
	}
	json_decref(copy);
	return r;
}

int step_state_run(struct operation *op, struct step *step, struct err *err)
{
	const char *app = step_arg(step, "app");
	int r = 0;

	note_generation(op->ctx, app, step);
	for (size_t i = 0; r >= 0 && i < slot_count(step); i++)
		r = write_slot(op->ctx, app, slot_at(step, i), err);
	if (r >= 0)
		r = forget_dropped(op->ctx, app, json_object_get(step->args, "drop"), err);
	if (r >= 0)
		r = fire_processes(op->ctx, app, json_object_get(step->args, "counts"), err);
	return r;
}

int step_state_undo(struct operation *op, struct step *step, struct err *err)
{
	return units_restore(op->ctx, step_arg(step, "app"), json_object_get(step->args, "old"),
		err);
}

/* --- planning --- */

struct plan {
	struct operation *op;
	const char *app;
	const char *image;
	json_t *app_json;
	json_t *counts; /* {"web": 2}: the process types of this deploy */
	json_t *slots;  /* all */
	json_t *old;    /* snapshot of the state files */
	json_t *drop;   /* units that end */
	json_t *retire; /* container ids that end */
};

static void plan_done(struct plan *p)
{
	json_decref(p->app_json);
	json_decref(p->counts);
	json_decref(p->slots);
	json_decref(p->old);
	json_decref(p->drop);
	json_decref(p->retire);
}

/* Process types and counts, web first. What the Procfile does not have is left out, with a word. */
static int count_processes(struct plan *p, const struct deploy *d, struct err *err)
{
	AUTO_SCALE stored = SCALE_INIT;
	const struct scale *scale = d->scale;
	AUTO_STRVEC types = STRVEC_INIT;
	int has_procfile = procs_types(p->op->ctx, p->app, &types, err);
	int r = has_procfile;

	if (r >= 0 && !scale) {
		r = procs_scale(p->op->ctx, p->app, &stored, err);
		scale = &stored;
	}
	for (int web = 1; r >= 0 && web >= 0; web--) {
		for (size_t i = 0; i < scale->count; i++) {
			const struct proc_count *c = &scale->items[i];

			if (str_eq(c->name, "web") != (web == 1) ||
				(d->process && !str_eq(d->process, c->name)))
				continue;
			if (has_procfile && !strvec_has(&types, c->name))
				out_warn("Skipping %s as it is missing from the current Procfile",
					c->name);
			else
				json_object_set_new(p->counts, c->name, json_integer(c->count));
		}
	}
	return r < 0 ? r : 0;
}

/* Is the whole app deployed, so that units of other process types end? */
static bool is_whole(const struct deploy *d)
{
	return !d->process && !d->scale;
}

static void find_ending(struct plan *p, const struct deploy *d, const struct units *units)
{
	for (size_t i = 0; i < units->count; i++) {
		const struct unit *u = &units->items[i];
		const json_t *count = json_object_get(p->counts, u->process);

		if (!count && !is_whole(d))
			continue;
		json_array_append_new(p->retire, json_string(u->id));
		if (!count || u->index > json_integer_value(count))
			json_array_append_new(p->drop, json_sprintf("%s.%u", u->process, u->index));
	}
}

/* [{"id", "restart"}] of those that run, so that undo can start just these again. */
static int add_running(struct ctx *ctx, json_t *list, const char *id, struct err *err)
{
	json_t *inspected = NULL;
	int r = container_look(ctx, id, &inspected, err);

	if (r > 0 && container_is_running(inspected)) {
		json_t *host = json_object_get(inspected, "HostConfig");
		json_t *restart = json_object_get(host, "RestartPolicy");

		json_array_append_new(list, json_pack("{s:s, s:O}", "id", container_id(inspected),
						    "restart", restart ? restart : json_null()));
	}
	json_decref(inspected);
	return r < 0 ? r : 0;
}

/* Where checks are disabled the old containers end before the new ones begin. */
static int plan_stop_first(struct plan *p, const struct units *units, const char *process,
	struct err *err)
{
	json_t *list = json_array();
	int r = 0;

	for (size_t i = 0; r >= 0 && i < units->count; i++) {
		if (str_eq(units->items[i].process, process))
			r = add_running(p->op->ctx, list, units->items[i].id, err);
	}
	if (r < 0 || !json_array_size(list)) {
		json_decref(list);
		return r;
	}
	return operation_add(p->op, &docker_local_steps[LOCAL_STOP],
		json_pack("{s:s, s:s, s:o}", "app", p->app, "process", process, "units", list),
		err);
}

/* Does the user publish ports? Then the old container holds what the new one needs. */
static bool publishes(struct ctx *ctx, const char *app, const char *process)
{
	const char *const scopes[] = { NULL, process };

	for (size_t s = 0; s < ARRAY_SIZE(scopes); s++) {
		AUTO_STRVEC lines = STRVEC_INIT;
		AUTO_ERR ignored = ERR_INIT; /* making the container says what is wrong */

		if (docker_options_get(ctx, app, scopes[s], DOCKER_PHASE_DEPLOY, &lines, &ignored) <
			0)
			continue;
		for (size_t i = 0; i < lines.count; i++) {
			if (str_starts(lines.items[i], "-p ") || str_eq(lines.items[i], "-P") ||
				str_starts(lines.items[i], "--publish"))
				return true;
		}
	}
	return false;
}

static json_t *batch_args(const struct plan *p, json_t *slots)
{
	return json_pack("{s:s, s:s, s:O, s:O}", "app", p->app, "image", p->image, "slots", slots,
		"counts", p->counts);
}

/* The steps of one batch: SLOTS (borrowed) are started together, then checked together. */
static int plan_batch(struct plan *p, json_t *slots, struct err *err)
{
	json_t *checked = json_array();
	json_t *args = batch_args(p, slots);
	json_t *first = json_array_get(slots, 0);
	const char *process = json_string_value(json_object_get(first, "process"));
	int r;

	if (json_integer_value(json_object_get(first, "index")) == 1 &&
		publishes(p->op->ctx, p->app, process))
		json_object_set(args, "published", json_object_get(p->counts, process));
	r = operation_add(p->op, &docker_local_steps[LOCAL_CREATE], args, err);
	for (size_t i = 0; r >= 0 && i < json_array_size(slots); i++) {
		json_t *slot = json_array_get(slots, i);

		process = json_string_value(json_object_get(slot, "process"));
		if (!checks_are_disabled(p->op->ctx, p->app, process))
			json_array_append(checked, slot);
	}
	if (r >= 0 && json_array_size(checked))
		r = operation_add(p->op, &docker_local_steps[LOCAL_CHECK],
			json_pack("{s:s, s:O}", "app", p->app, "slots", checked), err);
	json_decref(checked);
	return r;
}

/* Adds the units [FROM, FROM + N) of a process type to a batch. */
static void fill_batch(struct plan *p, json_t *batch, const char *process, unsigned from,
	unsigned n)
{
	unsigned count = (unsigned)json_integer_value(json_object_get(p->counts, process));

	for (unsigned i = from; i < from + n && i <= count; i++) {
		AUTO_FREE char *name = name_upcoming(p->op->ctx, p->app, process, i);
		json_t *slot = slot_json(process, i, name);

		json_array_append(p->slots, slot);
		json_array_append_new(batch, slot);
	}
}

/* Batches of some process types side by side, each with its own max_parallel. */
static int plan_group(struct plan *p, const struct strvec *group, struct err *err)
{
	int r = 0;

	for (unsigned round = 0; r >= 0; round++) {
		json_t *batch = json_array();

		for (size_t i = 0; i < group->count; i++) {
			unsigned n = max_parallel(p->app_json, group->items[i]);

			if (round < UNITS_MAX / n + 1)
				fill_batch(p, batch, group->items[i], round * n + 1, n);
		}
		if (!json_array_size(batch)) {
			json_decref(batch);
			break;
		}
		r = plan_batch(p, batch, err);
		json_decref(batch);
	}
	return r;
}

static int plan_batches(struct plan *p, const struct units *units, struct err *err)
{
	unsigned side_by_side = setting_parallel_types(p->op->ctx, p->app);
	AUTO_STRVEC group = STRVEC_INIT;
	const char *process;
	json_t *count;
	int r = 0;

	json_object_foreach (p->counts, process, count) {
		bool is_web = str_eq(process, "web");

		if (r >= 0 && checks_are_disabled(p->op->ctx, p->app, process))
			r = plan_stop_first(p, units, process, err);
		if (r < 0)
			break;
		strvec_push(&group, process);
		if (!is_web && group.count < side_by_side)
			continue;
		r = plan_group(p, &group, err);
		strvec_clear(&group);
	}
	return r < 0 || !group.count ? r : plan_group(p, &group, err);
}

static int plan_state(struct plan *p, struct err *err)
{
	return operation_add(p->op, &docker_local_steps[LOCAL_STATE],
		json_pack("{s:s, s:O, s:O, s:O, s:O, s:O}", "app", p->app, "slots", p->slots,
			"counts", p->counts, "drop", p->drop, "old", p->old, "retire", p->retire),
		err);
}

int local_plan_start(struct operation *op, const struct deploy *d, struct err *err)
{
	struct plan p = { .op = op, .app = d->app, .image = d->image };
	AUTO_UNITS units = UNITS_INIT;
	int r;

	p.counts = json_object();
	p.slots = json_array();
	p.drop = json_array();
	p.retire = json_array();
	r = units_snapshot(op->ctx, d->app, &p.old, err);
	if (r >= 0)
		r = units_of_snapshot(p.old, &units, err);
	if (r >= 0)
		r = load_app_json(op->ctx, d->app, &p.app_json, err);
	if (r >= 0)
		r = count_processes(&p, d, err);
	if (r >= 0) {
		find_ending(&p, d, &units);
		r = operation_add(op, &docker_local_steps[LOCAL_BEGIN],
			json_pack("{s:s}", "app", d->app), err);
	}
	if (r >= 0)
		r = plan_batches(&p, &units, err);
	if (r >= 0)
		r = plan_state(&p, err);
	plan_done(&p);
	return r < 0 ? err_wrap(err, "plan the start of '%s'", d->app) : 0;
}
