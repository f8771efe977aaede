/* SPDX-License-Identifier: MIT */
/* The domains plugin: host names of apps and the global ones. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/app.h"
#include "core/app_env.h"
#include "core/batch.h"
#include "core/domains_step.h"
#include "core/output.h"
#include "core/proxy.h"
#include "core/state.h"
#include "core/trigger.h"

static int check_names(const struct strvec *names, struct err *err)
{
	for (size_t i = 0; i < names->count; i++) {
		if (!domain_valid(names->items[i]))
			return err_set(err, ERR_INVALID, "%.300s is invalid. exiting...",
				names->items[i]);
	}
	return 0;
}

/* The positionals from FROM on. */
static void take_names(const struct args *args, size_t from, struct strvec *ret)
{
	for (size_t i = from; i < args->pos.count; i++)
		strvec_push(ret, args->pos.items[i]);
}

static int require_names(const struct strvec *names, const char *usage, struct err *err)
{
	if (names->count && *names->items[0])
		return check_names(names, err);
	return err_set(err, ERR_USAGE,
		"Please specify a domain name. Usage: dokku %s <domain> "
		"[<domain> ...]",
		usage);
}

/* --- one change: files, proxy, then those who listen --- */

struct change {
	const char *app;
	const char *action;         /* of the trigger */
	const struct strvec *names; /* what the file shall hold; NULL: no file */
	const struct strvec *named; /* what the command named; may be NULL */
	enum domains_switch vhosts;
};

static int fire_update(struct ctx *ctx, const struct change *c, struct err *err)
{
	AUTO_STRVEC args = STRVEC_INIT;
	bool switched =
		c->vhosts == DOMAINS_ON && (str_eq(c->action, "add") || str_eq(c->action, "set"));

	if (switched && trigger_fire(ctx, err, "post-domains-update", c->app, "enable", NULL) < 0)
		return -(int)err->kind;
	strvec_pushl(&args, c->app, c->action, NULL);
	if (c->named)
		strvec_pushv(&args, c->named->items);
	return trigger_fire_args(ctx, "post-domains-update", &args, err);
}

static int fire_before(struct ctx *ctx, const struct change *c, struct err *err)
{
	if (c->vhosts == DOMAINS_LEAVE || ctx->dry_run)
		return 0;
	return trigger_fire(ctx, err,
		c->vhosts == DOMAINS_ON ? "pre-enable-vhost" : "pre-disable-vhost", c->app, NULL);
}

static int run_change(struct ctx *ctx, const struct change *c, struct err *err)
{
	AUTO_FREE char *name = xasprintf("domains-%s", c->action);
	struct operation *op;
	int r = fire_before(ctx, c, err);

	if (r >= 0)
		r = operation_begin(ctx, name, c->app, NULL, NULL, &op, err);
	if (r < 0)
		return r;
	r = proxy_plan_settle(op, c->app, err);
	if (r >= 0)
		r = domains_plan_write(op, c->app, c->names, c->vhosts, err);
	if (r >= 0)
		r = proxy_plan_rebuild(op, c->app, err);
	r = operation_run_planned(op, r, err);
	return r < 0 || ctx->dry_run ? r : fire_update(ctx, c, err);
}

/* What virtual hosts that are off need when names are given to the app. */
static enum domains_switch wake(struct ctx *ctx, const char *app)
{
	return domains_enabled(ctx, app) ? DOMAINS_LEAVE : DOMAINS_ON;
}

/* --- commands --- */

static int run_add(struct ctx *ctx, const struct args *args, struct err *err)
{
	const char *app = args_pos(args, 0);
	AUTO_STRVEC given = STRVEC_INIT;
	AUTO_STRVEC names = STRVEC_INIT;
	AUTO_STRVEC added = STRVEC_INIT;
	struct change c = { app, "add", &names, &given, wake(ctx, app) };
	int r;

	take_names(args, 1, &given);
	r = require_names(&given, "domains:add <app>", err);
	if (r >= 0)
		r = domains_of(ctx, app, &names, err);
	for (size_t i = 0; r >= 0 && i < given.count; i++) {
		if (strvec_has(&names, given.items[i])) {
			out_info1("Skipping: %s already added to %s", given.items[i], app);
			continue;
		}
		strvec_push(&names, given.items[i]);
		strvec_push(&added, given.items[i]);
	}
	if (r >= 0)
		r = run_change(ctx, &c, err);
	for (size_t i = 0; r >= 0 && !ctx->dry_run && i < added.count; i++)
		out_info1("Added %s to %s", added.items[i], app);
	return r;
}

static int run_remove(struct ctx *ctx, const struct args *args, struct err *err)
{
	const char *app = args_pos(args, 0);
	AUTO_STRVEC given = STRVEC_INIT;
	AUTO_STRVEC names = STRVEC_INIT;
	struct change c = { app, "remove", &names, &given, DOMAINS_LEAVE };
	int r;

	take_names(args, 1, &given);
	if (!given.count)
		return require_names(&given, "domains:remove <app>", err);
	r = domains_of(ctx, app, &names, err);
	for (size_t i = 0; r >= 0 && i < given.count; i++)
		strvec_remove_str(&names, given.items[i]);
	if (r >= 0)
		r = run_change(ctx, &c, err);
	for (size_t i = 0; r >= 0 && !ctx->dry_run && i < given.count; i++)
		out_info1("Removed %s from %s", given.items[i], app);
	return r;
}

static int run_set(struct ctx *ctx, const struct args *args, struct err *err)
{
	const char *app = args_pos(args, 0);
	AUTO_STRVEC given = STRVEC_INIT;
	AUTO_FREE char *line = NULL;
	struct change c = { app, "set", &given, &given, wake(ctx, app) };
	int r;

	take_names(args, 1, &given);
	r = require_names(&given, "domains:set <app>", err);
	if (r >= 0)
		r = run_change(ctx, &c, err);
	if (r < 0 || ctx->dry_run)
		return r;
	line = strvec_joined(&given, " ");
	out_info1("Set %s for %s", line, app);
	return 0;
}

/* With --all every app is a command of its own. */
static int run_for_all(struct ctx *ctx, const char *verb, const char *command, struct err *err)
{
	AUTO_STRVEC flags = STRVEC_INIT;

	return batch_run(ctx, verb, command, &flags, 0, err);
}

static int run_clear(struct ctx *ctx, const struct args *args, struct err *err)
{
	const char *app = args_pos(args, 0);
	struct change c = { app, "clear", NULL, NULL, DOMAINS_LEAVE };
	int r;

	if (args_has(args, "all"))
		return run_for_all(ctx, "clear", "domains:clear", err);
	r = args_need_app(args, err);
	if (r >= 0)
		r = run_change(ctx, &c, err);
	if (r >= 0 && !ctx->dry_run)
		out_info1("Cleared domains in %s", app);
	return r;
}

/* The state of a new app: its default names, or virtual hosts off when there are none. */
static int to_defaults(struct ctx *ctx, const char *app, struct err *err)
{
	AUTO_STRVEC names = STRVEC_INIT;
	struct change c = { app, "reset", &names, NULL, DOMAINS_LEAVE };
	int r = domains_default(ctx, app, &names, err);

	if (r < 0)
		return r;
	if (!names.count) {
		out_info1_quiet("Global server virtual host not set, disabling app vhost...");
		c.names = NULL;
		c.vhosts = DOMAINS_OFF;
	}
	return run_change(ctx, &c, err);
}

static int run_reset(struct ctx *ctx, const struct args *args, struct err *err)
{
	int r = to_defaults(ctx, args_pos(args, 0), err);

	if (r >= 0 && !ctx->dry_run)
		out_info1_quiet("Reset domains for %s", args_pos(args, 0));
	return r;
}

static int run_setup(struct ctx *ctx, const struct args *args, struct err *err)
{
	const char *app = args_pos(args, 0);
	AUTO_FREE char *path = inst_home(&ctx->inst, "%s/VHOST", app);
	int r = fs_exists(path) ? 0 : to_defaults(ctx, app, err);

	if (r >= 0 && !ctx->dry_run)
		out_info1_quiet("Setup domains for %s", app);
	return r;
}

static int disable_app(struct ctx *ctx, const char *app, struct err *err)
{
	struct change c = { app, "disable", NULL, NULL, DOMAINS_OFF };
	int r;

	if (!domains_enabled(ctx, app)) {
		out_info1("Domains (VHOST) support is already disabled for app (%s)", app);
		return 0;
	}
	r = run_change(ctx, &c, err);
	if (r >= 0 && !ctx->dry_run)
		out_info1("App virtual host support disabled");
	return r;
}

static int enable_app(struct ctx *ctx, const char *app, struct err *err)
{
	AUTO_STRVEC names = STRVEC_INIT;
	struct change c = { app, "enable", &names, NULL, DOMAINS_ON };
	int r;

	if (domains_enabled(ctx, app)) {
		out_info1("Domains (VHOST) support is already enabled for app (%s)", app);
		return 0;
	}
	r = domains_default(ctx, app, &names, err);
	if (r >= 0 && !names.count)
		r = domains_of(ctx, app, &names, err);
	return r < 0 ? r : run_change(ctx, &c, err);
}

static int run_disable(struct ctx *ctx, const struct args *args, struct err *err)
{
	if (args_has(args, "all"))
		return run_for_all(ctx, "disable", "domains:disable", err);
	if (args_need_app(args, err) < 0)
		return -(int)err->kind;
	return disable_app(ctx, args_pos(args, 0), err);
}

static int run_enable(struct ctx *ctx, const struct args *args, struct err *err)
{
	if (args_has(args, "all"))
		return run_for_all(ctx, "enable", "domains:enable", err);
	if (args_need_app(args, err) < 0)
		return -(int)err->kind;
	return enable_app(ctx, args_pos(args, 0), err);
}

/* --- global names: they are what later apps get, and change nothing now --- */

static int run_add_global(struct ctx *ctx, const struct args *args, struct err *err)
{
	AUTO_STRVEC given = STRVEC_INIT;
	AUTO_STRVEC names = STRVEC_INIT;
	int r;

	take_names(args, 0, &given);
	r = require_names(&given, "domains:add-global", err);
	if (r >= 0)
		r = domains_global(ctx, &names, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < given.count; i++) {
		if (strvec_has(&names, given.items[i])) {
			out_info1("Skipping %s: already added", given.items[i]);
			continue;
		}
		strvec_push(&names, given.items[i]);
		out_info1("Added %s", given.items[i]);
	}
	return domains_save(ctx, SCOPE_GLOBAL, &names, err);
}

static int run_remove_global(struct ctx *ctx, const struct args *args, struct err *err)
{
	AUTO_STRVEC given = STRVEC_INIT;
	AUTO_STRVEC names = STRVEC_INIT;
	int r;

	take_names(args, 0, &given);
	if (!given.count)
		return require_names(&given, "domains:remove-global", err);
	r = domains_global(ctx, &names, err);
	for (size_t i = 0; r >= 0 && i < given.count; i++)
		strvec_remove_str(&names, given.items[i]);
	if (r >= 0)
		r = domains_save(ctx, SCOPE_GLOBAL, &names, err);
	for (size_t i = 0; r >= 0 && i < given.count; i++)
		out_info1("Removed %s", given.items[i]);
	return r;
}

static int run_set_global(struct ctx *ctx, const struct args *args, struct err *err)
{
	AUTO_STRVEC given = STRVEC_INIT;
	AUTO_FREE char *line = NULL;
	int r;

	take_names(args, 0, &given);
	r = require_names(&given, "domains:set-global", err);
	if (r >= 0)
		r = domains_save(ctx, SCOPE_GLOBAL, &given, err);
	if (r < 0)
		return r;
	line = strvec_joined(&given, " ");
	out_info1("Set %s", line);
	return 0;
}

static int run_clear_global(struct ctx *ctx, const struct args *args, struct err *err)
{
	AUTO_STRVEC none = STRVEC_INIT;

	out_info1_quiet("Clearing global domains");
	return domains_save(ctx, SCOPE_GLOBAL, &none, err);
}

/* --- report --- */

static bool any_valid(const struct strvec *names)
{
	for (size_t i = 0; i < names->count; i++) {
		if (domain_valid(names->items[i]))
			return true;
	}
	return false;
}

static int row_app_enabled(struct ctx *ctx, const char *app, struct strbuf *out, struct err *err)
{
	strbuf_addstr(out, domains_enabled(ctx, app) ? "true" : "false");
	return 0;
}

static int row_app_vhosts(struct ctx *ctx, const char *app, struct strbuf *out, struct err *err)
{
	AUTO_STRVEC names = STRVEC_INIT;
	int r = domains_of(ctx, app, &names, err);

	if (r >= 0)
		strvec_join(&names, " ", out);
	return r;
}

static int row_global_enabled(struct ctx *ctx, const char *app, struct strbuf *out, struct err *err)
{
	AUTO_STRVEC names = STRVEC_INIT;
	int r = domains_global(ctx, &names, err);

	if (r >= 0)
		strbuf_addstr(out, any_valid(&names) ? "true" : "false");
	return r;
}

static int row_global_vhosts(struct ctx *ctx, const char *app, struct strbuf *out, struct err *err)
{
	AUTO_STRVEC names = STRVEC_INIT;
	int r = domains_global(ctx, &names, err);

	if (r >= 0 && any_valid(&names))
		strvec_join(&names, " ", out);
	return r;
}

static const struct report_row rows[] = {
	{ "--domains-app-enabled", false, row_app_enabled },
	{ "--domains-app-vhosts", false, row_app_vhosts },
	{ "--domains-global-enabled", true, row_global_enabled },
	{ "--domains-global-vhosts", true, row_global_vhosts },
	{},
};

/* --- triggers that scripts call --- */

static int handle_list(struct trigger_call *call, struct err *err)
{
	AUTO_STRVEC names = STRVEC_INIT;
	int r = domains_enabled(call->ctx, trigger_arg(call, 0))
			? domains_of(call->ctx, trigger_arg(call, 0), &names, err)
			: 0;

	for (size_t i = 0; r >= 0 && i < names.count; i++)
		strbuf_addf(call->out, "%s\n", names.items[i]);
	return r;
}

static int handle_enabled(struct trigger_call *call, struct err *err)
{
	return domains_enabled(call->ctx, trigger_arg(call, 0)) ? 0 : err_exit(err, 1);
}

static int handle_add(struct trigger_call *call, struct err *err)
{
	return trigger_run_self(call, "domains:add", err);
}

static int with_vhosts(struct trigger_call *call, bool on, struct err *err)
{
	AUTO_STRVEC app = STRVEC_INIT;
	struct trigger_call only_app = *call;

	strvec_push(&app, trigger_arg(call, 0));
	only_app.args = &app;
	return trigger_run_self(&only_app, on ? "domains:enable" : "domains:disable", err);
}

static int handle_disable(struct trigger_call *call, struct err *err)
{
	return with_vhosts(call, false, err);
}

static int handle_enable(struct trigger_call *call, struct err *err)
{
	return with_vhosts(call, true, err);
}

static int handle_urls(struct trigger_call *call, struct err *err)
{
	return domains_print_urls(call->ctx, trigger_arg(call, 0),
		str_eq(trigger_arg(call, 1), "url"), call->out, err);
}

static const struct trigger_handler triggers[] = {
	{ "domains-add", handle_add },
	{ "domains-disable", handle_disable },
	{ "domains-enable", handle_enable },
	{ "domains-list", handle_list },
	{ "domains-urls", handle_urls },
	{ "domains-vhost-enabled", handle_enabled },
	{},
};

/* --- the life of an app --- */

/* A clone gets names of its own: two apps cannot answer to one name. */
static int on_clone(struct ctx *ctx, const char *old, const char *new, struct err *err)
{
	AUTO_STRVEC names = STRVEC_INIT;
	int r = domains_default(ctx, new, &names, err);

	if (r >= 0)
		r = domains_save(ctx, new, &names, err);
	if (r < 0)
		return r;
	if (names.count && domains_enabled(ctx, new))
		return 0;
	return app_env_set(ctx, new, "NO_VHOST", names.count ? NULL : "1", err);
}

static int on_rename(struct ctx *ctx, const char *old, const char *new, struct err *err)
{
	AUTO_STRVEC names = STRVEC_INIT;
	AUTO_STRVEC old_defaults = STRVEC_INIT;
	AUTO_STRVEC new_defaults = STRVEC_INIT;
	AUTO_STRVEC result = STRVEC_INIT;
	int r = domains_of(ctx, old, &names, err);

	if (r >= 0)
		r = domains_default(ctx, old, &old_defaults, err);
	if (r >= 0)
		r = domains_default(ctx, new, &new_defaults, err);
	for (size_t i = 0; r >= 0 && i < names.count; i++) {
		ptrdiff_t at = strvec_index(&old_defaults, names.items[i]);

		strvec_push(&result, at >= 0 && (size_t)at < new_defaults.count
					     ? new_defaults.items[at]
					     : names.items[i]);
	}
	return r < 0 ? r : domains_save(ctx, new, &result, err);
}

/* The file is in the app's folder, which goes as a whole. */
static int on_destroy(struct ctx *ctx, const char *app, struct err *err)
{
	return 0;
}

/* --- tables --- */

static const struct flag all_flags[] = {
	{ "all", 0, FLAG_BOOL, NULL, "Do it for all apps" },
	{},
};

#define CHANGES (CMD_APP | CMD_LOCK | CMD_DRY_RUN)

static const struct command commands[] = {
	{ "domains:add", "<app> <domain> [<domain> ...]", "Give an app more host names", CHANGES, 1,
		-1, NULL, run_add, NULL },
	{ "domains:add-global", "<domain> [<domain> ...]",
		"Add names under which new apps get theirs", 0, 0, -1, NULL, run_add_global, NULL },
	{ "domains:clear", "<app>|--all", "Take all host names from an app",
		CHANGES | CMD_APP_OPTIONAL, 0, 1, all_flags, run_clear, NULL },
	{ "domains:clear-global", "", "Remove all global names", 0, 0, 0, NULL, run_clear_global,
		NULL },
	{ "domains:disable", "<app>|--all", "Serve an app by port instead of by name",
		CHANGES | CMD_APP_OPTIONAL, 0, 1, all_flags, run_disable, NULL },
	{ "domains:enable", "<app>|--all", "Serve an app by its host names again",
		CHANGES | CMD_APP_OPTIONAL, 0, 1, all_flags, run_enable, NULL },
	{ "domains:remove", "<app> <domain> [<domain> ...]", "Take host names from an app", CHANGES,
		1, -1, NULL, run_remove, NULL },
	{ "domains:remove-global", "<domain> [<domain> ...]", "Remove global names", 0, 0, -1, NULL,
		run_remove_global, NULL },
	{ "domains:reset", "<app>", "Give an app its default host names", CHANGES, 1, 1, NULL,
		run_reset, NULL },
	{ "domains:set", "<app> <domain> [<domain> ...]", "Replace an app's host names", CHANGES, 1,
		-1, NULL, run_set, NULL },
	{ "domains:set-global", "<domain> [<domain> ...]", "Replace the global names", 0, 0, -1,
		NULL, run_set_global, NULL },
	{ "domains:setup", "<app>", NULL, CHANGES | CMD_HIDDEN, 1, 1, NULL, run_setup, NULL },
	{},
};

extern const struct plugin plugin_domains;
const struct plugin plugin_domains = {
	.name = "domains",
	.summary = "Manage the host names of apps",
	.commands = commands,
	.rows = rows,
	.triggers = triggers,
	.steps = domains_steps,
	.on_clone = on_clone,
	.on_rename = on_rename,
	.on_destroy = on_destroy,
};
