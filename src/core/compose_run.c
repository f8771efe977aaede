/* SPDX-License-Identifier: MIT */
/*
 * Starting and stopping the services of a compose file. A container is replaced in an order in which
 * each moment can be told from the names: NAME.new has not run yet, NAME.old was stopped for it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/lock.h"
#include "core/compose.h"
#include "core/output.h"
#include "core/registry.h"
#include "lib/engine/containers.h"
#include "lib/engine/images.h"

enum { STOP_SECONDS = 10, LOCK_WAIT_MS = 120 * 1000 };

static const char *member(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* One start or stop of a project at a time. */
static int lock_project(struct ctx *ctx, const char *project, struct err *err)
{
	AUTO_FREE char *dir = inst_lib(&ctx->inst, "data/moorage");
	AUTO_FREE char *path = xasprintf("%s/compose-%s.lock", dir, project);
	int r = fs_mkdir_p(dir, 0755, err);

	return r < 0 ? r : lock_take(path, "start or stop", LOCK_WAIT_MS, err);
}

/* --- looking --- */

/* 1 and *RET (new) when there is such a container. */
static int look(struct ctx *ctx, const char *name, json_t **ret, struct err *err)
{
	int r = engine_container_inspect(ctx_engine(ctx), name, ret, err);

	if (r != -ERR_NOT_FOUND)
		return r < 0 ? r : 1;
	err_clear(err);
	return 0;
}

static bool is_running(const json_t *inspected)
{
	return json_is_true(json_object_get(json_object_get(inspected, "State"), "Running"));
}

static bool is_of(const json_t *inspected, const char *project)
{
	const json_t *labels = json_object_get(json_object_get(inspected, "Config"), "Labels");

	return str_eq(member(labels, "com.docker.compose.project"), project);
}

/* *RET is the image, pulled if it is not here; new. */
static int find_image(struct ctx *ctx, const char *image, json_t **ret, struct err *err)
{
	int r = engine_image_inspect(ctx_engine(ctx), image, ret, err);

	if (r != -ERR_NOT_FOUND)
		return r;
	err_clear(err);
	out_info1("Pulling image %s", image);
	r = registry_pull(ctx, NULL, image, false, err);
	if (r >= 0)
		r = engine_image_inspect(ctx_engine(ctx), image, ret, err);
	return r < 0 ? err_wrap(err, "Image %s is not on this machine and could not be pulled",
			       image)
		     : r;
}

/* --- one container --- */

static int remove_container(struct ctx *ctx, const char *name, struct err *err)
{
	int r = engine_container_remove(ctx_engine(ctx), name, true, false, err);

	if (r == -ERR_NOT_FOUND) {
		err_clear(err);
		return 0;
	}
	return r;
}

static int rename_container(struct ctx *ctx, const char *from, const char *to, struct err *err)
{
	return engine_container_rename(ctx_engine(ctx), from, to, err);
}

/* Stops the one of before and gives its name to the new one. */
static int take_place(struct ctx *ctx, const char *name, const char *fresh, const char *aside,
	bool replaces, struct err *err)
{
	int r = 0;

	if (replaces)
		r = engine_container_stop(ctx_engine(ctx), name, STOP_SECONDS, err);
	if (r >= 0 && replaces)
		r = rename_container(ctx, name, aside, err);
	if (r >= 0)
		r = rename_container(ctx, fresh, name, err);
	return r < 0 ? r : engine_container_start(ctx_engine(ctx), name, err);
}

/* What could not be started goes, and the one of before comes back. */
static void give_back(struct ctx *ctx, const char *name, const char *fresh, const char *aside)
{
	AUTO_ERR err = ERR_INIT;
	json_t *kept = NULL;
	int r = remove_container(ctx, fresh, &err);

	if (r >= 0)
		r = look(ctx, aside, &kept, &err);
	if (r > 0) {
		r = remove_container(ctx, name, &err);
		if (r >= 0)
			r = rename_container(ctx, aside, name, &err);
	}
	json_decref(kept);
	kept = NULL;
	if (r >= 0)
		r = look(ctx, name, &kept, &err);
	json_decref(kept);
	if (r > 0)
		r = engine_container_start(ctx_engine(ctx), name, &err);
	if (r < 0)
		out_error(&err);
}

static int replace(struct ctx *ctx, const char *name, const json_t *body, bool replaces,
	struct err *err)
{
	AUTO_FREE char *fresh = xasprintf("%s.new", name);
	AUTO_FREE char *aside = xasprintf("%s.old", name);
	AUTO_FREE char *id = NULL;
	int r = remove_container(ctx, fresh, err);

	if (r >= 0)
		r = engine_container_create(ctx_engine(ctx), fresh, body, &id, err);
	if (r < 0)
		return err_wrap(err, "create container %s", name);
	r = take_place(ctx, name, fresh, aside, replaces, err);
	if (r >= 0)
		return remove_container(ctx, aside, err);
	if (replaces) {
		give_back(ctx, name, fresh, aside);
	} else {
		AUTO_ERR late = ERR_INIT;

		if (remove_container(ctx, id, &late) < 0)
			out_error(&late);
	}
	return err_wrap(err, "start container %s", name);
}

/* A replacement that was cut off: the container of before is the one that counts. */
static int repair(struct ctx *ctx, const char *name, struct err *err)
{
	AUTO_FREE char *aside = xasprintf("%s.old", name);
	json_t *kept = NULL;
	json_t *there = NULL;
	int r = look(ctx, aside, &kept, err);

	if (r > 0) {
		r = look(ctx, name, &there, err);
		if (r > 0)
			r = remove_container(ctx, aside, err);
		else if (r == 0)
			r = rename_container(ctx, aside, name, err);
	}
	json_decref(kept);
	json_decref(there);
	return r < 0 ? r : 0;
}

static int bring_up(struct ctx *ctx, const struct compose *c, const struct compose_service *s,
	const json_t *body, const json_t *image, struct err *err)
{
	json_t *there = NULL;
	bool exists;
	bool runs;
	bool same;
	bool foreign;
	int r = repair(ctx, s->container, err);

	if (r >= 0)
		r = look(ctx, s->container, &there, err);
	exists = r > 0;
	runs = exists && is_running(there);
	same = exists && compose_matches(body, there, image);
	foreign = exists && !is_of(there, c->project);
	json_decref(there);
	if (r < 0)
		return r;
	if (foreign)
		return err_set(err, ERR_EXISTS,
			"There is a container %s that does not belong to the compose project %s",
			s->container, c->project);
	if (same && runs) {
		out_info1("Container %s is running", s->container);
		return 0;
	}
	r = same ? engine_container_start(ctx_engine(ctx), s->container, err)
		 : replace(ctx, s->container, body, exists, err);
	if (r >= 0)
		out_info1("Container %s %s", s->container,
			same || !exists ? "started" : "replaced");
	return r;
}

static int up_one(struct ctx *ctx, const struct compose *c, const struct compose_service *s,
	struct err *err)
{
	json_t *body = NULL;
	json_t *image = NULL;
	int r = compose_body(ctx, c, s, &body, err);

	if (r >= 0)
		r = find_image(ctx, s->image, &image, err);
	if (r >= 0)
		r = bring_up(ctx, c, s, body, image, err);
	json_decref(body);
	json_decref(image);
	return r;
}

int compose_up(struct ctx *ctx, const struct compose *c, struct err *err)
{
	AUTO_CLOSE int lock = lock_project(ctx, c->project, err);
	int r = lock < 0 ? lock : 0;

	for (size_t i = 0; r >= 0 && i < c->count; i++)
		r = up_one(ctx, c, &c->items[i], err);
	return r;
}

/* --- down --- */

static int down_one(struct ctx *ctx, const json_t *item, struct err *err)
{
	const char *id = member(item, "Id");
	const char *name = json_string_value(json_array_get(json_object_get(item, "Names"), 0));
	int r = engine_container_stop(ctx_engine(ctx), id, STOP_SECONDS, err);

	if (r == -ERR_NOT_FOUND) {
		err_clear(err);
		return 0;
	}
	if (r >= 0)
		r = remove_container(ctx, id, err);
	if (r >= 0)
		out_info1("Container %s stopped", name && *name == '/' ? name + 1 : id);
	return r;
}

int compose_down(struct ctx *ctx, const char *name, struct err *err)
{
	AUTO_FREE char *project = compose_project(ctx, name);
	AUTO_CLOSE int lock = lock_project(ctx, project, err);
	json_t *filters = NULL;
	json_t *list = NULL;
	int r = lock < 0 ? lock : 0;

	if (r >= 0) {
		AUTO_FREE char *label = xasprintf("com.docker.compose.project=%s", project);

		filters = json_pack("{s:[s]}", "label", label);
		r = engine_container_list(ctx_engine(ctx), true, filters, &list, err);
	}
	for (size_t i = 0; r >= 0 && i < json_array_size(list); i++)
		r = down_one(ctx, json_array_get(list, i), err);
	json_decref(filters);
	json_decref(list);
	return r;
}
