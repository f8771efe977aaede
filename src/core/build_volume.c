/* SPDX-License-Identifier: MIT */
#include "core/build_volume.h"

#include "base/alloc.h"
#include "base/fs.h"
#include "core/image.h"
#include "lib/engine/volumes.h"

static int make(const struct build *b, const char *name, json_t *labels, struct err *err)
{
	json_t *config = json_pack("{s:s, s:o}", "Name", name, "Labels", labels);
	int r = engine_volume_create(ctx_engine(b->ctx), config, err);

	json_decref(config);
	return r < 0 ? err_wrap(err, "make the volume '%s'", name) : 0;
}

static int drop(struct ctx *ctx, const char *name, struct err *err)
{
	int r = engine_volume_remove(ctx_engine(ctx), name, true, err);

	if (r != -ERR_NOT_FOUND)
		return r < 0 ? err_wrap(err, "remove the volume '%s'", name) : 0;
	err_clear(err);
	return 0;
}

int build_volume_make(const struct build *b, const char *role, char **ret, struct err *err)
{
	const char *label = b->ctx->inst.label;
	AUTO_FREE char *name = xasprintf("%s%sbuild-%s_%s_%s", label, *label ? "." : "", b->app,
		b->operation, role);
	json_t *labels = labels_for(b->ctx, b->app);
	int r;

	json_object_set_new(labels, "com.moorage.operation", json_string(b->operation));
	r = make(b, name, labels, err);
	if (r >= 0)
		*ret = TAKE_PTR(name);
	return r;
}

int build_volumes_remove(struct ctx *ctx, const char *operation, struct err *err)
{
	json_t *filter = labels_filter(ctx, NULL);
	json_t *found = NULL;
	json_t *one;
	size_t i;
	int r;

	json_array_append_new(json_object_get(filter, "label"),
		json_sprintf("com.moorage.operation=%s", operation));
	r = engine_volume_list(ctx_engine(ctx), filter, &found, err);
	json_decref(filter);
	json_array_foreach (found, i, one) {
		const char *name = json_string_value(json_object_get(one, "Name"));

		if (r >= 0 && name)
			r = drop(ctx, name, err);
	}
	json_decref(found);
	return r;
}

int build_cache_make(const struct build *b, const char *role, bool clear, char **ret,
	struct err *err)
{
	AUTO_FREE char *name = cache_volume_for(b->ctx, b->app, role);
	int r = clear ? drop(b->ctx, name, err) : 0;

	if (r >= 0)
		r = make(b, name, labels_for(b->ctx, b->app), err);
	if (r >= 0)
		*ret = TAKE_PTR(name);
	return r;
}
