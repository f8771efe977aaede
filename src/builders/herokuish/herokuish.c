/* SPDX-License-Identifier: MIT */
/* Builds in an image that keeps the contract of herokuish: /build makes an app of the source in /app. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "builders/herokuish/image.h"
#include "builders/herokuish/user.h"
#include "core/app_env.h"
#include "core/build_flags.h"
#include "core/image.h"
#include "core/output.h"
#include "core/ports.h"
#include "core/source_file.h"
#include "core/stack.h"
#include "core/state.h"
#include "core/trigger.h"
#include "lib/engine/volumes.h"
#include "lib/words/words.h"

enum { DOTENV_MAX = 4 << 20 };

#define ENV_DIR "/tmp/env"
/* Variables of flags: a file that lists of what is in ENV_DIR leave out. */
#define FLAGS_FILE ".moorage-build"
/* Runs as root, in front of and behind the image's own program. */
#define SCRIPT                                                                                     \
	"flags=" ENV_DIR "/" FLAGS_FILE "; if [ -f $flags ]; then . $flags; rm -f $flags; fi; "    \
	"/build; code=$?; rm -f /app/.env; exit $code"

/* --- is it ours? --- */

/* As grep finds it, anywhere. */
static int dotenv_asks(const char *dir, struct err *err)
{
	AUTO_STRBUF text = STRBUF_INIT;
	int r;

	if (!source_has(dir, ".env"))
		return 0;
	r = source_read(dir, ".env", DOTENV_MAX, &text, err);
	return r < 0 ? r : memmem(text.buf, text.len, "BUILDPACK_URL", 13) != NULL;
}

static int detect(struct ctx *ctx, const char *app, const char *dir, struct strbuf *reason,
	struct err *err)
{
	AUTO_STRBUF url = STRBUF_INIT;
	int r;

	if (builder_on_arm64() && !builder_herokuish_allowed(ctx, app))
		return 0;
	if (source_has(dir, ".buildpacks")) {
		strbuf_addstr(reason, ".buildpacks");
		return 1;
	}
	r = dotenv_asks(dir, err);
	if (r != 0) {
		strbuf_addstr(reason, "BUILDPACK_URL in .env");
		return r;
	}
	r = app_env_get(ctx, app, "BUILDPACK_URL", &url, err);
	if (r <= 0 || !url.len)
		return r < 0 ? r : 0;
	strbuf_addstr(reason, "BUILDPACK_URL in the config");
	return 1;
}

/* --- one build --- */

struct work {
	const struct build *b;
	struct stack stack;
	char *image; /* that the build begins with: the stack, or one that has the source, too */
	bool has_source;
	struct env env;   /* merged config */
	struct env given; /* variables that flags give to the build alone */
	char *user;
	struct tar_owner owner;
	struct strbuf dotenv; /* that of the source */
	bool has_dotenv;
};

static void work_done(struct work *w)
{
	stack_done(&w->stack);
	free(w->image);
	env_done(&w->env);
	env_done(&w->given);
	free(w->user);
	strbuf_done(&w->dotenv);
}

/* --- the stack --- */

/* Third-party plugins may make an image for this app, and name it. */
static int ask_plugins(struct work *w, struct err *err)
{
	const struct build *b = w->b;
	AUTO_STRBUF said = STRBUF_CAPPED(4096);
	int r = trigger_fire(b->ctx, err, "builder-create-dokku-image", builder_herokuish.name,
		b->app, b->dir, w->stack.image, NULL);

	if (r >= 0)
		r = trigger_capture(b->ctx, &said, err, "builder-dokku-image",
			builder_herokuish.name, b->app, b->dir, w->stack.image, NULL);
	if (r < 0)
		return r;
	strbuf_trim(&said);
	if (!said.len)
		return 0;
	free(w->stack.image);
	w->stack.image = xstrdup(said.buf);
	w->stack.named = true;
	strbuf_set(&w->stack.reason, "a plugin says so");
	return 0;
}

static int prepare_stack(struct work *w, struct err *err)
{
	const struct build *b = w->b;
	int r = stack_choose(b->ctx, b->app, &w->stack, err);

	if (r < 0)
		return r;
	out_info1("Building %s from %s", b->app,
		w->stack.named ? w->stack.image : builder_herokuish.name);
	r = ask_plugins(w, err);
	if (r >= 0)
		r = stack_provide(b->ctx, b->app, &w->stack, err);
	if (r < 0)
		return r;
	out_info1("Using stack %s because %s", w->stack.image, w->stack.reason.buf);
	w->image = xstrdup(w->stack.image);
	return 0;
}

/* --- what goes into containers --- */

/* Dokku's values for curl in buildpacks, which all builds find in the global config. */
static int set_curl_limits(struct ctx *ctx, struct err *err)
{
	static const char *const limits[][2] = {
		{ "CURL_CONNECT_TIMEOUT", "90" },
		{ "CURL_TIMEOUT", "600" },
	};
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(limits); i++) {
		AUTO_STRBUF value = STRBUF_INIT;

		r = app_env_get(ctx, SCOPE_GLOBAL, limits[i][0], &value, err);
		if (r >= 0 && !value.len)
			r = app_env_set(ctx, SCOPE_GLOBAL, limits[i][0], limits[i][1], err);
	}
	return r < 0 ? r : 0;
}

static int read_dotenv(struct work *w, struct err *err)
{
	int r;

	if (!source_has(w->b->dir, ".env"))
		return 0;
	r = source_read(w->b->dir, ".env", DOTENV_MAX, &w->dotenv, err);
	w->has_dotenv = r > 0;
	return r < 0 ? err_wrap(err, "read .env of the source") : 0;
}

static int put_source(struct work *w, struct build_job *job, struct err *err)
{
	return build_job_put_dir(job, "/app", w->b->dir, w->owner, err);
}

static int put_dotenv(struct work *w, struct build_job *job, const struct strbuf *text, mode_t mode,
	struct err *err)
{
	CLEANUP(strbuf_erase) struct strbuf tar = STRBUF_INIT;

	tar_add_file(&tar, ".env", mode, w->owner, text->buf, text->len);
	tar_end(&tar);
	return build_job_put_tar(job, "/app", &tar, err);
}

/* For buildpacks of old, and for scripts that read it: the source's own, then the config. */
static int put_config(struct work *w, struct build_job *job, struct err *err)
{
	CLEANUP(strbuf_erase) struct strbuf text = STRBUF_INIT;

	strbuf_add(&text, w->dotenv.buf, w->dotenv.len);
	strbuf_chomp(&text);
	strbuf_addch(&text, '\n');
	env_export(&w->env, ENV_ENVFILE, &text);
	strbuf_addch(&text, '\n');
	return put_dotenv(w, job, &text, 0600, err);
}

/* Flags with variables: handed over in a file, for the container's settings become the image's. */
static int put_given(struct work *w, struct build_job *job, struct err *err)
{
	CLEANUP(strbuf_erase) struct strbuf text = STRBUF_INIT;
	CLEANUP(strbuf_erase) struct strbuf tar = STRBUF_INIT;

	if (!w->given.count)
		return 0;
	env_export(&w->given, ENV_EXPORTS, &text);
	strbuf_addch(&text, '\n');
	tar_add_file(&tar, FLAGS_FILE, 0600, (struct tar_owner){ 0, 0 }, text.buf, text.len);
	tar_end(&tar);
	return build_job_put_tar(job, ENV_DIR, &tar, err);
}

/* --- containers --- */

/* The app's, with Dokku's labels. One that is there stays. */
static int ensure_cache(const struct build *b, const char *volume, struct err *err)
{
	json_t *labels = labels_for(b->ctx, b->app);
	json_t *config;
	int r;

	json_object_set_new(labels, "com.dokku.builder-type", json_string(builder_herokuish.name));
	config = json_pack("{s:s, s:o}", "Name", volume, "Labels", labels);
	r = engine_volume_create(ctx_engine(b->ctx), config, err);
	json_decref(config);
	return r < 0 ? err_wrap(err, "make the cache '%s'", volume) : 0;
}

static void add_place_flags(struct build_job *job)
{
	strvec_pushl(&job->task.flags, "--workdir=/app", "--env=HEROKUISH_DISABLE_CHOWN=true",
		NULL);
}

/* Flags of users and plugins, without their variables. */
static int add_flags(struct work *w, struct build_job *job, struct err *err)
{
	const struct build *b = w->b;
	AUTO_STRVEC flags = STRVEC_INIT;
	AUTO_ENV own = ENV_INIT;
	const char *user;
	int r = build_flags(b, builder_herokuish.name, &flags, err);

	if (r >= 0)
		r = app_env_load(b->ctx, b->app, &own, err);
	if (r >= 0)
		r = build_flags_take_env(&flags, &own, &w->given, err);
	if (r < 0)
		return r;
	if (b->ctx->trace) {
		env_set(&w->given, "TRACE", "true");
		env_set(&w->given, "BUILDPACK_XTRACE", "1");
	}
	user = env_get(&w->given, "USER");
	w->user = xstrdup(user && *user ? user : HEROKUISH_USER);
	env_unset(&w->given, "USER");
	strvec_pushf(&job->task.flags, "--env=USER=%s", w->user);
	strvec_pushv(&job->task.flags, flags.items);
	return 0;
}

/*
 * The variables of the build are on a volume without a name, which goes with the container: whatever
 * becomes of the build, no image can hold them.
 */
static int create(struct work *w, struct build_job *job, struct err *err)
{
	const struct build *b = w->b;
	AUTO_FREE char *volume = cache_volume(b->ctx, b->app);
	struct strvec *flags = &job->task.flags;
	int r = ensure_cache(b, volume, err);

	if (r < 0)
		return r;
	job->task.image = w->image;
	add_place_flags(job);
	strvec_pushf(flags, "--volume=%s:/cache", volume);
	strvec_pushl(flags, "--env=CACHE_PATH=/cache", "--mount", "type=volume,target=" ENV_DIR,
		NULL);
	strvec_pushl(&job->task.command, "/bin/bash", "-c", SCRIPT, NULL);
	r = add_flags(w, job, err);
	if (r >= 0)
		r = build_job_create(job, err);
	return r < 0 ? r : image_owner(job, w->user, &w->owner, err);
}

static int fill(struct work *w, struct build_job *job, struct err *err)
{
	int r = w->has_source ? 0 : put_source(w, job, err);

	out_info1("Adding BUILD_ENV to build environment...");
	if (r >= 0)
		r = put_config(w, job, err);
	if (r >= 0)
		r = build_job_put_env(job, ENV_DIR, &w->env, w->owner, err);
	if (r >= 0)
		r = put_given(w, job, err);
	if (r >= 0)
		out_verbose_quiet("BUILD_ENV added successfully");
	return r;
}

/* --- plugins that look at the source in an image --- */

static char *app_user(const struct build *b)
{
	struct strbuf user = STRBUF_INIT;
	AUTO_ERR ignored = ERR_INIT;

	if (app_env_get(b->ctx, b->app, "DOKKU_APP_USER", &user, &ignored) <= 0 || !user.len)
		strbuf_set(&user, HEROKUISH_USER);
	return strbuf_detach(&user);
}

/* They run and commit the app's image, which so far is the stack and the source. */
static int make_source_image(struct work *w, struct err *err)
{
	AUTO_BUILD_JOB job = BUILD_JOB_INIT(w->b, builder_herokuish.name);
	AUTO_FREE char *user = app_user(w->b);
	AUTO_STRVEC none = STRVEC_INIT;
	int r;

	job.task.image = w->image;
	add_place_flags(&job);
	strvec_push(&job.task.command, "/bin/bash");
	r = build_job_create(&job, err);
	if (r >= 0)
		r = image_owner(&job, user, &w->owner, err);
	if (r >= 0)
		r = put_source(w, &job, err);
	if (r >= 0)
		r = build_job_commit(&job, w->b->image, &none, err);
	if (r < 0)
		return err_wrap(err, "make an image of the source");
	free(w->image);
	w->image = xstrdup(w->b->image);
	w->has_source = true;
	return 0;
}

static int let_plugins_prepare(struct work *w, struct err *err)
{
	int r = 0;

	if (builder_is_heard_before(w->b, &builder_herokuish) ||
		trigger_has_external(w->b->ctx, "builder-create-dokku-image"))
		r = make_source_image(w, err);
	return r < 0 ? r : builder_fire_before(w->b, &builder_herokuish, err);
}

/* --- the result --- */

static int commit(struct work *w, struct build_job *job, struct err *err)
{
	const struct build *b = w->b;
	AUTO_STRVEC changes = STRVEC_INIT;
	bool clean = false;
	int r = image_keeps_clean(b->ctx, w->image, &clean, err);

	/* The script has taken the file away: what was added to it may not stay. */
	if (r >= 0 && w->has_dotenv)
		r = put_dotenv(w, job, &w->dotenv, 0644, err);
	if (r < 0)
		return r;
	strvec_push(&changes, "CMD [\"/start\", \"web\"]");
	if (clean) { /* there is nothing to do at a release */
		strvec_pushf(&changes, "LABEL com.dokku.image-stage=%s",
			builder_stage(b->ctx, &builder_herokuish));
		strvec_pushf(&changes, "USER %s", w->user);
		strvec_push(&changes, "ENV HEROKUISH_SETUIDGUID=false");
	}
	return build_job_commit(job, b->image, &changes, err);
}

static int run(struct work *w, struct err *err)
{
	AUTO_BUILD_JOB job = BUILD_JOB_INIT(w->b, builder_herokuish.name);
	int r = create(w, &job, err);

	if (r >= 0)
		r = fill(w, &job, err);
	if (r >= 0)
		r = task_announce(&job.task, w->b->app, "build", err);
	if (r >= 0)
		r = build_job_run(&job, err);
	return r < 0 ? r : commit(w, &job, err);
}

static int work_on(struct work *w, struct err *err)
{
	const struct build *b = w->b;
	AUTO_FREE char *ignored = path_join(b->dir, ".dockerignore");
	int r = prepare_stack(w, err);

	if (r >= 0) /* it speaks of another kind of build */
		r = fs_unlink(ignored, err);
	if (r >= 0)
		r = set_curl_limits(b->ctx, err);
	if (r >= 0)
		r = let_plugins_prepare(w, err);
	if (r >= 0)
		r = app_env_merged(b->ctx, b->app, &w->env, err);
	if (r >= 0)
		r = read_dotenv(w, err);
	if (r >= 0)
		r = run(w, err);
	return r < 0 ? r : ports_set_detected_default(b->ctx, b->app, err);
}

static int build(const struct build *b, struct err *err)
{
	struct work w = {
		.b = b,
		.stack = STACK_INIT,
		.env = ENV_INIT,
		.given = ENV_INIT,
		.dotenv = STRBUF_INIT,
	};
	int r = work_on(&w, err);

	work_done(&w);
	return r;
}

const struct builder builder_herokuish = {
	.name = "herokuish",
	.old_name = "buildpack",
	.in_containers = true,
	.fires_before = true,
	.detect = detect,
	.build = build,
	.release = image_release,
};
