/* SPDX-License-Identifier: MIT */
#include "core/image_make.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/image.h"
#include "lib/engine/images.h"
#include "lib/tar/tar.h"
#include "lib/words/words.h"

static int open_tar(const struct strbuf *text, struct err *err)
{
	AUTO_STRBUF tar = STRBUF_INIT;
	AUTO_CLOSE int fd = memfd_create("context", MFD_CLOEXEC);

	tar_add_file(&tar, "Dockerfile", 0644, (struct tar_owner){ 0, 0 }, text->buf, text->len);
	tar_end(&tar);
	if (fd < 0 || fs_write_all(fd, tar.buf, tar.len) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(err, "prepare a build context");
	return TAKE_FD(fd);
}

/* One line for all labels: the classic builder makes an image of every line. */
static void add_labels(json_t *labels, struct strbuf *out)
{
	const char *key;
	json_t *value;

	strbuf_addstr(out, "LABEL");
	json_object_foreach (labels, key, value) {
		strbuf_addch(out, ' ');
		quote_double(out, key);
		strbuf_addch(out, '=');
		quote_double(out, json_string_value(value));
	}
	strbuf_addch(out, '\n');
}

int image_derive(struct ctx *ctx, const char *from, json_t *labels, const char *more,
	const char *to, struct err *err)
{
	AUTO_STRBUF dockerfile = STRBUF_INIT;
	struct engine_param params[] = {
		{ "t", to },
		{ "rm", "1" },
		{ "forcerm", "1" },
		{},
	};
	AUTO_CLOSE int fd = -1;
	int r;

	strbuf_addf(&dockerfile, "FROM %s\n%s", from, more);
	add_labels(labels, &dockerfile);
	fd = open_tar(&dockerfile, err);
	if (fd < 0)
		return fd;
	r = engine_image_build(ctx_engine(ctx), fd, params, NULL, NULL, NULL, NULL, err);
	return r < 0 ? err_wrap(err, "make the image '%s'", to) : 0;
}

const char *image_label(json_t *inspected, const char *name)
{
	json_t *config = json_object_get(inspected, "Config");
	json_t *labels = json_object_get(config, "Labels");
	const char *value = json_string_value(json_object_get(labels, name));

	return value ? value : "";
}

/* "<operation>/<id>". An image that another build made on top of this one inherits the label, but
 * not the operation. */
#define ORIGIN_LABEL    "com.moorage.origin"
#define OPERATION_LABEL "com.moorage.operation"

static const char *noted_origin(json_t *inspected)
{
	const char *noted = str_after(image_label(inspected, ORIGIN_LABEL),
		image_label(inspected, OPERATION_LABEL));

	return noted && *noted == '/' ? noted + 1 : NULL;
}

static const char *id_of(json_t *inspected)
{
	const char *id = json_string_value(json_object_get(inspected, "Id"));

	return id ? id : "";
}

void image_note_origin(json_t *labels, json_t *inspected, const char *operation)
{
	const char *noted = noted_origin(inspected);

	json_object_set_new(labels, ORIGIN_LABEL,
		json_sprintf("%s/%s", operation, noted ? noted : id_of(inspected)));
	json_object_set_new(labels, OPERATION_LABEL, json_string(operation));
}

/* Made of another app's image: that one's may go with it. */
static bool is_same_app(json_t *a, json_t *b)
{
	static const char name[] = "com.dokku.app-name";

	return str_eq(image_label(a, name), image_label(b, name));
}

int image_origin(struct ctx *ctx, json_t *inspected, char **ret, struct err *err)
{
	const char *noted = noted_origin(inspected);
	json_t *origin = NULL;
	int r = noted ? engine_image_inspect(ctx_engine(ctx), noted, &origin, err) : 0;

	if (r == -ERR_NOT_FOUND) {
		err_clear(err);
		r = 0;
	}
	if (r >= 0)
		*ret = xstrdup(origin && is_same_app(origin, inspected) ? noted : id_of(inspected));
	json_decref(origin);
	return r;
}

int image_id(struct ctx *ctx, const char *image, char **ret, struct err *err)
{
	json_t *inspected = NULL;
	const char *id;
	int r = engine_image_inspect(ctx_engine(ctx), image, &inspected, err);

	if (r == -ERR_NOT_FOUND) {
		err_clear(err);
		*ret = xstrdup("");
		return 0;
	}
	if (r < 0)
		return r;
	id = json_string_value(json_object_get(inspected, "Id"));
	*ret = xstrdup(id ? id : "");
	json_decref(inspected);
	return 0;
}

/* Gone already, or used by a container that is kept for its logs: both are fine. */
static int remove_quietly(struct ctx *ctx, const char *image, struct err *err)
{
	int r = engine_image_remove(ctx_engine(ctx), image, false, false, err);

	if (r == -ERR_NOT_FOUND || r == -ERR_EXISTS) {
		err_clear(err);
		return 0;
	}
	return r;
}

int image_put_back(struct ctx *ctx, const char *image, const char *old, struct err *err)
{
	const char *colon = strrchr(image, ':');
	AUTO_FREE char *repo = xstrndup(image, colon ? (size_t)(colon - image) : strlen(image));
	AUTO_FREE char *now = NULL;
	int r = image_id(ctx, image, &now, err);

	if (r < 0 || str_eq(now, old))
		return r;
	if (!*old)
		return remove_quietly(ctx, image, err);
	r = engine_image_tag(ctx_engine(ctx), old, repo, colon ? colon + 1 : NULL, err);
	return r < 0 || !*now ? r : remove_quietly(ctx, now, err);
}

int image_sweep(struct ctx *ctx, const char *operation, struct err *err)
{
	json_t *filter = labels_filter(ctx, NULL);
	json_t *found = NULL;
	json_t *one;
	size_t i;
	int r;

	json_array_append_new(json_object_get(filter, "label"),
		json_sprintf("com.moorage.operation=%s", operation));
	json_object_set_new(filter, "dangling", json_pack("[s]", "true"));
	r = engine_image_list(ctx_engine(ctx), false, filter, &found, err);
	json_decref(filter);
	json_array_foreach (found, i, one) {
		const char *id = json_string_value(json_object_get(one, "Id"));

		if (r >= 0 && id)
			r = remove_quietly(ctx, id, err);
	}
	json_decref(found);
	return r;
}
