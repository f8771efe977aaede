/* SPDX-License-Identifier: MIT */
#include "core/image.h"

#include "base/alloc.h"
#include "base/fs.h"

char *image_repo(struct ctx *ctx, const char *app)
{
	const char *label = ctx->inst.label;

	return xasprintf("dokku%s%s/%s", *label ? "-" : "", label, app);
}

char *image_name(struct ctx *ctx, const char *app, const char *tag)
{
	AUTO_FREE char *repo = image_repo(ctx, app);

	return xasprintf("%s:%s", repo, tag && *tag ? tag : "latest");
}

char *container_name(struct ctx *ctx, const char *app, const char *rest)
{
	const char *label = ctx->inst.label;

	return xasprintf("%s%s%s.%s", label, *label ? "." : "", app, rest);
}

char *cache_volume(struct ctx *ctx, const char *app)
{
	const char *label = ctx->inst.label;

	return xasprintf("%s%scache-%s", label, *label ? "." : "", app);
}

const char *const cache_roles[] = { "build", "launch", NULL };

char *cache_volume_for(struct ctx *ctx, const char *app, const char *role)
{
	AUTO_FREE char *volume = cache_volume(ctx, app);

	return xasprintf("%s_%s", volume, role);
}

static void put(json_t *labels, const char *key, const char *value)
{
	json_object_set_new(labels, key, json_string(value));
}

json_t *labels_for(struct ctx *ctx, const char *app)
{
	json_t *labels = json_object();

	put(labels, "dokku", "");
	put(labels, "org.label-schema.schema-version", "1.0");
	put(labels, "org.label-schema.vendor", "dokku");
	if (*ctx->inst.label)
		put(labels, "com.moorage.instance", ctx->inst.label);
	if (app)
		put(labels, "com.dokku.app-name", app);
	return labels;
}

void labels_args(struct ctx *ctx, const char *app, struct strvec *ret)
{
	json_t *labels = labels_for(ctx, app);
	const char *key;
	json_t *value;

	json_object_foreach (labels, key, value) {
		const char *text = json_string_value(value);

		strvec_pushf(ret, "--label=%s%s%s", key, *text ? "=" : "", text);
	}
	json_decref(labels);
}

json_t *labels_filter(struct ctx *ctx, const char *app)
{
	json_t *list = json_array();

	json_array_append_new(list, json_string("dokku"));
	if (*ctx->inst.label)
		json_array_append_new(list,
			json_sprintf("com.moorage.instance=%s", ctx->inst.label));
	if (app)
		json_array_append_new(list, json_sprintf("com.dokku.app-name=%s", app));
	return json_pack("{s:o}", "label", list);
}
