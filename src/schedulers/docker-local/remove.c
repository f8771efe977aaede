/* SPDX-License-Identifier: MIT */
/* Everything of an app leaves: containers, images, state. And: an app is stopped. */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/image.h"
#include "core/output.h"
#include "core/registry.h"
#include "lib/engine/images.h"
#include "schedulers/docker-local/driver.h"

void step_remove_describe(const struct step *step, struct strbuf *out)
{
	strbuf_addf(out, "remove all containers%s of %s",
		json_is_true(json_object_get(step->args, "keep-images")) ? "" : " and images",
		step_arg(step, "app"));
}

static int remove_containers(struct ctx *ctx, const char *app, struct err *err)
{
	AUTO_STRVEC ids = STRVEC_INIT;
	json_t *list = NULL;
	int r = list_ours(ctx, app, NULL, true, &list, err);

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *id = json_object_get(json_array_get(list, i), "Id");

		strvec_push(&ids, json_is_string(id) ? json_string_value(id) : "");
	}
	json_decref(list);
	return r < 0 ? r : containers_end(ctx, app, &ids, true, err);
}

/* A name that builds or releases of the app gave. */
static bool is_name_of(struct ctx *ctx, const char *app, const char *name)
{
	AUTO_FREE char *repo = image_repo(ctx, app);
	AUTO_FREE char *prefix = xasprintf("%s:", repo);
	AUTO_ERR ignored = ERR_INIT;

	/* A template of names that cannot be read must not keep an app from being removed. */
	return str_starts(name, prefix) || registry_owns(ctx, app, name, &ignored) > 0;
}

/* Every name of the app's, and what lost its name but carries the app's label. */
static int remove_image(struct ctx *ctx, const char *app, const json_t *item, struct err *err)
{
	const json_t *tags = json_object_get(item, "RepoTags");
	const char *id = json_string_value(json_object_get(item, "Id"));
	size_t named = 0;
	AUTO_ERR why = ERR_INIT;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < json_array_size(tags); i++) {
		const char *tag = json_string_value(json_array_get(tags, i));

		if (!tag ||
			str_eq(tag, "<none>:<none>")) /* how older engines say that there is none */
			continue;
		named++;
		if (is_name_of(ctx, app, tag))
			r = engine_image_remove(ctx_engine(ctx), tag, true, false, &why);
	}
	if (!named && id)
		r = engine_image_remove(ctx_engine(ctx), id, false, false, &why);
	/* ERR_EXISTS: a container of somebody else uses it, so it is not only ours. */
	if (r >= 0 || r == -ERR_NOT_FOUND || r == -ERR_EXISTS)
		return 0;
	return err_set(err, why.kind, "remove image %s: %s", id ? id : "", why.msg.buf);
}

static int remove_listed(struct ctx *ctx, const char *app, json_t *filters, struct err *err)
{
	json_t *list = NULL;
	int r = engine_image_list(ctx_engine(ctx), false, filters, &list, err);

	json_decref(filters);
	for (size_t i = 0; r >= 0 && i < json_array_size(list); i++)
		r = remove_image(ctx, app, json_array_get(list, i), err);
	json_decref(list);
	return r;
}

static int remove_labelled(struct ctx *ctx, const char *app, bool dangling, struct err *err)
{
	json_t *filters = labels_filter(ctx, app);

	json_object_set_new(filters, "dangling", json_pack("[s]", dangling ? "true" : "false"));
	return remove_listed(ctx, app, filters, err);
}

static int remove_images(struct ctx *ctx, const char *app, struct err *err)
{
	AUTO_FREE char *repo = image_repo(ctx, app);
	int r = remove_listed(ctx, app, json_pack("{s:[s]}", "reference", repo), err);

	if (r >= 0)
		r = remove_labelled(ctx, app, false, err);
	return r < 0 ? r : remove_labelled(ctx, app, true, err);
}

int step_remove_run(struct operation *op, struct step *step, struct err *err)
{
	const char *app = step_arg(step, "app");
	AUTO_FREE char *data = inst_lib(&op->ctx->inst, "data/" PLUGIN "/%s", app);
	json_t *nothing = json_object();
	int r = remove_containers(op->ctx, app, err);

	if (r >= 0 && !json_is_true(json_object_get(step->args, "keep-images")))
		r = remove_images(op->ctx, app, err);
	if (r >= 0)
		r = units_restore(op->ctx, app, nothing, err);
	if (r >= 0)
		r = dead_forget_app(op->ctx, app, err);
	if (r >= 0)
		r = fs_rm_rf(data, err);
	json_decref(nothing);
	return r < 0 ? err_wrap(err, "remove what the scheduler has of '%s'", app) : 0;
}

int local_plan_remove(struct operation *op, const char *app, struct err *err)
{
	return operation_add(op, &docker_local_steps[LOCAL_REMOVE], json_pack("{s:s}", "app", app),
		err);
}

int local_plan_stop(struct operation *op, const char *app, struct err *err)
{
	json_t *units = json_array();
	json_t *list = NULL;
	int r = list_ours(op->ctx, app, NULL, false, &list, err);

	for (size_t i = 0; r >= 0 && i < json_array_size(list); i++) {
		const json_t *item = json_array_get(list, i);
		json_t *inspected = NULL;
		const char *id = json_string_value(json_object_get(item, "Id"));

		r = container_look(op->ctx, id ? id : "", &inspected, err);
		if (r > 0) {
			json_t *host = json_object_get(inspected, "HostConfig");

			json_array_append_new(units,
				json_pack("{s:s, s:O?}", "id", container_id(inspected), "restart",
					json_object_get(host, "RestartPolicy")));
		}
		json_decref(inspected);
	}
	json_decref(list);
	if (r < 0 || !json_array_size(units)) {
		json_decref(units);
		return r < 0 ? r : 0;
	}
	return operation_add(op, &docker_local_steps[LOCAL_STOP],
		json_pack("{s:s, s:o}", "app", app, "units", units), err);
}
