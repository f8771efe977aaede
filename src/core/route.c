/* SPDX-License-Identifier: MIT */
#include "core/route.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/parse.h"
#include "core/cert.h"
#include "core/domains.h"
#include "core/state.h"

void routes_done(struct routes *r)
{
	free(r->app);
	strvec_done(&r->hosts);
	port_maps_done(&r->ports);
	listeners_done(&r->listeners);
	free(r->cert);
	free(r->key);
}

/* Where the address ends and the port begins ("" for none), or NULL for neither form. */
static const char *split_listener(const char *text, struct strbuf *address)
{
	const char *end = text[0] == '[' ? strchr(text, ']') : NULL;
	const char *colon = strchr(text, ':');

	if (end) {
		strbuf_add(address, text + 1, (size_t)(end - text - 1));
		return !end[1] ? end + 1 : end[1] == ':' && end[2] ? end + 2 : NULL;
	}
	if (!colon || strchr(colon + 1, ':')) { /* several: an IPv6 address without brackets */
		strbuf_addstr(address, text);
		return "";
	}
	strbuf_add(address, text, (size_t)(colon - text));
	return colon[1] ? colon + 1 : NULL;
}

/* An IP address or a host name; nothing that could end up as more than one word in a config. */
static bool is_address(const char *text)
{
	struct in6_addr addr;

	if (strchr(text, ':'))
		return inet_pton(AF_INET6, text, &addr) == 1;
	return *text && strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "0123456789.-_") == strlen(text);
}

int listener_parse(const char *text, char **ret_address, unsigned *ret_port, struct err *err)
{
	AUTO_STRBUF address = STRBUF_INIT;
	AUTO_ERR ignored = ERR_INIT;
	const char *port = split_listener(text, &address);
	uint64_t number = 0;

	if (!port || !is_address(address.buf) ||
		(*port && parse_uint(port, 1, 65535, &number, &ignored) < 0))
		return err_set(err, ERR_INVALID, "'%.200s' is not an address with a port", text);
	*ret_address = strbuf_detach(&address);
	*ret_port = (unsigned)number;
	return 0;
}

int route_static_listener(struct ctx *ctx, const char *app, struct listeners *ret, struct err *err)
{
	AUTO_FREE char *text = state_get_or(ctx, "network", app, "static-web-listener", "");
	AUTO_FREE char *address = NULL;
	unsigned port;
	int r;

	if (!*text)
		return 0;
	r = listener_parse(text, &address, &port, err);
	if (r < 0)
		return err_wrap(err, "read the static-web-listener of '%s'", app);
	listeners_add(ret, "web", address, port);
	return 1;
}

/* With a static listener the scheduler is not asked: the app need not run here at all. */
static int find_listeners(struct ctx *ctx, const char *app, struct listeners *ret, struct err *err)
{
	const struct scheduler *s;
	int r = route_static_listener(ctx, app, ret, err);

	if (r != 0)
		return r;
	r = scheduler_of(ctx, app, &s, err);
	return r < 0 ? r : s->listeners(ctx, app, NULL, ret, err);
}

int routes_of(struct ctx *ctx, const char *app, struct routes *ret, struct err *err)
{
	int r = 0;

	ret->app = xstrdup(app);
	if (domains_enabled(ctx, app))
		r = domains_of(ctx, app, &ret->hosts, err);
	if (r >= 0)
		r = ports_effective(ctx, app, &ret->ports, err);
	if (r >= 0)
		r = find_listeners(ctx, app, &ret->listeners, err);
	ret->tls = cert_exists(ctx, app);
	if (ret->tls) {
		ret->cert = cert_path(ctx, app, "crt");
		ret->key = cert_path(ctx, app, "key");
	}
	return r;
}
