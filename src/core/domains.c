/* SPDX-License-Identifier: MIT */
#include "core/domains.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/app_env.h"
#include "core/cert.h"
#include "core/output.h"
#include "core/ports.h"
#include "core/proxy.h"
#include "core/scheduler.h"
#include "core/state.h"
#include "core/trigger.h"

enum { NAME_MAX_LENGTH = 253, LABEL_MAX = 63 };

static bool label_valid(const char *label, size_t len)
{
	if (!len || len > LABEL_MAX)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!isalnum((unsigned char)label[i]) && label[i] != '-' && label[i] != '*')
			return false;
	}
	return true;
}

bool domain_valid(const char *name)
{
	size_t len = strlen(name);

	if (str_eq(name, "_"))
		return true;
	if (!len || len > NAME_MAX_LENGTH)
		return false;
	while (*name) {
		size_t n = strcspn(name, ".");

		if (!label_valid(name, n))
			return false;
		name += n;
		if (*name && !*++name)
			return false;
	}
	return true;
}

bool domain_matches(const char *pattern, const char *name)
{
	const char *rest = str_after(pattern, "*");
	const char *dot = strchr(name, '.');

	if (!strcasecmp(pattern, name))
		return true;
	return rest && *rest == '.' && dot && dot > name && *name != '*' && !strcasecmp(rest, dot);
}

int domains_of(struct ctx *ctx, const char *app, struct strvec *ret, struct err *err)
{
	return state_app_lines(ctx, app, "VHOST", ret, err);
}

int domains_global(struct ctx *ctx, struct strvec *ret, struct err *err)
{
	return state_app_lines(ctx, ".", "VHOST", ret, err);
}

int domains_save(struct ctx *ctx, const char *app, const struct strvec *names, struct err *err)
{
	return state_set_app_lines(ctx, str_eq(app, SCOPE_GLOBAL) ? "." : app, "VHOST", names, 0644,
		err);
}

bool domains_enabled(struct ctx *ctx, const char *app)
{
	AUTO_STRBUF value = STRBUF_INIT;
	AUTO_ERR err = ERR_INIT;

	return app_env_get(ctx, app, "NO_VHOST", &value, &err) <= 0 || !str_eq(value.buf, "1");
}

/* "192.0.2.1" and everything that ends like it; IPv6 addresses. */
static bool is_address(const char *name)
{
	const char *p = name + strlen(name);
	struct in6_addr v6;
	struct in_addr v4;
	int dots = 0;

	if (inet_pton(AF_INET6, name, &v6) == 1)
		return true;
	while (p > name && (isdigit((unsigned char)p[-1]) || (p[-1] == '.' && dots < 3))) {
		p--;
		dots += *p == '.';
	}
	return inet_pton(AF_INET, p, &v4) == 1;
}

static int default_name(struct ctx *ctx, const char *app, const char *global, struct strvec *ret,
	struct err *err)
{
	AUTO_FREE char *suffix = xasprintf(".%s", global);
	AUTO_FREE char *sub = xstrdup(app);
	AUTO_STRBUF custom = STRBUF_CAPPED(4096);
	int r;

	if (str_ends(sub, suffix))
		sub[strlen(sub) - strlen(suffix)] = '\0';
	r = trigger_capture(ctx, &custom, err, "nginx-hostname", app, sub, global, NULL);
	if (r < 0)
		return r;
	strbuf_trim(&custom);
	if (custom.len)
		strvec_push(ret, custom.buf);
	else if (strchr(app, '.'))
		strvec_push(ret, app);
	else
		strvec_pushf(ret, "%s.%s", app, global);
	return 0;
}

int domains_default(struct ctx *ctx, const char *app, struct strvec *ret, struct err *err)
{
	AUTO_STRVEC global = STRVEC_INIT;
	int r = domains_global(ctx, &global, err);

	for (size_t i = 0; r >= 0 && i < global.count; i++) {
		if (domain_valid(global.items[i]) && !is_address(global.items[i]))
			r = default_name(ctx, app, global.items[i], ret, err);
	}
	return r;
}

int domains_setup(struct ctx *ctx, const char *app, struct err *err)
{
	AUTO_FREE char *path = inst_home(&ctx->inst, "%s/VHOST", app);
	AUTO_STRVEC names = STRVEC_INIT;
	int r;

	if (fs_exists(path))
		return 0;
	r = domains_default(ctx, app, &names, err);
	if (r < 0)
		return r;
	if (names.count) {
		out_info1_quiet("Creating new app virtual host file...");
		return domains_save(ctx, app, &names, err);
	}
	out_info1_quiet("Global server virtual host not set, disabling app vhost...");
	r = trigger_fire(ctx, err, "pre-disable-vhost", app, NULL);
	return r < 0 ? r : app_env_set(ctx, app, "NO_VHOST", "1", err);
}

/* --- URLs --- */

static void add_url(struct strvec *ret, const char *scheme, const char *host, unsigned port)
{
	AUTO_FREE char *url = NULL;

	if (port == 80)
		url = xasprintf("http://%s", host);
	else if (port == 443 && str_eq(scheme, "https"))
		url = xasprintf("https://%s", host);
	else
		url = xasprintf("%s://%s:%u", scheme, host, port);
	/* Several containers that listen on the same port are one address to visit. */
	if (!strvec_has(ret, url))
		strvec_push_take(ret, TAKE_PTR(url));
}

static int direct_urls(struct ctx *ctx, const char *app, const char *host, struct strvec *ret,
	struct err *err)
{
	AUTO_LISTENERS listeners = LISTENERS_INIT;
	const struct scheduler *s;
	int r = scheduler_of(ctx, app, &s, err);

	if (r >= 0)
		r = s->listeners(ctx, app, "web", &listeners, err);
	for (size_t i = 0; r >= 0 && i < listeners.count; i++)
		add_url(ret, "http", host, listeners.items[i].port);
	return r;
}

static int urls_of_host(struct ctx *ctx, const char *app, const char *host, struct strvec *ret,
	struct err *err)
{
	AUTO_PORT_MAPS maps = PORT_MAPS_INIT;
	bool tls = cert_exists(ctx, app);
	int r;

	if (!proxy_is_enabled(ctx, app))
		return direct_urls(ctx, app, host, ret, err);
	r = ports_effective(ctx, app, &maps, err);
	for (size_t i = 0; r >= 0 && i < maps.count; i++) {
		if (tls || !str_eq(maps.items[i].scheme, "https"))
			add_url(ret, maps.items[i].scheme, host, maps.items[i].host);
	}
	return r;
}

static void own_host(struct strvec *hosts)
{
	char name[256] = "localhost";

	if (gethostname(name, sizeof(name) - 1) == 0)
		strvec_push(hosts, name);
}

int domains_urls(struct ctx *ctx, const char *app, struct strvec *ret, struct err *err)
{
	AUTO_STRVEC hosts = STRVEC_INIT;
	int r = 0;

	if (domains_enabled(ctx, app))
		r = domains_of(ctx, app, &hosts, err);
	if (r >= 0 && !hosts.count)
		r = domains_global(ctx, &hosts, err);
	if (r >= 0 && !hosts.count)
		own_host(&hosts);
	for (size_t i = 0; r >= 0 && i < hosts.count; i++)
		r = urls_of_host(ctx, app, hosts.items[i], ret, err);
	return r;
}

static void add_first(struct ctx *ctx, const char *app, const struct strvec *urls,
	struct strbuf *out)
{
	const char *scheme = cert_exists(ctx, app) ? "https://" : "http://";

	for (size_t i = 0; i < urls->count; i++) {
		if (str_starts(urls->items[i], scheme)) {
			strbuf_addf(out, "%s\n", urls->items[i]);
			return;
		}
	}
	if (urls->count)
		strbuf_addf(out, "%s\n", urls->items[0]);
}

int domains_print_urls(struct ctx *ctx, const char *app, bool first, struct strbuf *out,
	struct err *err)
{
	AUTO_STRBUF given = STRBUF_CAPPED(64 * 1024);
	AUTO_STRVEC urls = STRVEC_INIT;
	int r = trigger_capture(ctx, &given, err, "app-urls", app, first ? "url" : "urls", NULL);

	if (r >= 0)
		strvec_split(&urls, given.buf, " \t\r\n");
	if (r >= 0 && !urls.count)
		r = domains_urls(ctx, app, &urls, err);
	if (r < 0)
		return r;
	if (first) {
		add_first(ctx, app, &urls, out);
		return 0;
	}
	strvec_sort_unique(&urls);
	for (size_t i = 0; i < urls.count; i++)
		strbuf_addf(out, "%s\n", urls.items[i]);
	return 0;
}
