/* SPDX-License-Identifier: MIT */
#include "core/state_step.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/state.h"

/* A change is {"plugin", "scope", "name", "old", "new"}; values are null, a string, or a list. */

static json_t *list_json(const struct strvec *items)
{
	json_t *list = json_array();

	for (size_t i = 0; i < items->count; i++)
		json_array_append_new(list, json_string(items->items[i]));
	return list;
}

static int push(json_t *changes, const char *plugin, const char *scope, const char *name,
	json_t *old, json_t *new, struct err *err)
{
	json_t *change;

	if (!old || !new) {
		json_decref(old);
		json_decref(new);
		return err_set(err, ERR_INVALID, "%s of %s is not UTF-8", name, scope);
	}
	if (json_equal(old, new)) {
		json_decref(old);
		json_decref(new);
		return 0;
	}
	change = json_pack("{s:s, s:s, s:s, s:o, s:o}", "plugin", plugin, "scope", scope, "name",
		name, "old", old, "new", new);
	json_array_append_new(changes, change);
	return 0;
}

int state_change(struct ctx *ctx, json_t *changes, const char *plugin, const char *scope,
	const char *name, const char *value, struct err *err)
{
	AUTO_STRBUF old = STRBUF_INIT;
	int r = state_get(ctx, plugin, scope, name, &old, err);

	if (r < 0)
		return r;
	return push(changes, plugin, scope, name, r > 0 ? json_string(old.buf) : json_null(),
		value ? json_string(value) : json_null(), err);
}

int state_change_list(struct ctx *ctx, json_t *changes, const char *plugin, const char *scope,
	const char *name, const struct strvec *items, struct err *err)
{
	AUTO_STRVEC old = STRVEC_INIT;
	int r = state_get_list(ctx, plugin, scope, name, &old, err);

	return r < 0 ? r
		     : push(changes, plugin, scope, name, list_json(&old), list_json(items), err);
}

static const char *member(json_t *change, const char *key)
{
	const char *s = json_string_value(json_object_get(change, key));

	return s ? s : "";
}

static int write_list(struct ctx *ctx, json_t *change, json_t *list, struct err *err)
{
	AUTO_STRVEC items = STRVEC_INIT;
	json_t *one;
	size_t i;

	json_array_foreach (list, i, one) {
		if (json_is_string(one))
			strvec_push(&items, json_string_value(one));
	}
	return state_set_list(ctx, member(change, "plugin"), member(change, "scope"),
		member(change, "name"), &items, err);
}

static int write_all(struct ctx *ctx, json_t *changes, const char *which, struct err *err)
{
	json_t *change;
	size_t i;
	int r = 0;

	json_array_foreach (changes, i, change) {
		json_t *value = json_object_get(change, which);
		const char *plugin = member(change, "plugin");
		const char *scope = member(change, "scope");
		const char *name = member(change, "name");

		if (json_is_array(value))
			r = write_list(ctx, change, value, err);
		else if (json_is_string(value))
			r = state_set(ctx, plugin, scope, name, json_string_value(value), err);
		else
			r = state_unset(ctx, plugin, scope, name, err);
		if (r < 0)
			return r;
	}
	return r;
}

static void describe_set(const struct step *step, struct strbuf *out)
{
	json_t *changes = json_object_get(step->args, "changes");
	json_t *change;
	size_t i;

	json_array_foreach (changes, i, change) {
		json_t *value = json_object_get(change, "new");
		bool gone =
			json_is_null(value) || (json_is_array(value) && !json_array_size(value));

		strbuf_addf(out, "%s%s %s %s of %s", i ? ", " : "", gone ? "unset" : "set",
			member(change, "plugin"), member(change, "name"), member(change, "scope"));
		if (json_is_string(value))
			strbuf_addf(out, " to %s", json_string_value(value));
	}
}

static int run_set(struct operation *op, struct step *step, struct err *err)
{
	return write_all(op->ctx, json_object_get(step->args, "changes"), "new", err);
}

static int undo_set(struct operation *op, struct step *step, struct err *err)
{
	return write_all(op->ctx, json_object_get(step->args, "changes"), "old", err);
}

const struct step_kind state_steps[] = {
	{ "state:set", 0, describe_set, run_set, undo_set },
	{},
};

int state_plan(struct operation *op, json_t *changes, struct err *err)
{
	if (!json_array_size(changes)) {
		json_decref(changes);
		return 0;
	}
	return operation_add(op, &state_steps[0], json_pack("{s:o}", "changes", changes), err);
}

int state_apply(struct ctx *ctx, json_t *changes, struct err *err)
{
	return write_all(ctx, changes, "new", err);
}
