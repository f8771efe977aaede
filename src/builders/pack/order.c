/* SPDX-License-Identifier: MIT */
#include "builders/pack/order.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "lib/toml/toml.h"

static const char *text_of(json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static bool is_builders_own(const char *name)
{
	return str_eq(name, "urn:cnb:builder") || str_eq(name, "from=builder");
}

/* The builder's entry of that name, or NULL; without a version only if there is just one. */
static json_t *find(const struct pack_builder *b, const char *name, size_t *ret_count)
{
	const char *urn = str_after(name, "urn:cnb:builder:");
	const char *rest = urn ? urn : name;
	const char *at = strrchr(rest, '@');
	AUTO_FREE char *id = at ? xstrndup(rest, (size_t)(at - rest)) : xstrdup(rest);
	json_t *found = NULL;
	json_t *item;
	size_t i;

	*ret_count = 0;
	json_array_foreach (b->buildpacks, i, item) {
		if (!str_eq(text_of(item, "id"), id) ||
			(at && !str_eq(text_of(item, "version"), at + 1)))
			continue;
		found = item;
		++*ret_count;
	}
	return found;
}

bool pack_order_has(const struct pack_builder *b, const char *name)
{
	size_t count;

	return is_builders_own(name) || find(b, name, &count) != NULL;
}

static int not_there(const struct pack_builder *b, const char *name, size_t count, struct err *err)
{
	if (count > 1)
		return err_set(err, ERR_INVALID,
			"the builder '%s' has %zu versions of buildpack '%s'; name one of them, as "
			"in <id>@<version>",
			b->image, count, name);
	if (strstr(name, "://") || str_starts(name, "urn:cnb:registry:") ||
		str_starts(name, "docker:/"))
		return err_set(err, ERR_INVALID,
			"buildpack '%s' is not in the builder '%s', and none are fetched from "
			"elsewhere; choose a builder that has it with buildpacks:set-property "
			"<app> stack <image>",
			name, b->image);
	return err_set(err, ERR_INVALID,
		"the builder '%s' has no buildpack '%s'; choose one that it has, or another "
		"builder with buildpacks:set-property <app> stack <image>",
		b->image, name);
}

static int resolve(const struct pack_builder *b, const char *name, json_t **ret, struct err *err)
{
	size_t count;
	json_t *item = find(b, name, &count);

	if (count != 1)
		return not_there(b, name, count, err);
	*ret = json_pack("{s:s, s:s, s:b}", "id", text_of(item, "id"), "version",
		text_of(item, "version"), "optional", 0);
	return 0;
}

/* Puts NAME at the end of every group, or at AT when that is not negative. */
static int insert(const struct pack_builder *b, json_t *order, const char *name, bool front,
	size_t at, struct err *err)
{
	json_t *module = NULL;
	json_t *group;
	size_t i;
	int r = resolve(b, name, &module, err);

	if (r < 0)
		return r;
	json_array_foreach (order, i, group) {
		if (front)
			json_array_insert(group, at, module);
		else
			json_array_append(group, module);
	}
	json_decref(module);
	return 0;
}

/* What is there so far goes in front of each of the builder's groups. */
static int take_builders(const struct pack_builder *b, json_t **order, struct err *err)
{
	json_t *own = json_deep_copy(b->order);
	json_t *front = json_array_get(*order, 0);
	json_t *group;
	json_t *module;
	size_t i;
	size_t j;

	if (json_array_size(*order) > 1) {
		json_decref(own);
		return err_set(err, ERR_INVALID,
			"the builder's own buildpacks can be named only once");
	}
	json_array_foreach (own, i, group) {
		json_array_foreach (front, j, module)
			json_array_insert(group, j, module);
	}
	json_decref(*order);
	*order = own;
	return 0;
}

static int build_group(const struct pack_builder *b, const struct strvec *group, json_t **ret,
	struct err *err)
{
	json_t *order = json_pack("[[]]");
	int r = 0;

	for (size_t i = 0; r >= 0 && i < group->count; i++) {
		if (is_builders_own(group->items[i]))
			r = take_builders(b, &order, err);
		else
			r = insert(b, order, group->items[i], false, 0, err);
	}
	if (r < 0)
		json_decref(order);
	else
		*ret = order;
	return r;
}

int pack_order_build(const struct pack_builder *b, const struct strvec *group,
	const struct strvec *pre, const struct strvec *post, json_t **ret, struct err *err)
{
	json_t *order;
	int r = 0;

	*ret = NULL;
	if (group->count)
		return build_group(b, group, ret, err);
	if (!pre->count && !post->count)
		return 0;
	order = json_deep_copy(b->order);
	for (size_t i = 0; r >= 0 && i < pre->count; i++)
		r = insert(b, order, pre->items[i], true, i, err);
	for (size_t i = 0; r >= 0 && i < post->count; i++)
		r = insert(b, order, post->items[i], false, 0, err);
	if (r < 0)
		json_decref(order);
	else
		*ret = order;
	return r;
}

void pack_order_print(json_t *order, struct strbuf *out)
{
	json_t *group;
	json_t *module;
	size_t i;
	size_t j;

	json_array_foreach (order, i, group) {
		strbuf_addstr(out, "[[order]]\n");
		json_array_foreach (group, j, module) {
			strbuf_addstr(out, "[[order.group]]\nid = ");
			toml_quote(out, text_of(module, "id"));
			strbuf_addstr(out, "\nversion = ");
			toml_quote(out, text_of(module, "version"));
			strbuf_addf(out, "\noptional = %s\n",
				json_is_true(json_object_get(module, "optional")) ? "true"
										  : "false");
		}
	}
}
