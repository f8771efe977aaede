/* SPDX-License-Identifier: MIT */
#include "core/stack.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/app_env.h"
#include "core/operation.h"
#include "core/output.h"
#include "core/registry.h"
#include "core/stack_build.h"
#include "core/state.h"
#include "lib/engine/images.h"

#define DEBIAN_PREFIX STACK_DEBIAN_REPO ":debian-"
#define DEBIAN_SUITE  "debian-12"

void stack_done(struct stack *s)
{
	free(s->image);
	strbuf_done(&s->reason);
	*s = (struct stack)STACK_INIT;
}

static void set(struct stack *s, const char *image, const char *reason)
{
	char *copy = xstrdup(image); /* it may be the one that was set */

	free(s->image);
	s->image = copy;
	strbuf_set(&s->reason, reason);
}

/* --- what somebody said --- */

static bool named_by_property(struct ctx *ctx, const char *app, const char *reason,
	struct stack *ret)
{
	AUTO_FREE char *image = state_get_or(ctx, "buildpacks", app, "stack", "");

	if (*image)
		set(ret, image, reason);
	return *image;
}

static int named_by_config(struct ctx *ctx, const char *app, struct stack *ret, struct err *err)
{
	AUTO_STRBUF image = STRBUF_INIT;
	int r = app_env_get(ctx, app, "DOKKU_IMAGE", &image, err);

	if (r <= 0 || !image.len)
		return r < 0 ? r : 0;
	out_warn("Deprecated: use buildpacks:set-property instead of specifying DOKKU_IMAGE "
		 "environment variable");
	set(ret, image.buf, "DOKKU_IMAGE of the app's config says so");
	return 1;
}

/* Dokku's programs find it in their environment in any case. */
static bool named_by_environment(struct stack *ret)
{
	const char *image = getenv("DOKKU_IMAGE");

	if (!image || !*image || str_eq(image, STACK_HEROKUISH))
		return false;
	set(ret, image, "DOKKU_IMAGE of the environment says so");
	return true;
}

int stack_named(struct ctx *ctx, const char *app, struct stack *ret, struct err *err)
{
	if (named_by_property(ctx, app, "the app's property 'stack' says so", ret) ||
		named_by_property(ctx, SCOPE_GLOBAL, "the global property 'stack' says so", ret))
		return 1;
	return named_by_config(ctx, app, ret, err);
}

/* 1 when it is said. */
static int find_named(struct ctx *ctx, const char *app, struct stack *ret, struct err *err)
{
	int r = stack_named(ctx, app, ret, err);

	return r != 0 ? r : named_by_environment(ret);
}

/* --- what is here --- */

static int is_here(struct ctx *ctx, const char *image, struct err *err)
{
	json_t *inspected = NULL;
	int r = engine_image_inspect(ctx_engine(ctx), image, &inspected, err);

	json_decref(inspected);
	if (r == -ERR_NOT_FOUND) {
		err_clear(err);
		return 0;
	}
	return r < 0 ? r : 1;
}

const char *stack_best(const struct strvec *names)
{
	const char *best = NULL;

	for (size_t i = 0; i < names->count; i++) {
		const char *name = names->items[i];

		if (!str_starts(name, DEBIAN_PREFIX))
			continue;
		if (str_eq(name, DEBIAN_PREFIX "12"))
			return name;
		if (!best || strverscmp(name, best) > 0)
			best = name;
	}
	return best;
}

/* 1 when there is one. */
static int find_debian(struct ctx *ctx, struct stack *ret, struct err *err)
{
	json_t *filter = json_pack("{s:[s]}", "reference", DEBIAN_PREFIX "*");
	AUTO_STRVEC names = STRVEC_INIT;
	json_t *found = NULL;
	json_t *image;
	json_t *name;
	size_t i;
	size_t j;
	int r = engine_image_list(ctx_engine(ctx), false, filter, &found, err);

	json_decref(filter);
	json_array_foreach (found, i, image)
		json_array_foreach (json_object_get(image, "RepoTags"), j, name)
			strvec_push(&names, json_string_value(name) ? json_string_value(name) : "");
	json_decref(found);
	if (r < 0 || !stack_best(&names))
		return r < 0 ? r : 0;
	set(ret, stack_best(&names), "it is on this machine");
	return 1;
}

int stack_choose(struct ctx *ctx, const char *app, struct stack *ret, struct err *err)
{
	int r = find_named(ctx, app, ret, err);

	if (r != 0) {
		ret->named = r > 0;
		return r < 0 ? r : 0;
	}
	r = is_here(ctx, STACK_HEROKUISH, err);
	if (r > 0)
		set(ret, STACK_HEROKUISH, "it is on this machine");
	if (r == 0)
		r = find_debian(ctx, ret, err);
	if (r == 0)
		set(ret, STACK_HEROKUISH, "it is Dokku's, and no stack is on this machine");
	return r < 0 ? r : 0;
}

/* --- getting it --- */

static int pull_named(struct ctx *ctx, const char *app, const struct stack *s, struct err *err)
{
	AUTO_FREE char *why = NULL;
	int r;

	/* Who owns that name elsewhere is none of ours. */
	if (str_starts(s->image, STACK_DEBIAN_REPO ":"))
		return err_set(err, ERR_NOT_FOUND,
			"The stack %s is not on this machine; make it with 'stack:build'",
			s->image);
	out_info1("Pulling stack %s", s->image);
	r = registry_pull(ctx, app, s->image, true, err);
	if (r >= 0 || operation_interrupted())
		return r;
	why = xstrdup(err->msg.buf);
	return err_user(err, ERR_REMOTE, 0,
		"The stack %s cannot be pulled: %s\n"
		"Name another one with 'buildpacks:set-property %s stack <image>', or make "
		"Moorage's own with 'stack:build' and name none",
		s->image, why, app);
}

static bool host_is_amd64(void)
{
	struct utsname u;

	return uname(&u) < 0 || str_eq(u.machine, "x86_64");
}

/* 1 when it is here now, 0 when a Debian stack has to do. Herokuish is made for amd64 only. */
static int pull_herokuish(struct ctx *ctx, const char *app, struct err *err)
{
	AUTO_ERR why = ERR_INIT;

	if (!host_is_amd64())
		return 0;
	out_info1("Pulling stack " STACK_HEROKUISH);
	if (registry_pull(ctx, app, STACK_HEROKUISH, true, &why) >= 0)
		return 1;
	if (operation_interrupted())
		return err_set(err, why.kind, "%s", why.msg.buf);
	out_verbose("It cannot be pulled: %s", err_text(&why));
	return 0;
}

static int build_debian(struct ctx *ctx, struct stack *s, struct err *err)
{
	int r;

	out_info1("Building the Debian stack, once for all apps");
	r = stack_build(ctx, DEBIAN_SUITE, err);
	if (r >= 0)
		r = find_debian(ctx, s, err);
	if (r == 0)
		r = err_set(err, ERR_NOT_FOUND, "stack:build has made no stack");
	if (r > 0)
		set(s, s->image, "no other stack can be had");
	return r;
}

int stack_provide(struct ctx *ctx, const char *app, struct stack *s, struct err *err)
{
	int r = is_here(ctx, s->image, err);

	if (r != 0)
		return r < 0 ? r : 0;
	if (s->named)
		return pull_named(ctx, app, s, err);
	r = pull_herokuish(ctx, app, err);
	if (r == 0)
		r = build_debian(ctx, s, err);
	return r < 0 ? r : 0;
}
