/* SPDX-License-Identifier: MIT */
/* What has no plugin of its own: the deploy command, triggers and steps of deploys. */
#include <stdio.h>

#include "base/fs.h"
#include "core/trigger.h"
#include "core/app.h"
#include "core/applock.h"
#include "core/deploy.h"
#include "core/plugin.h"
#include "core/state.h"

static const char *given(const char *word)
{
	return *word ? word : NULL;
}

static int run_deploy(struct ctx *ctx, const struct args *args, struct err *err)
{
	return deploy_image(ctx, args_pos(args, 0), given(args_pos(args, 1)),
		given(args_pos(args, 2)), err);
}

static int on_deploy(struct trigger_call *call, struct err *err)
{
	int r = app_lock(call->ctx, trigger_arg(call, 0), APP_LOCK_WAIT, err);

	return r < 0 ? r
		     : deploy_image(call->ctx, trigger_arg(call, 0), given(trigger_arg(call, 1)),
			       given(trigger_arg(call, 2)), err);
}

static int on_release_and_deploy(struct trigger_call *call, struct err *err)
{
	int r = app_lock(call->ctx, trigger_arg(call, 0), APP_LOCK_WAIT, err);

	return r < 0 ? r
		     : deploy_release_image(call->ctx, trigger_arg(call, 0),
			       given(trigger_arg(call, 1)), err);
}

static int on_app_list(struct trigger_call *call, struct err *err)
{
	AUTO_STRVEC apps = STRVEC_INIT;
	int r = str_eq(trigger_arg(call, 0), "false") ? app_list_all(call->ctx, &apps, err)
						      : app_list(call->ctx, &apps, err);

	for (size_t i = 0; r >= 0 && i < apps.count; i++)
		strbuf_addf(call->out, "%s\n", apps.items[i]);
	return r;
}

/* A clone has not been deployed yet. */
static int clone_nothing(struct ctx *ctx, const char *old, const char *new, struct err *err)
{
	return 0;
}

static const struct command commands[] = {
	{ "deploy", "<app> [<image-tag>] [<process-type>]", "Start the processes of an image",
		CMD_APP | CMD_LOCK | CMD_HIDDEN | CMD_DRY_RUN, 1, 3, NULL, run_deploy, NULL },
	{},
};

static const struct property properties[] = {
	{ "deployed", PROP_INTERNAL, NULL, NULL, NULL, NULL },
	{},
};

static const struct trigger_handler triggers[] = {
	{ "app-list", on_app_list },
	{ "deploy", on_deploy },
	{ "release-and-deploy", on_release_and_deploy },
	{},
};

extern const struct plugin plugin_common;
const struct plugin plugin_common = {
	.name = "common",
	.report_flags = REPORT_NONE,
	.commands = commands,
	.properties = properties,
	.triggers = triggers,
	.steps = deploy_steps,
	.on_clone = clone_nothing,
};
