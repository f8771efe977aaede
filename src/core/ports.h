/* SPDX-License-Identifier: MIT */
#pragma once

/* Port mappings of an app: which host ports lead to which container ports, with which scheme. */

#include <stdbool.h>

#include "core/ctx.h"

struct port_map {
	char *scheme; /* http, https, grpc, grpcs, tcp, udp or free text */
	unsigned host;
	unsigned container;
};

struct port_maps {
	struct port_map *items;
	size_t count;
};
#define PORT_MAPS_INIT                                                                             \
	{                                                                                          \
		0                                                                                  \
	}
void port_maps_done(struct port_maps *maps);
#define AUTO_PORT_MAPS CLEANUP(port_maps_done) struct port_maps

/* Parses "scheme:host:container". */
MUST_CHECK int port_map_parse(const char *text, struct port_map *ret, struct err *err);
void port_maps_add(struct port_maps *maps, const char *scheme, unsigned host, unsigned container);
/* The custom map as stored (config/ports/<app>/map), the detected one (map-detected). */
MUST_CHECK int ports_custom(struct ctx *ctx, const char *app, struct port_maps *ret,
	struct err *err);
MUST_CHECK int ports_detected(struct ctx *ctx, const char *app, struct port_maps *ret,
	struct err *err);
MUST_CHECK int ports_set_detected(struct ctx *ctx, const char *app, const struct port_maps *maps,
	struct err *err);
/* What counts while there is no custom map: detected or default, with what a certificate brings. */
MUST_CHECK int ports_without_custom(struct ctx *ctx, const char *app, struct port_maps *ret,
	struct err *err);
/* http on 80 or https on 443, or on the ports that the instance has in their place: what apps share. */
bool port_is_standard(struct ctx *ctx, const char *scheme, unsigned port);
/* Appends "scheme:host:container". */
void port_map_print(const struct port_map *map, struct strbuf *out);
/* Custom, else detected, else http:<proxy-port or 80>:5000, with the https additions that a
 * certificate brings. Sorted and unique as Dokku lists them. */
MUST_CHECK int ports_effective(struct ctx *ctx, const char *app, struct port_maps *ret,
	struct err *err);
/* The PORT of web containers: container port of the first effective mapping that is not udp;
 * 5000 when there is none. */
MUST_CHECK int ports_web_port(struct ctx *ctx, const char *app, unsigned *ret, struct err *err);
/* A TCP port above 1024 that nobody listens on right now. */
MUST_CHECK int ports_free(unsigned *ret, struct err *err);
/* Sets proxy-port and proxy-ssl-port where they are missing (first proxy build). */
MUST_CHECK int ports_configure(struct ctx *ctx, const char *app, struct err *err);
/* Stores as detected what images of most builders have: a web process on port 5000. */
MUST_CHECK int ports_set_detected_default(struct ctx *ctx, const char *app, struct err *err);
/* Nothing is detected: what another builder saw counts no more. */
MUST_CHECK int ports_forget_detected(struct ctx *ctx, const char *app, struct err *err);
