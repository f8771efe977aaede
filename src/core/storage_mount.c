/* SPDX-License-Identifier: MIT */
/* How apps see storage entries. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/parse.h"
#include "core/state.h"
#include "core/storage.h"
#include "lib/sha1/sha1.h"

enum { LEGACY_DIGITS = 10 };

static const char plugin[] = "storage";
static const char property[] = "mounts";

void storage_mount_init(struct storage_mount *m)
{
	*m = (struct storage_mount){
		.entry = xstrdup(""),
		.path = xstrdup(""),
		.phases = STRVEC_INIT,
		.process = xstrdup(""),
		.subpath = xstrdup(""),
		.options = xstrdup(""),
		.chown = xstrdup(""),
	};
}

void storage_mount_done(struct storage_mount *m)
{
	free(m->entry);
	free(m->path);
	strvec_done(&m->phases);
	free(m->process);
	free(m->subpath);
	free(m->options);
	free(m->chown);
	*m = (struct storage_mount){ .phases = STRVEC_INIT };
}

void storage_mounts_done(struct storage_mounts *all)
{
	for (size_t i = 0; i < all->count; i++)
		storage_mount_done(&all->items[i]);
	free(all->items);
	*all = (struct storage_mounts)STORAGE_MOUNTS_INIT;
}

/* --- text --- */

static int take_text(const json_t *object, const char *key, char **field, struct err *err)
{
	json_t *value = json_object_get(object, key);

	if (!value || json_is_null(value))
		return 0;
	if (!json_is_string(value) || has_control(json_string_value(value)))
		return err_set(err, ERR_INVALID, "'%s' is no text", key);
	storage_put(field, json_string_value(value));
	return 0;
}

static int take_phases(const json_t *object, struct strvec *phases, struct err *err)
{
	json_t *list = json_object_get(object, "phases");
	json_t *one;
	size_t i;

	json_array_foreach (list, i, one) {
		if (!json_is_string(one))
			return err_set(err, ERR_INVALID, "'phases' is no list of texts");
		strvec_push(phases, json_string_value(one));
	}
	return 0;
}

static int take_mount(const json_t *object, struct storage_mount *m, struct err *err)
{
	int r = take_text(object, "entry_name", &m->entry, err);

	if (r >= 0)
		r = take_text(object, "container_path", &m->path, err);
	if (r >= 0)
		r = take_phases(object, &m->phases, err);
	if (r >= 0)
		r = take_text(object, "process_type", &m->process, err);
	if (r >= 0)
		r = take_text(object, "subpath", &m->subpath, err);
	if (r >= 0)
		r = take_text(object, "volume_options", &m->options, err);
	if (r >= 0)
		r = take_text(object, "volume_chown", &m->chown, err);
	m->readonly = json_is_true(json_object_get(object, "readonly"));
	return r;
}

int storage_mount_parse(const char *text, size_t len, struct storage_mount *ret, struct err *err)
{
	AUTO_STORAGE_MOUNT m = { .phases = STRVEC_INIT };
	json_t *object = len > STORAGE_TEXT_MAX ? NULL : json_loadb(text, len, 0, NULL);
	int r;

	storage_mount_init(&m);
	r = json_is_object(object) ? take_mount(object, &m, err)
				   : err_set(err, ERR_INVALID, "it is no JSON object");
	json_decref(object);
	if (r < 0)
		return r;
	*ret = m;
	m = (struct storage_mount){ .phases = STRVEC_INIT };
	return 0;
}

static void put_text(json_t *object, const char *key, const char *value)
{
	if (*value)
		json_object_set_new(object, key, json_string(value));
}

json_t *storage_mount_json(const struct storage_mount *m)
{
	json_t *phases = json_array();
	json_t *object = json_pack("{s:s, s:s}", "entry_name", m->entry, "container_path", m->path);

	for (size_t i = 0; i < m->phases.count; i++)
		json_array_append_new(phases, json_string(m->phases.items[i]));
	json_object_set_new(object, "phases", phases);
	put_text(object, "process_type", m->process);
	put_text(object, "subpath", m->subpath);
	if (m->readonly)
		json_object_set_new(object, "readonly", json_true());
	put_text(object, "volume_options", m->options);
	put_text(object, "volume_chown", m->chown);
	return object;
}

static int check_texts(const struct storage_mount *m, struct err *err)
{
	const char *all[] = { m->entry, m->path, m->process, m->subpath, m->options, m->chown };

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		if (has_control(all[i]) || !utf8_valid(all[i], strlen(all[i])))
			return err_set(err, ERR_USAGE, "a mount cannot hold control characters");
	}
	if (strchr(m->path, ':'))
		return err_set(err, ERR_USAGE,
			"attachment container path \"%.200s\" must not contain a colon", m->path);
	if (*m->subpath && (!path_is_inside(m->subpath) || strchr(m->subpath, ':')))
		return err_set(err, ERR_USAGE,
			"attachment subpath \"%.200s\" must be a path inside of the entry",
			m->subpath);
	if (m->options[strcspn(m->options, ": \"'\\")])
		return err_set(err, ERR_USAGE, "unsupported volume options \"%.200s\"", m->options);
	return 0;
}

int storage_mount_check(const struct storage_mount *m, struct err *err)
{
	if (!*m->entry)
		return err_set(err, ERR_USAGE, "attachment is missing entry name");
	if (!*m->path)
		return err_set(err, ERR_USAGE, "attachment is missing container path");
	if (*m->path != '/')
		return err_set(err, ERR_USAGE,
			"attachment container path \"%.200s\" must be absolute", m->path);
	if (!m->phases.count)
		return err_set(err, ERR_USAGE, "attachment must specify at least one phase");
	for (size_t i = 0; i < m->phases.count; i++) {
		if (!str_eq(m->phases.items[i], "deploy") && !str_eq(m->phases.items[i], "run"))
			return err_set(err, ERR_USAGE,
				"attachment phase \"%.100s\" is not supported (must be \"deploy\" "
				"or "
				"\"run\")",
				m->phases.items[i]);
	}
	return check_texts(m, err);
}

/* --- host:container[:options] --- */

static const char paths_text[] = "Storage path must be two valid paths divided by colon.";
static const char volume_text[] = "Volume name must be two characters or more. Volume name must "
				  "not contain invalid characters. "
				  "Storage path must be two valid paths divided by colon.";

/* Empty words between commas mean nothing to docker. */
static void take_options(const char *text, struct storage_mount *m)
{
	AUTO_STRVEC words = STRVEC_INIT;

	strvec_split(&words, text, ",");
	m->readonly = strvec_remove_str(&words, "ro") != 0;
	free(m->options);
	m->options = strvec_joined(&words, ",");
}

void storage_legacy_entry(const char *host, struct storage_entry *ret)
{
	AUTO_FREE char *token = xasprintf("%s%s", *host == '/' ? "" : "vol:", host);
	AUTO_STRBUF digest = STRBUF_INIT;

	sha1_hex(token, strlen(token), &digest);
	storage_entry_init(ret);
	free(ret->name);
	ret->name = xasprintf("%s%.*s", STORAGE_LEGACY, LEGACY_DIGITS, digest.buf);
	storage_put(&ret->scheduler, STORAGE_LOCAL);
	storage_put(&ret->host_path, host);
}

int storage_legacy_parse(const char *text, struct storage_mount *ret, char **ret_host,
	struct err *err)
{
	AUTO_STORAGE_MOUNT m = { .phases = STRVEC_INIT };
	AUTO_STORAGE_ENTRY entry = STORAGE_ENTRY_INIT;
	const char *colon = strchr(text, ':');
	size_t host_len = colon ? (size_t)(colon - text) : strlen(text);
	AUTO_FREE char *host = xstrndup(text, host_len);
	const char *path = colon ? colon + 1 : "";
	const char *options = strchr(path, ':');
	int r;

	if (*text == '/' ? !strstr(text, ":/") : !storage_is_volume(host) || *path != '/')
		return err_set(err, ERR_USAGE, "%s", *text == '/' ? paths_text : volume_text);
	if (!*path || *path == ':')
		return err_set(err, ERR_USAGE, "%s", paths_text);
	storage_mount_init(&m);
	storage_legacy_entry(host, &entry);
	storage_put(&m.entry, entry.name);
	free(m.path);
	m.path = options ? xstrndup(path, (size_t)(options - path)) : xstrdup(path);
	if (options)
		take_options(options + 1, &m);
	strvec_pushl(&m.phases, "deploy", "run", NULL);
	storage_put(&m.process, STORAGE_DEFAULT);
	r = storage_mount_check(&m, err);
	if (r < 0)
		return r;
	*ret_host = TAKE_PTR(host);
	*ret = m;
	m = (struct storage_mount){ .phases = STRVEC_INIT };
	return 0;
}

/* --- the list of an app --- */

void storage_mounts_add(struct storage_mounts *all, struct storage_mount *m)
{
	all->items = xreallocarray(all->items, all->count + 1, sizeof(*all->items));
	all->items[all->count++] = *m;
	*m = (struct storage_mount){ .phases = STRVEC_INIT };
}

int storage_mounts_load(struct ctx *ctx, const char *app, struct storage_mounts *ret,
	struct err *err)
{
	AUTO_STORAGE_MOUNTS all = STORAGE_MOUNTS_INIT;
	AUTO_STRVEC lines = STRVEC_INIT;
	int r = state_get_list(ctx, plugin, app, property, &lines, err);

	for (size_t i = 0; r >= 0 && i < lines.count; i++) {
		AUTO_STORAGE_MOUNT m = { .phases = STRVEC_INIT };
		const char *line = lines.items[i];

		if (!line[strspn(line, " \t\r")])
			continue;
		r = storage_mount_parse(line, strlen(line), &m, err);
		if (r >= 0)
			storage_mounts_add(&all, &m);
	}
	if (r < 0)
		return err_wrap(err, "read the mounts of '%s'", app);
	*ret = all;
	all = (struct storage_mounts)STORAGE_MOUNTS_INIT;
	return 0;
}

int storage_mounts_save(struct ctx *ctx, const char *app, const struct storage_mounts *all,
	struct err *err)
{
	AUTO_STRVEC lines = STRVEC_INIT;

	for (size_t i = 0; i < all->count; i++) {
		json_t *object = storage_mount_json(&all->items[i]);
		char *line = json_dumps(object, JSON_COMPACT);

		json_decref(object);
		if (!line)
			return err_set(err, ERR_INVALID, "a mount of '%s' is not UTF-8", app);
		strvec_push_take(&lines, line);
	}
	return state_set_list(ctx, plugin, app, property, &lines, err);
}

struct storage_mount *storage_mounts_find(const struct storage_mounts *all,
	const struct storage_mount *m)
{
	for (size_t i = 0; i < all->count; i++) {
		struct storage_mount *other = &all->items[i];

		if (str_eq(other->entry, m->entry) && str_eq(other->path, m->path) &&
			str_eq(other->process, m->process))
			return other;
	}
	return NULL;
}

bool storage_mount_in_phase(const struct storage_mount *m, const char *phase)
{
	return strvec_has(&m->phases, phase);
}

char *storage_mount_options(const struct storage_mount *m)
{
	return xasprintf("%s%s%s", m->readonly ? "ro" : "", m->readonly && *m->options ? "," : "",
		m->options);
}

/* --- for those who make containers --- */

void storage_uses_done(struct storage_uses *all)
{
	for (size_t i = 0; i < all->count; i++) {
		storage_mount_done(&all->items[i].mount);
		storage_entry_done(&all->items[i].entry);
	}
	free(all->items);
	*all = (struct storage_uses)STORAGE_USES_INIT;
}

static int by_entry_and_path(const void *a, const void *b)
{
	const struct storage_mount *one = &((const struct storage_use *)a)->mount;
	const struct storage_mount *two = &((const struct storage_use *)b)->mount;
	int order = strcmp(one->entry, two->entry);

	if (!order)
		order = strcmp(one->path, two->path);
	return order ? order : strcmp(one->process, two->process);
}

int storage_uses_load(struct ctx *ctx, const char *app, const char *phase, struct storage_uses *ret,
	struct err *err)
{
	AUTO_STORAGE_USES all = STORAGE_USES_INIT;
	AUTO_STORAGE_MOUNTS mounts = STORAGE_MOUNTS_INIT;
	int r = storage_mounts_load(ctx, app, &mounts, err);

	if (r >= 0 && mounts.count)
		all.items = xcalloc(mounts.count, sizeof(*all.items));
	for (size_t i = 0; r >= 0 && i < mounts.count; i++) {
		struct storage_use *use = &all.items[all.count];

		if (!storage_mount_in_phase(&mounts.items[i], phase))
			continue;
		r = storage_entry_load(ctx, mounts.items[i].entry, &use->entry, err);
		if (r < 0)
			return err_wrap(err, "attachment on \"%s\" references missing entry \"%s\"",
				app, mounts.items[i].entry);
		use->mount = mounts.items[i];
		mounts.items[i] = (struct storage_mount){ .phases = STRVEC_INIT };
		all.count++;
	}
	if (r < 0)
		return r;
	if (all.count)
		qsort(all.items, all.count, sizeof(*all.items), by_entry_and_path);
	*ret = all;
	all = (struct storage_uses)STORAGE_USES_INIT;
	return 0;
}

static bool is_of_all(const struct storage_mount *m)
{
	return !*m->process || str_eq(m->process, STORAGE_DEFAULT);
}

/* PROCESS NULL takes everything, what is for all process types first. */
static bool is_for(const struct storage_mount *m, const char *process)
{
	return !process || is_of_all(m) || str_eq(m->process, process);
}

/* Another mount of the same path that comes before this one. */
static bool is_hidden(const struct storage_uses *all, size_t at, const char *process)
{
	const struct storage_mount *m = &all->items[at].mount;

	for (size_t i = 0; i < all->count; i++) {
		const struct storage_mount *other = &all->items[i].mount;
		bool same = i != at && is_for(other, process) && str_eq(other->path, m->path);

		if (!same)
			continue;
		if (is_of_all(other) != is_of_all(m)) {
			if (is_of_all(other) == !process)
				return true;
		} else if (i < at && !process && !is_of_all(m)) {
			return true;
		}
	}
	return false;
}

/* A volume has no folder whose part could be given as a path. */
static void add_flag(const struct storage_use *use, struct strvec *ret)
{
	AUTO_FREE char *options = storage_mount_options(&use->mount);
	const struct storage_mount *m = &use->mount;
	const char *host = use->entry.host_path;

	if (*m->subpath && *host != '/') {
		strvec_pushf(ret, "--mount=type=volume,source=%s,target=%s,volume-subpath=%s%s",
			host, m->path, m->subpath, m->readonly ? ",readonly" : "");
		return;
	}
	strvec_push(ret, "-v");
	strvec_pushf(ret, "%s%s%s:%s%s%s", host, *m->subpath ? "/" : "", m->subpath, m->path,
		*options ? ":" : "", options);
}

int storage_args(struct ctx *ctx, const char *app, const char *process, const char *phase,
	struct strvec *ret, struct err *err)
{
	AUTO_STORAGE_USES all = STORAGE_USES_INIT;
	int r = storage_uses_load(ctx, app, phase, &all, err);

	for (size_t i = 0; r >= 0 && i < all.count; i++) {
		const struct storage_use *use = &all.items[i];

		if (str_eq(use->entry.scheduler, STORAGE_LOCAL) && *use->entry.host_path &&
			is_for(&use->mount, process) && !is_hidden(&all, i, process))
			add_flag(use, ret);
	}
	return r < 0 ? r : 0;
}
