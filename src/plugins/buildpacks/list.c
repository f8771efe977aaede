/* SPDX-License-Identifier: MIT */
/* The commands that change and show an app's list of buildpacks. */
#include <stdint.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/parse.h"
#include "core/buildpacks.h"
#include "core/output.h"
#include "plugins/buildpacks/buildpacks.h"

enum { INDEX_MAX = 10000 };

const struct flag buildpacks_index_flags[] = {
	{ "index", 0, FLAG_VALUE, "n", "Place in the list, from 1" },
	{},
};

const struct flag buildpacks_set_flags[] = {
	{ "index", 0, FLAG_VALUE, "n", "Place in the list, from 1" },
	{ "replace", 0, FLAG_BOOL, NULL, "Make what follows the whole list" },
	{},
};

/* 0: none was given. */
static int read_index(const struct args *args, size_t *ret, struct err *err)
{
	uint64_t n = 0;
	int r = parse_uint(args_value(args, "index", "0"), 0, INDEX_MAX, &n, err);

	*ret = (size_t)n;
	return r < 0 ? err_wrap(err, "invalid argument \"%s\" for \"--index\" flag",
			       args_value(args, "index", ""))
		     : 0;
}

/* Puts URL in front of the item at INDEX (from 0), or at the end; REPLACE: in its place. */
static void put(const struct strvec *list, const char *url, size_t index, bool replace,
	struct strvec *ret)
{
	for (size_t i = 0; i < list->count; i++) {
		if (i == index)
			strvec_push(ret, url);
		if (i != index || !replace)
			strvec_push(ret, list->items[i]);
	}
	if (index >= list->count)
		strvec_push(ret, url);
}

static int change(struct ctx *ctx, const char *app, const char *text, size_t index, bool replace,
	struct err *err)
{
	AUTO_FREE char *url = NULL;
	AUTO_STRVEC list = STRVEC_INIT;
	AUTO_STRVEC changed = STRVEC_INIT;
	int r = buildpack_url(text, &url, err);

	if (r >= 0)
		r = buildpacks_list(ctx, app, &list, err);
	if (r < 0)
		return r;
	put(&list, url, index, replace, &changed);
	return buildpacks_store(ctx, app, &changed, err);
}

int buildpacks_run_add(struct ctx *ctx, const struct args *args, struct err *err)
{
	size_t index;
	int r = read_index(args, &index, err);

	if (r < 0)
		return r;
	return change(ctx, args_pos(args, 0), args_pos(args, 1), index ? index - 1 : SIZE_MAX,
		false, err);
}

static int replace_all(struct ctx *ctx, const struct args *args, struct err *err)
{
	AUTO_STRVEC urls = STRVEC_INIT;

	if (args->pos.count < 2)
		return err_set(err, ERR_USAGE,
			"Must specify at least one buildpack, use buildpacks:clear to remove all "
			"buildpacks");
	for (size_t i = 1; i < args->pos.count; i++) {
		AUTO_FREE char *url = NULL;
		int r = buildpack_url(args->pos.items[i], &url, err);

		if (r < 0)
			return r;
		strvec_push(&urls, url);
	}
	return buildpacks_store(ctx, args_pos(args, 0), &urls, err);
}

int buildpacks_run_set(struct ctx *ctx, const struct args *args, struct err *err)
{
	size_t index;
	int r = read_index(args, &index, err);

	if (r < 0)
		return r;
	if (args_has(args, "replace")) {
		if (index)
			return err_set(err, ERR_USAGE,
				"The --index flag cannot be used with --replace");
		return replace_all(ctx, args, err);
	}
	if (args->pos.count > 2)
		return err_set(err, ERR_USAGE,
			"Setting multiple buildpacks requires the --replace flag");
	if (args->pos.count < 2)
		return err_set(err, ERR_USAGE, "Must specify a buildpack");
	return change(ctx, args_pos(args, 0), args_pos(args, 1), index ? index - 1 : 0, true, err);
}

/* Which one is meant, as it is written in the list. */
static int find(const struct args *args, const struct strvec *list, size_t index, char **ret,
	struct err *err)
{
	AUTO_FREE char *url = NULL;
	int r;

	if (index) {
		if (index > list->count)
			return err_set(err, ERR_NOT_FOUND, "Index not found");
		*ret = xstrdup(list->items[index - 1]);
		return 0;
	}
	r = buildpack_url(args_pos(args, 1), &url, err);
	if (r < 0)
		return r;
	if (!strvec_has(list, url))
		return err_set(err, ERR_NOT_FOUND, "Value not found");
	*ret = TAKE_PTR(url);
	return 0;
}

static int remove_one(struct ctx *ctx, const struct args *args, size_t index, struct err *err)
{
	const char *app = args_pos(args, 0);
	AUTO_FREE char *gone = NULL;
	AUTO_STRVEC list = STRVEC_INIT;
	AUTO_STRVEC rest = STRVEC_INIT;
	int r = buildpacks_list(ctx, app, &list, err);

	if (r >= 0 && !list.count)
		return err_set(err, ERR_NOT_FOUND,
			"No buildpacks were found, next release on %s will detect buildpack "
			"normally",
			app);
	if (r >= 0)
		r = find(args, &list, index, &gone, err);
	if (r < 0)
		return r;
	out_info1_quiet("Removing %s", gone);
	for (size_t i = 0; i < list.count; i++) {
		if (!str_eq(list.items[i], gone))
			strvec_push(&rest, list.items[i]);
	}
	return buildpacks_store(ctx, app, &rest, err);
}

int buildpacks_run_remove(struct ctx *ctx, const struct args *args, struct err *err)
{
	const char *text = args_pos(args, 1);
	size_t index;
	int r = read_index(args, &index, err);

	if (r < 0)
		return r;
	if (index && *text)
		return err_set(err, ERR_USAGE,
			"Please choose either index or Buildpack, but not both");
	if (!index && !*text)
		return err_set(err, ERR_USAGE,
			"Must specify a buildpack to remove, either by index or URL");
	if (!index) {
		AUTO_FREE char *url = NULL;

		r = buildpack_url(text, &url, err); /* before the list is looked at */
	}
	return r < 0 ? r : remove_one(ctx, args, index, err);
}

int buildpacks_run_clear(struct ctx *ctx, const struct args *args, struct err *err)
{
	AUTO_STRVEC none = STRVEC_INIT;

	return buildpacks_store(ctx, args_pos(args, 0), &none, err);
}

int buildpacks_run_list(struct ctx *ctx, const struct args *args, struct err *err)
{
	AUTO_STRVEC list = STRVEC_INIT;
	int r = buildpacks_list(ctx, args_pos(args, 0), &list, err);

	if (r < 0)
		return r;
	out_info1_quiet("%s buildpack urls", args_pos(args, 0));
	for (size_t i = 0; i < list.count; i++)
		out_verbose("%s", list.items[i]);
	return 0;
}
