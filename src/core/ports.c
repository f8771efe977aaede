/* SPDX-License-Identifier: MIT */
#include "core/ports.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/parse.h"
#include "core/cert.h"
#include "core/domains.h"
#include "core/output.h"
#include "core/proxy.h"
#include "core/state.h"
#include "core/trigger.h"

enum { DEFAULT_CONTAINER_PORT = 5000, PORT_MAX = 65535, SCHEME_MAX = 32 };

void port_maps_done(struct port_maps *maps)
{
	for (size_t i = 0; i < maps->count; i++)
		free(maps->items[i].scheme);
	free(maps->items);
	*maps = (struct port_maps)PORT_MAPS_INIT;
}

void port_maps_add(struct port_maps *maps, const char *scheme, unsigned host, unsigned container)
{
	maps->items = xreallocarray(maps->items, maps->count + 1, sizeof(*maps->items));
	maps->items[maps->count++] = (struct port_map){ xstrdup(scheme), host, container };
}

static bool scheme_valid(const char *scheme)
{
	size_t n = strspn(scheme, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				  "+.-_");

	return n && n <= SCHEME_MAX && !scheme[n];
}

int port_map_parse(const char *text, struct port_map *ret, struct err *err)
{
	AUTO_STRVEC parts = STRVEC_INIT;
	uint64_t host;
	uint64_t container;

	strvec_split(&parts, text, ":");
	if (parts.count != 3 || strlen(text) > 100)
		return err_set(err, ERR_INVALID,
			"Invalid port map %.100s: it has the form scheme:host-port:container-port",
			text);
	if (!scheme_valid(parts.items[0]))
		return err_set(err, ERR_INVALID, "Invalid port map %.100s: bad scheme", text);
	if (parse_uint(parts.items[1], 1, PORT_MAX, &host, err) < 0 ||
		parse_uint(parts.items[2], 1, PORT_MAX, &container, err) < 0)
		return err_wrap(err, "Invalid port map %.100s", text);
	*ret = (struct port_map){ xstrdup(parts.items[0]), (unsigned)host, (unsigned)container };
	return 0;
}

/* A stored line that does not parse (an older format) is passed over, as in Dokku. */
static int load(struct ctx *ctx, const char *app, const char *name, struct port_maps *ret,
	struct err *err)
{
	AUTO_STRVEC lines = STRVEC_INIT;
	int r = state_get_list(ctx, "ports", app, name, &lines, err);

	for (size_t i = 0; r >= 0 && i < lines.count; i++) {
		AUTO_ERR ignored = ERR_INIT;
		struct port_map map;

		if (port_map_parse(lines.items[i], &map, &ignored) == 0) {
			port_maps_add(ret, map.scheme, map.host, map.container);
			free(map.scheme);
		}
	}
	return r;
}

int ports_custom(struct ctx *ctx, const char *app, struct port_maps *ret, struct err *err)
{
	return load(ctx, app, "map", ret, err);
}

int ports_detected(struct ctx *ctx, const char *app, struct port_maps *ret, struct err *err)
{
	return load(ctx, app, "map-detected", ret, err);
}

static bool has_scheme_host(const struct port_maps *maps, const char *scheme, unsigned host)
{
	for (size_t i = 0; i < maps->count; i++) {
		if (maps->items[i].host == host && str_eq(maps->items[i].scheme, scheme))
			return true;
	}
	return false;
}

int ports_set_detected(struct ctx *ctx, const char *app, const struct port_maps *maps,
	struct err *err)
{
	AUTO_STRVEC lines = STRVEC_INIT;
	AUTO_PORT_MAPS seen = PORT_MAPS_INIT;

	for (size_t i = 0; i < maps->count; i++) {
		const struct port_map *m = &maps->items[i];

		if (has_scheme_host(&seen, m->scheme, m->host))
			continue;
		port_maps_add(&seen, m->scheme, m->host, m->container);
		strvec_pushf(&lines, "%s:%u:%u", m->scheme, m->host, m->container);
	}
	strvec_sort(&lines);
	return state_set_list(ctx, "ports", app, "map-detected", &lines, err);
}

static unsigned to_port(const char *text, unsigned fallback)
{
	AUTO_ERR err = ERR_INIT;
	uint64_t port;

	return parse_uint(text, 1, PORT_MAX, &port, &err) == 0 ? (unsigned)port : fallback;
}

static unsigned computed_port(struct ctx *ctx, const char *app, const char *name,
	const char *fallback)
{
	AUTO_FREE char *text = state_computed(ctx, "proxy", app, name, fallback);

	return to_port(text, to_port(fallback, 80));
}

bool port_is_standard(struct ctx *ctx, const char *scheme, unsigned port)
{
	if (str_eq(scheme, "http"))
		return port == 80 || port == to_port(ctx->inst.http_port, 80);
	return str_eq(scheme, "https") &&
	       (port == 443 || port == to_port(ctx->inst.https_port, 443));
}

/* With a certificate each http:80 entry gets an https twin; without such an entry all http
 * entries turn into https. */
static void add_tls(struct ctx *ctx, const char *app, struct port_maps *maps)
{
	unsigned ssl_port = computed_port(ctx, app, "proxy-ssl-port", ctx->inst.https_port);
	size_t plain = maps->count;
	bool any = false;

	for (size_t i = 0; i < plain; i++) {
		if (!str_eq(maps->items[i].scheme, "http") ||
			!port_is_standard(ctx, "http", maps->items[i].host))
			continue;
		any = true;
		port_maps_add(maps, "https", ssl_port, maps->items[i].container);
	}
	for (size_t i = 0; !any && i < plain; i++) {
		if (str_eq(maps->items[i].scheme, "http")) {
			free(maps->items[i].scheme);
			maps->items[i].scheme = xstrdup("https");
		}
	}
}

/* The proxy has certificates of its own, or a plugin says so. */
static bool tls_is_forced(struct ctx *ctx, const char *app)
{
	AUTO_STRBUF out = STRBUF_CAPPED(64);
	AUTO_ERR ignored = ERR_INIT; /* then it does not say so */

	if (proxy_brings_tls(ctx, app))
		return true;
	if (!trigger_has_external(ctx, "certs-force") ||
		trigger_capture(ctx, &out, &ignored, "certs-force", app, NULL) < 0)
		return false;
	strbuf_trim(&out);
	return str_eq(out.buf, "true");
}

void port_map_print(const struct port_map *map, struct strbuf *out)
{
	strbuf_addf(out, "%s:%u:%u", map->scheme, map->host, map->container);
}

int ports_without_custom(struct ctx *ctx, const char *app, struct port_maps *ret, struct err *err)
{
	int r = ports_detected(ctx, app, ret, err);

	if (r < 0)
		return r;
	if (!ret->count)
		port_maps_add(ret, "http",
			computed_port(ctx, app, "proxy-port", ctx->inst.http_port),
			DEFAULT_CONTAINER_PORT);
	if (cert_exists(ctx, app) || tls_is_forced(ctx, app))
		add_tls(ctx, app, ret);
	return 0;
}

int ports_effective(struct ctx *ctx, const char *app, struct port_maps *ret, struct err *err)
{
	AUTO_PORT_MAPS all = PORT_MAPS_INIT;
	int r = ports_custom(ctx, app, &all, err);

	if (r >= 0 && !all.count)
		r = ports_without_custom(ctx, app, &all, err);
	for (size_t i = 0; r >= 0 && i < all.count; i++) {
		const struct port_map *m = &all.items[i];

		if (!has_scheme_host(ret, m->scheme, m->host))
			port_maps_add(ret, m->scheme, m->host, m->container);
	}
	return r;
}

int ports_web_port(struct ctx *ctx, const char *app, unsigned *ret, struct err *err)
{
	AUTO_PORT_MAPS maps = PORT_MAPS_INIT;
	int r = ports_effective(ctx, app, &maps, err);

	if (r < 0)
		return r;
	*ret = DEFAULT_CONTAINER_PORT;
	for (size_t i = 0; i < maps.count; i++) {
		if (!str_eq(maps.items[i].scheme, "udp")) {
			*ret = maps.items[i].container;
			break;
		}
	}
	return 0;
}

/* A TCP port above 1024 that nobody listens on right now. */
int ports_free(unsigned *ret, struct err *err)
{
	AUTO_CLOSE int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in addr = { .sin_family = AF_INET };
	socklen_t len = sizeof(addr);

	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
		getsockname(fd, (struct sockaddr *)&addr, &len) < 0)
		return err_sys(err, "find a free port");
	*ret = ntohs(addr.sin_port);
	return 0;
}

static int configure_one(struct ctx *ctx, const char *app, const char *name, const char *fallback,
	struct err *err)
{
	AUTO_FREE char *own = state_get_or(ctx, "proxy", app, name, NULL);
	AUTO_FREE char *value = NULL;
	unsigned port;

	if (*own)
		return 0;
	if (domains_enabled(ctx, app)) {
		value = state_get_or(ctx, "proxy", SCOPE_GLOBAL, name, fallback);
	} else {
		int r = ports_free(&port, err);

		if (r < 0)
			return r;
		out_info1("No port set, setting to random open high port");
		out_info1("Random port %u", port);
		value = xasprintf("%u", port);
	}
	return state_set(ctx, "proxy", app, name, value, err);
}

int ports_configure(struct ctx *ctx, const char *app, struct err *err)
{
	int r = configure_one(ctx, app, "proxy-port", ctx->inst.http_port, err);

	if (r >= 0 && cert_exists(ctx, app))
		r = configure_one(ctx, app, "proxy-ssl-port", ctx->inst.https_port, err);
	return r;
}

int ports_set_detected_default(struct ctx *ctx, const char *app, struct err *err)
{
	AUTO_PORT_MAPS maps = PORT_MAPS_INIT;
	AUTO_FREE char *port = NULL;
	AUTO_FREE char *text = NULL;
	struct port_map map;
	int r = ports_configure(ctx, app, err);

	if (r < 0)
		return r;
	port = state_computed(ctx, "proxy", app, "proxy-port", "80");
	text = xasprintf("http:%s:5000", port);
	r = port_map_parse(text, &map, err);
	if (r < 0)
		return r;
	port_maps_add(&maps, map.scheme, map.host, map.container);
	free(map.scheme);
	return ports_set_detected(ctx, app, &maps, err);
}

int ports_forget_detected(struct ctx *ctx, const char *app, struct err *err)
{
	struct port_maps none = PORT_MAPS_INIT;

	return ports_set_detected(ctx, app, &none, err);
}
