/* SPDX-License-Identifier: MIT */
/*
 * What the engine holds. Files in volumes and storage folders belong to whoever the containers are;
 * the engine reads and writes them, through a container that is made for it and never started.
 */
#include "plugins/backup/backup.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/engine_path.h"
#include "core/image.h"
#include "core/image_make.h"
#include "core/output.h"
#include "lib/engine/containers.h"
#include "lib/engine/images.h"
#include "lib/engine/networks.h"
#include "lib/engine/volumes.h"

enum { ANONYMOUS_NAME_LEN = 64, EMPTY_TAR_BYTES = 1024 };

static const char copy_target[] = "/backup";
static const char instance_label[] = "com.moorage.instance";

/* --- networks --- */

/* What the engine needs to make such a network again. */
static json_t *definition(const json_t *network)
{
	static const char *const keys[] = { "Name", "Driver", "Internal", "Attachable",
		"EnableIPv6", "IPAM", "Options", "Labels" };
	json_t *def = json_object();

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		json_t *value = json_object_get(network, keys[i]);

		if (value)
			json_object_set(def, keys[i], value);
	}
	return def;
}

int goods_networks(struct ctx *ctx, json_t **ret, struct err *err)
{
	json_t *filter = labels_filter(ctx, NULL);
	json_t *list = NULL;
	json_t *network;
	size_t i;
	int r = engine_network_list(ctx_engine(ctx), filter, &list, err);

	json_decref(filter);
	if (r < 0)
		return err_wrap(err, "list networks");
	*ret = json_array();
	json_array_foreach (list, i, network) {
		const json_t *labels = json_object_get(network, "Labels");

		/* Without a label of our own the filter finds those of other instances, too. */
		if (str_eq(json_text(labels, instance_label), ctx->inst.label))
			json_array_append_new(*ret, definition(network));
	}
	json_decref(list);
	return 0;
}

/* As this instance's own. */
static void adopt(struct ctx *ctx, json_t *def)
{
	json_t *labels = json_object_get(def, "Labels");
	json_t *ours = labels_for(ctx, NULL);

	if (!json_is_object(labels)) {
		json_object_set_new(def, "Labels", json_object());
		labels = json_object_get(def, "Labels");
	}
	json_object_del(labels, instance_label);
	json_object_update(labels, ours);
	json_decref(ours);
}

static int make_network(struct ctx *ctx, json_t *def, struct err *err)
{
	json_t *found = NULL;
	int r = engine_network_inspect(ctx_engine(ctx), json_text(def, "Name"), &found, err);

	json_decref(found);
	if (r >= 0)
		return 0;
	if (err->kind != ERR_NOT_FOUND)
		return r;
	err_clear(err);
	adopt(ctx, def);
	r = engine_network_create(ctx_engine(ctx), def, NULL, err);
	if (r >= 0 || err->kind == ERR_EXISTS || !json_object_get(def, "IPAM"))
		return r < 0 && err->kind == ERR_EXISTS ? (err_clear(err), 0) : r;
	/* Its addresses may be in use here; the engine chooses others. */
	err_clear(err);
	json_object_del(def, "IPAM");
	r = engine_network_create(ctx_engine(ctx), def, NULL, err);
	if (r >= 0)
		out_warn("Network %s has other addresses than before, which are in use here",
			json_text(def, "Name"));
	return r;
}

int goods_make_networks(struct ctx *ctx, json_t *networks, struct err *err)
{
	json_t *def;
	size_t i;

	json_array_foreach (networks, i, def) {
		AUTO_ERR one = ERR_INIT;
		int r = make_network(ctx, def, &one);

		if (r < 0 && (one.kind == ERR_TIMEOUT || one.kind == ERR_DENIED))
			return err_set(err, one.kind, "%s", err_text(&one));
		if (r < 0)
			out_warn("Network %s could not be made: %s", json_text(def, "Name"),
				err_text(&one));
	}
	return 0;
}

/* --- volumes --- */

static bool has_volume(const json_t *list, const char *kind, const char *name)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *one = json_array_get(list, i);

		if (str_eq(json_text(one, "kind"), kind) && str_eq(json_text(one, "name"), name))
			return true;
	}
	return false;
}

static void add_volume(json_t *list, const char *kind, const char *name)
{
	if (!has_volume(list, kind, name))
		json_array_append_new(list, json_pack("{s:s, s:s}", "kind", kind, "name", name));
}

static void add_mount(struct ctx *ctx, const json_t *mount, json_t *list, struct strvec *foreign)
{
	const char *type = json_text(mount, "Type");
	const char *name = json_text(mount, "Name");
	const char *source = json_text(mount, "Source");
	AUTO_FREE char *storage = inst_lib(&ctx->inst, "data/storage/");
	AUTO_FREE char *there = engine_path(&ctx->inst, storage);

	/* One without a name of its own goes with its container. */
	if (str_eq(type, "volume") && *name && strlen(name) != ANONYMOUS_NAME_LEN)
		add_volume(list, "volume", name);
	else if (str_eq(type, "bind") && !str_starts(source, there))
		strvec_push(foreign, source);
}

static int add_storage(struct ctx *ctx, json_t *list, struct err *err)
{
	AUTO_FREE char *dir = inst_lib(&ctx->inst, "data/storage");
	AUTO_STRVEC names = STRVEC_INIT;
	int r = fs_list(dir, &names, err);

	for (size_t i = 0; r >= 0 && i < names.count; i++) {
		AUTO_FREE char *path = path_join(dir, names.items[i]);

		if (fs_is_dir(path))
			add_volume(list, "storage", names.items[i]);
	}
	return r;
}

int goods_volumes(struct ctx *ctx, json_t *ret, struct err *err)
{
	AUTO_STRVEC foreign = STRVEC_INIT;
	json_t *filter = labels_filter(ctx, NULL);
	json_t *list = NULL;
	json_t *container;
	json_t *mount;
	size_t i;
	size_t n;
	int r = engine_container_list(ctx_engine(ctx), true, filter, &list, err);

	json_decref(filter);
	if (r < 0)
		return err_wrap(err, "list containers");
	json_array_foreach (list, i, container) {
		const json_t *labels = json_object_get(container, "Labels");

		if (!str_eq(json_text(labels, instance_label), ctx->inst.label))
			continue;
		json_array_foreach (json_object_get(container, "Mounts"), n, mount)
			add_mount(ctx, mount, ret, &foreign);
	}
	json_decref(list);
	strvec_sort_unique(&foreign);
	for (i = 0; i < foreign.count; i++)
		out_warn("Left out: %s: a folder of the host outside of storage", foreign.items[i]);
	return add_storage(ctx, ret, err);
}

static char *storage_path(struct ctx *ctx, const char *name)
{
	return inst_lib(&ctx->inst, "data/storage/%s", name);
}

bool goods_volume_exists(struct ctx *ctx, const json_t *volume)
{
	const char *name = json_text(volume, "name");
	AUTO_FREE char *dir = storage_path(ctx, name);
	AUTO_STRVEC names = STRVEC_INIT;
	AUTO_ERR ignored = ERR_INIT;
	json_t *found = NULL;
	bool exists;

	if (str_eq(json_text(volume, "kind"), "storage"))
		return fs_is_dir(dir) && (fs_list(dir, &names, &ignored) < 0 || names.count);
	exists = engine_volume_inspect(ctx_engine(ctx), name, &found, &ignored) >= 0;
	json_decref(found);
	return exists;
}

/* --- the container that copies --- */

struct copier {
	struct engine *engine;
	char *image;
	char *id;
};

static void copier_done(struct copier *c)
{
	AUTO_ERR ignored = ERR_INIT;

	if (c->id && engine_container_remove(c->engine, c->id, true, false, &ignored) < 0)
		err_clear(&ignored);
	if (c->image && engine_image_remove(c->engine, c->image, true, false, &ignored) < 0)
		err_clear(&ignored);
	free(c->id);
	free(c->image);
}

/* An image without files. */
static int make_image(struct ctx *ctx, struct copier *c, struct err *err)
{
	AUTO_CLOSE int fd = memfd_create("empty", MFD_CLOEXEC);
	AUTO_FREE char *repo = container_name(ctx, "moorage-backup", "copy");
	AUTO_STRVEC changes = STRVEC_INIT;
	json_t *labels = labels_for(ctx, NULL);
	const char *key;
	json_t *value;
	int r;

	json_object_foreach (labels, key, value)
		strvec_pushf(&changes, "LABEL %s=%s", key,
			*json_string_value(value) ? json_string_value(value) : "\"\"");
	json_decref(labels);
	if (fd < 0 || ftruncate(fd, EMPTY_TAR_BYTES) < 0)
		return err_sys(err, "prepare an empty archive");
	r = engine_image_import(c->engine, fd, repo, "latest", changes.items, err);
	if (r >= 0)
		c->image = xasprintf("%s:latest", repo);
	return r;
}

static json_t *mount_of(struct ctx *ctx, const json_t *volume)
{
	bool storage = str_eq(json_text(volume, "kind"), "storage");
	AUTO_FREE char *dir = storage_path(ctx, json_text(volume, "name"));
	AUTO_FREE char *source =
		storage ? engine_path(&ctx->inst, dir) : xstrdup(json_text(volume, "name"));

	return json_pack("{s:s, s:s, s:s}", "Type", storage ? "bind" : "volume", "Source", source,
		"Target", copy_target);
}

static int copier_open(struct ctx *ctx, const json_t *volume, struct copier *c, struct err *err)
{
	AUTO_FREE char *name = container_name(ctx, "moorage-backup", "copy");
	AUTO_ERR ignored = ERR_INIT; /* usually there is none of an earlier, interrupted one */
	json_t *config;
	int r;

	*c = (struct copier){ .engine = ctx_engine(ctx) };
	if (engine_container_remove(c->engine, name, true, false, &ignored) < 0)
		err_clear(&ignored);
	r = make_image(ctx, c, err);
	if (r < 0)
		return r;
	config = json_pack("{s:s, s:[s], s:o, s:{s:[o], s:s}}", "Image", c->image, "Cmd", "none",
		"Labels", labels_for(ctx, NULL), "HostConfig", "Mounts", mount_of(ctx, volume),
		"NetworkMode", "none");
	r = engine_container_create(c->engine, name, config, &c->id, err);
	json_decref(config);
	return r;
}

static int to_fd(void *cookie, const void *data, size_t len, struct err *err)
{
	const int *fd = cookie;

	return fs_write_all(*fd, data, len) < 0 ? err_sys(err, "write a copy") : 0;
}

int goods_save_volume(struct ctx *ctx, const json_t *volume, const char *path, struct err *err)
{
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	CLEANUP(copier_done) struct copier c = { 0 };
	int r = fd < 0 ? err_sys(err, "create '%s'", path) : copier_open(ctx, volume, &c, err);

	if (r >= 0)
		r = engine_archive_get(c.engine, c.id, "/backup/.", to_fd, &fd, err);
	return r < 0 ? err_wrap(err, "copy the %s '%s'", json_text(volume, "kind"),
			       json_text(volume, "name"))
		     : 0;
}

static int make_source(struct ctx *ctx, const json_t *volume, struct err *err)
{
	AUTO_FREE char *dir = storage_path(ctx, json_text(volume, "name"));
	json_t *config;
	int r;

	if (str_eq(json_text(volume, "kind"), "storage"))
		return fs_mkdir_p(dir, 0755, err);
	config = json_pack("{s:s, s:o}", "Name", json_text(volume, "name"), "Labels",
		labels_for(ctx, NULL));
	r = engine_volume_create(ctx_engine(ctx), config, err);
	json_decref(config);
	return r;
}

int goods_load_volume(struct ctx *ctx, const json_t *volume, const char *path, struct err *err)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	CLEANUP(copier_done) struct copier c = { 0 };
	int r = fd < 0 ? err_sys(err, "open '%s'", path) : make_source(ctx, volume, err);

	if (r >= 0)
		r = copier_open(ctx, volume, &c, err);
	if (r >= 0)
		r = engine_archive_put_fd(c.engine, c.id, copy_target, fd, err);
	return r < 0 ? err_wrap(err, "restore the %s '%s'", json_text(volume, "kind"),
			       json_text(volume, "name"))
		     : 0;
}

/* --- images --- */

int goods_save_image(struct ctx *ctx, const char *app, const char *path, struct err *err)
{
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	AUTO_FREE char *name = image_name(ctx, app, NULL);
	AUTO_FREE char *id = NULL;
	int r = fd < 0 ? err_sys(err, "create '%s'", path) : image_id(ctx, name, &id, err);

	if (r < 0 || !*id)
		return r;
	/* By its id, so that loading it takes nobody's name. */
	r = engine_image_save(ctx_engine(ctx), id, to_fd, &fd, err);
	return r < 0 ? err_wrap(err, "copy the image of '%s'", app) : 1;
}

/* "Loaded image ID: sha256:..." or "Loaded image: name" */
static void note_loaded(void *cookie, const json_t *message)
{
	char **loaded = cookie;
	const char *text = json_text(message, "stream");
	const char *name = str_after(text, "Loaded image ID: ");

	if (!name)
		name = str_after(text, "Loaded image: ");
	if (name) {
		free(*loaded);
		*loaded = xstrndup(name, strcspn(name, "\r\n"));
	}
}

int goods_load_image(struct ctx *ctx, const char *app, const char *path, struct err *err)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	AUTO_FREE char *name = image_name(ctx, app, NULL);
	AUTO_FREE char *loaded = NULL;
	json_t *labels = labels_for(ctx, app);
	int r = fd < 0 ? err_sys(err, "open '%s'", path)
		       : engine_image_load(ctx_engine(ctx), fd, note_loaded, &loaded, err);

	if (r >= 0 && !loaded)
		r = err_set(err, ERR_REMOTE, "the engine does not name the image it has loaded");
	/* It may carry the label of the instance it comes from. */
	if (r >= 0)
		r = image_derive(ctx, loaded, labels, "", name, err);
	json_decref(labels);
	return r < 0 ? err_wrap(err, "load the image of '%s'", app) : 0;
}
