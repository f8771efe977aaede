/* SPDX-License-Identifier: MIT */
/* After the switch: final names, networks, and the way out for what was there before. */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/timing.h"
#include "core/checks.h"
#include "core/output.h"
#include "schedulers/docker-local/driver.h"

enum { OLD_NAMES_MAX = 60 };

/* --- final names --- */

void step_rename_describe(const struct step *step, struct strbuf *out)
{
	strbuf_addf(out, "give the new container(s) of %s their final names",
		step_arg(step, "app"));
}

/* A name ends in the time in seconds; of two deploys in one second the later takes the next one. */
static int free_old_name(struct ctx *ctx, const char *name, json_int_t epoch, char **ret,
	struct err *err)
{
	int r = 1;

	for (int i = 0; r > 0 && i < OLD_NAMES_MAX; i++) {
		json_t *holder = NULL;

		free(*ret);
		*ret = xasprintf("%s.%lld", name, (long long)epoch + i);
		r = container_look(ctx, *ret, &holder, err);
		json_decref(holder);
	}
	return r < 0 ? r : 0;
}

/* Whoever holds the name that the new container gets. */
static int move_away(struct ctx *ctx, const char *name, const char *new_id, json_int_t epoch,
	struct err *err)
{
	AUTO_FREE char *old_name = NULL;
	json_t *holder = NULL;
	int r = container_look(ctx, name, &holder, err);

	if (r > 0 && str_eq(container_id(holder), new_id))
		r = 0; /* it is the new one already */
	if (r > 0)
		r = free_old_name(ctx, name, epoch, &old_name, err) < 0 ? -(int)err->kind : 1;
	if (r > 0) {
		out_verbose_quiet("Renaming container (%.12s) %s to %s", container_id(holder), name,
			old_name);
		r = engine_container_rename(ctx_engine(ctx), container_id(holder), old_name, err);
	}
	json_decref(holder);
	return r < 0 ? r : 0;
}

static int rename_slot(struct ctx *ctx, const char *app, struct slot s, json_int_t epoch,
	struct err *err)
{
	AUTO_FREE char *final = name_final(ctx, app, s.process, s.index);
	json_t *inspected = NULL;
	int r = container_look(ctx, s.name, &inspected, err);

	/* Gone under its first name: an earlier run came this far. */
	if (r > 0)
		r = move_away(ctx, final, container_id(inspected), epoch, err);
	else
		return r;
	if (r >= 0) {
		out_verbose_quiet("Renaming container %s (%.12s) to %s", s.name,
			container_id(inspected), final);
		r = engine_container_rename(ctx_engine(ctx), container_id(inspected), final, err);
	}
	json_decref(inspected);
	return r;
}

/* A name is no reason to fail a deploy that serves: it is reported, and the rest goes on. */
int step_rename_run(struct operation *op, struct step *step, struct err *err)
{
	json_int_t epoch = json_integer_value(json_object_get(step->args, "epoch"));
	size_t count = slot_count(step);

	(void)err;
	if (count)
		out_info1("Renaming containers");
	for (size_t i = 0; i < count; i++) {
		AUTO_ERR why = ERR_INIT;
		struct slot s = slot_at(step, i);

		if (rename_slot(op->ctx, step_arg(step, "app"), s, epoch, &why) < 0)
			out_warn("Failed to rename container %s: %s", s.name, err_text(&why));
	}
	return 0;
}

/* --- networks --- */

void step_networks_describe(const struct step *step, struct strbuf *out)
{
	strbuf_addf(out,
		"connect the new container(s) of %s to the networks of "
		"attach-post-deploy",
		step_arg(step, "app"));
}

static int connect_unit(struct ctx *ctx, const char *app, const struct unit *u, const char *network,
	struct err *err)
{
	json_t *inspected = NULL;
	int r = container_look(ctx, u->id, &inspected, err);

	if (r > 0)
		r = container_connect(ctx, app, u->process, inspected, network, err);
	json_decref(inspected);
	return r < 0 ? r : 0;
}

int step_networks_run(struct operation *op, struct step *step, struct err *err)
{
	const char *app = step_arg(step, "app");
	AUTO_STRVEC networks = STRVEC_INIT;
	AUTO_UNITS units = UNITS_INIT;
	int r = units_load(op->ctx, app, NULL, &units, err);

	container_networks(op->ctx, app, "attach-post-deploy", &networks);
	for (size_t n = 0; n < networks.count; n++) {
		out_info1_quiet("Associating app with network %s", networks.items[n]);
		for (size_t i = 0; r >= 0 && i < units.count; i++)
			r = connect_unit(op->ctx, app, &units.items[i], networks.items[n], err);
	}
	return r;
}

/* --- planning --- */

/* The state step of this deploy has everything the later steps need. */
static const struct step *find_state(const struct operation *op, const char *app)
{
	for (size_t i = op->count; i-- > 0;) {
		if (op->steps[i]->kind == &docker_local_steps[LOCAL_STATE] &&
			str_eq(step_arg(op->steps[i], "app"), app))
			return op->steps[i];
	}
	return NULL;
}

static int plan_networks(struct operation *op, const char *app, struct err *err)
{
	AUTO_STRVEC networks = STRVEC_INIT;

	container_networks(op->ctx, app, "attach-post-deploy", &networks);
	return networks.count ? operation_add(op, &docker_local_steps[LOCAL_NETWORKS],
					json_pack("{s:s}", "app", app), err)
			      : 0;
}

int local_plan_settle(struct operation *op, const struct deploy *d, struct err *err)
{
	const struct step *state = find_state(op, d->app);
	json_t *retire;
	int r;

	if (!state)
		return err_set(err, ERR_BUG, "settle '%s' without a start", d->app);
	retire = json_object_get(state->args, "retire");
	r = operation_add(op, &docker_local_steps[LOCAL_RENAME],
		json_pack("{s:s, s:O, s:I}", "app", d->app, "slots",
			json_object_get(state->args, "slots"), "epoch", (json_int_t)wall_seconds()),
		err);
	if (r >= 0)
		r = plan_networks(op, d->app, err);
	if (r >= 0 && json_array_size(retire))
		r = operation_add(op, &docker_local_steps[LOCAL_RETIRE],
			json_pack("{s:s, s:O, s:I, s:i}", "app", d->app, "ids", retire, "wait",
				(json_int_t)checks_wait_to_retire(op->ctx, d->app), "stop-timeout",
				setting_stop_timeout(op->ctx, d->app)),
			err);
	return r < 0 ? err_wrap(err, "plan the end of the deploy of '%s'", d->app) : 0;
}
