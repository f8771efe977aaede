/* SPDX-License-Identifier: MIT */
#include "core/cert.h"

#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"

char *cert_path(struct ctx *ctx, const char *app, const char *what)
{
	return inst_home(&ctx->inst, "%s/tls/server.%s", app, what);
}

const char cert_removing_to[] = ".tls-other";

/* A link by which a certificate that is being removed is still found by a proxy that knows it. */
static bool is_being_removed(struct ctx *ctx, const char *app)
{
	AUTO_FREE char *tls = inst_home(&ctx->inst, "%s/tls", app);
	char target[sizeof(cert_removing_to) + 1];
	ssize_t n = readlink(tls, target, sizeof(target));

	return n == (ssize_t)strlen(cert_removing_to) &&
	       !memcmp(target, cert_removing_to, (size_t)n);
}

bool cert_exists(struct ctx *ctx, const char *app)
{
	AUTO_FREE char *cert = cert_path(ctx, app, "crt");
	AUTO_FREE char *key = cert_path(ctx, app, "key");

	return fs_is_file(cert) && fs_is_file(key) && !is_being_removed(ctx, app);
}
