/* SPDX-License-Identifier: MIT */
/* The proxy plugin: which proxy an app uses, whether it uses one, and its configuration. */
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/app.h"
#include "core/batch.h"
#include "core/deploy.h"
#include "core/domains_step.h"
#include "core/output.h"
#include "core/property.h"
#include "core/proxy.h"
#include "core/state.h"
#include "core/state_step.h"
#include "core/trigger.h"

/* VERB of every app; with --all each is a command of its own. 1 when it was done for all. */
static int maybe_all(struct ctx *ctx, const struct args *args, const char *verb, struct err *err)
{
	AUTO_FREE char *command = xasprintf("proxy:%s", verb);
	AUTO_STRVEC flags = STRVEC_INIT;
	int parallel;
	int r = batch_parallel(args_value(args, "parallel", "0"), &parallel, err);

	if (r < 0)
		return r;
	if (args_has(args, "all")) {
		r = batch_run(ctx, verb, command, &flags, parallel, err);
		return r < 0 ? r : 1;
	}
	if (!*args_pos(args, 0))
		return err_set(err, ERR_USAGE, "Please specify an app to run the command on");
	return 0;
}

/* --- build-config, clear-config --- */

static int run_build(struct ctx *ctx, const struct args *args, struct err *err)
{
	const char *app = args_pos(args, 0);
	struct operation *op;
	int r = maybe_all(ctx, args, "build-config", err);

	if (r != 0)
		return r < 0 ? r : 0;
	r = operation_begin(ctx, "proxy-build", app, NULL, NULL, &op, err);
	return r < 0 ? r : operation_run_planned(op, proxy_plan_rebuild(op, app, err), err);
}

/* One change for all of them: one test and one reload. */
static int clear_apps(struct ctx *ctx, const struct strvec *apps, struct err *err)
{
	int r = 0;

	for (const struct proxy *const *p = proxies; r >= 0 && *p; p++)
		r = (*p)->change(ctx, NULL, apps, err);
	return r;
}

static int run_clear(struct ctx *ctx, const struct args *args, struct err *err)
{
	bool all = args_has(args, "all");
	const char *app = all ? "--all" : args_pos(args, 0);
	AUTO_STRVEC apps = STRVEC_INIT;
	int r = 0;

	if (!*app)
		return err_set(err, ERR_USAGE, "Please specify an app to run the command on");
	if (all)
		r = app_list(ctx, &apps, err);
	else
		strvec_push(&apps, app);
	if (r >= 0)
		r = clear_apps(ctx, &apps, err);
	if (r >= 0)
		r = trigger_fire(ctx, err, "proxy-clear-config", app, NULL);
	for (size_t i = 0; r >= 0 && i < apps.count; i++) {
		AUTO_FREE char *type = proxy_type(ctx, apps.items[i]);

		if (str_eq(type, "nginx"))
			r = trigger_fire(ctx, err, "network-clear-config", apps.items[i], NULL);
	}
	return r;
}

/* --- enable, disable --- */

static int plan_switch_use(struct operation *op, const char *app, bool on, struct err *err)
{
	AUTO_FREE char *type = proxy_type(op->ctx, app);
	AUTO_STRVEC names = STRVEC_INIT;
	json_t *changes = json_array();
	int r = state_change(op->ctx, changes, "proxy", app, "disabled", on ? NULL : "true", err);

	if (r >= 0)
		r = proxy_plan_settle(op, app, err);
	if (r >= 0)
		r = state_plan(op, changes, err);
	else
		json_decref(changes);
	if (r >= 0)
		r = proxy_plan_tell(op, on ? "proxy-enable" : "proxy-disable", app, err);
	if (r < 0 || !str_eq(type, "nginx") || domains_enabled(op->ctx, app) == on)
		return r < 0 ? r : proxy_plan_rebuild(op, app, err);
	r = proxy_plan_tell(op, on ? "pre-enable-vhost" : "pre-disable-vhost", app, err);
	if (r >= 0 && on)
		r = domains_default(op->ctx, app, &names, err);
	if (r >= 0)
		r = domains_plan_write(op, app, on ? &names : NULL, on ? DOMAINS_ON : DOMAINS_OFF,
			err);
	return r < 0 ? r : proxy_plan_rebuild(op, app, err);
}

static int switch_use(struct ctx *ctx, const char *app, bool on, struct err *err)
{
	AUTO_FREE char *type = proxy_type(ctx, app);
	bool switches_names;
	struct operation *op;
	int r;

	if (proxy_is_enabled(ctx, app) == on) {
		out_info1(on ? "Proxy is already enabled for app"
			     : "Proxy is already disable for app");
		return 0;
	}
	if (!ctx->dry_run)
		out_info1(on ? "Enabling proxy for app" : "Disabling proxy for app");
	switches_names = domains_enabled(ctx, app) != on && str_eq(type, "nginx");
	r = operation_begin(ctx, on ? "proxy-enable" : "proxy-disable", app, NULL, NULL, &op, err);
	if (r >= 0)
		r = operation_run_planned(op, plan_switch_use(op, app, on, err), err);
	if (r < 0 || ctx->dry_run)
		return r;
	if (switches_names)
		r = trigger_fire(ctx, err, "post-domains-update", app, on ? "enable" : "disable",
			NULL);
	return r < 0 ? r : deploy_restart(ctx, app, NULL, err);
}

static int run_disable(struct ctx *ctx, const struct args *args, struct err *err)
{
	int r = maybe_all(ctx, args, "disable", err);

	return r != 0 ? (r < 0 ? r : 0) : switch_use(ctx, args_pos(args, 0), false, err);
}

static int run_enable(struct ctx *ctx, const struct args *args, struct err *err)
{
	int r = maybe_all(ctx, args, "enable", err);

	return r != 0 ? (r < 0 ? r : 0) : switch_use(ctx, args_pos(args, 0), true, err);
}

/* --- set: "proxy:set app caddy" is short for "proxy:set app type caddy" --- */

extern const struct plugin plugin_proxy;

static int run_set(struct ctx *ctx, const struct args *args, struct err *err)
{
	const char *name = args_pos(args, 1);
	const char *value = args_pos(args, 2);

	if (*value || !*name || property_find(&plugin_proxy, name))
		return property_set(ctx, &plugin_proxy, args_pos(args, 0), name, value, err);
	if (strchr(name, ':')) {
		out_warn("Detected potential port mapping instead of proxy type");
		return err_set(err, ERR_USAGE,
			"Consider using ports:set command or specifying a valid proxy");
	}
	return property_set(ctx, &plugin_proxy, args_pos(args, 0), "type", name, err);
}

static int check_type(struct ctx *ctx, const char *scope, const char *value, struct err *err)
{
	if (!value[strspn(value,
		    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")])
		return 0;
	return err_set(err, ERR_INVALID, "'%.100s' is not the name of a proxy", value);
}

/* Names that moved to the ports plugin long ago. */
static int run_moved(struct ctx *ctx, const struct args *args, struct err *err)
{
	return err_set(err, ERR_USAGE, "Invalid plugin subcommand call");
}

/* --- report, triggers --- */

static int row_enabled(struct ctx *ctx, const char *app, struct strbuf *out, struct err *err)
{
	strbuf_addstr(out, proxy_is_enabled(ctx, app) ? "true" : "false");
	return 0;
}

static const struct report_row rows[] = {
	{ "--proxy-enabled", false, row_enabled },
	{},
};

static const char *call_app(const struct trigger_call *call)
{
	return call->args->count ? call->args->items[0] : "";
}

static int handle_is_enabled(struct trigger_call *call, struct err *err)
{
	strbuf_addf(call->out, "%s\n",
		proxy_is_enabled(call->ctx, call_app(call)) ? "true" : "false");
	return 0;
}

static int handle_type(struct trigger_call *call, struct err *err)
{
	AUTO_FREE char *type = proxy_type(call->ctx, call_app(call));

	strbuf_addf(call->out, "%s\n", type);
	return 0;
}

static const struct trigger_handler triggers[] = {
	{ "proxy-is-enabled", handle_is_enabled },
	{ "proxy-type", handle_type },
	{},
};

/* A clone has no certificate: the port for TLS is chosen when it gets one. */
static int on_clone(struct ctx *ctx, const char *old, const char *new, struct err *err)
{
	int r = state_copy(ctx, "proxy", old, new, err);

	return r < 0 ? r : state_unset(ctx, "proxy", new, "proxy-ssl-port", err);
}

/* --- tables --- */

static const struct property properties[] = {
	{ "disabled", PROP_APP | PROP_COMPUTED, "false",
		"true: nothing leads to the app's host names", check_bool, NULL },
	{ "proxy-port", PROP_BOTH, NULL, "Host port for http; settled when the app is served first",
		check_port, NULL },
	{ "proxy-ssl-port", PROP_BOTH, NULL,
		"Host port for https; settled when the app has a certificate first", check_port,
		NULL },
	{ "type", PROP_BOTH, "nginx", "Which proxy leads requests to the app", check_type, NULL },
	{},
};

static const struct flag all_flags[] = {
	{ "all", 0, FLAG_BOOL, NULL, "Do it for all apps" },
	{ "parallel", 0, FLAG_VALUE, "<count>",
		"How many at once; -1: one per CPU; auto: while the machine is not busy" },
	{},
};

#define CHANGES (CMD_APP | CMD_APP_OPTIONAL | CMD_LOCK | CMD_DRY_RUN)
#define MOVED(name)                                                                                \
	{                                                                                          \
		name, "", NULL, CMD_RAW | CMD_HIDDEN, 0, -1, NULL, run_moved, NULL                 \
	}

static const struct command commands[] = {
	{ "proxy:build-config", "[--parallel <count>] [--all|<app>]",
		"Write an app's proxy configuration again", CHANGES, 0, 1, all_flags, run_build,
		NULL },
	{ "proxy:clear-config", "[--all|<app>]", "Remove an app's proxy configuration",
		CMD_APP | CMD_APP_OPTIONAL | CMD_LOCK, 0, 1, all_flags, run_clear, NULL },
	{ "proxy:disable", "[--parallel <count>] [--all|<app>]", "Take the proxy away from an app",
		CHANGES, 0, 1, all_flags, run_disable, NULL },
	{ "proxy:enable", "[--parallel <count>] [--all|<app>]",
		"Put the proxy in front of an app again", CHANGES, 0, 1, all_flags, run_enable,
		NULL },
	MOVED("proxy:ports"),
	MOVED("proxy:ports-add"),
	MOVED("proxy:ports-clear"),
	MOVED("proxy:ports-remove"),
	MOVED("proxy:ports-set"),
	{ "proxy:set", "<app>|--global <property> [<value>]",
		"Set a proxy property, or which proxy", CMD_APP_OR_GLOBAL | CMD_LOCK, 1, 3, NULL,
		run_set, NULL },
	{},
};

const struct plugin plugin_proxy = {
	.name = "proxy",
	.summary = "Manage the proxy of apps",
	.report_flags = REPORT_LEGACY_KEYS,
	.commands = commands,
	.properties = properties,
	.rows = rows,
	.triggers = triggers,
	.steps = proxy_steps,
	.on_clone = on_clone,
};
