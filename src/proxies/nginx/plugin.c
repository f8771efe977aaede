/* SPDX-License-Identifier: MIT */
/* The plugin nginx-vhosts: its tables, and commands that are short. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/app.h"
#include "core/output.h"
#include "core/scheduler.h"
#include "core/state.h"
#include "core/trigger.h"
#include "proxies/nginx/nginx.h"

enum { CONF_BYTES_MAX = 8 * 1024 * 1024 };

static int print_file(const char *path, struct err *err)
{
	AUTO_STRBUF text = STRBUF_INIT;
	int r = fs_read(path, CONF_BYTES_MAX, &text, err);

	if (r >= 0)
		fwrite(text.buf, 1, text.len, stdout);
	return r;
}

static int run_show(struct ctx *ctx, const struct args *args, struct err *err)
{
	const char *app = args_pos(args, 0);
	AUTO_FREE char *scheduler = scheduler_name(ctx, app);
	AUTO_FREE char *type = proxy_type(ctx, app);
	AUTO_FREE char *path = nginx_conf_path(ctx, app);

	if (nginx_is_elsewhere(scheduler))
		return trigger_fire(ctx, err, "scheduler-proxy-config", scheduler, app, type, NULL);
	if (!str_eq(type, "nginx"))
		return err_set(err, ERR_USAGE,
			"This command is only available for apps with the nginx proxy type");
	if (!fs_is_file(path))
		return err_set(err, ERR_NOT_FOUND, "No nginx.conf exists for %s", app);
	return print_file(path, err);
}

static int run_start(struct ctx *ctx, const struct args *args, struct err *err)
{
	int r = state_set(ctx, "nginx", SCOPE_GLOBAL, "proxy-status", "started", err);

	if (r >= 0)
		r = nginx_control(ctx, NULL, "enable", err);
	return r < 0 ? r : nginx_control(ctx, NULL, "start", err);
}

static int run_stop(struct ctx *ctx, const struct args *args, struct err *err)
{
	int r = state_set(ctx, "nginx", SCOPE_GLOBAL, "proxy-status", "stopped", err);

	if (r >= 0)
		r = nginx_control(ctx, NULL, "stop", err);
	return r < 0 ? r : nginx_control(ctx, NULL, "disable", err);
}

static int run_reload(struct ctx *ctx, const struct args *args, struct err *err)
{
	int r = nginx_test(ctx, err);

	return r < 0 ? r : nginx_control(ctx, NULL, "reload", err);
}

/* --- nginx:validate-config --- */

static int validate_one(struct ctx *ctx, const char *app, bool clean, struct err *err)
{
	AUTO_FREE char *path = nginx_conf_path(ctx, app);
	AUTO_ERR why = ERR_INIT;
	int r;

	if (!fs_is_file(path)) {
		if (!output_is_quiet())
			out_warn("No nginx config found for %s", app);
		return 0;
	}
	if (nginx_test_alone(ctx, app, path, &why) >= 0)
		return 0;
	out_warn("Failed to validate nginx config for %s. Contents below...", app);
	r = print_file(path, err);
	if (r < 0 || !clean)
		return r;
	out_warn("Removing invalid nginx file");
	return fs_unlink(path, err);
}

static int run_validate(struct ctx *ctx, const struct args *args, struct err *err)
{
	AUTO_ERR first = ERR_INIT;
	AUTO_STRVEC apps = STRVEC_INIT;
	int r = 0;

	if (nginx_test(ctx, &first) >= 0)
		return 0;
	if (*args_pos(args, 0))
		strvec_push(&apps, args_pos(args, 0));
	else
		r = app_list(ctx, &apps, err);
	for (size_t i = 0; r >= 0 && i < apps.count; i++)
		r = validate_one(ctx, apps.items[i], args_has(args, "clean"), err);
	return r < 0 ? r : nginx_test(ctx, err);
}

/* --- report --- */

static int row_last_visited(struct ctx *ctx, const char *app, struct strbuf *out, struct err *err)
{
	AUTO_FREE char *path = state_get_or(ctx, "nginx", app, "access-log-path", NULL);
	struct stat st;

	if (*path == '/' && !str_eq(path, "/dev/null") && stat(path, &st) == 0 &&
		S_ISREG(st.st_mode))
		strbuf_addf(out, "%lld", (long long)st.st_mtim.tv_sec);
	return 0;
}

static const struct report_row rows[] = {
	{ "--nginx-last-visited-at", false, row_last_visited },
	{},
};

/* --- triggers --- */

static int handle_build(struct trigger_call *call, struct err *err)
{
	const struct proxy *driver = NULL;
	const char *app = call->args->count ? call->args->items[0] : "";
	int r = app_verify(call->ctx, app, err);

	if (r >= 0)
		r = proxy_of(call->ctx, app, &driver, err);
	if (r < 0 || (driver && driver != &nginx_proxy))
		return r;
	return driver ? driver->apply(call->ctx, app, err) : nginx_proxy.clear(call->ctx, app, err);
}

static int handle_clear(struct trigger_call *call, struct err *err)
{
	const char *app = call->args->count ? call->args->items[0] : "";
	AUTO_STRVEC apps = STRVEC_INIT;
	int r = 0;

	if (str_eq(app, "--all"))
		r = app_list_all(call->ctx, &apps, err);
	else
		strvec_push(&apps, app);
	return r < 0 ? r : nginx_proxy.change(call->ctx, NULL, &apps, err);
}

static int handle_pre_restore(struct trigger_call *call, struct err *err)
{
	AUTO_FREE char *status =
		state_get_or(call->ctx, "nginx", SCOPE_GLOBAL, "proxy-status", NULL);
	AUTO_ERR why = ERR_INIT;

	if (!str_eq(status, "started"))
		return 0;
	if (nginx_control(call->ctx, NULL, "start", &why) < 0) {
		out_error(&why);
		out_warn("Failed to restore nginx proxy, requests may not route as expected");
	}
	return 0;
}

static const struct trigger_handler triggers[] = {
	{ "post-domains-update", handle_build },
	{ "post-proxy-ports-update", handle_build },
	{ "pre-restore", handle_pre_restore },
	{ "proxy-build-config", handle_build },
	{ "proxy-clear-config", handle_clear },
	{},
};

/* --- the life of an app --- */

static int copy_extra(struct ctx *ctx, const char *old, const char *new, struct err *err)
{
	AUTO_FREE char *from = inst_home(&ctx->inst, "%s/nginx.conf.d", old);
	AUTO_FREE char *to = inst_home(&ctx->inst, "%s/nginx.conf.d", new);
	AUTO_FREE char *hsts = nginx_hsts_path(ctx, new);
	AUTO_FREE char *data_from = inst_lib(&ctx->inst, "data/nginx-vhosts/app-%s", old);
	AUTO_FREE char *data_to = inst_lib(&ctx->inst, "data/nginx-vhosts/app-%s", new);
	int r = fs_rm_rf(to, err);

	if (r >= 0 && fs_is_dir(from))
		r = fs_copy_tree(from, to, err);
	if (r >= 0 && fs_exists(hsts))
		r = fs_unlink(hsts, err);
	if (r >= 0)
		r = fs_rm_rf(data_to, err);
	if (r >= 0 && fs_is_dir(data_from))
		r = fs_copy_tree(data_from, data_to, err);
	return r;
}

static int on_clone(struct ctx *ctx, const char *old, const char *new, struct err *err)
{
	int r = plugin_copy_settings(ctx, &plugin_nginx_vhosts, old, new, err);

	return r < 0 ? r : copy_extra(ctx, old, new, err);
}

/* The caller has seen to it that nothing is led to the app any more. */
static int on_destroy(struct ctx *ctx, const char *app, struct err *err)
{
	AUTO_FREE char *data = inst_lib(&ctx->inst, "data/nginx-vhosts/app-%s", app);
	AUTO_FREE char *live = inst_lib(&ctx->inst, "data/moorage/nginx/live-%s", app);
	AUTO_FREE char *conf = nginx_conf_path(ctx, app);
	AUTO_ERR why = ERR_INIT;
	int r;

	/* The file goes in any case; the rest must not wait for an nginx that is broken. */
	if (nginx_proxy.clear(ctx, app, &why) < 0)
		out_error(&why);
	r = fs_unlink(conf, err);
	if (r >= 0)
		r = fs_unlink(live, err);
	if (r >= 0)
		r = fs_rm_rf(data, err);
	if (r >= 0)
		r = proxy_drop_copies(ctx, app, err);
	return r < 0 ? r : plugin_drop_settings(ctx, &plugin_nginx_vhosts, app, err);
}

/* --- tables --- */

static const struct flag log_flags[] = {
	{ "tail", 't', FLAG_BOOL, NULL, "Go on with what is added" },
	{},
};

static const struct flag validate_flags[] = {
	{ "clean", 0, FLAG_BOOL, NULL, "Remove configurations that are not valid" },
	{},
};

static const struct flag setup_flags[] = {
	{ "default-vhost", 0, FLAG_BOOL, NULL, "Answer for names that no app has, too" },
	{},
};

static const struct command commands[] = {
	{ "nginx:access-logs", "<app> [-t]", "Show the end of an app's access log",
		CMD_APP | CMD_READ, 1, 1, log_flags, nginx_run_logs, NULL },
	{ "nginx:error-logs", "<app> [-t]", "Show the end of an app's error log",
		CMD_APP | CMD_READ, 1, 1, log_flags, nginx_run_logs, NULL },
	{ "nginx:reload", "", "Make nginx read its configuration again", 0, 0, 0, NULL, run_reload,
		NULL },
	{ "nginx:setup", "[--default-vhost]", NULL, CMD_ROOT | CMD_HIDDEN, 0, 0, setup_flags,
		nginx_run_setup, NULL },
	{ "nginx:show-conf", "<app>", NULL, CMD_APP | CMD_READ | CMD_HIDDEN, 1, 1, NULL, run_show,
		NULL },
	{ "nginx:show-config", "<app>", "Print an app's nginx configuration", CMD_APP | CMD_READ, 1,
		1, NULL, run_show, NULL },
	{ "nginx:start", "", "Start nginx", 0, 0, 0, NULL, run_start, NULL },
	{ "nginx:stop", "", "Stop nginx", 0, 0, 0, NULL, run_stop, NULL },
	{ "nginx:unsetup", "", NULL, CMD_ROOT | CMD_HIDDEN, 0, 0, NULL, nginx_run_unsetup, NULL },
	{ "nginx:validate", "[<app>] [--clean]", NULL, CMD_APP | CMD_APP_OPTIONAL | CMD_HIDDEN, 0,
		1, validate_flags, run_validate, NULL },
	{ "nginx:validate-config", "[<app>] [--clean]",
		"Test the nginx configurations of apps, and remove bad ones if asked to",
		CMD_APP | CMD_APP_OPTIONAL, 0, 1, validate_flags, run_validate, NULL },
	{},
};

const struct plugin plugin_nginx_vhosts = {
	.name = "nginx-vhosts",
	.verb = "nginx",
	.summary = "Manage the nginx proxy",
	.commands = commands,
	.properties = nginx_properties,
	.property_word = "key",
	.rows = rows,
	.triggers = triggers,
	.on_clone = on_clone,
	.on_rename = on_clone,
	.on_destroy = on_destroy,
};
