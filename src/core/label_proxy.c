/* SPDX-License-Identifier: MIT */
/* What a label proxy asks of the containers of an app. */
#include "core/label_proxy.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/parse.h"
#include "base/timing.h"
#include "core/output.h"
#include "core/property.h"
#include "core/state.h"

char *label_proxy_value(struct ctx *ctx, const struct label_proxy *p, const char *app,
	const char *name)
{
	const struct plugin *plugin = plugin_find(ctx, p->name);
	const struct property *row = plugin ? property_find(plugin, name) : NULL;
	AUTO_STRBUF out = STRBUF_INIT;
	AUTO_ERR unset = ERR_INIT; /* what cannot be computed counts as not set */

	if (!row)
		return state_computed(ctx, p->name, app, name, NULL);
	if (property_computed(ctx, plugin, row, app ? app : SCOPE_GLOBAL, &out, &unset) < 0)
		strbuf_clear(&out);
	return xasprintf("%s", out.buf);
}

char *label_upper(const char *text)
{
	char *upper = xstrdup(text);

	for (char *c = upper; *c; c++)
		*c = (char)toupper((unsigned char)*c);
	return upper;
}

int label_level_upper(struct ctx *ctx, const char *name, struct strbuf *out)
{
	AUTO_FREE char *level = state_get_or(ctx, name, SCOPE_GLOBAL, "log-level", "ERROR");
	AUTO_FREE char *upper = label_upper(level);

	strbuf_addstr(out, upper);
	return 0;
}

int label_check_text(struct ctx *ctx, const char *scope, const char *value, struct err *err)
{
	if (!strpbrk(value, "\"\\$`"))
		return 0;
	return err_set(err, ERR_INVALID,
		"'%.100s' cannot stand in a compose file: it holds a quote, $ or \\", value);
}

void label_ports_warn(const char *usual, const char *scheme, unsigned port, unsigned other_host,
	unsigned other)
{
	if (port)
		return;
	out_warn("Warning: %s port mapping not found", usual);
	out_warn("Utilizing first %s port mapping, http:%u:%u", scheme, other_host, other);
}

bool label_proxy_is_started(struct ctx *ctx, const struct label_proxy *p)
{
	AUTO_FREE char *status = state_get_or(ctx, p->name, SCOPE_GLOBAL, "proxy-status", NULL);

	return str_eq(status, "started");
}

bool label_proxy_brings_tls(struct ctx *ctx, const struct label_proxy *p)
{
	AUTO_FREE char *email = label_proxy_value(ctx, p, NULL, "letsencrypt-email");

	return *email != '\0';
}

/* --- which of the mappings count --- */

static bool is_port(unsigned port, unsigned usual, const char *instead)
{
	AUTO_ERR ignored = ERR_INIT; /* no port of its own */
	uint64_t own;

	return port == usual || (parse_uint(instead, 1, 65535, &own, &ignored) == 0 && own == port);
}

static void take_map(struct ctx *ctx, const struct port_map *m, struct label_ports *p)
{
	if (str_eq(m->scheme, "http")) {
		if (!p->http_other) {
			p->http_other = m->container;
			p->http_other_host = m->host;
		}
		if (!p->http && is_port(m->host, 80, ctx->inst.http_port))
			p->http = m->container;
	} else if (str_eq(m->scheme, "https")) {
		if (!p->https_other) {
			p->https_other = m->container;
			p->https_other_host = m->host;
		}
		if (!p->https && is_port(m->host, 443, ctx->inst.https_port))
			p->https = m->container;
	}
}

static void choose_ports(struct label_call *c)
{
	struct label_ports *p = &c->ports;

	for (size_t i = 0; i < c->maps.count; i++)
		take_map(c->ctx, &c->maps.items[i], p);
	/* A proxy with certificates of its own serves by TLS what is there for plain requests. */
	if (!c->acme || p->https)
		return;
	p->https_other = p->http ? p->http : p->http_other;
	p->https_other_host = p->http_other_host;
}

/* --- labels --- */

static bool is_served(struct ctx *ctx, const struct label_proxy *p, const char *app,
	const char *process)
{
	AUTO_FREE char *type = proxy_type(ctx, app);

	if (!str_eq(process, "web") || !proxy_is_enabled(ctx, app) || !domains_enabled(ctx, app))
		return false;
	return str_eq(type, p->name) ||
	       (p->serves_nginx && str_eq(type, "nginx") && label_proxy_is_started(ctx, p));
}

static int collect(struct label_call *call, struct strvec *labels, struct err *err)
{
	AUTO_STRVEC added = STRVEC_INIT;
	int r = ports_configure(call->ctx, call->app, err);

	if (r >= 0)
		r = ports_effective(call->ctx, call->app, &call->maps, err);
	if (r >= 0)
		r = domains_of(call->ctx, call->app, &call->hosts, err);
	if (r < 0)
		return r;
	call->acme = label_proxy_brings_tls(call->ctx, call->proxy);
	choose_ports(call);
	r = call->proxy->labels(call, labels, err);
	if (r >= 0)
		r = state_get_list(call->ctx, call->proxy->name, call->app, "labels", &added, err);
	strvec_pushv(labels, added.items);
	return r;
}

static void call_done(struct label_call *call)
{
	port_maps_done(&call->maps);
	strvec_done(&call->hosts);
}

int label_proxy_flags(struct ctx *ctx, const struct label_proxy *p, const char *app,
	const char *process, struct strvec *flags, struct err *err)
{
	CLEANUP(call_done)
	struct label_call call = {
		.ctx = ctx,
		.proxy = p,
		.app = app,
		.process = process,
		.maps = PORT_MAPS_INIT,
		.hosts = STRVEC_INIT,
	};
	AUTO_STRVEC labels = STRVEC_INIT;
	int r;

	if (!is_served(ctx, p, app, process))
		return 0;
	r = collect(&call, &labels, err);
	if (r < 0)
		return err_wrap(err, "find the labels of '%s' for %s", app, p->name);
	for (size_t i = 0; i < labels.count; i++) {
		if (*labels.items[i])
			strvec_pushf(flags, "--label=%s", labels.items[i]);
	}
	return 0;
}

void label_proxy_deployed(struct ctx *ctx, const struct label_proxy *p, const char *app)
{
	out_info1("Routing app via %s", p->name);
	if (p->deployed)
		p->deployed(ctx, app);
}

/* --- as a driver --- */

int label_proxy_nothing(struct ctx *ctx, const char *app, struct err *err)
{
	return 0;
}

int label_proxy_no_change(struct ctx *ctx, const struct strvec *apply, const struct strvec *clear,
	struct err *err)
{
	return 0;
}

/*
 * Nothing tells when the proxy has seen that an old container is on its way out, so the generation
 * is another one each time, and is never known to be gone: old containers stay for the whole of
 * wait-to-retire.
 */
char *label_proxy_generation(struct ctx *ctx)
{
	return xasprintf("%llu", (unsigned long long)now_ms());
}

bool label_proxy_is_gone(struct ctx *ctx, const char *generation)
{
	return false;
}

int label_proxy_keep(struct ctx *ctx, const char *app, struct strbuf *out, struct err *err)
{
	return 0;
}

int label_proxy_put_back(struct ctx *ctx, const char *app, const struct strbuf *kept,
	struct err *err)
{
	return 0;
}
