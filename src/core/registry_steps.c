/* SPDX-License-Identifier: MIT */
/*
 * A release and its names: the image is tagged, pushed, counted, and later the names of older
 * releases go. The count goes up only once the push has succeeded, and it is undone with the deploy;
 * a number that was pushed is never used again.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/parse.h"
#include "core/image.h"
#include "core/image_make.h"
#include "core/output.h"
#include "core/registry.h"
#include "core/registry_auth.h"
#include "core/registry_progress.h"
#include "core/state.h"
#include "core/state_step.h"
#include "lib/engine/images.h"

enum {
	KEEP_RELEASES = 2,  /* the one that runs and the one before it */
	TIDY_RELEASES = 10, /* how far back their names are looked for */
	VERSION_MAX = 1000000000,
};

enum registry_step { STEP_TAG, STEP_PUSH, STEP_TIDY };

static int split_name(const char *image, char **ret_repo, const char **ret_tag, struct err *err)
{
	const char *slash = strrchr(image, '/');
	const char *colon = strchr(slash ? slash : image, ':');

	if (!colon)
		return err_set(err, ERR_BUG, "the image '%s' has no tag", image);
	*ret_repo = xstrndup(image, (size_t)(colon - image));
	*ret_tag = colon + 1;
	return 0;
}

static int give_name(struct ctx *ctx, const char *from, const char *name, struct err *err)
{
	AUTO_FREE char *repo = NULL;
	const char *tag;
	int r = split_name(name, &repo, &tag, err);

	if (r >= 0)
		r = engine_image_tag(ctx_engine(ctx), from, repo, tag, err);
	return r < 0 ? err_wrap(err, "tag '%s' as '%s'", from, name) : 0;
}

/* Takes a name away; 1 when it did. */
static int drop_name(struct ctx *ctx, const char *name, struct err *err)
{
	int r = engine_image_remove(ctx_engine(ctx), name, false, false, err);

	/* Gone already, or the last name of what a container still runs. */
	if (r == -ERR_NOT_FOUND || r == -ERR_EXISTS) {
		err_clear(err);
		return 0;
	}
	return r < 0 ? r : 1;
}

/* --- names --- */

static void describe_tag(const struct step *step, struct strbuf *out)
{
	json_t *names = json_object_get(step->args, "names");
	const char *name;
	json_t *old;

	strbuf_addf(out, "tag %s as", step_arg(step, "image"));
	json_object_foreach (names, name, old)
		strbuf_addf(out, " %s", name);
}

static int run_tag(struct operation *op, struct step *step, struct err *err)
{
	const char *release = step_arg(step, "release");
	const char *name;
	json_t *old;
	int r = 0;

	if (*release) {
		out_info1("Pushing image to registry");
		out_verbose_quiet("Bumping tag to %s", release);
	}
	json_object_foreach (json_object_get(step->args, "names"), name, old) {
		if (r < 0)
			break;
		if (*release)
			out_verbose_quiet("Tagging %s in registry format", name);
		r = registry_note_repo(op->ctx, step_arg(step, "app"), name, err);
		if (r >= 0)
			r = give_name(op->ctx, step_arg(step, "image"), name, err);
	}
	return r;
}

/* NAME is again what it was: that of the image OLD, or nobody's. */
static int restore_name(struct ctx *ctx, const char *name, const char *old, struct err *err)
{
	AUTO_FREE char *now = NULL;
	int r = image_id(ctx, name, &now, err);

	if (r < 0 || str_eq(now, old))
		return r;
	if (*old)
		return give_name(ctx, old, name, err);
	r = drop_name(ctx, name, err);
	return r < 0 ? r : 0;
}

static int undo_tag(struct operation *op, struct step *step, struct err *err)
{
	const char *name;
	json_t *old;
	int r = 0;

	json_object_foreach (json_object_get(step->args, "names"), name, old) {
		if (r >= 0)
			r = restore_name(op->ctx, name, json_string_value(old), err);
	}
	return r;
}

/* --- the push --- */

static void describe_push(const struct step *step, struct strbuf *out)
{
	strbuf_addf(out, "push %s", step_arg(step, "image"));
}

static int refused(const struct step *step, bool has_login, struct err *err)
{
	const char *app = step_arg(step, "app");
	const char *image = step_arg(step, "image");
	AUTO_FREE char *server = xstrndup(image, strcspn(image, "/"));
	AUTO_FREE char *why = xstrdup(err_text(err));

	if (operation_interrupted())
		return -(int)err->kind;
	if (has_login || !strpbrk(server, ".:"))
		return err_user(err, ERR_FAILED, 1,
			"App %s: unable to push image %s, the deploy ends here: %s", app, image,
			why);
	return err_user(err, ERR_FAILED, 1,
		"App %s: unable to push image %s, the deploy ends here: %s\n"
		"There is no login for this registry: dokku registry:login %s %s <username>",
		app, image, why, app, server);
}

static int push(struct ctx *ctx, const struct step *step, struct err *err)
{
	const char *image = step_arg(step, "image");
	struct registry_progress progress = REGISTRY_PROGRESS_INIT;
	AUTO_FREE char *repo = NULL;
	json_t *auth = NULL;
	const char *tag;
	int r = split_name(image, &repo, &tag, err);

	if (r >= 0)
		r = registry_auth(ctx, step_arg(step, "app"), image, &auth, err);
	if (r < 0)
		return r;
	out_verbose_quiet("Pushing %s", image);
	out_flush();
	ctx_engine(ctx)->cancel_fd = operation_cancel_fd();
	r = engine_image_push(ctx_engine(ctx), repo, tag, auth, registry_progress_show, &progress,
		err);
	ctx_engine(ctx)->cancel_fd = -1;
	registry_progress_done(&progress);
	if (r < 0)
		r = refused(step, auth != NULL, err);
	json_decref(auth);
	return r;
}

/* "latest" may be a name that the image has anyway. */
static bool keeps_name(const struct step *step)
{
	return json_is_true(json_object_get(step->args, "keep"));
}

/* An extra tag has its name here only while it is pushed. */
static int push_extra(struct ctx *ctx, const struct step *step, struct err *err)
{
	const char *image = step_arg(step, "image");
	int r = give_name(ctx, step_arg(step, "from"), image, err);

	if (r >= 0)
		r = push(ctx, step, err);
	return r < 0 || keeps_name(step) ? r : restore_name(ctx, image, step_arg(step, "old"), err);
}

static int run_push(struct operation *op, struct step *step, struct err *err)
{
	const char *release = step_arg(step, "release");
	int r;

	if (!*release)
		return push_extra(op->ctx, step, err);
	/* Before the push: what a registry has once got stays what it is. */
	r = state_set(op->ctx, "registry", step_arg(step, "app"), "tag-pushed", release, err);
	if (r >= 0)
		r = push(op->ctx, step, err);
	if (r >= 0)
		out_verbose_quiet("Image %s pushed", step_arg(step, "image"));
	return r;
}

static int undo_push(struct operation *op, struct step *step, struct err *err)
{
	if (*step_arg(step, "release") || keeps_name(step))
		return 0;
	return restore_name(op->ctx, step_arg(step, "image"), step_arg(step, "old"), err);
}

/* --- names of older releases --- */

static void describe_tidy(const struct step *step, struct strbuf *out)
{
	strbuf_addf(out, "remove the names of older releases of %s", step_arg(step, "app"));
}

static int run_tidy(struct operation *op, struct step *step, struct err *err)
{
	json_int_t release = json_integer_value(json_object_get(step->args, "release"));
	json_t *repos = json_object_get(step->args, "repos");
	json_t *repo;
	size_t i;
	int r = 0;

	json_array_foreach (repos, i, repo) {
		json_int_t n = release - KEEP_RELEASES;

		for (; r >= 0 && n > 0 && n > release - KEEP_RELEASES - TIDY_RELEASES; n--) {
			AUTO_FREE char *name =
				xasprintf("%s:%lld", json_string_value(repo), (long long)n);

			r = drop_name(op->ctx, name, err);
		}
	}
	return r < 0 ? r : 0;
}

const struct step_kind registry_steps[] = {
	[STEP_TAG] = { "registry:tag", 0, describe_tag, run_tag, undo_tag },
	[STEP_PUSH] = { "registry:push", 0, describe_push, run_push, undo_push },
	[STEP_TIDY] = { "registry:tidy", STEP_MAY_FAIL | STEP_QUIET, describe_tidy, run_tidy,
		NULL },
	{},
};

/* --- planning --- */

struct release {
	struct operation *op;
	const char *app;
	const char *image; /* of the build */
	char *server;
	char *repo;
	json_int_t number; /* 0: not pushed */
};

static void release_done(struct release *p)
{
	free(p->server);
	free(p->repo);
}

static json_int_t read_number(struct ctx *ctx, const char *app, const char *name)
{
	AUTO_FREE char *text = state_get_or(ctx, "registry", app, name, "0");
	AUTO_ERR ignored = ERR_INIT;
	uint64_t n = 0;

	return parse_uint(text, 0, VERSION_MAX, &n, &ignored) < 0 ? -1 : (json_int_t)n;
}

static int next_number(struct ctx *ctx, const char *app, json_int_t *ret, struct err *err)
{
	json_int_t deployed = read_number(ctx, app, "tag-version");
	json_int_t pushed = read_number(ctx, app, "tag-pushed");

	if (deployed < 0)
		return err_set(err, ERR_INVALID, "the tag-version of '%s' is not a number", app);
	*ret = (deployed > pushed ? deployed : pushed) + 1;
	return 0;
}

static int load(struct operation *op, const char *app, const char *image, struct release *ret,
	struct err *err)
{
	*ret = (struct release){ .op = op, .app = app, .image = image };
	ret->server = registry_server(op->ctx, app);
	if (registry_pushes(op->ctx, app) && next_number(op->ctx, app, &ret->number, err) < 0)
		return -(int)err->kind;
	return registry_repo(op->ctx, app, &ret->repo, err);
}

/* The id that has the name now, for undo(); nobody is asked under --dry-run. */
static int id_now(struct ctx *ctx, const char *name, char **ret, struct err *err)
{
	if (!ctx->dry_run)
		return image_id(ctx, name, ret, err);
	*ret = xstrdup("");
	return 0;
}

/* Takes NAME over. */
static int add_name(const struct release *p, json_t *names, char *name, struct err *err)
{
	AUTO_FREE char *own = name;
	AUTO_FREE char *id = NULL;
	int r;

	if (str_eq(own, p->image))
		return 0;
	r = id_now(p->op->ctx, own, &id, err);
	if (r >= 0)
		json_object_set_new(names, own, json_string(id));
	return r;
}

static char *number_text(const struct release *p)
{
	return p->number ? xasprintf("%lld", (long long)p->number) : xstrdup("");
}

/* The names; the one to deploy is *RET. */
static int plan_names(const struct release *p, char **ret, struct err *err)
{
	AUTO_FREE char *number = number_text(p);
	const char *tag = p->number ? number : "latest";
	json_t *names = json_object();
	int r = add_name(p, names, xasprintf("%s:latest", p->repo), err);

	if (r >= 0)
		r = add_name(p, names, xasprintf("%s:%s", p->repo, tag), err);
	if (r >= 0)
		r = add_name(p, names, xasprintf("%s%s:%s", p->server, p->repo, tag), err);
	if (r < 0 || !json_object_size(names)) {
		json_decref(names);
		return r;
	}
	r = operation_add(p->op, &registry_steps[STEP_TAG],
		json_pack("{s:s, s:s, s:s, s:o}", "app", p->app, "image", p->image, "release",
			number, "names", names),
		err);
	if (r < 0)
		return r;
	*ret = xasprintf("%s%s:%s", p->server, p->repo, tag);
	return 1;
}

static int plan_extra(const struct release *p, const char *tag, struct err *err)
{
	AUTO_FREE char *name = xasprintf("%s%s:%s", p->server, p->repo, tag);
	bool keep = !*p->server && str_eq(tag, "latest");
	AUTO_FREE char *old = NULL;
	int r = id_now(p->op->ctx, name, &old, err);

	if (r < 0)
		return r;
	return operation_add(p->op, &registry_steps[STEP_PUSH],
		json_pack("{s:s, s:s, s:s, s:s, s:b}", "app", p->app, "image", name, "from",
			p->image, "old", old, "keep", (int)keep),
		err);
}

static int plan_pushes(const struct release *p, const char *target, struct err *err)
{
	AUTO_FREE char *extra =
		state_computed(p->op->ctx, "registry", p->app, "push-extra-tags", "");
	AUTO_FREE char *number = number_text(p);
	AUTO_STRVEC tags = STRVEC_INIT;
	json_t *changes = json_array();
	int r = 0;

	registry_split_tags(extra, &tags);
	for (size_t i = 0; r >= 0 && i < tags.count; i++)
		r = plan_extra(p, tags.items[i], err);
	if (r >= 0)
		r = operation_add(p->op, &registry_steps[STEP_PUSH],
			json_pack("{s:s, s:s, s:s}", "app", p->app, "image", target, "release",
				number),
			err);
	if (r >= 0)
		r = state_change(p->op->ctx, changes, "registry", p->app, "tag-version", number,
			err);
	if (r >= 0)
		return state_plan(p->op, changes, err);
	json_decref(changes);
	return r;
}

int registry_plan_release(struct operation *op, const char *app, const char *image, char **ret,
	struct err *err)
{
	AUTO_FREE char *target = NULL;
	struct release p;
	int planned = 0;
	int r = load(op, app, image, &p, err);

	if (r >= 0)
		planned = r = plan_names(&p, &target, err);
	if (r > 0 && p.number)
		r = plan_pushes(&p, target, err);
	release_done(&p);
	if (r < 0)
		return err_wrap(err, "plan the release of '%s'", app);
	*ret = target ? TAKE_PTR(target) : xstrdup(image);
	return planned;
}

int registry_plan_tidy(struct operation *op, const char *app, struct err *err)
{
	struct release p;
	int r = load(op, app, "", &p, err);

	if (r >= 0 && p.number - 1 > KEEP_RELEASES)
		r = operation_add(op, &registry_steps[STEP_TIDY],
			json_pack("{s:s, s:I, s:[s, s+]}", "app", app, "release", p.number - 1,
				"repos", p.repo, p.server, p.repo),
			err);
	release_done(&p);
	return r;
}

/* --- an image that shall go --- */

static bool is_release_tag(const char *tag, const char *now)
{
	return *tag && strspn(tag, "0123456789") == strlen(tag) && !str_eq(tag, now);
}

static int untag_one(struct ctx *ctx, const char *app, const char *name, struct err *err)
{
	AUTO_FREE char *now = state_get_or(ctx, "registry", app, "tag-version", "");
	const char *colon = strrchr(name, ':');
	int r = registry_owns(ctx, app, name, err);

	if (r <= 0 || !colon || !is_release_tag(colon + 1, now))
		return r < 0 ? r : 0;
	return drop_name(ctx, name, err);
}

int registry_untag_old(struct ctx *ctx, const char *app, const char *id, struct err *err)
{
	json_t *inspected = NULL;
	json_t *name;
	size_t i;
	int count = 0;
	int r = engine_image_inspect(ctx_engine(ctx), id, &inspected, err);

	if (r == -ERR_NOT_FOUND) {
		err_clear(err);
		return 0;
	}
	json_array_foreach (json_object_get(inspected, "RepoTags"), i, name) {
		const char *text = json_string_value(name);

		if (r >= 0 && text)
			r = untag_one(ctx, app, text, err);
		count += r > 0;
	}
	json_decref(inspected);
	return r < 0 ? r : count;
}
