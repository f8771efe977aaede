/* SPDX-License-Identifier: MIT */
/* HAProxy as easy-haproxy runs it: labels "haproxy.<definition>.<what>". */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "core/label_proxy.h"
#include "core/property.h"

extern const char haproxy_template[];
extern const struct proxy haproxy_proxy;
extern const struct plugin plugin_haproxy_vhosts;

static const struct label_proxy row;

/* A definition: requests for the hosts at PORT lead to LOCALPORT of the container. */
static void add_definition(const char *name, unsigned port, unsigned localport, const char *hosts,
	struct strvec *ret)
{
	strvec_pushf(ret, "haproxy.%s.localport=%u", name, localport);
	strvec_pushf(ret, "haproxy.%s.mode=http", name);
	strvec_pushf(ret, "haproxy.%s.port=%u", name, port);
	if (*hosts)
		strvec_pushf(ret, "haproxy.%s.host=%s", name, hosts);
}

static int labels(const struct label_call *c, struct strvec *ret, struct err *err)
{
	const struct label_ports *p = &c->ports;
	unsigned http = p->http ? p->http : p->http_other;
	unsigned https = p->https ? p->https : p->https_other;
	AUTO_FREE char *plain = xasprintf("%s-%s", c->app, c->process);
	AUTO_FREE char *tls = xasprintf("%s-https", plain);
	AUTO_FREE char *hosts = strvec_joined(&c->hosts, ",");

	if (http) {
		label_ports_warn("http:80", "http", p->http, p->http_other_host, p->http_other);
		add_definition(plain, 80, http, hosts, ret);
	}
	strvec_pushf(ret, "haproxy.%s.redirect_ssl=%s", plain, https ? "true" : "false");
	if (https) {
		label_ports_warn("https:443", "https", p->https, p->https_other_host,
			p->https_other);
		add_definition(tls, 443, https, hosts, ret);
		strvec_pushf(ret, "haproxy.%s.letsencrypt=true", tls);
	}
	return 0;
}

static int vars(struct ctx *ctx, struct gotmpl_vars *ret, struct err *err)
{
	AUTO_FREE char *seconds = label_proxy_value(ctx, &row, NULL, "refresh-conf");

	gotmpl_vars_set(ret, "HAPROXY_REFRESH_CONF", seconds);
	return 0;
}

static const struct label_proxy row = {
	.name = "haproxy",
	.template = haproxy_template,
	.data = "haproxy",
	.labels = labels,
	.vars = vars,
};

const struct proxy haproxy_proxy = LABEL_PROXY("haproxy", row);

/* --- the plugin --- */

static int computed_log_level(struct ctx *ctx, const char *app, struct strbuf *out, struct err *err)
{
	return label_level_upper(ctx, "haproxy", out);
}

static const struct property properties[] = {
	LABEL_PROPERTIES("byjg/easy-haproxy:6.1.1", computed_log_level),
	{ "refresh-conf", PROP_GLOBAL_ONLY, "10", "Seconds between two looks at the containers",
		check_positive, NULL },
	{},
};

static const struct command commands[] = { LABEL_COMMANDS("haproxy") };

const struct plugin plugin_haproxy_vhosts = {
	.name = "haproxy-vhosts",
	.verb = "haproxy",
	.summary = "Manage the haproxy proxy",
	.commands = commands,
	.properties = properties,
	.property_word = "key",
	.triggers = label_triggers,
};
