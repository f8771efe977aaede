/* SPDX-License-Identifier: MIT */
/* OpenResty in a container: settings, and snippets of the app's source, are labels of the app. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/base64.h"
#include "base/fs.h"
#include "core/label_proxy.h"
#include "core/nginx_settings.h"
#include "core/output.h"
#include "core/staged.h"
#include "core/state.h"

enum { INCLUDE_BYTES_MAX = 64 * 1024 };

extern const char openresty_template[];
extern const struct proxy openresty_proxy;
extern const struct plugin plugin_openresty_vhosts;

static const struct property properties[];
static const struct label_proxy row;

/* --- labels of an app --- */

static bool is_safe_name(const char *name)
{
	return !name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				  "_.-")];
}

/* Each file "x.conf" as a label "openresty.<prefix>x.conf". */
static int add_includes(const struct label_call *c, enum staged_kind kind, const char *prefix,
	struct strvec *ret, struct err *err)
{
	AUTO_FREE char *dir = staged_path(c->ctx, c->app, kind);
	AUTO_STRVEC names = STRVEC_INIT;
	int r = dir && fs_is_dir(dir) ? fs_list(dir, &names, err) : 0;

	strvec_sort(&names);
	for (size_t i = 0; r >= 0 && i < names.count; i++) {
		const char *name = names.items[i];
		AUTO_FREE char *path = path_join(dir, name);
		AUTO_STRBUF text = STRBUF_INIT;
		AUTO_STRBUF encoded = STRBUF_INIT;

		if (!str_ends(name, ".conf") || !fs_is_file(path))
			continue;
		if (!is_safe_name(name)) {
			out_warn("Skipping include file with unsafe filename: %s", name);
			continue;
		}
		r = fs_read(path, INCLUDE_BYTES_MAX, &text, err);
		base64_encode(text.buf, text.len, &encoded);
		if (r >= 0)
			strvec_pushf(ret, "openresty.%s%s=%s", prefix, name, encoded.buf);
	}
	return r < 0 ? r : 0;
}

static void add_label(struct strvec *ret, const char *name, const char *value)
{
	if (*value)
		strvec_pushf(ret, "openresty.%s=%s", name, value);
}

/* The proxy's name for a setting is that of the property, but for one. */
static const char *label_of(const char *property)
{
	return str_eq(property, "proxy-busy-buffers-size") ? "proxy-busy-buffer-size" : property;
}

static void add_settings(const struct label_call *c, struct strvec *ret)
{
	for (const struct property *p = properties; p->name; p++) {
		AUTO_FREE char *value = NULL;

		if (!(p->flags & PROP_APP))
			continue;
		value = label_proxy_value(c->ctx, &row, c->app, p->name);
		add_label(ret, label_of(p->name), value);
	}
}

static void add_routes(const struct label_call *c, struct strvec *ret)
{
	AUTO_FREE char *network =
		state_computed(c->ctx, "network", c->app, "initial-network", NULL);
	AUTO_FREE char *hosts = strvec_joined(&c->hosts, " ");
	AUTO_STRBUF maps = STRBUF_INIT;
	bool https = false;

	for (size_t i = 0; i < c->maps.count; i++) {
		if (i)
			strbuf_addch(&maps, ' ');
		port_map_print(&c->maps.items[i], &maps);
		https |= str_eq(c->maps.items[i].scheme, "https");
	}
	add_label(ret, "letsencrypt", c->acme && https ? "true" : "false");
	add_label(ret, "https-port", "443");
	add_label(ret, "domains", hosts);
	add_label(ret, "initial-network", network);
	add_label(ret, "port-mapping", maps.buf);
}

static int labels(const struct label_call *c, struct strvec *ret, struct err *err)
{
	int r = add_includes(c, STAGED_HTTP_INCLUDES, "include-http-", ret, err);

	if (r >= 0)
		r = add_includes(c, STAGED_LOCATION_INCLUDES, "include-location-http-", ret, err);
	if (r < 0)
		return r;
	add_routes(c, ret);
	add_settings(c, ret);
	return 0;
}

/* --- the compose file --- */

/* The function is stored as the base64 text that the proxy wants. */
static int vars(struct ctx *ctx, struct gotmpl_vars *ret, struct err *err)
{
	static const char all[] = "return true";
	AUTO_FREE char *set = state_get_or(ctx, "openresty", SCOPE_GLOBAL,
		"allowed-letsencrypt-domains-func-base64", NULL);
	AUTO_STRBUF fallback = STRBUF_INIT;

	base64_encode(all, strlen(all), &fallback);
	gotmpl_vars_set(ret, "OPENRESTY_ALLOWED_DOMAINS_FUNC", set);
	gotmpl_vars_set(ret, "ALLOWED_DOMAINS_FUNC_BASE64", *set ? set : fallback.buf);
	return 0;
}

static const struct label_proxy row = {
	.name = "openresty",
	.template = openresty_template,
	.data = "openresty-vhosts/.docker-letsencrypt",
	.serves_nginx = true,
	.labels = labels,
	.vars = vars,
};

const struct proxy openresty_proxy = LABEL_PROXY("openresty", row);

/* --- properties --- */

static char *access_log(struct ctx *ctx, const char *app)
{
	return xasprintf("/var/log/nginx/%s-access.log", app);
}

static char *error_log(struct ctx *ctx, const char *app)
{
	return xasprintf("/var/log/nginx/%s-error.log", app);
}

/* The report shows what is set once more in base64, as Dokku's does. */
static int computed_function(struct ctx *ctx, const char *app, struct strbuf *out, struct err *err)
{
	AUTO_FREE char *text = state_get_or(ctx, "openresty", SCOPE_GLOBAL,
		"allowed-letsencrypt-domains-func-base64", "return true");

	base64_encode(text, strlen(text), out);
	return 0;
}

static const struct property properties[] = {
	LABEL_PROPERTIES("dokku/openresty-docker-proxy:0.12.1", NULL),
	NGINX_SETTINGS(PROP_BOTH, access_log, error_log),
	{ "allowed-letsencrypt-domains-func-base64", PROP_GLOBAL_ONLY, NULL,
		"Body of a Lua function, in base64: may the domain have a certificate?",
		label_check_text, computed_function },
	{},
};

/* --- the plugin --- */

static const struct command commands[] = { LABEL_COMMANDS("openresty") };

const struct plugin plugin_openresty_vhosts = {
	.name = "openresty-vhosts",
	.verb = "openresty",
	.summary = "Manage the openresty proxy",
	.commands = commands,
	.properties = properties,
	.property_word = "key",
	.triggers = label_triggers,
};
