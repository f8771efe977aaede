/* SPDX-License-Identifier: MIT */
/* nginx:access-logs, nginx:error-logs. */
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/proxy.h"
#include "core/scheduler.h"
#include "core/tail.h"
#include "core/trigger.h"
#include "proxies/nginx/nginx.h"

enum { LINES = 20 };

bool nginx_is_elsewhere(const char *scheduler)
{
	return !str_eq(scheduler, "docker-local") && !str_eq(scheduler, "null");
}

static int logs_elsewhere(struct ctx *ctx, const char *scheduler, const char *app, bool access,
	bool follow, struct err *err)
{
	AUTO_FREE char *type = proxy_type(ctx, app);
	AUTO_FREE char *lines = xasprintf("%d", follow ? 0 : LINES);

	return trigger_fire(ctx, err, "scheduler-proxy-logs", scheduler, app, type,
		access ? "access" : "error", follow ? "true" : "false", lines, NULL);
}

int nginx_run_logs(struct ctx *ctx, const struct args *args, struct err *err)
{
	bool access = strstr(ctx->argv.items[0], "access") != NULL;
	const char *app = args_pos(args, 0);
	AUTO_FREE char *scheduler = scheduler_name(ctx, app);
	AUTO_STRBUF path = STRBUF_INIT;
	int r = nginx_value(ctx, app, access ? "access-log-path" : "error-log-path", &path, err);

	if (r < 0)
		return r;
	strbuf_setlen(&path, strcspn(path.buf, " \t")); /* what may follow is no part of the name */
	if (str_eq(path.buf, "off") || str_eq(path.buf, "/dev/null"))
		return err_set(err, ERR_NOT_FOUND, "%s logs are disabled for this app",
			access ? "access" : "error");
	if (nginx_is_elsewhere(scheduler))
		return logs_elsewhere(ctx, scheduler, app, access, args_has(args, "tail"), err);
	if (*path.buf != '/')
		return err_set(err, ERR_NOT_FOUND, "%s logs of this app go to '%s', not to a file",
			access ? "access" : "error", path.buf);
	return tail_print(path.buf, LINES, args_has(args, "tail"), err);
}
