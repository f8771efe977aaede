/* SPDX-License-Identifier: MIT */
#include "core/source_image.h"

#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/child.h"
#include "base/fs.h"
#include "core/image.h"
#include "lib/engine/containers.h"
#include "lib/engine/images.h"

enum { FILE_MAX = 4 << 20, TAR_MAX = FILE_MAX + (64 << 10), FOLDER_FILES_MAX = 100 };

static char *name_of(struct operation *op, const char *app)
{
	AUTO_FREE char *rest = xasprintf("source.%s", op->id);

	return container_name(op->ctx, app, rest);
}

/* The image's working folder, "/" when it names none. */
static int working_dir(struct operation *op, const char *image, char **ret, struct err *err)
{
	json_t *inspected = NULL;
	json_t *config;
	const char *dir;
	int r = engine_image_inspect(ctx_engine(op->ctx), image, &inspected, err);

	if (r < 0)
		return err_wrap(err, "look into image '%s'", image);
	config = json_object_get(inspected, "Config");
	dir = json_string_value(json_object_get(config, "WorkingDir"));
	*ret = xstrdup(dir && *dir ? dir : "/");
	json_decref(inspected);
	return 0;
}

/* A container that is never started: the engine copies out of containers only. */
static int create(struct operation *op, const char *app, const char *image, char **ret_id,
	struct err *err)
{
	AUTO_FREE char *name = name_of(op, app);
	json_t *labels = labels_for(op->ctx, app);
	json_t *config;
	int r;

	json_object_set_new(labels, "com.moorage.operation", json_string(op->id));
	config = json_pack("{s:s, s:[s], s:o}", "Image", image, "Cmd", "none", "Labels", labels);
	r = engine_container_create(ctx_engine(op->ctx), name, config, ret_id, err);
	json_decref(config);
	return r;
}

static int keep(void *to, const void *data, size_t len, struct err *err)
{
	strbuf_add(to, data, len);
	return 0;
}

static int unpack(struct operation *op, const struct strbuf *tar, bool folder, const char *dest,
	struct err *err)
{
	AUTO_CHILD c = CHILD_INIT;
	AUTO_STRBUF answer = STRBUF_CAPPED(4096);
	AUTO_STRBUF said = STRBUF_CAPPED(4096);
	struct child_status st;
	int r;

	strvec_push_take(&c.argv, path_join(op->ctx->inst.libexec_dir, "moorage-archive"));
	strvec_pushl(&c.argv, "extract", "--type", "tar", "--max-files", NULL);
	strvec_pushf(&c.argv, "%d", folder ? FOLDER_FILES_MAX : 1);
	strvec_pushf(&c.argv, "--max-bytes=%d", FILE_MAX);
	strvec_push(&c.argv, dest);
	r = child_capture(&c, tar, &answer, &said, &st, err);
	strbuf_trim(&said);
	if (r >= 0 && st.code)
		r = err_set(err, ERR_INVALID, "%s", said.buf);
	return r;
}

static int put_in_place(const char *from, const char *path, bool is_folder, const char *to,
	struct err *err)
{
	AUTO_FREE char *unpacked = path_join(from, path_base(path));
	AUTO_FREE char *target = path_join(to, path);
	AUTO_FREE char *folder = xstrndup(target, (size_t)(path_base(target) - target - 1));
	struct stat st;
	int r;

	if (lstat(unpacked, &st) < 0 || !(is_folder ? S_ISDIR(st.st_mode) : S_ISREG(st.st_mode)))
		return err_set(err, ERR_INVALID, "it is no %s",
			is_folder ? "folder" : "regular file");
	r = fs_mkdir_p(folder, 0755, err);
	return r < 0 ? r : fs_rename(unpacked, target, err);
}

static int copy_path(struct operation *op, const char *id, const char *source, const char *path,
	bool folder, const char *to, struct err *err)
{
	AUTO_FREE char *unpacked = path_join(to, ".unpacked");
	AUTO_STRBUF tar = STRBUF_CAPPED(TAR_MAX);
	int r = engine_archive_get(ctx_engine(op->ctx), id, source, keep, &tar, err);

	if (r == -ERR_NOT_FOUND) {
		err_clear(err);
		return 0;
	}
	if (r >= 0 && tar.truncated)
		r = err_set(err, ERR_INVALID, "it is larger than %d bytes", FILE_MAX);
	if (r >= 0)
		r = unpack(op, &tar, folder, unpacked, err);
	if (r >= 0)
		r = put_in_place(unpacked, path, folder, to, err);
	if (r >= 0)
		r = fs_rm_rf(unpacked, err);
	return r < 0 ? err_wrap(err, "take '%s' out of the image", source) : 0;
}

static char *join(const char *root, const char *build_dir, const char *path)
{
	bool slash = str_ends(root, "/");

	return xasprintf("%s%s%s%s%s", root, slash ? "" : "/", build_dir, *build_dir ? "/" : "",
		path);
}

int source_from_image(struct operation *op, const char *app, const char *image,
	const char *build_dir, const struct strvec *paths, const char *to, struct err *err)
{
	AUTO_FREE char *root = NULL;
	AUTO_FREE char *id = NULL;
	AUTO_ERR ignored = ERR_INIT;
	int removed;
	int r = working_dir(op, image, &root, err);

	if (r >= 0)
		r = fs_mkdir_p(to, 0755, err);
	if (r >= 0)
		r = create(op, app, image, &id, err);
	if (r < 0)
		return r;
	for (size_t i = 0; r >= 0 && i < paths->count; i++) {
		bool folder = str_ends(paths->items[i], "/");
		size_t len = strlen(paths->items[i]) - folder;
		AUTO_FREE char *path = xstrndup(paths->items[i], len);
		AUTO_FREE char *source = join(root, build_dir, path);

		r = copy_path(op, id, source, path, folder, to, err);
	}
	removed = source_forget_image(op, app, r < 0 ? &ignored : err);
	return r < 0 ? r : removed;
}

int source_forget_image(struct operation *op, const char *app, struct err *err)
{
	AUTO_FREE char *name = name_of(op, app);
	int r = engine_container_remove(ctx_engine(op->ctx), name, true, true, err);

	if (r != -ERR_NOT_FOUND)
		return r;
	err_clear(err);
	return 0;
}
