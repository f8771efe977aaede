/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Routes: which host names and ports lead to which listeners. The one value that domains, ports,
 * certificates and schedulers produce together and that every proxy consumes.
 */

#include "core/ports.h"
#include "core/scheduler.h"

struct routes {
	char *app;
	struct strvec hosts;        /* empty: no names, port-based routing */
	struct port_maps ports;     /* effective */
	struct listeners listeners; /* of all process types that listen */
	bool tls;                   /* a certificate exists */
	char *cert;                 /* its paths; NULL without one */
	char *key;
};
#define ROUTES_INIT                                                                                \
	{                                                                                          \
		.hosts = STRVEC_INIT                                                               \
	}
void routes_done(struct routes *r);
#define AUTO_ROUTES CLEANUP(routes_done) struct routes

/*
 * The listener that network:set APP static-web-listener names instead of what the scheduler runs:
 * "address:port", "[address]:port" or an address alone (port 0). 1 when it is set.
 */
MUST_CHECK int route_static_listener(struct ctx *ctx, const char *app, struct listeners *ret,
	struct err *err);
/* Takes such a text apart; RET_ADDRESS for free(). */
MUST_CHECK int listener_parse(const char *text, char **ret_address, unsigned *ret_port,
	struct err *err);

/* The listeners of the scheduler, or the static one. */
MUST_CHECK int routes_of(struct ctx *ctx, const char *app, struct routes *ret, struct err *err);
