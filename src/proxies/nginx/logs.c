/* SPDX-License-Identifier: MIT */
/* nginx:access-logs, nginx:error-logs. */
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/tail.h"
#include "proxies/nginx/nginx.h"

enum { LINES = 20 };

int nginx_run_logs(struct ctx *ctx, const struct args *args, struct err *err)
{
	bool access = strstr(ctx->argv.items[0], "access") != NULL;
	AUTO_STRBUF path = STRBUF_INIT;
	int r = nginx_value(ctx, args_pos(args, 0), access ? "access-log-path" : "error-log-path",
		&path, err);

	if (r < 0)
		return r;
	strbuf_setlen(&path, strcspn(path.buf, " \t")); /* what may follow is no part of the name */
	if (str_eq(path.buf, "off") || str_eq(path.buf, "/dev/null"))
		return err_set(err, ERR_NOT_FOUND, "%s logs are disabled for this app",
			access ? "access" : "error");
	if (*path.buf != '/')
		return err_set(err, ERR_NOT_FOUND, "%s logs of this app go to '%s', not to a file",
			access ? "access" : "error", path.buf);
	return tail_print(path.buf, LINES, args_has(args, "tail"), err);
}
