/* SPDX-License-Identifier: MIT */
/* The properties of nginx: what they may hold and what they default to. */
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/nginx_settings.h"
#include "proxies/nginx/nginx.h"

static int check_program(struct ctx *ctx, const char *scope, const char *value, struct err *err)
{
	if (*value == '/' && fs_is_exec(value))
		return 0;
	return err_set(err, ERR_INVALID, "'%.100s' is not the absolute path of a program", value);
}

static char *access_log(struct ctx *ctx, const char *app)
{
	return xasprintf("%s/%s-access.log", ctx->inst.nginx_log_dir, app);
}

static char *error_log(struct ctx *ctx, const char *app)
{
	return xasprintf("%s/%s-error.log", ctx->inst.nginx_log_dir, app);
}

#define BOTH (PROP_APP | PROP_GLOBAL | PROP_COMPUTED)

const struct property nginx_properties[] = {
	NGINX_SETTINGS(BOTH, access_log, error_log),
	{ "disable-custom-config", BOTH, "false", "true: the app's own template is not used",
		check_bool, NULL },
	{ "nginx-conf-sigil-path", BOTH, "nginx.conf.sigil",
		"Path of the app's own template below the build folder", check_inside_path, NULL },
	{ "nginx-service-command", BOTH, NULL,
		"Program that controls nginx; called with start, stop, reload, enable or disable",
		check_program, NULL },
	{ "proxy-keepalive", BOTH, NULL,
		"Idle connections to the app that each worker of nginx keeps", check_positive,
		NULL },
	{ "proxy-status", PROP_INTERNAL, NULL, NULL, NULL, NULL },
	{},
};

int nginx_value(struct ctx *ctx, const char *app, const char *name, struct strbuf *out,
	struct err *err)
{
	const struct property *p = property_find(&plugin_nginx_vhosts, name);
	AUTO_STRBUF value = STRBUF_INIT;
	int r;

	if (!p)
		return err_set(err, ERR_BUG, "nginx has no property '%s'", name);
	r = property_computed(ctx, &plugin_nginx_vhosts, p, app, &value, err);
	if (r < 0)
		return r;
	if (!nginx_is_safe(value.buf))
		return err_set(err, ERR_INVALID,
			"The nginx property %s of %s cannot stand in a configuration: '%.100s'; "
			"set it again with nginx:set",
			name, app, value.buf);
	strbuf_addstr(out, value.buf);
	return 0;
}

bool nginx_is_true(struct ctx *ctx, const char *app, const char *name)
{
	AUTO_STRBUF value = STRBUF_INIT;
	AUTO_ERR ignored = ERR_INIT; /* a value that cannot be used is not "true" */

	return nginx_value(ctx, app, name, &value, &ignored) >= 0 && str_eq(value.buf, "true");
}
