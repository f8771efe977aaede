/* SPDX-License-Identifier: MIT */
/* The stack plugin: images of Debian packages in which apps are built that bring no Dockerfile. */
#include <jansson.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/timing.h"
#include "core/app.h"
#include "core/disk.h"
#include "core/image_make.h"
#include "core/output.h"
#include "core/plugin.h"
#include "core/stack_build.h"
#include "core/state.h"
#include "lib/engine/images.h"

enum { LABEL_WIDTH = 30 };

/* --- stack:build --- */

static const struct flag build_flags[] = {
	{ "as", 0, FLAG_VALUE, "name", "Name behind moorage/stack: (default: that of the suite)" },
	{ "languages", 0, FLAG_VALUE, "names", "Only these, as python,nodejs (default: all)" },
	{ "mirror", 0, FLAG_VALUE, "url", "Where Debian's packages come from (default: as here)" },
	{ "packages", 0, FLAG_VALUE, "names",
		"More packages of Debian, or a file that lists some" },
	{ "suite", 0, FLAG_VALUE, "suite", "bookworm (default) or trixie" },
	{},
};

static int run_build(struct ctx *ctx, const struct args *args, struct err *err)
{
	struct stack_options opts = {
		.suite = args_value(args, "suite", NULL),
		.name = args_value(args, "as", NULL),
		.mirror = args_value(args, "mirror", NULL),
		.languages = args_value(args, "languages", NULL),
		.packages = args_value(args, "packages", NULL),
		.force = ctx->force,
	};
	int r = stack_make(ctx, &opts, err);

	if (r == 1)
		out_verbose("Nothing to do; with --force it is made from the beginning, with the "
			    "packages of today");
	return r < 0 ? r : 0;
}

/* --- looking for them --- */

/* Images with the label NAME=VALUE (VALUE NULL: any). */
static int list_labelled(struct ctx *ctx, const char *name, const char *value, json_t **ret,
	struct err *err)
{
	AUTO_FREE char *label = xasprintf("%s%s%s", name, value ? "=" : "", value ? value : "");
	json_auto_t *filter = json_pack("{s:[s]}", "label", label);

	return engine_image_list(ctx_engine(ctx), false, filter, ret, err);
}

/* The part behind REPO: of one of the image's names, or NULL. */
static const char *tag_in(json_t *image, const char *repo)
{
	json_t *one;
	size_t i;

	json_array_foreach (json_object_get(image, "RepoTags"), i, one) {
		const char *rest = str_after(json_string_value(one), repo);

		if (rest && *rest == ':')
			return rest + 1;
	}
	return NULL;
}

static const char *label_in(json_t *image, const char *name)
{
	const char *value =
		json_string_value(json_object_get(json_object_get(image, "Labels"), name));

	return value ? value : "";
}

/* Names of all stacks, sorted. */
static int list_stacks(struct ctx *ctx, struct strvec *ret, struct err *err)
{
	json_auto_t *images = NULL;
	json_t *one;
	size_t i;
	int r = list_labelled(ctx, STACK_PART_LABEL, "whole", &images, err);

	json_array_foreach (images, i, one) {
		const char *tag = tag_in(one, STACK_REPO);

		if (tag)
			strvec_push(ret, tag);
	}
	strvec_sort_unique(ret);
	return r < 0 ? r : 0;
}

static int not_there(const char *name, struct err *err)
{
	return err_user(err, ERR_NOT_FOUND, 0,
		"There is no stack '%.100s'; stack:list shows what there is", name);
}

static int inspect(struct ctx *ctx, const char *name, json_t **ret, struct err *err)
{
	AUTO_FREE char *image = xasprintf(STACK_REPO ":%s", name);
	int r = engine_image_inspect(ctx_engine(ctx), image, ret, err);

	if (r == -ERR_NOT_FOUND || r == -ERR_INVALID) {
		err_clear(err);
		return not_there(name, err);
	}
	return r < 0 ? r : 0;
}

/* Apps of this instance that were built on it, or are to be. */
static int list_apps(struct ctx *ctx, const char *name, struct strvec *ret, struct err *err)
{
	AUTO_FREE char *image = xasprintf(STACK_REPO ":%s", name);
	json_auto_t *images = NULL;
	AUTO_STRVEC apps = STRVEC_INIT;
	json_t *one;
	size_t i;
	int r = list_labelled(ctx, STACK_LABEL, name, &images, err);

	json_array_foreach (images, i, one) {
		const char *app = label_in(one, "com.dokku.app-name");

		if (*app && str_eq(label_in(one, "com.moorage.instance"), ctx->inst.label) &&
			app_exists(ctx, app))
			strvec_push(ret, app);
	}
	if (r >= 0)
		r = app_list_all(ctx, &apps, err);
	for (i = 0; i < apps.count; i++) {
		AUTO_FREE char *said = state_get_or(ctx, "buildpacks", apps.items[i], "stack", "");

		if (str_eq(said, image))
			strvec_push(ret, apps.items[i]);
	}
	strvec_sort_unique(ret);
	return r < 0 ? r : 0;
}

/* --- stack:list --- */

static int run_list(struct ctx *ctx, const struct args *args, struct err *err)
{
	AUTO_STRVEC names = STRVEC_INIT;
	int r = list_stacks(ctx, &names, err);

	if (r < 0)
		return r;
	if (str_eq(args_value(args, "format", ""), "json")) {
		json_t *all = json_array();

		for (size_t i = 0; i < names.count; i++)
			json_array_append_new(all, json_string(names.items[i]));
		out_json(all);
		return 0;
	}
	out_info2_quiet("Stacks");
	for (size_t i = 0; i < names.count; i++)
		out_line("%s", names.items[i]);
	return 0;
}

/* --- stack:report --- */

/* Key, label and value of each row, in JSON's order of insertion. */
static int report_rows(struct ctx *ctx, const char *name, json_t **ret, struct err *err)
{
	json_auto_t *inspected = NULL;
	AUTO_STRVEC apps = STRVEC_INIT;
	AUTO_FREE char *list = NULL;
	AUTO_FREE char *size = NULL;
	const char *created;
	int r = inspect(ctx, name, &inspected, err);

	if (r >= 0)
		r = list_apps(ctx, name, &apps, err);
	if (r < 0)
		return r;
	list = strvec_joined(&apps, " ");
	size = disk_size_text((uint64_t)json_integer_value(json_object_get(inspected, "Size")));
	created = json_string_value(json_object_get(inspected, "Created"));
	*ret = json_object();
	json_object_set_new(*ret, "image", json_sprintf(STACK_REPO ":%s", name));
	json_object_set_new(*ret, "created", json_sprintf("%.19s", created ? created : ""));
	json_object_set_new(*ret, "size", json_string(size));
	json_object_set_new(*ret, "languages",
		json_string(image_label(inspected, STACK_LANGUAGES_LABEL)));
	json_object_set_new(*ret, "apps", json_string(list));
	return 0;
}

static int report_one(struct ctx *ctx, const char *name, bool json, struct err *err)
{
	json_t *rows = NULL;
	const char *key;
	json_t *value;
	int r = report_rows(ctx, name, &rows, err);

	if (r < 0)
		return r;
	if (json) {
		out_json(rows);
		return 0;
	}
	out_info2_quiet("%s stack information", name);
	json_object_foreach (rows, key, value) {
		AUTO_FREE char *label = xasprintf("Stack %s:", key);

		out_row(LABEL_WIDTH, label, json_string_value(value));
	}
	json_decref(rows);
	return 0;
}

static int run_report(struct ctx *ctx, const struct args *args, struct err *err)
{
	bool json = str_eq(args_value(args, "format", ""), "json");
	AUTO_STRVEC names = STRVEC_INIT;
	int r = 0;

	if (args->pos.count)
		return report_one(ctx, args_pos(args, 0), json, err);
	r = list_stacks(ctx, &names, err);
	for (size_t i = 0; r >= 0 && i < names.count; i++)
		r = report_one(ctx, names.items[i], json, err);
	return r;
}

/* --- stack:destroy --- */

static int remove_image(struct ctx *ctx, const char *repo, const char *tag, struct err *err)
{
	AUTO_FREE char *image = xasprintf("%s:%s", repo, tag);
	int r = engine_image_remove(ctx_engine(ctx), image, false, false, err);

	if (r == -ERR_NOT_FOUND) {
		err_clear(err);
		return 0;
	}
	return r;
}

/* What the stacks lay on serves nobody when the last of them is gone. */
static int remove_bases(struct ctx *ctx, struct err *err)
{
	AUTO_STRVEC left = STRVEC_INIT;
	json_auto_t *images = NULL;
	json_t *one;
	size_t i;
	int r = list_stacks(ctx, &left, err);

	if (r < 0 || left.count)
		return r;
	r = list_labelled(ctx, STACK_PART_LABEL, "base", &images, err);
	json_array_foreach (images, i, one) {
		const char *tag = tag_in(one, STACK_BASE_REPO);

		if (r >= 0 && tag)
			r = remove_image(ctx, STACK_BASE_REPO, tag, err);
	}
	return r < 0 ? r : 0;
}

static int run_destroy(struct ctx *ctx, const struct args *args, struct err *err)
{
	const char *name = args_pos(args, 0);
	json_auto_t *inspected = NULL;
	AUTO_STRVEC apps = STRVEC_INIT;
	int r = inspect(ctx, name, &inspected, err);

	if (r >= 0)
		r = list_apps(ctx, name, &apps, err);
	if (r < 0)
		return r;
	if (apps.count && !ctx->force) {
		AUTO_FREE char *list = strvec_joined(&apps, ", ");

		return err_user(err, ERR_BUSY, 0,
			"The stack '%s' is in use by %s: what runs needs it no more, the next "
			"build would; --force removes it",
			name, list);
	}
	out_info1("Removing the stack " STACK_REPO ":%s", name);
	r = remove_image(ctx, STACK_REPO, name, err);
	if (r >= 0)
		r = remove_image(ctx, STACK_PACKAGES_REPO, name, err);
	return r < 0 ? r : remove_bases(ctx, err);
}

static const struct flag format_flags[] = {
	{ "format", 0, FLAG_VALUE, "format", "json or stdout" },
	{},
};

static const struct command commands[] = {
	{ "stack:build", "", "Make the image that apps without a Dockerfile are built in", 0, 0, 0,
		build_flags, run_build, NULL },
	{ "stack:destroy", "<name>", "Remove a stack", 0, 1, 1, NULL, run_destroy,
		"Please specify the name of a stack" },
	{ "stack:list", "", "List the stacks of this machine", CMD_READ | CMD_JSON, 0, 0,
		format_flags, run_list, NULL },
	{ "stack:report", "[<name>]", "Show what is known of a stack", CMD_READ | CMD_JSON, 0, 1,
		format_flags, run_report, NULL },
	{},
};

extern const struct plugin plugin_stack;
const struct plugin plugin_stack = {
	.name = "stack",
	.summary = "Make and manage the images that apps are built in",
	.report_flags = REPORT_NONE,
	.commands = commands,
};
