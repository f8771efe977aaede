/* SPDX-License-Identifier: MIT */
#include "core/route.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "core/cert.h"
#include "core/domains.h"

void routes_done(struct routes *r)
{
	free(r->app);
	strvec_done(&r->hosts);
	port_maps_done(&r->ports);
	listeners_done(&r->listeners);
	free(r->cert);
	free(r->key);
}

int routes_of(struct ctx *ctx, const char *app, struct routes *ret, struct err *err)
{
	const struct scheduler *s;
	int r = scheduler_of(ctx, app, &s, err);

	if (r < 0)
		return r;
	ret->app = xstrdup(app);
	if (domains_enabled(ctx, app))
		r = domains_of(ctx, app, &ret->hosts, err);
	if (r >= 0)
		r = ports_effective(ctx, app, &ret->ports, err);
	if (r >= 0)
		r = s->listeners(ctx, app, NULL, &ret->listeners, err);
	ret->tls = cert_exists(ctx, app);
	if (ret->tls) {
		ret->cert = cert_path(ctx, app, "crt");
		ret->key = cert_path(ctx, app, "key");
	}
	return r;
}
