/* SPDX-License-Identifier: MIT */
/* The variables of an app's template. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/domains.h"
#include "core/procs.h"
#include "core/state.h"
#include "proxies/nginx/nginx.h"

enum { DEFAULT_PORT = 5000 };

/* Variables that are properties. */
static const struct {
	const char *variable;
	const char *property;
} from_properties[] = {
	{ "NGINX_ACCESS_LOG_FORMAT", "access-log-format" },
	{ "NGINX_ACCESS_LOG_PATH", "access-log-path" },
	{ "NGINX_ERROR_LOG_PATH", "error-log-path" },
	{ "NGINX_BIND_ADDRESS_IP4", "bind-address-ipv4" },
	{ "NGINX_BIND_ADDRESS_IP6", "bind-address-ipv6" },
	{ "NGINX_UNDERSCORE_IN_HEADERS", "underscore-in-headers" },
	{ "CLIENT_BODY_TIMEOUT", "client-body-timeout" },
	{ "CLIENT_HEADER_TIMEOUT", "client-header-timeout" },
	{ "CLIENT_MAX_BODY_SIZE", "client-max-body-size" },
	{ "KEEPALIVE_TIMEOUT", "keepalive-timeout" },
	{ "LINGERING_TIMEOUT", "lingering-timeout" },
	{ "SEND_TIMEOUT", "send-timeout" },
	{ "PROXY_CONNECT_TIMEOUT", "proxy-connect-timeout" },
	{ "PROXY_READ_TIMEOUT", "proxy-read-timeout" },
	{ "PROXY_SEND_TIMEOUT", "proxy-send-timeout" },
	{ "PROXY_BUFFER_SIZE", "proxy-buffer-size" },
	{ "PROXY_BUFFERING", "proxy-buffering" },
	{ "PROXY_BUFFERS", "proxy-buffers" },
	{ "PROXY_BUSY_BUFFERS_SIZE", "proxy-busy-buffers-size" },
	{ "PROXY_KEEPALIVE", "proxy-keepalive" },
	{ "PROXY_X_FORWARDED_FOR", "x-forwarded-for-value" },
	{ "PROXY_X_FORWARDED_PORT", "x-forwarded-port-value" },
	{ "PROXY_X_FORWARDED_PROTO", "x-forwarded-proto-value" },
	{ "PROXY_X_FORWARDED_SSL", "x-forwarded-ssl" },
};

static int set_properties(struct ctx *ctx, const char *app, struct gotmpl_vars *vars,
	struct err *err)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(from_properties); i++) {
		AUTO_STRBUF value = STRBUF_INIT;

		r = nginx_value(ctx, app, from_properties[i].property, &value, err);
		/* nginx knows no "off" here: it would be a file of that name. */
		if (str_eq(from_properties[i].property, "error-log-path") &&
			str_eq(value.buf, "off"))
			strbuf_set(&value, "/dev/null");
		gotmpl_vars_set(vars, from_properties[i].variable, value.buf);
	}
	return r;
}

/* What the nginx at hand can do; the rest is true of every nginx that is still around. */
static int set_abilities(struct ctx *ctx, struct gotmpl_vars *vars, struct err *err)
{
	struct nginx_version v;
	int r = nginx_version(ctx, &v, err);

	if (r < 0)
		return r;
	gotmpl_vars_set(vars, "SPDY_SUPPORTED", "false");
	gotmpl_vars_set(vars, "TLS13_SUPPORTED", "true");
	gotmpl_vars_set(vars, "HTTP2_SUPPORTED", "true");
	gotmpl_vars_set(vars, "GRPC_SUPPORTED", "true");
	gotmpl_vars_set(vars, "HTTP2_DIRECTIVE_SUPPORTED",
		nginx_has_http2_directive(&v) ? "true" : "false");
	gotmpl_vars_set(vars, "HTTP2_PUSH_SUPPORTED", nginx_has_http2_push(&v) ? "true" : "false");
	return 0;
}

/* The names of HOSTS that can stand in a configuration (a hand-made file may hold anything). */
static void join_hosts(const struct strvec *hosts, struct strbuf *out)
{
	for (size_t i = 0; i < hosts->count; i++) {
		if (domain_valid(hosts->items[i]))
			strbuf_addf(out, "%s%s", out->len ? " " : "", hosts->items[i]);
	}
}

/* An app without host names of its own that has a certificate answers under the global ones. */
static int global_tls_hosts(struct ctx *ctx, const struct routes *r, struct strbuf *out,
	struct err *err)
{
	AUTO_STRVEC global = STRVEC_INIT;
	AUTO_STRVEC reversed = STRVEC_INIT;
	int res;

	if (!r->tls || domains_enabled(ctx, r->app))
		return 0;
	res = domains_global(ctx, &global, err);
	for (size_t i = global.count; i-- > 0;)
		strvec_push(&reversed, global.items[i]);
	join_hosts(&reversed, out);
	return res;
}

static int set_hosts(struct ctx *ctx, const struct routes *r, struct gotmpl_vars *vars,
	struct err *err)
{
	AUTO_STRBUF hosts = STRBUF_INIT;
	AUTO_STRBUF tls_hosts = STRBUF_INIT;
	AUTO_FREE char *tls_dir = inst_home(&ctx->inst, "%s/tls", r->app);
	int res = global_tls_hosts(ctx, r, &tls_hosts, err);

	join_hosts(&r->hosts, &hosts);
	gotmpl_vars_set(vars, "NOSSL_SERVER_NAME", hosts.buf);
	gotmpl_vars_set(vars, "SSL_SERVER_NAME", tls_hosts.buf);
	gotmpl_vars_set(vars, "SSL_INUSE", r->tls ? "true" : "");
	gotmpl_vars_set(vars, "APP_SSL_PATH", tls_dir);
	return res;
}

static void set_port(struct ctx *ctx, const char *app, const char *property,
	struct gotmpl_vars *vars, const char *variable, const char *old_variable)
{
	AUTO_FREE char *port = state_computed(ctx, "proxy", app, property, "0");

	if (port[strspn(port, "0123456789")]) { /* not from us: as if it were not set */
		free(port);
		port = xstrdup("0");
	}
	gotmpl_vars_set(vars, variable, port);
	gotmpl_vars_set(vars, old_variable, port);
}

static void set_ports(struct ctx *ctx, const struct routes *r, struct gotmpl_vars *vars)
{
	AUTO_STRVEC maps = STRVEC_INIT;
	AUTO_STRVEC targets = STRVEC_INIT;
	AUTO_FREE char *all = NULL;
	AUTO_FREE char *upstreams = NULL;

	for (size_t i = 0; i < r->ports.count; i++) {
		const struct port_map *m = &r->ports.items[i];
		AUTO_FREE char *target = xasprintf("%u", m->container);

		if (!r->tls && str_eq(m->scheme, "https"))
			continue;
		strvec_pushf(&maps, "%s:%u:%u", m->scheme, m->host, m->container);
		if (!strvec_has(&targets, target))
			strvec_push(&targets, target);
	}
	all = strvec_joined(&maps, " ");
	upstreams = strvec_joined(&targets, " ");
	gotmpl_vars_set(vars, "PROXY_PORT_MAP", all);
	gotmpl_vars_set(vars, "PROXY_UPSTREAM_PORTS", upstreams);
	gotmpl_vars_set(vars, "HTTP_PORT", ctx->inst.http_port);
	set_port(ctx, r->app, "proxy-port", vars, "PROXY_PORT", "NGINX_PORT");
	set_port(ctx, r->app, "proxy-ssl-port", vars, "PROXY_SSL_PORT", "NGINX_SSL_PORT");
}

/* "10.0.0.2:5000 [fd00::3]:5000", or without the ports. */
static void join_listeners(const struct listeners *all, const char *process, bool ports,
	struct strbuf *out)
{
	for (size_t i = 0; i < all->count; i++) {
		const struct listener *l = &all->items[i];
		bool v6 = strchr(l->address, ':') != NULL;

		if (!str_eq(l->process, process))
			continue;
		strbuf_addf(out, "%s%s%s%s", out->len ? " " : "", v6 ? "[" : "", l->address,
			v6 ? "]" : "");
		if (ports)
			strbuf_addf(out, ":%u", l->port ? l->port : DEFAULT_PORT);
	}
}

bool nginx_has_web(const struct routes *r)
{
	for (size_t i = 0; i < r->listeners.count; i++) {
		if (str_eq(r->listeners.items[i].process, "web"))
			return true;
	}
	return false;
}

static void set_process(const struct routes *r, const char *process, struct gotmpl_vars *vars)
{
	AUTO_STRBUF listeners = STRBUF_INIT;
	AUTO_FREE char *upper = xstrdup(process);
	AUTO_FREE char *variable = NULL;

	for (char *c = upper; *c; c++)
		*c = *c == '-' ? '_' : (char)toupper((unsigned char)*c);
	variable = xasprintf("DOKKU_APP_%s_LISTENERS", upper);
	join_listeners(&r->listeners, process, true, &listeners);
	gotmpl_vars_set(vars, variable, listeners.buf);
}

static int set_listeners(struct ctx *ctx, const struct routes *r, enum nginx_purpose purpose,
	struct gotmpl_vars *vars, struct err *err)
{
	AUTO_SCALE scale = SCALE_INIT;
	AUTO_STRBUF web = STRBUF_INIT;
	AUTO_STRBUF addresses = STRBUF_INIT;
	int res;

	join_listeners(&r->listeners, "web", true, &web);
	join_listeners(&r->listeners, "web", false, &addresses);
	gotmpl_vars_set(vars, "DOKKU_APP_LISTENERS", web.buf);
	gotmpl_vars_set(vars, "DOKKU_APP_WEB_LISTENERS", web.buf);
	gotmpl_vars_set(vars, "DOKKU_APP_WEB_ADDRESSES", addresses.buf);
	gotmpl_vars_set(vars, "PASSED_LISTEN_IP_PORT", "");
	gotmpl_vars_set(vars, "DOKKU_APP_LISTEN_IP", "");
	gotmpl_vars_set(vars, "DOKKU_APP_LISTEN_PORT", "");
	if (purpose == NGINX_FOR_TEST) {
		gotmpl_vars_set(vars, "DOKKU_APP_WEB_LISTENERS", "127.0.0.1:5000");
		return 0;
	}
	if (!web.len)
		return 0;
	res = procs_scale(ctx, r->app, &scale, err);
	for (size_t i = 0; res >= 0 && i < scale.count; i++)
		set_process(r, scale.items[i].name, vars);
	for (size_t i = 0; res >= 0 && i < r->listeners.count; i++)
		set_process(r, r->listeners.items[i].process, vars);
	return res;
}

int nginx_set_vars(struct ctx *ctx, const struct routes *r, enum nginx_purpose purpose,
	struct gotmpl_vars *vars, struct err *err)
{
	int res;

	gotmpl_vars_set(vars, "APP", r->app);
	gotmpl_vars_set(vars, "DOKKU_ROOT", ctx->inst.dokku_root);
	gotmpl_vars_set(vars, "DOKKU_LIB_ROOT", ctx->inst.lib_root);
	gotmpl_vars_set(vars, "NGINX_LOG_ROOT", ctx->inst.nginx_log_dir);
	set_ports(ctx, r, vars);
	res = set_properties(ctx, r->app, vars, err);
	if (res >= 0)
		res = set_abilities(ctx, vars, err);
	if (res >= 0)
		res = set_hosts(ctx, r, vars, err);
	if (res >= 0)
		res = set_listeners(ctx, r, purpose, vars, err);
	if (res >= 0 && purpose == NGINX_FOR_TEST) {
		gotmpl_vars_set(vars, "NGINX_ACCESS_LOG_PATH", "off");
		gotmpl_vars_set(vars, "NGINX_ACCESS_LOG_FORMAT", "");
		gotmpl_vars_set(vars, "NGINX_ERROR_LOG_PATH", "/dev/null");
	}
	return res;
}
