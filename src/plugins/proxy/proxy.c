/* SPDX-License-Identifier: MIT */
/* The proxy plugin: which proxy an app uses, whether it uses one, and its configuration. */
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/app.h"
#include "core/applock.h"
#include "core/domains.h"
#include "core/output.h"
#include "core/property.h"
#include "core/proxy.h"
#include "core/scheduler.h"
#include "core/state.h"
#include "core/state_step.h"
#include "core/trigger.h"

/* --- build-config, clear-config --- */

static int build_config(struct ctx *ctx, const char *app, struct err *err)
{
	struct operation *op;
	int r = operation_begin(ctx, "proxy-build", app, NULL, NULL, &op, err);

	if (r < 0)
		return r;
	r = proxy_plan_rebuild(op, app, err);
	if (r >= 0)
		return operation_run(op, err);
	operation_abandon(op);
	return r;
}

static int run_build(struct ctx *ctx, const struct args *args, struct err *err)
{
	return build_config(ctx, args_pos(args, 0), err);
}

static const struct command commands[] = {
	{ "proxy:build-config", "[--parallel <count>] [--all|<app>]",
		"Write an app's proxy configuration again", CMD_APP | CMD_LOCK | CMD_DRY_RUN, 1, 1, NULL,
		run_build, NULL },
	{},
};

extern const struct plugin plugin_proxy;
const struct plugin plugin_proxy = {
	.name = "proxy",
	.summary = "Manage the proxy of apps",
	.report_flags = REPORT_LEGACY_KEYS,
	.commands = commands,
	.steps = proxy_steps,
};
