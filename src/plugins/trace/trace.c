/* SPDX-License-Identifier: MIT */
/* trace:on and trace:off write and remove the shell setting that every start reads. */
#include "base/alloc.h"
#include "base/fs.h"
#include "core/output.h"
#include "core/plugin.h"

static char *setting_path(struct ctx *ctx)
{
	return inst_home(&ctx->inst, ".dokkurc/DOKKU_TRACE");
}

static int run_on(struct ctx *ctx, const struct args *args, struct err *err)
{
	AUTO_FREE char *path = setting_path(ctx);

	out_info1("Enabling trace mode");
	return fs_write_str(path, "export DOKKU_TRACE=1\n", 0644, err);
}

static int run_off(struct ctx *ctx, const struct args *args, struct err *err)
{
	AUTO_FREE char *path = setting_path(ctx);

	out_info1("Disabling trace mode");
	return fs_unlink(path, err);
}

static const struct command commands[] = {
	{ "trace:off", "", "Say no more than usual again", 0, 0, 0, NULL, run_off, NULL },
	{ "trace:on", "", "Show what happens underneath in every command", 0, 0, 0, NULL, run_on,
		NULL },
	{},
};

extern const struct plugin plugin_trace;
const struct plugin plugin_trace = {
	.name = "trace",
	.summary = "Manage trace mode",
	.report_flags = REPORT_NONE,
	.commands = commands,
};
