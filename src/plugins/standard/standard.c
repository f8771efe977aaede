/* SPDX-License-Identifier: MIT */
/* Commands without a plugin of their own: cleanup, deploy, help, report, version. */
#include "plugins/standard/standard.h"

#include <stdio.h>

#include "base/fs.h"
#include "core/app_life.h"
#include "core/deploy.h"
#include "core/help.h"
#include "core/operation.h"
#include "core/output.h"
#include "core/version.h"
#include "plugins/standard/urls.h"

static int run_help(struct ctx *ctx, const struct args *args, struct err *err)
{
	/* As in Dokku the headers are for people only. */
	if (!output_has_tty())
		output_set_quiet(true);
	help_top(ctx, args_has(args, "all"));
	return 0;
}

static int run_version(struct ctx *ctx, const struct args *args, struct err *err)
{
	if (ctx->program && str_eq(ctx->program, "moorage"))
		out_line("moorage version %s (dokku %s)", MOORAGE_VERSION, DOKKU_COMPAT_VERSION);
	else
		out_line("dokku version %s", DOKKU_COMPAT_VERSION);
	return 0;
}

/* What a deploy does once it has an image, without a build and without a release. */
static int run_deploy(struct ctx *ctx, const struct args *args, struct err *err)
{
	const char *tag = args_pos(args, 1);
	const char *process = args_pos(args, 2);

	return deploy_image(ctx, args_pos(args, 0), *tag ? tag : NULL, *process ? process : NULL,
		err);
}

static const struct flag help_flags[] = {
	{ "all", 0, FLAG_BOOL, NULL, "List every subcommand" },
	{},
};

static const struct flag report_flags[] = {
	{ "all", 0, FLAG_BOOL, NULL, "All apps" },
	{ "format", 0, FLAG_VALUE, "stdout|json", "Output format; json has the apps only" },
	{},
};

static const struct command commands[] = {
	{ "cleanup", "[<app>]", "Remove dead containers and dangling images",
		CMD_APP | CMD_APP_OPTIONAL | CMD_LOCK, 0, 1, NULL, standard_run_cleanup, NULL },
	{ "deploy", "<app> [<image-tag>] [<process-type>]", "Deploy an image that an app has",
		CMD_APP | CMD_LOCK | CMD_DRY_RUN | CMD_HIDDEN, 1, 3, NULL, run_deploy, NULL },
	{ "help", "[--all]", "Print the list of commands", CMD_READ, 0, -1, help_flags, run_help,
		NULL },
	{ "url", "<app>", "Print the first address of an app", CMD_APP | CMD_READ, 1, 1, NULL,
		urls_run_first, NULL },
	{ "urls", "<app>", "Print all addresses of an app", CMD_APP | CMD_READ, 1, 1, NULL,
		urls_run, NULL },
	{ "report", "[--format stdout|json] [--all|<app>]",
		"Report on the machine and on one or all apps",
		CMD_APP | CMD_APP_OPTIONAL | CMD_READ | CMD_JSON, 0, 1, report_flags,
		standard_run_report, NULL },
	{ "version", "", "Print dokku's version", CMD_READ, 0, -1, NULL, run_version, NULL },
	{},
};

static const struct trigger_handler triggers[] = {
	{ "report", standard_on_report },
	{},
};

extern const struct plugin plugin_standard;
const struct plugin plugin_standard = {
	.name = "00_dokku-standard",
	.report_flags = REPORT_NONE,
	.commands = commands,
	.triggers = triggers,
	.steps = app_steps,
};
