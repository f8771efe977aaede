/* SPDX-License-Identifier: MIT */
/* Names of containers, and which containers are ours. */
#include <string.h>
#include <sys/random.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/image.h"
#include "schedulers/docker-local/driver.h"

unsigned random_number(void)
{
	uint16_t n = 0;

	(void)!getrandom(&n, sizeof(n), 0);
	return n & 0x7fff;
}

char *name_final(struct ctx *ctx, const char *app, const char *process, unsigned index)
{
	AUTO_FREE char *rest = xasprintf("%s.%u", process, index);

	return container_name(ctx, app, rest);
}

char *name_upcoming(struct ctx *ctx, const char *app, const char *process, unsigned index)
{
	AUTO_FREE char *rest = xasprintf("%s.%u.upcoming-%u", process, index, random_number());

	return container_name(ctx, app, rest);
}

bool is_ours(struct ctx *ctx, const json_t *labels)
{
	const char *instance = json_string_value(json_object_get(labels, LABEL_INSTANCE));

	return json_object_get(labels, "dokku") &&
	       str_eq(instance ? instance : "", ctx->inst.label);
}

/*
 * Dokku labels run containers with the app and the type only, so that an instance without a label
 * must not ask for more; an item of another instance is dropped here.
 */
static bool belongs(struct ctx *ctx, const json_t *item)
{
	const json_t *labels = json_object_get(item, "Labels");
	const char *instance = json_string_value(json_object_get(labels, LABEL_INSTANCE));

	return str_eq(instance ? instance : "", ctx->inst.label);
}

int list_ours(struct ctx *ctx, const char *app, const char *type, bool all, json_t **ret,
	struct err *err)
{
	json_t *list = json_array();
	json_t *filters = json_pack("{s:o}", "label", list);
	json_t *found = NULL;
	int r;

	json_array_append_new(list, app ? json_sprintf("com.dokku.app-name=%s", app)
					: json_string("com.dokku.app-name"));
	if (type)
		json_array_append_new(list, json_sprintf(LABEL_TYPE "=%s", type));
	if (*ctx->inst.label)
		json_array_append_new(list, json_sprintf(LABEL_INSTANCE "=%s", ctx->inst.label));
	r = engine_container_list(ctx_engine(ctx), all, filters, &found, err);
	json_decref(filters);
	if (r < 0)
		return app ? err_wrap(err, "list the containers of '%s'", app)
			   : err_wrap(err, "list containers");
	for (size_t i = json_array_size(found); i-- > 0;) {
		if (!belongs(ctx, json_array_get(found, i)))
			json_array_remove(found, i);
	}
	*ret = found;
	return 0;
}

const char *listed_name(const json_t *item)
{
	const json_t *names = json_object_get(item, "Names");
	const char *name = json_string_value(json_object_get(item, "Name"));

	for (size_t i = 0; i < json_array_size(names); i++) {
		const char *one = json_string_value(json_array_get(names, i));

		/* "/other/alias" comes from a link */
		if (one && !strchr(one + 1, '/'))
			name = one;
	}
	return name ? name + (*name == '/') : "";
}

json_t *slot_json(const char *process, unsigned index, const char *name)
{
	return json_pack("{s:s, s:i, s:s}", "process", process, "index", (int)index, "name", name);
}

size_t slot_count(const struct step *step)
{
	return json_array_size(json_object_get(step->args, "slots"));
}

struct slot slot_at(const struct step *step, size_t i)
{
	const json_t *item = json_array_get(json_object_get(step->args, "slots"), i);
	const char *process = json_string_value(json_object_get(item, "process"));
	const char *name = json_string_value(json_object_get(item, "name"));

	return (struct slot){
		.process = process ? process : "",
		.index = (unsigned)json_integer_value(json_object_get(item, "index")),
		.name = name ? name : "",
	};
}
