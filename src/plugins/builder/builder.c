/* SPDX-License-Identifier: MIT */
#include "core/trigger.h"
#include "core/builder.h"

#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/image_kind.h"
#include "core/output.h"
#include "core/plugin.h"
#include "core/property.h"
#include "core/state.h"
#include "lib/engine/images.h"

extern const struct plugin plugin_builder;

static int run_set(struct ctx *ctx, const struct args *args, struct err *err)
{
	if (str_eq(args_pos(args, 1), "detected")) {
		out_warn("detected is a read-only property");
		return 0;
	}
	return property_set_command(ctx, &plugin_builder, args, err);
}

static int row_detected(struct ctx *ctx, const char *app, struct strbuf *out, struct err *err)
{
	return state_get(ctx, "builder", app, "detected", out, err);
}

static int known_key(const struct trigger_call *call, struct err *err)
{
	return property_find(&plugin_builder, trigger_arg(call, 1))
		       ? 0
		       : err_set(err, ERR_USAGE, "Invalid builder property specified");
}

static int on_detect(struct trigger_call *call, struct err *err)
{
	AUTO_FREE char *name =
		state_computed(call->ctx, "builder", trigger_arg(call, 0), "selected", "");

	if (*name)
		strbuf_addf(call->out, "%s\n", name);
	return 0;
}

static int on_get_property(struct trigger_call *call, struct err *err)
{
	AUTO_FREE char *value = NULL;
	int r = known_key(call, err);

	if (r < 0)
		return r;
	value = state_get_or(call->ctx, "builder", trigger_arg(call, 0), trigger_arg(call, 1), "");
	strbuf_addf(call->out, "%s\n", value);
	return 0;
}

static int on_set_property(struct trigger_call *call, struct err *err)
{
	int r = known_key(call, err);

	return r < 0 ? r
		     : state_set(call->ctx, "builder", trigger_arg(call, 0), trigger_arg(call, 1),
			       trigger_arg(call, 2), err);
}

/* NULL where there is no such image. */
static int inspect(struct trigger_call *call, json_t **ret, struct err *err)
{
	int r = engine_image_inspect(ctx_engine(call->ctx), trigger_arg(call, 1), ret, err);

	if (r != -ERR_NOT_FOUND)
		return r;
	err_clear(err);
	return 0;
}

static int on_is_cnb(struct trigger_call *call, struct err *err)
{
	json_t *image = NULL;
	int r = inspect(call, &image, err);

	if (r >= 0)
		strbuf_addstr(call->out, image_is_cnb(image) ? "true\n" : "false\n");
	json_decref(image);
	return r;
}

/* As in Dokku, images of CNB builders count, too. */
static int on_is_herokuish(struct trigger_call *call, struct err *err)
{
	json_t *image = NULL;
	int r = inspect(call, &image, err);
	bool is = image_is_cnb(image) || image_is_herokuish(call->ctx, trigger_arg(call, 0), image);

	if (r >= 0)
		strbuf_addstr(call->out, is ? "true\n" : "false\n");
	json_decref(image);
	return r;
}

static const struct command commands[] = {
	{ "builder:set", "<app>|--global <property> [<value>]", "Set or clear a builder property",
		CMD_APP_OR_GLOBAL | CMD_LOCK, 1, -1, NULL, run_set, NULL },
	{},
};

enum { NOT_IN_GLOBAL = PROP_APP | PROP_GLOBAL | PROP_COMPUTED };

static const struct property properties[] = {
	{ "build-dir", NOT_IN_GLOBAL, NULL,
		"Folder of the source that is built, and in which all other paths are",
		check_inside_path, NULL },
	{ "detected", PROP_INTERNAL, NULL, NULL, NULL, NULL },
	{ "selected", NOT_IN_GLOBAL, NULL, "Builder to use instead of the one that fits", NULL,
		NULL },
	{ "skip-cleanup", PROP_BOTH, "false",
		"true: dead containers and old images are not removed before a build", check_bool,
		NULL },
	{},
};

static const struct report_row rows[] = {
	{ "--builder-detected", false, row_detected },
	{},
};

static const struct trigger_handler triggers[] = {
	{ "builder-detect", on_detect },
	{ "builder-get-property", on_get_property },
	{ "builder-image-is-cnb", on_is_cnb },
	{ "builder-image-is-herokuish", on_is_herokuish },
	{ "builder-set-property", on_set_property },
	{},
};

const struct plugin plugin_builder = {
	.name = "builder",
	.summary = "Manage how apps are built",
	.report_flags = REPORT_LEGACY_KEYS,
	.commands = commands,
	.properties = properties,
	.rows = rows,
	.triggers = triggers,
};
