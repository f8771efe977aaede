/* SPDX-License-Identifier: MIT */
/* The scheduler for apps that run nowhere: everything succeeds and nothing happens. */
#include <stdlib.h>

#include "base/alloc.h"
#include "schedulers/all.h"

static int plan_deploy(struct operation *op, const struct deploy *d, struct err *err)
{
	return 0;
}

static int plan_app(struct operation *op, const char *app, struct err *err)
{
	return 0;
}

static int listeners(struct ctx *ctx, const char *app, const char *process, struct listeners *ret,
	struct err *err)
{
	return 0;
}

/* Dokku counts one running process. */
static int status(struct ctx *ctx, const char *app, struct proc_statuses *ret, struct err *err)
{
	ret->items = xreallocarray(ret->items, ret->count + 1, sizeof(*ret->items));
	ret->items[ret->count++] = (struct proc_status){
		.process = xstrdup("web"),
		.index = 1,
		.id = xstrdup(""),
		.state = xstrdup("running"),
	};
	return 0;
}

static int is_deployed(struct ctx *ctx, const char *app)
{
	return 1;
}

static int run(struct ctx *ctx, const struct run_request *rq, int *ret_code, struct err *err)
{
	*ret_code = 0;
	return 0;
}

static int empty_list(struct ctx *ctx, const char *app, json_t **ret, struct err *err)
{
	*ret = json_array();
	return 0;
}

static int stop_run(struct ctx *ctx, const char *app, const char *container, struct err *err)
{
	return 0;
}

static int run_logs(struct ctx *ctx, const struct log_request *rq, const char *container,
	struct err *err)
{
	return 0;
}

static int enter(struct ctx *ctx, const char *app, const char *process, const char *container,
	const struct strvec *argv, int *ret_code, struct err *err)
{
	*ret_code = 0;
	return 0;
}

static int logs(struct ctx *ctx, const struct log_request *rq, struct err *err)
{
	return 0;
}

static int of_app(struct ctx *ctx, const char *app, struct err *err)
{
	return 0;
}

const struct scheduler scheduler_null = {
	.name = "null",
	.plan_start = plan_deploy,
	.plan_settle = plan_deploy,
	.plan_remove = plan_app,
	.plan_stop = plan_app,
	.listeners = listeners,
	.status = status,
	.is_deployed = is_deployed,
	.run = run,
	.run_list = empty_list,
	.run_stop = stop_run,
	.run_logs = run_logs,
	.enter = enter,
	.logs = logs,
	.logs_failed = of_app,
	.inspect = empty_list,
	.check = stop_run,
	.retire = of_app,
	.run_retire = of_app,
};
