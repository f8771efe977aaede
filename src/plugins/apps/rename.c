/* SPDX-License-Identifier: MIT */
/*
 * apps:rename, as one operation on two apps: the new one is made beside the old one and started, one
 * change of the proxy leads all requests from the old to the new, then the old one is removed. So
 * custom domains answer at every moment, and up to that change everything can be taken back.
 */
#include "plugins/apps/apps.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/timing.h"
#include "core/app.h"
#include "core/app_life.h"
#include "core/applock.h"
#include "core/image.h"
#include "core/image_make.h"
#include "core/output.h"
#include "core/proxy.h"
#include "core/registry.h"
#include "core/scheduler.h"
#include "core/state.h"
#include "core/trigger.h"
#include "lib/engine/containers.h"

enum { DRAIN_MS = 30000 };

/* --- the image --- */

int apps_step_image(struct operation *op, struct step *step, struct err *err)
{
	AUTO_FREE char *from = image_name(op->ctx, step_arg(step, "from"), NULL);
	AUTO_FREE char *to = image_name(op->ctx, step_arg(step, "to"), NULL);
	AUTO_FREE char *id = NULL;
	json_t *labels;
	int r = image_id(op->ctx, from, &id, err);

	if (r < 0 || !*id)
		return r;
	labels = labels_for(op->ctx, step_arg(step, "to"));
	json_object_set_new(labels, "com.dokku.image-stage", json_string("release"));
	r = image_derive(op->ctx, from, labels, "", to, err);
	json_decref(labels);
	return r;
}

/* A failed start keeps its containers to be looked at; of an app that is no more nobody could. */
static int remove_containers(struct ctx *ctx, const char *app, struct err *err)
{
	json_t *filters = labels_filter(ctx, app);
	json_t *list = NULL;
	int r = engine_container_list(ctx_engine(ctx), true, filters, &list, err);

	json_decref(filters);
	for (size_t i = 0; r >= 0 && i < json_array_size(list); i++) {
		const char *id = json_string_value(json_object_get(json_array_get(list, i), "Id"));

		r = id ? engine_container_remove(ctx_engine(ctx), id, true, true, err) : 0;
		if (r == -ERR_NOT_FOUND) {
			err_clear(err);
			r = 0;
		}
	}
	json_decref(list);
	return r;
}

int apps_undo_image(struct operation *op, struct step *step, struct err *err)
{
	AUTO_FREE char *to = image_name(op->ctx, step_arg(step, "to"), NULL);
	int r = remove_containers(op->ctx, step_arg(step, "to"), err);

	return r < 0 ? r : image_put_back(op->ctx, to, "", err);
}

/* --- the proxy --- */

/* The driver; NULL when there is none, be it that the type is one that only a plugin knows. */
static int driver_of(struct ctx *ctx, const char *app, const struct proxy **ret, struct err *err)
{
	int r = proxy_of(ctx, app, ret, err);

	if (r != -ERR_NOT_FOUND)
		return r;
	err_clear(err);
	*ret = NULL;
	return 0;
}

static int lead(struct ctx *ctx, const char *to, const char *away, struct err *err)
{
	AUTO_STRVEC apply = STRVEC_INIT;
	AUTO_STRVEC clear = STRVEC_INIT;
	const struct proxy *proxy;
	int r = driver_of(ctx, to, &proxy, err);

	if (r < 0)
		return r;
	if (!proxy) /* third-party handlers may know what to do */
		return app_is_deployed(ctx, to) ? proxy_apply(ctx, to, err) : 0;
	if (app_is_deployed(ctx, to))
		strvec_push(&apply, to);
	strvec_push(&clear, away);
	return proxy->change(ctx, &apply, &clear, err);
}

int apps_step_switch(struct operation *op, struct step *step, struct err *err)
{
	const char *to = step_arg(step, "to");
	const struct proxy *proxy;
	AUTO_FREE char *generation = NULL;
	AUTO_FREE char *after = NULL;
	int r = driver_of(op->ctx, to, &proxy, err);

	if (r >= 0 && proxy)
		generation = proxy->generation(op->ctx);
	if (r >= 0)
		r = lead(op->ctx, to, step_arg(step, "from"), err);
	if (r >= 0 && generation)
		after = proxy->generation(op->ctx);
	/* Workers that stay have not been told of anything, and nobody has to wait for their end. */
	if (after && !str_eq(generation, after))
		json_object_set_new(step->result, "generation", json_string(generation));
	return r;
}

int apps_undo_switch(struct operation *op, struct step *step, struct err *err)
{
	return lead(op->ctx, step_arg(step, "from"), step_arg(step, "to"), err);
}

/* Requests that were on their way when the proxy changed still go to the old containers. */
int apps_step_drain(struct operation *op, struct step *step, struct err *err)
{
	const struct step *change = operation_find(op, "apps:switch");
	const char *generation = change ? step_result(change, "generation") : "";
	uint64_t deadline = now_ms() + DRAIN_MS;
	const struct proxy *proxy;
	int r = driver_of(op->ctx, step_arg(step, "to"), &proxy, err);

	/* Nobody was led to an app that was never deployed. */
	if (r < 0 || !proxy || !*generation || !app_is_deployed(op->ctx, step_arg(step, "to")))
		return r;
	while (!proxy->is_gone(op->ctx, generation) && ms_left(deadline) &&
		!operation_interrupted())
		sleep_ms(50);
	return 0;
}

/* --- afterwards --- */

int apps_step_renamed(struct operation *op, struct step *step, struct err *err)
{
	const char *to = step_arg(step, "to");

	/* Without its containers it is not deployed; the next deploy is its first. */
	if (json_is_true(json_object_get(step->args, "stopped")))
		return state_unset(op->ctx, "common", to, "deployed", err);
	return 0;
}

/* --- the plan --- */

static json_t *pair(const char *from, const char *to)
{
	return json_pack("{s:s, s:s}", "from", from, "to", to);
}

/* From the switch on. SCHEDULER NULL: nothing was started. */
static int plan_later(struct operation *op, const char *from, const char *to,
	const struct scheduler *scheduler, const struct deploy *d, struct err *err)
{
	AUTO_FREE char *tag = registry_tag_in_use(op->ctx, from);
	bool stopped = !scheduler && app_is_deployed(op->ctx, from);
	int r = operation_add(op, apps_step("apps:switch"), pair(from, to), err);

	if (r >= 0 && scheduler && d)
		r = scheduler->plan_settle(op, d, err);
	if (r >= 0)
		r = operation_add(op, apps_step("apps:renamed"),
			json_pack("{s:s, s:s, s:b}", "from", from, "to", to, "stopped", stopped),
			err);
	if (r >= 0)
		r = operation_add(op, apps_step("apps:drain"), pair(from, to), err);
	if (r >= 0)
		r = apps_plan_trigger(op, "apps:late-trigger", "pre-delete", from, tag, err);
	if (r >= 0)
		r = apps_plan_removal(op, from, tag, err);
	if (r >= 0)
		r = apps_plan_trigger(op, "apps:late-trigger", "post-app-rename", from, to, err);
	return r;
}

/* What has to be started is known only when the new app has the old one's settings. */
int apps_step_start(struct operation *op, struct step *step, struct err *err)
{
	const char *from = step_arg(step, "from");
	const char *to = step_arg(step, "to");
	AUTO_FREE char *built = image_name(op->ctx, to, NULL);
	AUTO_FREE char *image = NULL;
	struct deploy d = { .app = to };
	const struct scheduler *scheduler;
	int r = scheduler_of(op->ctx, to, &scheduler, err);

	if (r >= 0)
		r = registry_plan_release(op, to, built, &image, err);
	d.image = image;
	if (r >= 0)
		r = scheduler->plan_start(op, &d, err);
	return r < 0 ? r : plan_later(op, from, to, scheduler, &d, err);
}

static int plan(struct operation *op, const char *from, const char *to, bool start, struct err *err)
{
	const struct scheduler *scheduler = NULL;
	/* What the old app had of its proxy is not the new one's. */
	static const char *const cleared[] = { "proxy-clear-config", "network-clear-config" };
	int r = app_plan_create(op, to, err);

	if (r >= 0)
		r = operation_add(op, apps_step("apps:copy"),
			json_pack("{s:s, s:s, s:b}", "from", from, "to", to, "rename", 1), err);
	if (r >= 0)
		r = apps_plan_trigger(op, "apps:trigger", "post-app-rename-setup", from, to, err);
	for (size_t i = 0; i < ARRAY_SIZE(cleared); i++) {
		if (r >= 0 && trigger_is_heard(op->ctx, cleared[i]))
			r = apps_plan_trigger(op, "apps:trigger", cleared[i], to, NULL, err);
	}
	if (r < 0 || !start)
		return r < 0 ? r : plan_later(op, from, to, NULL, NULL, err);
	r = scheduler_of(op->ctx, from, &scheduler, err);
	if (r >= 0)
		r = operation_add(op, apps_step("apps:image"), pair(from, to), err);
	if (r >= 0)
		r = operation_add(op, apps_step("apps:start"), pair(from, to), err);
	/* Only to be printed: apps:start plans them. */
	if (r >= 0 && op->ctx->dry_run)
		r = plan_later(op, from, to, scheduler, NULL, err);
	return r;
}

int apps_run_rename(struct ctx *ctx, const struct args *args, struct err *err)
{
	const char *from = args_pos(args, 0);
	const char *to = args_pos(args, 1);
	struct operation *op;
	int r = app_name_check(to, err);

	if (r >= 0 && !ctx->dry_run)
		r = app_lock_two(ctx, from, to, err);
	if (r >= 0)
		r = app_verify(ctx, from, err);
	if (r < 0)
		return r;
	if (app_exists(ctx, to))
		return err_set(err, ERR_EXISTS, "Name is already taken");
	if (!ctx->dry_run) {
		out_info1_quiet("Renaming %s to %s", from, to);
		out_info1_quiet("Creating %s...", to);
	}
	r = operation_begin(ctx, "rename", from, to, NULL, &op, err);
	if (r < 0)
		return r;
	return operation_run_planned(op,
		plan(op, from, to, app_is_deployed(ctx, from) && !args_has(args, "skip-deploy"),
			err),
		err);
}
