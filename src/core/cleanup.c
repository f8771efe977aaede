/* SPDX-License-Identifier: MIT */
#include "core/cleanup.h"

#include <stdlib.h>

#include <jansson.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/app.h"
#include "core/applock.h"
#include "core/image.h"
#include "core/output.h"
#include "core/state.h"
#include "lib/engine/containers.h"
#include "lib/engine/images.h"

static bool is_off(struct ctx *ctx, const char *app)
{
	const char *env = getenv("DOKKU_SKIP_CLEANUP");

	return (app && state_is_true(ctx, "builder", app, "skip-cleanup")) ||
	       state_is_true(ctx, "builder", SCOPE_GLOBAL, "skip-cleanup") ||
	       (env && str_eq(env, "true"));
}

/* The filter of everything that is ours, with one more criterion. */
static json_t *filter(struct ctx *ctx, const char *app, const char *key, json_t *values)
{
	json_t *filters = labels_filter(ctx, app);

	json_object_set_new(filters, key, values);
	return filters;
}

/* The filter of an instance without a label matches those that have one, too. */
static bool is_ours(struct ctx *ctx, const json_t *object)
{
	const json_t *labels = json_object_get(object, "Labels");
	const char *label = json_string_value(json_object_get(labels, "com.moorage.instance"));

	return str_eq(label ? label : "", ctx->inst.label);
}

/* Another process works on the app: what looks dead may be what it wants to start again. */
static bool is_busy(struct ctx *ctx, const json_t *object)
{
	const json_t *labels = json_object_get(object, "Labels");
	const char *app = json_string_value(json_object_get(labels, "com.dokku.app-name"));

	return app && app_name_valid_old(app) && !app_lock_held(ctx, app) &&
	       app_lock_is_taken(ctx, app);
}

static const char *id_of(struct ctx *ctx, const json_t *object)
{
	if (!is_ours(ctx, object) || is_busy(ctx, object))
		return NULL;
	return json_string_value(json_object_get(object, "Id"));
}

/* One that was started, removed or used meanwhile is somebody else's business. */
typedef int (*remove_fn)(struct engine *e, const char *id, bool force, bool more, struct err *err);

static void remove_listed(struct ctx *ctx, const json_t *list, remove_fn remove)
{
	const json_t *one;
	size_t i;

	json_array_foreach (list, i, one) {
		const char *id = id_of(ctx, one);
		AUTO_ERR ignored = ERR_INIT;

		if (id && remove(ctx_engine(ctx), id, false, false, &ignored) < 0)
			out_trace("%s", ignored.msg.buf);
	}
}

static int remove_containers(struct ctx *ctx, const char *app, struct err *err)
{
	json_t *filters = filter(ctx, app, "status", json_pack("[s, s]", "exited", "dead"));
	json_t *list = NULL;
	int r = engine_container_list(ctx_engine(ctx), true, filters, &list, err);

	json_decref(filters);
	remove_listed(ctx, list, engine_container_remove);
	json_decref(list);
	return r < 0 ? r : 0;
}

static int remove_images(struct ctx *ctx, const char *app, struct err *err)
{
	json_t *filters = filter(ctx, app, "dangling", json_pack("[s]", "true"));
	json_t *list = NULL;
	int r = engine_image_list(ctx_engine(ctx), false, filters, &list, err);

	json_decref(filters);
	remove_listed(ctx, list, engine_image_remove);
	json_decref(list);
	return r < 0 ? r : 0;
}

int cleanup_run(struct ctx *ctx, const char *app, bool force, struct err *err)
{
	int r;

	if (!force && is_off(ctx, app)) {
		out_info1("DOKKU_SKIP_CLEANUP set. Skipping dokku cleanup");
		return 0;
	}
	out_info1("Cleaning up...");
	r = remove_containers(ctx, app, err);
	return r < 0 ? r : remove_images(ctx, app, err);
}
