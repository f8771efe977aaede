/* SPDX-License-Identifier: MIT */
/* git:from-image and git:load-image: a Dockerfile that names an image becomes a commit. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/applock.h"
#include "core/deploy.h"
#include "core/image_make.h"
#include "core/output.h"
#include "core/registry.h"
#include "core/source_file.h"
#include "core/state_step.h"
#include "core/trigger.h"
#include "lib/dockerref/dockerref.h"
#include "lib/engine/images.h"
#include "plugins/git/folder.h"
#include "plugins/git/git.h"
#include "plugins/git/steps.h"

enum { DOCKERFILE_MAX = 4 << 20 };

struct request {
	const char *command; /* "git:from-image" */
	const char *image;
	const char *build_dir; /* "": none */
	bool pull;             /* also if it is there */
	bool load;             /* from standard input */
	bool note;             /* the app's deploy-source */
	const char *name;
	const char *email;
};

/* --- git:load --- */

static void show_message(void *to, const json_t *message)
{
	const char *text = json_string_value(json_object_get(message, "stream"));

	if (text)
		fputs(text, stdout);
}

void git_describe_load(const struct step *step, struct strbuf *out)
{
	strbuf_addstr(out, "load an image");
}

int git_run_load(struct operation *op, struct step *step, struct err *err)
{
	const char *image = step_arg(step, "image");
	AUTO_FREE char *id = NULL;
	int r = engine_image_load(ctx_engine(op->ctx), STDIN_FILENO, show_message, NULL, err);

	out_flush();
	if (r >= 0)
		r = image_id(op->ctx, image, &id, err);
	if (r < 0 || *id)
		return r;
	return err_set(err, ERR_NOT_FOUND,
		"Loaded image tarball but the specified docker image was not found: %s", image);
}

/* What was loaded stays: the engine cannot tell whether somebody has come to use it. */
/* --- git:image --- */

void git_describe_image(const struct step *step, struct strbuf *out)
{
	strbuf_addf(out, "write a Dockerfile for %s", step_arg(step, "image"));
}

static int pull(struct operation *op, const char *app, const char *image, struct err *err)
{
	int r = registry_pull(op->ctx, app, image, true, err);

	if (r < 0) {
		AUTO_FREE char *why = xstrdup(err_text(err));

		return err_user(err, ERR_FAILED, 1, "Failed to pull image: %s\n%s", image, why);
	}
	return 0;
}

static int get_image(struct operation *op, const char *app, const char *image, bool force,
	struct err *err)
{
	AUTO_FREE char *id = NULL;
	int r = image_id(op->ctx, image, &id, err);

	if (r < 0)
		return r;
	if (*id && !force) {
		out_info1("Image exists on host, skipping pull");
		return 0;
	}
	out_info1(*id ? "Force pulling image" : "Pulling image");
	return pull(op, app, image, err);
}

/* Behind what the build folder's Dockerfile may say already. */
static int add_dockerfile(const char *tree, const char *image, struct err *err)
{
	AUTO_FREE char *path = path_join(tree, "Dockerfile");
	AUTO_STRBUF text = STRBUF_INIT;
	int r = source_read(tree, "Dockerfile", DOCKERFILE_MAX, &text, err);

	if (r < 0)
		return r;
	strbuf_addf(&text, "FROM %s\n", image);
	strbuf_addf(&text, "LABEL com.dokku.docker-image-labeler/alternate-tags=[\\\"%s\\\"]\n",
		image);
	return fs_write(path, text.buf, text.len, 0644, err);
}

int git_run_image(struct operation *op, struct step *step, struct err *err)
{
	const char *image = step_arg(step, "image");
	const char *build_dir = step_arg(step, "build_dir");
	bool force = json_is_true(json_object_get(step->args, "pull"));
	AUTO_FREE char *tree = path_join(step_arg(step, "dir"), "tree");
	int r = 0;

	out_info1("Generating build context");
	if (*build_dir) {
		if (!fs_is_dir(build_dir))
			return err_set(err, ERR_NOT_FOUND,
				"Invalid BUILD_DIR specified for docker build context");
		out_verbose("Syncing build directory context");
		r = fs_copy_tree(build_dir, tree, err);
	} else {
		r = fs_mkdir_p(tree, 0755, err);
	}
	if (r >= 0)
		r = add_dockerfile(tree, image, err);
	return r < 0 ? r : get_image(op, step_arg(step, "app"), image, force, err);
}

/* --- the commands --- */

/* The builder's plugins look at it during the deploy; a failure puts the old one back. */
static int plan_source_image(struct operation *op, const char *app, const char *image,
	struct err *err)
{
	json_t *changes = json_array();
	int r = state_change(op->ctx, changes, "git", app, "source-image", image, err);

	if (r >= 0)
		return state_plan(op, changes, err);
	json_decref(changes);
	return r;
}

static int plan(struct operation *op, const char *app, const void *memory, struct err *err)
{
	const struct request *request = memory;
	AUTO_FREE char *dir = git_workspace(op);
	struct git_commit commit = { .name = request->name,
		.email = request->email,
		.type = request->note ? "docker-image" : NULL,
		.metadata = request->image };
	int r = git_plan_workspace(op, err);

	if (r >= 0 && request->load)
		r = git_add(op, "git:load-image", json_pack("{s:s}", "image", request->image), err);
	if (r >= 0)
		r = git_add(op, "git:image",
			json_pack("{s:s, s:s, s:s, s:s, s:b}", "app", app, "dir", dir, "image",
				request->image, "build_dir", request->build_dir, "pull",
				request->pull),
			err);
	if (r >= 0)
		r = plan_source_image(op, app, request->image, err);
	return r < 0 ? r : git_plan_commit(op, app, &commit, err);
}

/* It becomes part of a Dockerfile and of command lines. */
static int check_image(const char *image, struct err *err)
{
	AUTO_DOCKERREF ref = DOCKERREF_INIT;

	return dockerref_is_id(image) ? 0 : dockerref_parse(image, &ref, err);
}

static int from_image(struct ctx *ctx, const char *app, const struct request *request,
	struct err *err)
{
	int r = check_image(request->image, err);

	if (r >= 0 && request->note)
		r = trigger_fire(ctx, err, "git-from-image", app, request->image,
			request->build_dir, request->name, request->email, NULL);
	if (r >= 0)
		r = deploy_fetched(ctx, app, request->command, plan, request, err);
	if (r < 0 || !request->note)
		return r;
	return trigger_fire(ctx, err, "deploy-source-set", app, "docker-image", request->image,
		NULL);
}

int git_run_from_image(struct ctx *ctx, const struct args *args, struct err *err)
{
	struct request request = {
		.command = "git:from-image",
		.image = args_pos(args, 1),
		.build_dir = args_value(args, "build-dir", ""),
		.pull = ctx->force || args_has(args, "force"),
		.note = true,
		.name = args_pos(args, 2),
		.email = args_pos(args, 3),
	};

	return from_image(ctx, args_pos(args, 0), &request, err);
}

int git_run_load_image(struct ctx *ctx, const struct args *args, struct err *err)
{
	struct request request = {
		.command = "git:load-image",
		.image = args_pos(args, 1),
		.build_dir = args_value(args, "build-dir", ""),
		.load = true,
		.note = true,
		.name = args_pos(args, 2),
		.email = args_pos(args, 3),
	};

	if (isatty(STDIN_FILENO))
		return err_set(err, ERR_USAGE,
			"Expecting tar archive containing docker image on STDIN");
	return from_image(ctx, args_pos(args, 0), &request, err);
}

int git_on_from_image(struct trigger_call *call, struct err *err)
{
	struct request request = {
		.command = "git:from-image",
		.image = trigger_arg(call, 1),
		.build_dir = trigger_arg(call, 2),
		.name = trigger_arg(call, 3),
		.email = trigger_arg(call, 4),
	};
	int r = trigger_need_app(call, err);

	if (r >= 0)
		r = app_lock(call->ctx, trigger_arg(call, 0), APP_LOCK_WAIT, err);
	return r < 0 ? r : from_image(call->ctx, trigger_arg(call, 0), &request, err);
}
