/* SPDX-License-Identifier: MIT */
#include "core/ports_step.h"

#include "base/fs.h"
#include "core/state.h"
#include "core/state_step.h"

enum { HTTP_PORT = 80, HTTPS_PORT = 443 };

int ports_check_unique(const struct port_maps *maps, struct err *err)
{
	for (size_t i = 0; i < maps->count; i++) {
		for (size_t j = 0; j < i; j++) {
			if (maps->items[i].host == maps->items[j].host &&
				str_eq(maps->items[i].scheme, maps->items[j].scheme))
				return err_set(err, ERR_INVALID,
					"The same scheme:host-port is being reused: %s:%u",
					maps->items[i].scheme, maps->items[i].host);
		}
	}
	return 0;
}

int ports_change(struct ctx *ctx, json_t *changes, const char *app, const struct port_maps *maps,
	struct err *err)
{
	AUTO_STRVEC lines = STRVEC_INIT;
	int r = ports_check_unique(maps, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < maps->count; i++) {
		AUTO_STRBUF line = STRBUF_INIT;

		port_map_print(&maps->items[i], &line);
		strvec_push(&lines, line.buf);
	}
	strvec_sort(&lines);
	return state_change_list(ctx, changes, "ports", app, "map", &lines, err);
}

/* A stored port that is the standard one is chosen again; PORT NULL: any. */
static int forget_port(struct ctx *ctx, json_t *changes, const char *app, const char *name,
	const char *port, const char *usual, struct err *err)
{
	AUTO_STRBUF value = STRBUF_INIT;
	int r = state_get(ctx, "proxy", app, name, &value, err);

	if (r <= 0)
		return r;
	if (port && !str_eq(value.buf, port) && !str_eq(value.buf, usual))
		return 0;
	return state_change(ctx, changes, "proxy", app, name, NULL, err);
}

static bool has_https(const struct port_maps *maps)
{
	for (size_t i = 0; i < maps->count; i++) {
		if (maps->items[i].host == HTTPS_PORT && str_eq(maps->items[i].scheme, "https"))
			return true;
	}
	return false;
}

static int cert_came(struct ctx *ctx, json_t *changes, const char *app, struct port_maps *maps,
	struct err *err)
{
	size_t count = maps->count;
	int r = forget_port(ctx, changes, app, "proxy-port", "80", ctx->inst.http_port, err);

	if (r >= 0)
		r = forget_port(ctx, changes, app, "proxy-ssl-port", "443", ctx->inst.https_port,
			err);
	if (r < 0 || has_https(maps))
		return r;
	for (size_t i = 0; i < count; i++) {
		const struct port_map m = maps->items[i];

		if (m.host == HTTP_PORT && str_eq(m.scheme, "http") && !has_https(maps))
			port_maps_add(maps, "https", HTTPS_PORT, m.container);
	}
	return maps->count == count ? 0 : ports_change(ctx, changes, app, maps, err);
}

static int cert_went(struct ctx *ctx, json_t *changes, const char *app,
	const struct port_maps *maps, struct err *err)
{
	AUTO_PORT_MAPS rest = PORT_MAPS_INIT;
	int r = forget_port(ctx, changes, app, "proxy-ssl-port", NULL, NULL, err);

	for (size_t i = 0; i < maps->count; i++) {
		const struct port_map *m = &maps->items[i];

		if (m->host != HTTPS_PORT || !str_eq(m->scheme, "https"))
			port_maps_add(&rest, m->scheme, m->host, m->container);
	}
	if (r < 0 || rest.count == maps->count)
		return r;
	return ports_change(ctx, changes, app, &rest, err);
}

int ports_change_for_cert(struct ctx *ctx, json_t *changes, const char *app, bool came,
	struct err *err)
{
	AUTO_PORT_MAPS maps = PORT_MAPS_INIT;
	int r = ports_custom(ctx, app, &maps, err);

	if (r < 0)
		return r;
	return came ? cert_came(ctx, changes, app, &maps, err)
		    : cert_went(ctx, changes, app, &maps, err);
}
