/* SPDX-License-Identifier: MIT */
#include "core/proxy.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/state.h"

char *proxy_type(struct ctx *ctx, const char *app)
{
	return state_computed(ctx, "proxy", app, "type", "nginx");
}

bool proxy_is_enabled(struct ctx *ctx, const char *app)
{
	return !state_is_true(ctx, "proxy", app, "disabled");
}

int proxy_of(struct ctx *ctx, const char *app, const struct proxy **ret, struct err *err)
{
	AUTO_FREE char *type = proxy_type(ctx, app);

	*ret = NULL;
	if (!proxy_is_enabled(ctx, app))
		return 0;
	for (const struct proxy *const *p = proxies; *p; p++) {
		if (str_eq((*p)->name, type)) {
			*ret = *p;
			return 0;
		}
	}
	return err_set(err, ERR_NOT_FOUND,
		"%s selects the proxy '%s', which does not exist here; choose another one with "
		"proxy:set %s type <name>",
		app, type, app);
}
