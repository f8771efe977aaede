/* SPDX-License-Identifier: MIT */
#include "core/cert.h"

#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"

char *cert_path(struct ctx *ctx, const char *app, const char *what)
{
	return inst_home(&ctx->inst, "%s/tls/server.%s", app, what);
}

bool cert_exists(struct ctx *ctx, const char *app)
{
	AUTO_FREE char *cert = cert_path(ctx, app, "crt");
	AUTO_FREE char *key = cert_path(ctx, app, "key");

	return fs_is_file(cert) && fs_is_file(key);
}
