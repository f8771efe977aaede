/* SPDX-License-Identifier: MIT */
/* The registry of storage entries. */
#include "core/storage.h"

#include <ctype.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/lock.h"
#include "base/parse.h"
#include "core/app.h"

enum { SCHEMA_VERSION = 1, LOCK_WAIT_MS = 60 * 1000 };

static const struct field {
	const char *key;
	size_t offset;
	bool always; /* also when it is empty */
} fields[] = {
	{ "name", offsetof(struct storage_entry, name), true },
	{ "scheduler", offsetof(struct storage_entry, scheduler), true },
	{ "host_path", offsetof(struct storage_entry, host_path), false },
	{ "size", offsetof(struct storage_entry, size), false },
	{ "access_mode", offsetof(struct storage_entry, access_mode), false },
	{ "storage_class", offsetof(struct storage_entry, storage_class), false },
	{ "namespace", offsetof(struct storage_entry, namespace), false },
	{ "chown", offsetof(struct storage_entry, chown), false },
	{ "mode", offsetof(struct storage_entry, mode), false },
	{ "reclaim_policy", offsetof(struct storage_entry, reclaim_policy), false },
};

static char **field_of(struct storage_entry *e, const struct field *f)
{
	return (char **)(void *)((char *)e + f->offset);
}

static const char *text_of(const struct storage_entry *e, const struct field *f)
{
	return *(char *const *)(const void *)((const char *)e + f->offset);
}

void storage_put(char **field, const char *value)
{
	char *copy = xstrdup(value);

	free(*field);
	*field = copy;
}

void storage_entry_init(struct storage_entry *e)
{
	*e = (struct storage_entry)STORAGE_ENTRY_INIT;
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		*field_of(e, &fields[i]) = xstrdup("");
}

void storage_entry_done(struct storage_entry *e)
{
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		free(*field_of(e, &fields[i]));
	json_decref(e->annotations);
	json_decref(e->labels);
	*e = (struct storage_entry)STORAGE_ENTRY_INIT;
}

void storage_entries_done(struct storage_entries *all)
{
	for (size_t i = 0; i < all->count; i++)
		storage_entry_done(&all->items[i]);
	free(all->items);
	*all = (struct storage_entries){ 0 };
}

/* --- text --- */

/* An object of strings, or NULL for none; -1 for anything else. */
static int take_map(const json_t *object, const char *key, json_t **ret)
{
	json_t *map = json_object_get(object, key);
	const char *name;
	json_t *value;

	if (!map || json_is_null(map))
		return 0;
	if (!json_is_object(map))
		return -1;
	json_object_foreach (map, name, value) {
		if (!json_is_string(value))
			return -1;
	}
	*ret = json_object_size(map) ? json_incref(map) : NULL;
	return 0;
}

static int take_fields(const json_t *object, struct storage_entry *e, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		json_t *value = json_object_get(object, fields[i].key);

		if (!value || json_is_null(value))
			continue;
		if (!json_is_string(value) || has_control(json_string_value(value)))
			return err_set(err, ERR_INVALID, "'%s' is no text", fields[i].key);
		storage_put(field_of(e, &fields[i]), json_string_value(value));
	}
	if (take_map(object, "annotations", &e->annotations) < 0 ||
		take_map(object, "labels", &e->labels) < 0)
		return err_set(err, ERR_INVALID, "annotations or labels are no texts");
	return *e->name ? 0 : err_set(err, ERR_INVALID, "it has no name");
}

int storage_entry_parse(const char *text, size_t len, struct storage_entry *ret, struct err *err)
{
	AUTO_STORAGE_ENTRY e = STORAGE_ENTRY_INIT;
	json_t *object = len > STORAGE_TEXT_MAX ? NULL : json_loadb(text, len, 0, NULL);
	int r;

	storage_entry_init(&e);
	r = json_is_object(object) ? take_fields(object, &e, err)
				   : err_set(err, ERR_INVALID, "it is no JSON object");
	json_decref(object);
	if (r < 0)
		return r;
	*ret = e;
	e = (struct storage_entry)STORAGE_ENTRY_INIT;
	return 0;
}

/* Go writes maps by name. */
static json_t *sorted_map(json_t *map)
{
	AUTO_STRVEC names = STRVEC_INIT;
	json_t *sorted = json_object();
	const char *name;
	json_t *value;

	json_object_foreach (map, name, value)
		strvec_push(&names, name);
	strvec_sort(&names);
	for (size_t i = 0; i < names.count; i++)
		json_object_set(sorted, names.items[i], json_object_get(map, names.items[i]));
	return sorted;
}

json_t *storage_entry_json(const struct storage_entry *e)
{
	json_t *object = json_object();

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		if (fields[i].always || *text_of(e, &fields[i]))
			json_object_set_new(object, fields[i].key,
				json_string(text_of(e, &fields[i])));
	}
	if (json_object_size(e->annotations))
		json_object_set_new(object, "annotations", sorted_map(e->annotations));
	if (json_object_size(e->labels))
		json_object_set_new(object, "labels", sorted_map(e->labels));
	json_object_set_new(object, "schema_version", json_integer(SCHEMA_VERSION));
	return object;
}

/* --- rules --- */

static bool is_dns_label(const char *name)
{
	size_t len = strlen(name);

	return len && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == len &&
	       name[0] != '-' && name[len - 1] != '-';
}

int storage_name_check(const char *name, bool legacy, struct err *err)
{
	if (!*name)
		return err_set(err, ERR_USAGE, "storage entry name is required");
	if (strlen(name) > STORAGE_NAME_MAX)
		return err_set(err, ERR_USAGE,
			"storage entry name \"%.100s\" is too long (max %d characters); helm "
			"release names cap our budget",
			name, STORAGE_NAME_MAX);
	if (!is_dns_label(name))
		return err_set(err, ERR_USAGE,
			"storage entry name \"%s\" must be a DNS-1123 label (lowercase letters, "
			"digits, and dashes; cannot start or end with a dash)",
			name);
	if (!legacy && str_starts(name, STORAGE_LEGACY))
		return err_set(err, ERR_USAGE,
			"storage entry name \"%s\" must not start with reserved prefix \"%s\"",
			name, STORAGE_LEGACY);
	return 0;
}

int storage_mode_check(const char *mode, char **ret, struct err *err)
{
	size_t len = strlen(mode);

	if (len && (len < 3 || len > 4 || strspn(mode, "01234567") != len))
		return err_set(err, ERR_USAGE,
			"Unsupported directory mode \"%.100s\". Value must be a 3 or 4 digit "
			"octal mode, such as 0755",
			mode);
	*ret = xasprintf("%s%s", len == 3 ? "0" : "", mode);
	return 0;
}

bool storage_is_volume(const char *host)
{
	size_t len = strlen(host);

	return len >= 2 && isalnum((unsigned char)host[0]) &&
	       strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") ==
		       len;
}

char *storage_default_path(struct ctx *ctx, const char *name)
{
	return inst_lib(&ctx->inst, "data/storage/%s", name);
}

static int not_accepted(const struct storage_entry *e, const char *flag, struct err *err)
{
	return err_set(err, ERR_USAGE, "storage entry \"%s\" (%s) does not accept %s", e->name,
		e->scheduler, flag);
}

static int check_local(struct ctx *ctx, const struct storage_entry *e, struct err *err)
{
	AUTO_FREE char *standard = storage_default_path(ctx, e->name);
	AUTO_FREE char *mode = NULL;
	int r;

	if (!*e->host_path)
		return err_set(err, ERR_USAGE,
			"storage entry \"%s\" (docker-local) is missing host_path", e->name);
	if (*e->host_path != '/' && !storage_is_volume(e->host_path))
		return err_set(err, ERR_USAGE,
			"storage entry \"%s\" host_path must be an absolute path or a docker named "
			"volume token, got \"%.200s\"",
			e->name, e->host_path);
	if (strchr(e->host_path, ':'))
		return err_set(err, ERR_USAGE,
			"storage entry \"%s\" host_path must not contain a colon, got \"%.200s\"",
			e->name, e->host_path);
	if (*e->size)
		return not_accepted(e, "--size", err);
	if (*e->storage_class)
		return not_accepted(e, "--storage-class-name", err);
	if (*e->access_mode)
		return not_accepted(e, "--access-mode", err);
	r = storage_mode_check(e->mode, &mode, err);
	if (r < 0)
		return r;
	if (str_eq(e->reclaim_policy, "Delete") && !str_eq(e->host_path, standard))
		return err_set(err, ERR_USAGE,
			"storage entry \"%s\" (docker-local) only accepts --reclaim-policy Delete "
			"on "
			"the default host path (%s)",
			e->name, standard);
	return 0;
}

static bool is_access_mode(const char *mode)
{
	static const char *const modes[] = { "ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany",
		"ReadWriteOncePod" };

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		if (str_eq(mode, modes[i]))
			return true;
	}
	return false;
}

static int check_k3s(const struct storage_entry *e, struct err *err)
{
	if (!*e->size)
		return err_set(err, ERR_USAGE, "storage entry \"%s\" (k3s) requires --size",
			e->name);
	if (*e->storage_class && *e->host_path)
		return err_set(err, ERR_USAGE,
			"storage entry \"%s\" (k3s) cannot set both --storage-class-name and a "
			"host "
			"path; the cluster provisions class-backed volumes",
			e->name);
	if (*e->access_mode && !is_access_mode(e->access_mode))
		return err_set(err, ERR_USAGE,
			"storage entry \"%s\" has unsupported access mode \"%.100s\"", e->name,
			e->access_mode);
	if (*e->host_path && *e->host_path != '/')
		return err_set(err, ERR_USAGE,
			"storage entry \"%s\" host_path must be absolute, got \"%.200s\"", e->name,
			e->host_path);
	return *e->mode ? not_accepted(e, "--mode", err) : 0;
}

int storage_entry_check(struct ctx *ctx, const struct storage_entry *e, struct err *err)
{
	bool local = str_eq(e->scheduler, STORAGE_LOCAL);
	int r = storage_name_check(e->name, str_starts(e->name, STORAGE_LEGACY), err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		if (has_control(text_of(e, &fields[i])))
			return err_set(err, ERR_USAGE,
				"storage entry \"%s\": %s holds a control character", e->name,
				fields[i].key);
	}
	if (!local && !str_eq(e->scheduler, STORAGE_K3S))
		return err_set(err, ERR_USAGE,
			"storage entry \"%s\" has unsupported scheduler \"%.100s\" (supported: "
			"docker-local, k3s)",
			e->name, e->scheduler);
	if (*e->reclaim_policy && !str_eq(e->reclaim_policy, "Retain") &&
		!str_eq(e->reclaim_policy, "Delete"))
		return err_set(err, ERR_USAGE,
			"storage entry \"%s\" has unsupported reclaim policy \"%.100s\"", e->name,
			e->reclaim_policy);
	return local ? check_local(ctx, e, err) : check_k3s(e, err);
}

/* --- files --- */

static char *entry_path(struct ctx *ctx, const char *name)
{
	return inst_lib(&ctx->inst, "data/storage-registry/entries/%s.json", name);
}

int storage_lock(struct ctx *ctx, struct err *err)
{
	AUTO_FREE char *dir = inst_lib(&ctx->inst, "data/moorage/locks");
	AUTO_FREE char *path = path_join(dir, "--storage");
	int r = fs_mkdir_p(dir, 0755, err);

	if (r >= 0)
		r = lock_take(path, "storage", LOCK_WAIT_MS, err);
	return r < 0 ? err_wrap(err, "wait for another change of storage entries") : r;
}

static int no_such(const char *name, struct err *err)
{
	return err_set(err, ERR_NOT_FOUND, "storage entry \"%.100s\" does not exist", name);
}

bool storage_entry_exists(struct ctx *ctx, const char *name)
{
	AUTO_FREE char *path = entry_path(ctx, name);

	return is_dns_label(name) && fs_exists(path);
}

int storage_entry_load(struct ctx *ctx, const char *name, struct storage_entry *ret,
	struct err *err)
{
	AUTO_FREE char *path = entry_path(ctx, name);
	AUTO_STRBUF text = STRBUF_INIT;
	int r;

	if (!is_dns_label(name)) /* never a way out of the folder */
		return no_such(name, err);
	r = fs_read_optional(path, STORAGE_TEXT_MAX, &text, err);
	if (r == 0)
		return no_such(name, err);
	if (r > 0)
		r = storage_entry_parse(text.buf, text.len, ret, err);
	return r < 0 ? err_wrap(err, "read storage entry '%s'", name) : 0;
}

int storage_entry_save(struct ctx *ctx, const struct storage_entry *e, struct err *err)
{
	AUTO_FREE char *path = entry_path(ctx, e->name);
	json_t *object = storage_entry_json(e);
	AUTO_FREE char *text = json_dumps(object, JSON_INDENT(2));
	int r;

	json_decref(object);
	r = text ? fs_write_str(path, text, 0600, err)
		 : err_set(err, ERR_INVALID, "it is not UTF-8");
	return r < 0 ? err_wrap(err, "write storage entry '%s'", e->name) : 0;
}

int storage_entry_remove(struct ctx *ctx, const char *name, struct err *err)
{
	AUTO_FREE char *path = entry_path(ctx, name);

	return fs_unlink(path, err);
}

int storage_entry_list(struct ctx *ctx, struct storage_entries *ret, struct err *err)
{
	AUTO_STORAGE_ENTRIES all = { 0 };
	AUTO_FREE char *dir = inst_lib(&ctx->inst, "data/storage-registry/entries");
	AUTO_STRVEC files = STRVEC_INIT;
	AUTO_STRVEC names = STRVEC_INIT;
	int r = fs_list(dir, &files, err);

	for (size_t i = 0; r >= 0 && i < files.count; i++) {
		char *name = files.items[i];

		if (!str_ends(name, ".json"))
			continue;
		name[strlen(name) - strlen(".json")] = '\0';
		if (is_dns_label(name))
			strvec_push(&names, name);
	}
	strvec_sort(&names);
	for (size_t i = 0; r >= 0 && i < names.count; i++) {
		all.items = xreallocarray(all.items, all.count + 1, sizeof(*all.items));
		r = storage_entry_load(ctx, names.items[i], &all.items[all.count], err);
		all.count += r >= 0;
	}
	if (r < 0)
		return r;
	*ret = all;
	all = (struct storage_entries){ 0 };
	return 0;
}

int storage_users(struct ctx *ctx, const char *name, struct strvec *ret, struct err *err)
{
	AUTO_STRVEC apps = STRVEC_INIT;
	int r = app_list_all(ctx, &apps, err);

	for (size_t i = 0; r >= 0 && i < apps.count; i++) {
		AUTO_STORAGE_MOUNTS mounts = STORAGE_MOUNTS_INIT;

		r = storage_mounts_load(ctx, apps.items[i], &mounts, err);
		for (size_t j = 0; r >= 0 && j < mounts.count; j++) {
			if (!str_eq(mounts.items[j].entry, name))
				continue;
			strvec_push(ret, apps.items[i]);
			break;
		}
	}
	return r < 0 ? r : 0;
}
