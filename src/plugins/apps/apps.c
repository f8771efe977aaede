/* SPDX-License-Identifier: MIT */
/* The apps plugin: its tables and the commands that need no operation. */
#include "plugins/apps/apps.h"

#include <jansson.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/timing.h"
#include "core/app.h"
#include "core/applock.h"
#include "core/output.h"
#include "core/plugin.h"
#include "core/state.h"

static int run_list(struct ctx *ctx, const struct args *args, struct err *err)
{
	AUTO_STRVEC apps = STRVEC_INIT;
	int r = app_list(ctx, &apps, err);

	if (r < 0)
		return r;
	if (str_eq(args_value(args, "format", "stdout"), "json")) {
		json_t *list = json_array();
		AUTO_FREE char *text = NULL;

		for (size_t i = 0; i < apps.count; i++)
			json_array_append_new(list, json_string(apps.items[i]));
		text = json_dumps(list, JSON_COMPACT);
		out_line("%s", text);
		json_decref(list);
		return 0;
	}
	out_info2_quiet("My Apps");
	if (!apps.count)
		out_warn("%s", app_none_text);
	for (size_t i = 0; i < apps.count; i++)
		out_line("%s", apps.items[i]);
	return 0;
}

static int run_exists(struct ctx *ctx, const struct args *args, struct err *err)
{
	return 0; /* the row's CMD_APP has checked it */
}

static char *marker_path(struct ctx *ctx, const char *app)
{
	return inst_lib(&ctx->inst, "data/apps/%s/.deploy.lock", app);
}

static int run_lock(struct ctx *ctx, const struct args *args, struct err *err)
{
	AUTO_FREE char *path = marker_path(ctx, args_pos(args, 0));
	int r = fs_write_str(path, "", 0644, err);

	if (r < 0)
		return err_user(err, ERR_SYS, 1, "Unable to create deploy lock");
	out_info1("Deploy lock created");
	return 0;
}

static int run_locked(struct ctx *ctx, const struct args *args, struct err *err)
{
	AUTO_FREE char *path = marker_path(ctx, args_pos(args, 0));

	if (!fs_exists(path))
		return err_set(err, ERR_NOT_FOUND, "Deploy lock does not exist");
	out_line_quiet("Deploy lock exists");
	return 0;
}

static int run_unlock(struct ctx *ctx, const struct args *args, struct err *err)
{
	AUTO_FREE char *path = marker_path(ctx, args_pos(args, 0));
	int r;

	if (!fs_exists(path))
		return err_set(err, ERR_NOT_FOUND, "Unable to remove deploy lock");
	out_warn("A deploy may be in progress.");
	out_warn("Removing the app lock will not stop in progress deploys.");
	r = fs_unlink(path, err);
	if (r < 0)
		return r;
	out_info1("Deploy lock removed");
	return 0;
}

static int row_dir(struct ctx *ctx, const char *app, struct strbuf *out, struct err *err)
{
	strbuf_addf(out, "%s/%s", ctx->inst.dokku_root, app);
	return 0;
}

static int row_locked(struct ctx *ctx, const char *app, struct strbuf *out, struct err *err)
{
	AUTO_FREE char *path = marker_path(ctx, app);

	strbuf_addstr(out, fs_exists(path) ? "true" : "false");
	return 0;
}

static int row_created_at(struct ctx *ctx, const char *app, struct strbuf *out, struct err *err)
{
	return state_get(ctx, "apps", app, "created-at", out, err);
}

/* The clone is as old as it is. */
static int copy_for_clone(struct ctx *ctx, const char *old, const char *new, struct err *err)
{
	AUTO_FREE char *created = state_get_or(ctx, "apps", new, "created-at", NULL);
	int r = state_copy(ctx, "apps", old, new, err);

	return r < 0 ? r : state_set(ctx, "apps", new, "created-at", created, err);
}

static const struct flag list_flags[] = {
	{ "format", 0, FLAG_VALUE, "stdout|json", "Output format" },
	{},
};

static const struct flag clone_flags[] = {
	{ "skip-deploy", 0, FLAG_BOOL, NULL, "Do not deploy the new app" },
	{ "ignore-existing", 0, FLAG_BOOL, NULL, "Succeed when there is an app of the new name" },
	{},
};

static const struct flag rename_flags[] = {
	{ "skip-deploy", 0, FLAG_BOOL, NULL, "Do not start the app under its new name" },
	{},
};

#define NEW_NAME "Please specify an new app name"

static const struct command commands[] = {
	{ "apps", "", NULL, CMD_READ | CMD_JSON | CMD_HIDDEN, 0, 0, list_flags, run_list, NULL },
	{ "apps:clone", "[--skip-deploy] [--ignore-existing] <old-app> <new-app>",
		"Make a new app with the code and settings of another one", CMD_APP | CMD_DRY_RUN,
		2, 2, clone_flags, apps_run_clone, NEW_NAME },
	{ "apps:create", "<app>", "Create an empty app", CMD_DRY_RUN, 1, 1, NULL, apps_run_create,
		"Please specify an app to run the command on" },
	{ "apps:destroy", "[--force] <app>",
		"Remove an app with its containers, images and settings", CMD_APP | CMD_DRY_RUN, 1,
		1, NULL, apps_run_destroy, NULL },
	{ "apps:exists", "<app>", "Tell by the exit code whether an app exists", CMD_APP | CMD_READ,
		1, 1, NULL, run_exists, NULL },
	{ "apps:list", "[--format stdout|json]", "List your apps", CMD_READ | CMD_JSON, 0, 0,
		list_flags, run_list, NULL },
	{ "apps:lock", "<app>", "Keep an app from being deployed", CMD_APP, 1, 1, NULL, run_lock,
		NULL },
	{ "apps:locked", "<app>", "Tell whether an app is locked", CMD_APP | CMD_READ, 1, 1, NULL,
		run_locked, NULL },
	{ "apps:rename", "[--skip-deploy] <old-app> <new-app>",
		"Give an app another name; it goes on answering", CMD_APP | CMD_DRY_RUN, 2, 2,
		rename_flags, apps_run_rename, NEW_NAME },
	{ "apps:unlock", "<app>", "Let a locked app be deployed again", CMD_APP, 1, 1, NULL,
		run_unlock, NULL },
	{},
};

static const struct property properties[] = {
	{ "created-at", PROP_INTERNAL, NULL, NULL, NULL, NULL },
	{ "deploy-source", PROP_APP, NULL, "How the app was last deployed", NULL, NULL },
	{ "deploy-source-metadata", PROP_APP, NULL, "What the app was last deployed from", NULL,
		NULL },
	{ "disable-autocreation", PROP_GLOBAL, "false",
		"true: a push to an unknown app does not create it", NULL, NULL },
	{},
};

static const struct report_row rows[] = {
	{ "--app-created-at", false, row_created_at },
	{ "--app-dir", false, row_dir },
	{ "--app-locked", false, row_locked },
	{},
};

extern const struct plugin plugin_apps;
const struct plugin plugin_apps = {
	.name = "apps",
	.summary = "Manage apps",
	.report_type = "app",
	.report_flags = REPORT_LEGACY_KEYS,
	.commands = commands,
	.properties = properties,
	.rows = rows,
	.triggers = apps_triggers,
	.on_clone = copy_for_clone,
	.steps = apps_steps,
};
