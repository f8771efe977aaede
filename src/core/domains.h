/* SPDX-License-Identifier: MIT */
#pragma once

/* Host names of apps: VHOST files, NO_VHOST, default names, URLs. */

#include <stdbool.h>

#include "core/ctx.h"

bool domain_valid(const char *name);
/* PATTERN, as in a certificate, stands for NAME: the same, or "*." in place of its first label. */
bool domain_matches(const char *pattern, const char *name);
/* Lines of the app's / the global VHOST file. */
MUST_CHECK int domains_of(struct ctx *ctx, const char *app, struct strvec *ret, struct err *err);
MUST_CHECK int domains_global(struct ctx *ctx, struct strvec *ret, struct err *err);
MUST_CHECK int domains_save(struct ctx *ctx, const char *app, const struct strvec *names,
	struct err *err);
/* False only when config NO_VHOST is 1. */
bool domains_enabled(struct ctx *ctx, const char *app);
/* What a new or reset app gets: "<app>.<global domain>" ...; may be none. */
MUST_CHECK int domains_default(struct ctx *ctx, const char *app, struct strvec *ret,
	struct err *err);
/* Writes the defaults of a new app (VHOST, or NO_VHOST=1 when there are none). */
MUST_CHECK int domains_setup(struct ctx *ctx, const char *app, struct err *err);
/* URLs under which the app answers, as `urls` prints them. */
MUST_CHECK int domains_urls(struct ctx *ctx, const char *app, struct strvec *ret, struct err *err);
/* Appends them, one per line, as the commands urls and url (FIRST: only one, with TLS if the app has
 * it) print them; third-party app-urls handlers replace them. */
MUST_CHECK int domains_print_urls(struct ctx *ctx, const char *app, bool first, struct strbuf *out,
	struct err *err);
