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
	struct strvec hosts;      /* empty: no names, port-based routing */
	struct port_maps ports;   /* effective */
	struct listeners listeners; /* of all process types that listen */
	bool tls;                 /* a certificate exists */
	char *cert;               /* its paths; NULL without one */
	char *key;
};
#define ROUTES_INIT { .hosts = STRVEC_INIT }
void routes_done(struct routes *r);
#define AUTO_ROUTES CLEANUP(routes_done) struct routes

MUST_CHECK int routes_of(struct ctx *ctx, const char *app, struct routes *ret, struct err *err);
