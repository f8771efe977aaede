/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/trigger.h"
#include "core/appjson.h"
#include "core/plugin.h"
#include "core/property.h"
#include "core/staged.h"
#include "lib/jsonc/jsonc.h"

extern const struct plugin plugin_app_json;

static int on_get_content(struct trigger_call *call, struct err *err)
{
	AUTO_FREE char *text = NULL;
	json_t *app_json = NULL;
	int r = appjson_load(call->ctx, trigger_arg(call, 0), &app_json, err);

	if (r < 0)
		return r;
	text = json_dumps(app_json, JSON_COMPACT);
	strbuf_addstr(call->out, text ? text : "{}");
	json_decref(app_json);
	return 0;
}

static int on_parallelism(struct trigger_call *call, struct err *err)
{
	json_t *app_json = NULL;
	json_t *entry;
	json_int_t n;
	int r = appjson_load(call->ctx, trigger_arg(call, 0), &app_json, err);

	if (r < 0)
		return r;
	entry = json_object_get(jsonc_get(app_json, "formation"), trigger_arg(call, 1));
	n = json_integer_value(jsonc_get(entry, "max_parallel"));
	strbuf_addf(call->out, "%lld\n", n > 0 ? (long long)n : 1LL);
	json_decref(app_json);
	return 0;
}

static char *data_dir(struct ctx *ctx, const char *app)
{
	return inst_lib(&ctx->inst, "data/app-json/%s", app);
}

static int take_over(struct ctx *ctx, const char *old, const char *new, struct err *err)
{
	AUTO_FREE char *from = data_dir(ctx, old);
	AUTO_FREE char *to = data_dir(ctx, new);
	int r = plugin_copy_settings(ctx, &plugin_app_json, old, new, err);

	if (r < 0 || !fs_is_dir(from))
		return r;
	r = fs_rm_rf(to, err);
	return r < 0 ? r : fs_copy_tree(from, to, err);
}

static int drop(struct ctx *ctx, const char *app, struct err *err)
{
	AUTO_FREE char *dir = data_dir(ctx, app);
	int r = plugin_drop_settings(ctx, &plugin_app_json, app, err);

	return r < 0 ? r : fs_rm_rf(dir, err);
}

static const struct property properties[] = {
	{ "appjson-env-processed", PROP_INTERNAL, NULL, NULL, NULL, NULL },
	{ "appjson-path", PROP_BOTH, "app.json", "Path of app.json below the build folder",
		check_inside_path, NULL },
	{ "heroku.postdeploy", PROP_INTERNAL, NULL, NULL, NULL, NULL },
	{},
};

static const struct trigger_handler triggers[] = {
	{ "app-json-get-content", on_get_content },
	{ "app-json-process-deploy-parallelism", on_parallelism },
	{},
};

const struct plugin plugin_app_json = {
	.name = "app-json",
	.summary = "Manage what app.json in the source says",
	.report_flags = REPORT_LEGACY_KEYS,
	.properties = properties,
	.triggers = triggers,
	.on_clone = take_over,
	.on_rename = take_over,
	.on_destroy = drop,
};
