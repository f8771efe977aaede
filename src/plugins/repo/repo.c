/* SPDX-License-Identifier: MIT */
/* The repo plugin: care of what an app's builds keep. */
#include <jansson.h>

#include "base/alloc.h"
#include "base/child.h"
#include "core/image.h"
#include "core/output.h"
#include "core/plugin.h"
#include "core/trigger.h"
#include "lib/engine/containers.h"
#include "lib/engine/volumes.h"
#include "lib/git/git.h"

/* --- repo:gc --- */

/* Refs stay files of their own: other programs read an app's head from there. */
static int run_gc(struct ctx *ctx, const struct args *args, struct err *err)
{
	AUTO_FREE char *dir = inst_home(&ctx->inst, "%s", args_pos(args, 0));
	AUTO_CHILD c = CHILD_INIT;
	struct child_status st;
	int r;

	git_child(&c, dir);
	strvec_pushl(&c.argv, "-c", "gc.packRefs=false", "gc", "--aggressive", NULL);
	out_flush();
	r = child_run(&c, &st, err);
	return r < 0 || !st.code
		       ? r
		       : err_set(err, ERR_FAILED, "Unable to run git gc: exit code %d", st.code);
}

/* --- repo:purge-cache --- */

static int remove_container(struct ctx *ctx, const char *id, struct err *err)
{
	int r = engine_container_remove(ctx_engine(ctx), id, true, true, err);

	if (r != -ERR_NOT_FOUND && r != -ERR_EXISTS)
		return r;
	err_clear(err);
	return 0;
}

/* Containers of builds that did not end well hold the cache. */
static int remove_builds(struct ctx *ctx, const char *app, struct err *err)
{
	json_t *filter = labels_filter(ctx, app);
	json_t *found = NULL;
	json_t *one;
	size_t i;
	int r;

	json_array_append_new(json_object_get(filter, "label"),
		json_string("com.dokku.image-stage=build"));
	r = engine_container_list(ctx_engine(ctx), true, filter, &found, err);
	json_decref(filter);
	json_array_foreach (found, i, one) {
		const char *id = json_string_value(json_object_get(one, "Id"));

		if (r >= 0 && id)
			r = remove_container(ctx, id, err);
	}
	json_decref(found);
	return r;
}

static int remove_volume(struct ctx *ctx, const char *volume, struct err *err)
{
	int r = engine_volume_remove(ctx_engine(ctx), volume, true, err);

	if (r == -ERR_NOT_FOUND) {
		err_clear(err);
		r = 0;
	}
	return r < 0 ? err_wrap(err, "Unable to remove cache volume") : 0;
}

static int purge(struct ctx *ctx, const char *app, struct err *err)
{
	AUTO_FREE char *volume = cache_volume(ctx, app);
	int r = remove_builds(ctx, app, err);

	if (r >= 0)
		r = remove_volume(ctx, volume, err);
	for (const char *const *role = cache_roles; r >= 0 && *role; role++) {
		AUTO_FREE char *other = cache_volume_for(ctx, app, *role);

		r = remove_volume(ctx, other, err);
	}
	return r;
}

static int run_purge_cache(struct ctx *ctx, const struct args *args, struct err *err)
{
	return purge(ctx, args_pos(args, 0), err);
}

/* APP: another stack makes what is kept useless. */
static int on_stack_set(struct trigger_call *call, struct err *err)
{
	int r = trigger_need_app(call, err);

	return r < 0 ? r : purge(call->ctx, trigger_arg(call, 0), err);
}

/* A cache that cannot be removed keeps nobody from removing the app. */
static int drop(struct ctx *ctx, const char *app, struct err *err)
{
	AUTO_ERR why = ERR_INIT;

	if (purge(ctx, app, &why) < 0)
		out_trace("%s", err_text(&why));
	return 0;
}

static const struct command commands[] = {
	{ "repo:gc", "<app>", "Pack an app's git repository and drop what nothing leads to",
		CMD_APP | CMD_LOCK, 1, 1, NULL, run_gc, NULL },
	{ "repo:purge-cache", "<app>", "Remove what the builds of an app have kept for later ones",
		CMD_APP | CMD_LOCK, 1, 1, NULL, run_purge_cache, NULL },
	{},
};

static const struct trigger_handler triggers[] = {
	{ "post-stack-set", on_stack_set },
	{},
};

extern const struct plugin plugin_repo;
const struct plugin plugin_repo = {
	.name = "repo",
	.summary = "Manage what is kept of an app's sources and builds",
	.commands = commands,
	.triggers = triggers,
	.on_destroy = drop,
};
