/* SPDX-License-Identifier: MIT */
/* What an image says about how its containers are to be started. */
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/image_kind.h"
#include "core/output.h"
#include "core/registry.h"
#include "core/state.h"
#include "lib/engine/images.h"
#include "schedulers/docker-local/driver.h"

void image_facts_done(struct image_facts *f)
{
	free(f->image);
	free(f->stage);
	strvec_done(&f->processes);
	*f = (struct image_facts)IMAGE_FACTS_INIT;
}

const char *image_source_name(enum image_source source)
{
	static const char *const names[] = {
		[SOURCE_DOCKERFILE] = "dockerfile",
		[SOURCE_HEROKUISH] = "herokuish",
		[SOURCE_PACK] = "pack",
	};

	return names[source];
}

const char *image_tag(const char *image)
{
	const char *slash = strrchr(image, '/');
	const char *colon = strchr(slash ? slash : image, ':');

	return colon ? colon + 1 : "latest";
}

static const char *text_at(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static bool host_is_amd64(void)
{
	struct utsname u;

	return uname(&u) < 0 || str_eq(u.machine, "x86_64");
}

static void take_facts(struct ctx *ctx, const char *app, json_t *inspected, struct image_facts *f)
{
	const json_t *config = json_object_get(inspected, "Config");
	const json_t *labels = json_object_get(config, "Labels");

	if (image_is_cnb(inspected))
		f->source = SOURCE_PACK;
	else if (image_is_herokuish(ctx, app, inspected))
		f->source = SOURCE_HEROKUISH;
	image_process_types(inspected, &f->processes);
	f->stage = xstrdup(text_at(labels, "com.dokku.image-stage"));
	f->is_release = str_eq(f->stage, "release");
	f->own_init = str_eq(text_at(labels, "org.opencontainers.image.vendor"), "linuxserver.io");
	f->is_foreign_amd64 =
		str_eq(text_at(inspected, "Architecture"), "amd64") && !host_is_amd64();
}

static int ask_log_driver(struct ctx *ctx, struct image_facts *f, struct err *err)
{
	const json_t *info = NULL;
	const char *driver;
	int r = ctx_engine_info(ctx, &info, err);

	if (r < 0)
		return r;
	driver = text_at(info, "LoggingDriver");
	f->log_max_size_ok = str_eq(driver, "json-file") || str_eq(driver, "local");
	return 0;
}

/* One that was removed from here may be kept in a registry. */
static int look_at(struct ctx *ctx, const char *app, const char *image, json_t **ret,
	struct err *err)
{
	int r = engine_image_inspect(ctx_engine(ctx), image, ret, err);

	if (r != -ERR_NOT_FOUND)
		return r;
	err_clear(err);
	r = registry_fetch(ctx, app, image, err);
	return r < 0 ? r : engine_image_inspect(ctx_engine(ctx), image, ret, err);
}

int image_facts_load(struct ctx *ctx, const char *app, const char *image, struct image_facts *ret,
	struct err *err)
{
	AUTO_IMAGE_FACTS f = IMAGE_FACTS_INIT;
	json_t *inspected = NULL;
	int r = look_at(ctx, app, image, &inspected, err);

	if (r == -ERR_NOT_FOUND)
		return err_user(err, ERR_NOT_FOUND, 1, "App image (%s) not found", image);
	if (r < 0)
		return err_wrap(err, "look at image '%s' of app '%s'", image, app);
	f.image = xstrdup(image);
	take_facts(ctx, app, inspected, &f);
	json_decref(inspected);
	r = ask_log_driver(ctx, &f, err);
	if (r < 0)
		return r;
	*ret = f;
	f = (struct image_facts)IMAGE_FACTS_INIT;
	return 0;
}
