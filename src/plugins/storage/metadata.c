/* SPDX-License-Identifier: MIT */
/* What can be changed of a storage entry: its properties, annotations and labels. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/parse.h"
#include "core/output.h"
#include "plugins/storage/storage.h"

enum { LABEL_WIDTH = 31 };

static const char *const properties[] = { "access-mode", "chown", "mode", "namespace",
	"reclaim-policy", "size", "storage-class-name" };

int storage_take_pairs(const struct args *args, const char *flag, json_t **ret, struct err *err)
{
	AUTO_STRVEC pairs = STRVEC_INIT;
	json_t *map = json_object();

	args_list(args, flag, &pairs);
	for (size_t i = 0; i < pairs.count; i++) {
		/* Several may stand behind one flag, as in a line of CSV. */
		AUTO_STRVEC parts = STRVEC_INIT;

		strvec_split(&parts, pairs.items[i], ",");
		for (size_t j = 0; j < parts.count; j++) {
			const char *equals = strchr(parts.items[j], '=');
			AUTO_FREE char *key = NULL;

			if (!equals || equals == parts.items[j]) {
				json_decref(map);
				return err_set(err, ERR_USAGE, "expected key=value, got \"%.200s\"",
					parts.items[j]);
			}
			key = xstrndup(parts.items[j], (size_t)(equals - parts.items[j]));
			json_object_set_new(map, key, json_string(equals + 1));
		}
	}
	if (json_object_size(map)) {
		*ret = map;
		return 0;
	}
	json_decref(map);
	return 0;
}

/* --- storage:set --- */

static int cannot_change(const char *property, struct err *err)
{
	return err_set(err, ERR_USAGE, "storage:set cannot change %s in place; recreate the entry",
		property);
}

static int apply(struct storage_entry *e, const char *property, const char *value, struct err *err)
{
	AUTO_FREE char *mode = NULL;
	AUTO_STRBUF valid = STRBUF_INIT;
	int r;

	if (str_eq(property, "access-mode"))
		return str_eq(value, e->access_mode) ? 0 : cannot_change(property, err);
	if (str_eq(property, "storage-class-name"))
		return str_eq(value, e->storage_class) ? 0 : cannot_change(property, err);
	if (str_eq(property, "mode")) {
		r = storage_mode_check(value, &mode, err);
		if (r >= 0)
			storage_put(&e->mode, mode);
		return r;
	}
	if (str_eq(property, "size"))
		storage_put(&e->size, value);
	else if (str_eq(property, "namespace"))
		storage_put(&e->namespace, value);
	else if (str_eq(property, "chown"))
		storage_put(&e->chown, value);
	else if (str_eq(property, "reclaim-policy"))
		storage_put(&e->reclaim_policy, value);
	else {
		for (size_t i = 0; i < ARRAY_SIZE(properties); i++)
			strbuf_addf(&valid, "%s%s", i ? ", " : "", properties[i]);
		return err_set(err, ERR_USAGE,
			"Invalid property specified, valid properties include: %s", valid.buf);
	}
	return 0;
}

struct change {
	struct strvec names;
	struct strvec values;
	json_t *annotations;
	json_t *labels;
};

static void change_done(struct change *c)
{
	strvec_done(&c->names);
	strvec_done(&c->values);
	json_decref(c->annotations);
	json_decref(c->labels);
}

/* Properties were flags once. */
static int read_change(const struct args *args, struct change *ret, struct err *err)
{
	const char *property = args_pos(args, 1);
	bool flags;
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(properties); i++) {
		const char *value = args_value(args, properties[i], NULL);

		if (!value)
			continue;
		strvec_push(&ret->names, properties[i]);
		strvec_push(&ret->values, value);
	}
	r = storage_take_pairs(args, "annotation", &ret->annotations, err);
	if (r >= 0)
		r = storage_take_pairs(args, "label", &ret->labels, err);
	if (r < 0)
		return r;
	flags = ret->names.count || ret->annotations || ret->labels;
	if (*property && flags)
		return err_set(err, ERR_USAGE,
			"storage:set accepts either a property and a value or flags, not both");
	if (!*property && !flags)
		return err_set(err, ERR_USAGE, "No property specified");
	if (ret->names.count)
		out_warn("Deprecated: please use 'storage:set <name> <property> [<value>]' instead "
			 "of flags");
	if (ret->annotations || ret->labels)
		out_warn("Deprecated: please use 'storage:annotations:set' and "
			 "'storage:labels:set' instead of --annotation and --label");
	if (*property) {
		strvec_push(&ret->names, property);
		strvec_push(&ret->values, args_pos(args, 2));
	}
	return 0;
}

static int change_entry(struct ctx *ctx, struct change *c, struct storage_entry *e, struct err *err)
{
	bool folder = strvec_has(&c->names, "chown") || strvec_has(&c->names, "mode");
	int r = 0;

	for (size_t i = 0; r >= 0 && i < c->names.count; i++)
		r = apply(e, c->names.items[i], c->values.items[i], err);
	if (r < 0)
		return r;
	if (c->annotations) {
		json_decref(e->annotations);
		e->annotations = json_incref(c->annotations);
	}
	if (c->labels) {
		json_decref(e->labels);
		e->labels = json_incref(c->labels);
	}
	r = storage_entry_check(ctx, e, err);
	/* The folder first: what cannot be done to it is not stored either. */
	if (r >= 0 && folder && str_eq(e->scheduler, STORAGE_LOCAL))
		r = storage_dir_ensure(ctx, e, err);
	return r < 0 ? r : storage_entry_save(ctx, e, err);
}

int storage_run_set(struct ctx *ctx, const struct args *args, struct err *err)
{
	CLEANUP(change_done) struct change c = { .names = STRVEC_INIT, .values = STRVEC_INIT };
	AUTO_STORAGE_ENTRY e = STORAGE_ENTRY_INIT;
	AUTO_CLOSE int lock = -1;
	int r = read_change(args, &c, err);

	if (r >= 0)
		r = lock = storage_lock(ctx, err);
	if (r >= 0)
		r = storage_entry_load(ctx, args_pos(args, 0), &e, err);
	if (r >= 0)
		r = change_entry(ctx, &c, &e, err);
	if (r < 0)
		return r;
	cleanup_close(&lock);
	lock = -1;
	if (!str_eq(e.scheduler, STORAGE_LOCAL)) {
		r = storage_tell_scheduler(ctx, "storage-create", &e, NULL, err);
		if (r < 0)
			return err_wrap(err, "scheduler refused storage:set for \"%s\"", e.name);
	}
	out_info1("Storage entry %s updated", e.name);
	return 0;
}

/* --- annotations and labels --- */

struct map_kind {
	const char *name;
	const char *singular;
	const char *row;
	size_t offset;
};

static const struct map_kind annotations = { "annotations", "annotation", "Annotation",
	offsetof(struct storage_entry, annotations) };
static const struct map_kind labels = { "labels", "label", "Label",
	offsetof(struct storage_entry, labels) };

static json_t **map_of(struct storage_entry *e, const struct map_kind *kind)
{
	return (json_t **)(void *)((char *)e + kind->offset);
}

static int check_texts(const char *key, const char *value, struct err *err)
{
	if (has_control(key) || has_control(value) || !utf8_valid(key, strlen(key)) ||
		!utf8_valid(value, strlen(value)))
		return err_set(err, ERR_USAGE, "a key or value holds a control character");
	return 0;
}

static int store_key(struct ctx *ctx, const struct map_kind *kind, const struct args *args,
	struct storage_entry *e, struct err *err)
{
	const char *key = args_pos(args, 1);
	const char *value = args_pos(args, 2);
	AUTO_CLOSE int lock = storage_lock(ctx, err);
	json_t **map;
	int r = lock < 0 ? lock : storage_entry_load(ctx, args_pos(args, 0), e, err);

	if (r < 0)
		return r;
	map = map_of(e, kind);
	if (!*map)
		*map = json_object();
	if (*value) {
		json_object_set_new(*map, key, json_string(value));
		out_info2_quiet("Setting %s %s to %s", kind->singular, key, value);
	} else {
		json_object_del(*map, key);
		out_info2_quiet("Unsetting %s %s", kind->singular, key);
	}
	r = storage_entry_check(ctx, e, err);
	return r < 0 ? r : storage_entry_save(ctx, e, err);
}

static int set_key(struct ctx *ctx, const struct map_kind *kind, const struct args *args,
	struct err *err)
{
	AUTO_STORAGE_ENTRY e = STORAGE_ENTRY_INIT;
	int r = 0;

	if (!*args_pos(args, 1))
		r = err_set(err, ERR_USAGE, "No %s key specified", kind->singular);
	if (r >= 0)
		r = check_texts(args_pos(args, 1), args_pos(args, 2), err);
	if (r >= 0)
		r = store_key(ctx, kind, args, &e, err);
	if (r < 0 || str_eq(e.scheduler, STORAGE_LOCAL))
		return r;
	r = storage_tell_scheduler(ctx, "storage-create", &e, NULL, err);
	return r < 0 ? err_wrap(err, "scheduler refused %s change for \"%s\"", kind->name, e.name)
		     : 0;
}

static void sorted_keys(json_t *map, struct strvec *ret)
{
	const char *key;
	json_t *value;

	json_object_foreach (map, key, value)
		strvec_push(ret, key);
	strvec_sort(ret);
}

static const char *value_of(json_t *map, const char *key)
{
	const char *value = json_string_value(json_object_get(map, key));

	return value ? value : "";
}

static int print_flag(const struct map_kind *kind, json_t *map, const struct strvec *keys,
	const char *flag, struct err *err)
{
	AUTO_STRBUF valid = STRBUF_INIT;

	for (size_t i = 0; i < keys->count; i++) {
		AUTO_FREE char *one = xasprintf("--storage-%s.%s", kind->name, keys->items[i]);

		if (str_eq(one, flag)) {
			out_line("%s", value_of(map, keys->items[i]));
			return 0;
		}
		strbuf_addf(&valid, "%s%s", valid.len ? ", " : "", one);
	}
	return err_set(err, ERR_USAGE, "Invalid flag passed, valid flags: %s", valid.buf);
}

/* Keys are shown as they are, dots and dashes included. */
static int print_map(const struct map_kind *kind, struct storage_entry *e, const char *format,
	const char *flag, struct err *err)
{
	json_t *map = *map_of(e, kind);
	AUTO_STRVEC keys = STRVEC_INIT;
	int width = LABEL_WIDTH;

	sorted_keys(map, &keys);
	if (flag)
		return print_flag(kind, map, &keys, flag, err);
	if (str_eq(format, "json")) {
		json_t *object = json_object();

		for (size_t i = 0; i < keys.count; i++)
			json_object_set(object, keys.items[i], json_object_get(map, keys.items[i]));
		out_json(object);
		return 0;
	}
	out_info2_quiet("%s %s information", e->name, kind->name);
	for (size_t i = 0; i < keys.count; i++) {
		int len = (int)(strlen(kind->row) + strlen(keys.items[i])) + 2;

		width = len > width ? len : width;
	}
	for (size_t i = 0; i < keys.count; i++) {
		AUTO_FREE char *label = xasprintf("%s %s:", kind->row, keys.items[i]);

		out_verbose("%-*s%s", width, label, value_of(map, keys.items[i]));
	}
	return 0;
}

static int check_report(const struct map_kind *kind, const struct args *args, const char *format,
	struct err *err)
{
	if (!str_eq(format, "stdout") && !str_eq(format, "text") && !str_eq(format, "json"))
		return err_set(err, ERR_USAGE, "Invalid format: %.100s", format);
	if (args->unknown.count > 1)
		return err_set(err, ERR_USAGE,
			"storage:%s:report command allows only a single flag", kind->name);
	if (args->unknown.count && str_eq(format, "json"))
		return err_set(err, ERR_USAGE,
			"--format flag cannot be specified when specifying an info flag");
	if (args->unknown.count && !*args_pos(args, 0))
		return err_set(err, ERR_USAGE,
			"storage:%s:report requires a storage entry name when an info flag is "
			"specified",
			kind->name);
	return 0;
}

static int report(struct ctx *ctx, const struct map_kind *kind, const struct args *args,
	struct err *err)
{
	const char *format = args_value(args, "format", "stdout");
	const char *flag = args->unknown.count ? args->unknown.items[0] : NULL;
	AUTO_STORAGE_ENTRIES all = { 0 };
	AUTO_STORAGE_ENTRY e = STORAGE_ENTRY_INIT;
	int r = check_report(kind, args, format, err);

	if (r < 0)
		return r;
	if (*args_pos(args, 0)) {
		r = storage_entry_load(ctx, args_pos(args, 0), &e, err);
		return r < 0 ? r : print_map(kind, &e, format, flag, err);
	}
	r = storage_entry_list(ctx, &all, err);
	if (r >= 0 && !all.count)
		out_info1_quiet("No storage entries registered");
	for (size_t i = 0; r >= 0 && i < all.count; i++)
		r = print_map(kind, &all.items[i], format, NULL, err);
	return r;
}

int storage_run_annotations_set(struct ctx *ctx, const struct args *args, struct err *err)
{
	return set_key(ctx, &annotations, args, err);
}

int storage_run_annotations_report(struct ctx *ctx, const struct args *args, struct err *err)
{
	return report(ctx, &annotations, args, err);
}

int storage_run_labels_set(struct ctx *ctx, const struct args *args, struct err *err)
{
	return set_key(ctx, &labels, args, err);
}

int storage_run_labels_report(struct ctx *ctx, const struct args *args, struct err *err)
{
	return report(ctx, &labels, args, err);
}
