/* SPDX-License-Identifier: MIT */
#include "builders/herokuish/image.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "builders/herokuish/user.h"
#include "core/app_env.h"
#include "core/image_kind.h"
#include "core/image_make.h"
#include "core/output.h"
#include "core/stack.h"
#include "core/state.h"
#include "lib/engine/containers.h"
#include "lib/engine/images.h"

enum { PASSWD_MAX = 1 << 20 };

/* --- the user --- */

static int keep(void *to, const void *data, size_t len, struct err *err)
{
	strbuf_add(to, data, len);
	return 0;
}

int image_owner(struct build_job *job, const char *user, struct tar_owner *ret, struct err *err)
{
	AUTO_STRBUF tar = STRBUF_CAPPED(PASSWD_MAX);
	AUTO_FREE char *text = NULL;
	const char *file = "";
	size_t len = 0;
	int r = engine_archive_get(ctx_engine(job->build->ctx), job->task.id, "/etc/passwd", keep,
		&tar, err);

	if (r == -ERR_NOT_FOUND) {
		err_clear(err);
		r = 0;
	}
	if (r < 0)
		return err_wrap(err, "look for the users of image '%s'", job->task.image);
	if (!tar_first_file(tar.buf, tar.len, &file, &len))
		len = 0;
	text = xstrndup(file, len);
	if (user_find(text, user, ret))
		return 0;
	return err_set(err, ERR_INVALID,
		"There is no user '%s' in the image %s; set DOKKU_APP_USER with config:set to one "
		"that there is, or unset it",
		user, job->task.image);
}

/* --- releases --- */

int image_keeps_clean(struct ctx *ctx, const char *image, bool *ret, struct err *err)
{
	json_t *inspected = NULL;
	int r = engine_image_inspect(ctx_engine(ctx), image, &inspected, err);

	if (r < 0)
		return err_wrap(err, "look at image '%s'", image);
	*ret = str_eq(image_label(inspected, STACK_ENV_LABEL), "runtime");
	json_decref(inspected);
	return 0;
}

static int add_profile(struct ctx *ctx, const char *scope, const char *name, struct tar_owner owner,
	struct strbuf *tar, struct err *err)
{
	CLEANUP(strbuf_erase) struct strbuf text = STRBUF_INIT;
	AUTO_ENV env = ENV_INIT;
	int r = app_env_load(ctx, scope, &env, err);

	if (r < 0)
		return r;
	env_export(&env, ENV_EXPORTS, &text);
	strbuf_addch(&text, '\n');
	tar_add_file(tar, name, 0600, owner, text.buf, text.len);
	return 0;
}

/* The variables of now, as scripts that /start and /exec read. */
static int put_profile(struct build_job *job, struct tar_owner owner, struct err *err)
{
	const struct build *b = job->build;
	CLEANUP(strbuf_erase) struct strbuf tar = STRBUF_INIT;
	int r;

	tar_add_dir(&tar, ".profile.d", 0755, owner);
	r = add_profile(b->ctx, SCOPE_GLOBAL, ".profile.d/00-global-env.sh", owner, &tar, err);
	if (r >= 0)
		r = add_profile(b->ctx, b->app, ".profile.d/01-app-env.sh", owner, &tar, err);
	tar_end(&tar);
	return r < 0 ? r : build_job_put_tar(job, "/app", &tar, err);
}

/* From here on the container's own user is the app's; nobody has to change to them. */
static void list_changes(const struct release *r, json_t *inspected, const char *user,
	struct strvec *ret)
{
	json_t *labels = json_object();
	const char *key;
	json_t *value;

	image_note_origin(labels, inspected, r->operation);
	json_object_foreach (labels, key, value)
		strvec_pushf(ret, "LABEL %s=\"%s\"", key, json_string_value(value));
	json_decref(labels);
	strvec_pushf(ret, "LABEL com.dokku.image-stage=%s",
		builder_stage(r->ctx, &builder_herokuish));
	strvec_pushf(ret, "USER %s", user);
	strvec_push(ret, "ENV HEROKUISH_SETUIDGUID=false");
}

static int release(const struct release *r, json_t *inspected, struct err *err)
{
	const struct build b = {
		.ctx = r->ctx,
		.app = r->app,
		.dir = "",
		.rev = "",
		.image = r->image,
		.operation = r->operation,
	};
	AUTO_BUILD_JOB job = BUILD_JOB_INIT(&b, builder_herokuish.name);
	const char *user = image_env(inspected, "USER");
	AUTO_STRVEC changes = STRVEC_INIT;
	struct tar_owner owner;
	int ret;

	if (!*user)
		user = HEROKUISH_USER;
	job.task.image = r->from;
	ret = build_job_create(&job, err);
	if (ret >= 0)
		ret = image_owner(&job, user, &owner, err);
	if (ret >= 0)
		ret = put_profile(&job, owner, err);
	if (ret < 0)
		return ret;
	list_changes(r, inspected, user, &changes);
	return build_job_commit(&job, r->image, &changes, err);
}

/*
 * Always from what was built: images cannot lie on each other without end, and a value that is
 * gone from the config must be gone from the image.
 */
int image_release(const struct release *r, struct err *err)
{
	json_t *inspected = NULL;
	int ret = engine_image_inspect(ctx_engine(r->ctx), r->from, &inspected, err);

	if (ret < 0)
		return err_wrap(err, "look at what was built");
	if (!str_eq(image_label(inspected, STACK_ENV_LABEL), "runtime")) {
		ret = release(r, inspected, err);
		if (ret >= 0)
			ret = 1;
		else
			err_wrap(err, "put the variables into the image");
	}
	json_decref(inspected);
	return ret;
}
