/* SPDX-License-Identifier: MIT */
/* Caddy with its docker plugin: each site is a label "caddy" and what it does are labels below it. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/label_proxy.h"
#include "core/output.h"
#include "core/property.h"

extern const char caddy_template[];
extern const struct proxy caddy_proxy;
extern const struct plugin plugin_caddy_vhosts;

static const struct label_proxy row;

static bool is_internal(struct ctx *ctx, const char *app)
{
	AUTO_FREE char *value = label_proxy_value(ctx, &row, app, "tls-internal");

	return str_eq(value, "true");
}

/* The hosts with END behind each. */
static char *sites(const struct strvec *hosts, const char *end)
{
	AUTO_STRBUF out = STRBUF_INIT;

	for (size_t i = 0; i < hosts->count; i++)
		strbuf_addf(&out, "%s%s%s", i ? ", " : "", hosts->items[i], end);
	return strbuf_detach(&out);
}

static void add_site(const struct label_call *c, const char *end, unsigned port, struct strvec *ret)
{
	AUTO_FREE char *names = sites(&c->hosts, end);

	strvec_pushf(ret, "caddy=%s", names);
	strvec_pushf(ret, "caddy.reverse_proxy={{ upstreams %u }}", port);
}

/* One site: with TLS if caddy gets certificates, else plain. */
static int labels(const struct label_call *c, struct strvec *ret, struct err *err)
{
	const struct label_ports *p = &c->ports;
	unsigned https = p->https ? p->https : p->https_other;
	unsigned http = p->http ? p->http : p->http_other;

	if (!c->hosts.count)
		return 0;
	if (c->acme && https) {
		label_ports_warn("https:443", "https", p->https, p->https_other_host,
			p->https_other);
		add_site(c, "", https, ret);
		if (is_internal(c->ctx, c->app))
			strvec_push(ret, "caddy.tls=internal");
	} else if (http) {
		label_ports_warn("http:80", "http", p->http, p->http_other_host, p->http_other);
		add_site(c, ":80", http, ret);
	}
	return 0;
}

static int vars(struct ctx *ctx, struct gotmpl_vars *ret, struct err *err)
{
	AUTO_FREE char *interval = label_proxy_value(ctx, &row, NULL, "polling-interval");

	gotmpl_vars_set(ret, "CADDY_POLLING_INTERVAL", interval);
	return 0;
}

static void deployed(struct ctx *ctx, const char *app)
{
	if (is_internal(ctx, app))
		out_warn("Warning: using caddy's internal, locally-trusted CA to produce "
			 "certificates for this site");
}

static const struct label_proxy row = {
	.name = "caddy",
	.template = caddy_template,
	.data = "caddy",
	.early = true,
	.labels = labels,
	.vars = vars,
	.deployed = deployed,
};

const struct proxy caddy_proxy = LABEL_PROXY("caddy", row);

/* --- the plugin --- */

static int computed_log_level(struct ctx *ctx, const char *app, struct strbuf *out, struct err *err)
{
	return label_level_upper(ctx, "caddy", out);
}

static const struct property properties[] = {
	LABEL_PROPERTIES("lucaslorentz/caddy-docker-proxy:2.13", computed_log_level),
	{ "polling-interval", PROP_GLOBAL_ONLY, "5s", "How often caddy looks at all containers",
		label_check_text, NULL },
	{ "tls-internal", PROP_BOTH, "false",
		"true: certificates are made by caddy's own authority", check_bool, NULL },
	{},
};

static const struct command commands[] = { LABEL_COMMANDS("caddy") };

const struct plugin plugin_caddy_vhosts = {
	.name = "caddy-vhosts",
	.verb = "caddy",
	.summary = "Manage the caddy proxy",
	.commands = commands,
	.properties = properties,
	.property_word = "key",
	.triggers = label_triggers,
};
