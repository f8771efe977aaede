/* SPDX-License-Identifier: MIT */
/* OpenResty in a container: settings, and snippets of the app's source, are labels of the app. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/base64.h"
#include "base/fs.h"
#include "core/label_proxy.h"
#include "core/output.h"
#include "core/property.h"
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

/* It is put into a configuration as it is. */
static int check_directive(struct ctx *ctx, const char *scope, const char *value, struct err *err)
{
	if (!strpbrk(value, ";{}\"'\\#`"))
		return 0;
	return err_set(err, ERR_INVALID,
		"'%.100s' is not usable in a directive: ; { } # quotes and backslashes are not "
		"possible",
		value);
}

static int own_or_global(struct ctx *ctx, const char *app, const char *name, struct strbuf *out)
{
	AUTO_FREE char *value = state_computed(ctx, "openresty", app, name, NULL);

	strbuf_addstr(out, value);
	return *value != '\0';
}

static int computed_access_log(struct ctx *ctx, const char *app, struct strbuf *out,
	struct err *err)
{
	if (!own_or_global(ctx, app, "access-log-path", out))
		strbuf_addf(out, "/var/log/nginx/%s-access.log", app);
	return 0;
}

static int computed_error_log(struct ctx *ctx, const char *app, struct strbuf *out, struct err *err)
{
	if (!own_or_global(ctx, app, "error-log-path", out))
		strbuf_addf(out, "/var/log/nginx/%s-error.log", app);
	return 0;
}

static long page_kib(void)
{
	return sysconf(_SC_PAGESIZE) / 1024;
}

static int computed_buffer_size(struct ctx *ctx, const char *app, struct strbuf *out,
	struct err *err)
{
	if (!own_or_global(ctx, app, "proxy-buffer-size", out))
		strbuf_addf(out, "%ldk", page_kib());
	return 0;
}

static int computed_buffers(struct ctx *ctx, const char *app, struct strbuf *out, struct err *err)
{
	if (!own_or_global(ctx, app, "proxy-buffers", out))
		strbuf_addf(out, "8 %ldk", page_kib());
	return 0;
}

static int computed_busy_size(struct ctx *ctx, const char *app, struct strbuf *out, struct err *err)
{
	if (!own_or_global(ctx, app, "proxy-busy-buffers-size", out))
		strbuf_addf(out, "%ldk", page_kib() * 2);
	return 0;
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
	{ "access-log-format", PROP_BOTH, NULL, "Name of the log_format of the access log",
		check_directive, NULL },
	{ "access-log-path", PROP_BOTH, NULL, "File of the access log in the proxy, or off",
		check_directive, computed_access_log },
	{ "allowed-letsencrypt-domains-func-base64", PROP_GLOBAL_ONLY, NULL,
		"Body of a Lua function, in base64: may the domain have a certificate?",
		label_check_text, computed_function },
	{ "bind-address-ipv4", PROP_BOTH, NULL, "IPv4 address to listen on", check_directive,
		NULL },
	{ "bind-address-ipv6", PROP_BOTH, "::", "IPv6 address to listen on", check_directive,
		NULL },
	{ "client-body-timeout", PROP_BOTH, "60s", "Longest pause while a body is read",
		check_directive, NULL },
	{ "client-header-timeout", PROP_BOTH, "60s", "Time in which a request's head must arrive",
		check_directive, NULL },
	{ "client-max-body-size", PROP_BOTH, "1m", "Largest body of a request; 0: any",
		check_directive, NULL },
	{ "error-log-path", PROP_BOTH, NULL, "File of the error log in the proxy, or off",
		check_directive, computed_error_log },
	{ "hsts", PROP_BOTH, "true", "Tell browsers to use TLS only, where there is TLS",
		check_bool, NULL },
	{ "hsts-include-subdomains", PROP_BOTH, "true", "The same for all names below", check_bool,
		NULL },
	{ "hsts-max-age", PROP_BOTH, "15724800", "Seconds for which browsers remember that",
		check_directive, NULL },
	{ "hsts-preload", PROP_BOTH, "false", "Allow browser makers to list the name", check_bool,
		NULL },
	{ "keepalive-timeout", PROP_BOTH, "75s", "How long an idle connection stays open",
		check_directive, NULL },
	{ "lingering-timeout", PROP_BOTH, "5s", "Wait for more of a body before closing",
		check_directive, NULL },
	{ "proxy-buffer-size", PROP_BOTH, NULL, "Buffer for the head of an answer", check_directive,
		computed_buffer_size },
	{ "proxy-buffering", PROP_BOTH, "on", "off: answers are passed on as they come",
		check_directive, NULL },
	{ "proxy-buffers", PROP_BOTH, NULL, "Number and size of buffers for an answer",
		check_directive, computed_buffers },
	{ "proxy-busy-buffers-size", PROP_BOTH, NULL, "How much of them may be on its way at once",
		check_directive, computed_busy_size },
	{ "proxy-connect-timeout", PROP_BOTH, "60s", "Time to connect to the app", check_directive,
		NULL },
	{ "proxy-read-timeout", PROP_BOTH, "60s", "Longest pause while the app answers",
		check_directive, NULL },
	{ "proxy-send-timeout", PROP_BOTH, "60s", "Longest pause while the app is sent a request",
		check_directive, NULL },
	{ "send-timeout", PROP_BOTH, "60s", "Longest pause while an answer is sent",
		check_directive, NULL },
	{ "underscore-in-headers", PROP_BOTH, "off", "on: header names may hold underscores",
		check_directive, NULL },
	{ "x-forwarded-for-value", PROP_BOTH, "$remote_addr", "Value of the header X-Forwarded-For",
		check_directive, NULL },
	{ "x-forwarded-port-value", PROP_BOTH, "$server_port",
		"Value of the header X-Forwarded-Port", check_directive, NULL },
	{ "x-forwarded-proto-value", PROP_BOTH, "$scheme", "Value of the header X-Forwarded-Proto",
		check_directive, NULL },
	{ "x-forwarded-ssl", PROP_BOTH, NULL, "Value of the header X-Forwarded-Ssl",
		check_directive, NULL },
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
