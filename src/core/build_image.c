/* SPDX-License-Identifier: MIT */
#include "core/build_image.h"

#include <jansson.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/image.h"
#include "core/image_make.h"
#include "lib/engine/images.h"

json_t *build_labels(const struct build *b, const char *builder, const char *stage)
{
	json_t *labels = labels_for(b->ctx, b->app);

	json_object_set_new(labels, "com.dokku.image-stage", json_string(stage));
	json_object_set_new(labels, "com.dokku.builder-type", json_string(builder));
	json_object_set_new(labels, "com.moorage.operation", json_string(b->operation));
	return labels;
}

void build_labels_args(const struct build *b, const char *builder, const char *stage,
	struct strvec *ret)
{
	labels_args(b->ctx, b->app, ret);
	strvec_pushf(ret, "--label=com.dokku.image-stage=%s", stage);
	strvec_pushf(ret, "--label=com.dokku.builder-type=%s", builder);
	strvec_pushf(ret, "--label=com.moorage.operation=%s", b->operation);
}

int build_image_label(const struct build *b, const char *builder, const char *from,
	const char *more, struct err *err)
{
	json_t *labels = build_labels(b, builder, builder_stage(b->ctx, builder_find(builder)));
	int r = image_derive(b->ctx, from, labels, more, b->image, err);

	json_decref(labels);
	return r;
}

char *build_half_name(const char *image)
{
	return xasprintf("%s-build", image);
}

int build_half_remove(struct ctx *ctx, const char *image, struct err *err)
{
	AUTO_FREE char *half = build_half_name(image);

	return image_put_back(ctx, half, "", err);
}

/* --- the start of processes --- */

static void add_list(const char *instruction, json_t *words, struct strbuf *out)
{
	AUTO_FREE char *text = json_dumps(words, JSON_COMPACT);

	strbuf_addf(out, "%s %s\n", instruction, text ? text : "[]");
}

/* Another ENTRYPOINT would take the image's own command away. */
static void add_login(json_t *config, struct strbuf *out)
{
	json_t *words =
		json_pack("[s, s, s, s]", "bash", "-c", "exec bash -l -c -- \"$*\"", "entrypoint");
	json_t *command = json_object_get(config, "Cmd");

	add_list("ENTRYPOINT", words, out);
	if (json_array_size(command))
		add_list("CMD", command, out);
	json_decref(words);
}

static void add_plain(json_t *config, struct strbuf *out)
{
	json_t *words = json_array();
	json_t *command = json_object_get(config, "Cmd");

	if (json_array_size(command)) {
		json_array_extend(words, json_object_get(config, "Entrypoint"));
		json_array_extend(words, command);
	}
	strbuf_addstr(out, "ENTRYPOINT []\n");
	if (json_array_size(words))
		add_list("CMD", words, out);
	json_decref(words);
}

static int add_start(struct ctx *ctx, const char *image, enum build_start start, struct strbuf *out,
	struct err *err)
{
	json_t *inspected = NULL;
	json_t *config;
	int r = 0;

	if (start == BUILD_START_KEEP)
		return 0;
	r = engine_image_inspect(ctx_engine(ctx), image, &inspected, err);
	if (r < 0)
		return err_wrap(err, "look at what was built");
	config = json_object_get(inspected, "Config");
	if (start == BUILD_START_LOGIN)
		add_login(config, out);
	else
		add_plain(config, out);
	json_decref(inspected);
	return 0;
}

static int derive(const struct build *b, const char *builder, const char *half,
	enum build_start start, struct err *err)
{
	AUTO_STRBUF more = STRBUF_INIT;
	int r = add_start(b->ctx, half, start, &more, err);

	if (r < 0)
		return r;
	return build_image_label(b, builder, half, more.buf, err);
}

int build_half_finish(const struct build *b, const char *builder, enum build_start start,
	struct err *err)
{
	AUTO_FREE char *half = build_half_name(b->image);
	AUTO_ERR ignored = ERR_INIT;
	int r = derive(b, builder, half, start, err);
	int removed = build_half_remove(b->ctx, b->image, r < 0 ? &ignored : err);

	return r < 0 ? r : removed;
}
