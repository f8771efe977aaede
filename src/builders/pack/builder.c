/* SPDX-License-Identifier: MIT */
#include "builders/pack/builder.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/parse.h"
#include "lib/jsonc/jsonc.h"

#define LABEL_METADATA         "io.buildpacks.builder.metadata"
#define LABEL_ORDER            "io.buildpacks.buildpack.order"
#define LABEL_ORDER_EXTENSIONS "io.buildpacks.buildpack.order-extensions"
#define LABEL_STACK            "io.buildpacks.stack.id"

enum { ORDER_GROUPS_MAX = 1000, ORDER_MODULES_MAX = 10000 };

void pack_builder_done(struct pack_builder *b)
{
	free(b->image);
	free(b->lifecycle);
	free(b->stack);
	json_decref(b->run_images);
	json_decref(b->buildpacks);
	json_decref(b->order);
	*b = (struct pack_builder)PACK_BUILDER_INIT;
}

static const char *text_of(json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* A label that holds JSON; *RET is NULL when there is none. */
static int read_label(json_t *labels, const char *name, json_t **ret, struct err *err)
{
	const char *text = text_of(labels, name);
	int r = *text ? jsonc_parse(text, strlen(text), ret, err) : 0;

	return r < 0 ? err_wrap(err, "label %s", name) : 0;
}

/* --- versions of the interface --- */

/* "0.12" is 12; 0 for what is none of ours. */
static unsigned minor_of(const char *version)
{
	const char *minor = str_after(version, "0.");
	AUTO_ERR ignored = ERR_INIT;
	uint64_t n;

	if (!minor || parse_uint(minor, PACK_API_MIN, PACK_API_MAX, &n, &ignored) < 0)
		return 0;
	return (unsigned)n;
}

static void take_version(const char *version, unsigned *best, struct strbuf *seen)
{
	unsigned minor = minor_of(version);

	strbuf_addf(seen, "%s%.20s", seen->len ? ", " : "", version);
	if (minor > *best)
		*best = minor;
}

static int negotiate(json_t *lifecycle, struct pack_builder *b, struct err *err)
{
	static const char *const lists[] = { "deprecated", "supported" };
	json_t *apis = json_object_get(json_object_get(lifecycle, "apis"), "platform");
	AUTO_STRBUF seen = STRBUF_CAPPED(1000);
	json_t *item;
	size_t i;

	for (size_t l = 0; l < ARRAY_SIZE(lists); l++) {
		json_array_foreach (json_object_get(apis, lists[l]), i, item)
			take_version(json_is_string(item) ? json_string_value(item) : "", &b->api,
				&seen);
	}
	if (!seen.len)
		take_version(text_of(json_object_get(lifecycle, "api"), "platform"), &b->api,
			&seen);
	if (b->api)
		return 0;
	return err_set(err, ERR_INVALID,
		"its lifecycle speaks platform API %s; 0.%d to 0.%d are spoken here; choose "
		"another builder with buildpacks:set-property <app> stack <image>",
		seen.len ? seen.buf : "(none)", PACK_API_MIN, PACK_API_MAX);
}

/* --- the user --- */

static int read_id(json_t *env, const char *name, unsigned min, unsigned *ret, struct err *err)
{
	AUTO_FREE char *prefix = xasprintf("%s=", name);
	json_t *item;
	size_t i;
	uint64_t n;

	json_array_foreach (env, i, item) {
		const char *pair = json_string_value(item);
		const char *value = pair ? str_after(pair, prefix) : NULL;

		if (!value)
			continue;
		if (parse_uint(value, min, INT32_MAX, &n, err) < 0)
			return err_wrap(err, "%s", name);
		*ret = (unsigned)n;
		return 0;
	}
	return err_set(err, ERR_INVALID, "it does not set %s", name);
}

static bool is_root(const char *user)
{
	size_t len = strcspn(user, ":");

	return !len || (len == 1 && *user == '0') || (len == 4 && str_starts(user, "root"));
}

static int read_user(json_t *config, struct pack_builder *b, struct err *err)
{
	json_t *env = json_object_get(config, "Env");
	unsigned uid = 0;
	unsigned gid = 0;
	/* Builds are never root's; the group may be. */
	int r = read_id(env, "CNB_USER_ID", 1, &uid, err);

	if (r >= 0)
		r = read_id(env, "CNB_GROUP_ID", 0, &gid, err);
	if (r >= 0 && is_root(text_of(config, "User")))
		r = err_set(err, ERR_INVALID, "its user is root");
	b->uid = uid;
	b->gid = gid;
	return r;
}

/* --- lists --- */

static json_t *run_images(json_t *metadata)
{
	json_t *images = json_object_get(metadata, "images");
	json_t *one = json_object_get(json_object_get(metadata, "stack"), "runImage");

	if (json_array_size(images))
		return json_incref(images);
	return *text_of(one, "image") ? json_pack("[O]", one) : json_array();
}

static void add_module(json_t *item, json_t *group)
{
	const char *id = text_of(item, "id");

	if (*id)
		json_array_append_new(group,
			json_pack("{s:s, s:s, s:b}", "id", id, "version", text_of(item, "version"),
				"optional", (int)json_is_true(json_object_get(item, "optional"))));
}

static int read_order(json_t *label, struct pack_builder *b, struct err *err)
{
	size_t modules = 0;
	json_t *entry;
	json_t *item;
	size_t i;
	size_t j;

	b->order = json_array();
	json_array_foreach (label, i, entry) {
		json_t *group = json_array();

		json_array_append_new(b->order, group);
		json_array_foreach (json_object_get(entry, "group"), j, item)
			add_module(item, group);
		modules += json_array_size(group);
		if (i > ORDER_GROUPS_MAX || modules > ORDER_MODULES_MAX)
			return err_set(err, ERR_INVALID, "its order of buildpacks is too long");
	}
	return 0;
}

/* Extensions change images by Dockerfiles, which needs another phase and root. */
static int check_extensions(json_t *label, struct err *err)
{
	if (!json_array_size(label))
		return 0;
	return err_set(err, ERR_INVALID,
		"it needs image extensions, which are not supported; choose another builder with "
		"buildpacks:set-property <app> stack <image>");
}

static int read_labels(json_t *labels, struct pack_builder *b, struct err *err)
{
	json_t *metadata = NULL;
	json_t *order = NULL;
	json_t *extensions = NULL;
	json_t *lifecycle;
	int r = read_label(labels, LABEL_METADATA, &metadata, err);

	if (r >= 0 && !json_is_object(metadata))
		r = err_set(err, ERR_INVALID, "it has no label " LABEL_METADATA);
	if (r >= 0)
		r = read_label(labels, LABEL_ORDER, &order, err);
	if (r >= 0)
		r = read_label(labels, LABEL_ORDER_EXTENSIONS, &extensions, err);
	lifecycle = json_object_get(metadata, "lifecycle");
	b->stack = xstrdup(text_of(labels, LABEL_STACK));
	b->lifecycle = xstrdup(text_of(lifecycle, "version"));
	b->run_images = run_images(metadata);
	b->buildpacks = json_incref(json_object_get(metadata, "buildpacks"));
	if (r >= 0)
		r = check_extensions(extensions, err);
	if (r >= 0)
		r = read_order(order, b, err);
	if (r >= 0)
		r = negotiate(lifecycle, b, err);
	json_decref(metadata);
	json_decref(order);
	json_decref(extensions);
	return r;
}

int pack_builder_read(json_t *inspected, const char *image, struct pack_builder *ret,
	struct err *err)
{
	AUTO_PACK_BUILDER b = PACK_BUILDER_INIT;
	json_t *config = json_object_get(inspected, "Config");
	int r = read_labels(json_object_get(config, "Labels"), &b, err);

	b.image = xstrdup(image);
	if (r >= 0)
		r = read_user(config, &b, err);
	if (r < 0)
		return err_wrap(err, "'%s' is no builder image that can be used", image);
	*ret = b;
	b = (struct pack_builder)PACK_BUILDER_INIT;
	return 0;
}
