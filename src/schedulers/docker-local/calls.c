/* SPDX-License-Identifier: MIT */
/*
 * The scheduler-* triggers that do something, for scripts that call them as Dokku's core does:
 * deploy, stop, run, run-list, enter. What the commands of the same name do is done here, too.
 */
#include <jansson.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/parse.h"
#include "core/trigger.h"
#include "core/applock.h"
#include "core/deploy.h"
#include "core/output.h"
#include "core/run_list.h"
#include "schedulers/all.h"
#include "schedulers/docker-local/driver.h"

static const char *arg_or_null(const struct trigger_call *call, size_t i)
{
	return *trigger_arg(call, i) ? trigger_arg(call, i) : NULL;
}

bool is_call_for_local(const struct trigger_call *call)
{
	return str_eq(trigger_arg(call, 0), scheduler_docker_local.name);
}

/* SCHEDULER APP [TAG [PROCESS]] */
int call_deploy(struct trigger_call *call, struct err *err)
{
	const char *app = trigger_arg(call, 1);
	int r;

	if (!is_call_for_local(call))
		return 0;
	r = app_lock(call->ctx, app, APP_LOCK_WAIT, err);
	return r < 0 ? r
		     : deploy_image(call->ctx, app, arg_or_null(call, 2), arg_or_null(call, 3),
			       err);
}

/* SCHEDULER APP [REMOVE]: "true" removes the containers afterwards. */
int call_stop(struct trigger_call *call, struct err *err)
{
	const char *app = trigger_arg(call, 1);
	struct operation *op;
	int r;

	if (!is_call_for_local(call))
		return 0;
	r = app_lock(call->ctx, app, APP_LOCK_WAIT, err);
	if (r >= 0)
		r = operation_begin(call->ctx, "stop", app, NULL, NULL, &op, err);
	if (r < 0)
		return r;
	r = local_plan_stop(op, app, err);
	if (r >= 0 && str_eq(trigger_arg(call, 2), "true"))
		r = operation_add(op, &docker_local_steps[LOCAL_REMOVE],
			json_pack("{s:s, s:b}", "app", app, "keep-images", 1), err);
	return operation_run_planned(op, r, err);
}

static const char *env_or(const char *name, const char *fallback)
{
	const char *value = getenv(name);

	return value && *value ? value : fallback;
}

static bool env_is_on(const char *name)
{
	const char *value = env_or(name, "");

	return str_eq(value, "1") || str_eq(value, "true");
}

static int run_exit(int r, int code, struct err *err)
{
	return r < 0 || !code ? r : err_exit(err, code);
}

/* Dokku's commands ask for it; else it is the app's or the global setting. */
static bool is_removed(struct ctx *ctx, const char *app)
{
	AUTO_ERR ignored = ERR_INIT;
	AUTO_ENV env = ENV_INIT;
	const char *set;

	if (*env_or("DOKKU_RM_CONTAINER", ""))
		return true;
	if (app_env_merged(ctx, app, &env, &ignored) < 0)
		return false;
	set = env_get(&env, "DOKKU_RM_CONTAINER");
	return set && *set;
}

/* Splits ENV_COUNT [ENV...] -- COMMAND... */
static int split_run(const struct trigger_call *call, struct strvec *env, struct strvec *argv,
	struct err *err)
{
	uint64_t count = 0;
	size_t at = 3;
	int r = parse_uint(*trigger_arg(call, 2) ? trigger_arg(call, 2) : "0", 0, 10000, &count,
		err);

	if (r < 0)
		return err_wrap(err, "scheduler-run: number of variables");
	for (; at < 3 + count && at < call->args->count; at++)
		strvec_push(env, call->args->items[at]);
	at += str_eq(trigger_arg(call, at), "--");
	for (; at < call->args->count; at++)
		strvec_push(argv, call->args->items[at]);
	return 0;
}

/* SCHEDULER APP ENV_COUNT [ENV...] -- COMMAND...; the rest is in Dokku's variables. */
int call_run(struct trigger_call *call, struct err *err)
{
	AUTO_STRVEC env = STRVEC_INIT;
	AUTO_STRVEC argv = STRVEC_INIT;
	AUTO_ERR ignored = ERR_INIT;
	struct run_request rq = {
		.app = trigger_arg(call, 1),
		.env = &env,
		.argv = &argv,
		.detached = env_is_on("DOKKU_DETACH_CONTAINER"),
		.force_tty = env_is_on("DOKKU_FORCE_TTY"),
		.no_tty = env_is_on("DOKKU_DISABLE_TTY"),
		.no_rm = !is_removed(call->ctx, trigger_arg(call, 1)),
		.cron_id = env_or("DOKKU_CRON_ID", ""),
		.concurrency = env_or("DOKKU_CONCURRENCY_POLICY", "allow"),
	};
	int code = 0;
	int r;

	if (!is_call_for_local(call))
		return 0;
	if (parse_uint(env_or("DOKKU_RUN_TTL_SECONDS", "0"), 0, INT32_MAX, &rq.ttl_seconds,
		    &ignored) < 0)
		rq.ttl_seconds = 0;
	r = split_run(call, &env, &argv, err);
	out_flush();
	if (r >= 0)
		r = local_run(call->ctx, &rq, &code, err);
	return run_exit(r, code, err);
}

/* SCHEDULER APP FORMAT */
int call_run_list(struct trigger_call *call, struct err *err)
{
	json_t *list = NULL;
	int r = is_call_for_local(call)
			? local_run_list(call->ctx, trigger_arg(call, 1), &list, err)
			: 0;

	if (r < 0 || !list)
		return r;
	run_list_print(trigger_arg(call, 1), list, str_eq(trigger_arg(call, 2), "stdout"));
	json_decref(list);
	return 0;
}

/* SCHEDULER APP [--container-id ID] [PROCESS] [--] [COMMAND...] */
int call_enter(struct trigger_call *call, struct err *err)
{
	AUTO_STRVEC argv = STRVEC_INIT;
	const char *process = NULL;
	const char *container = NULL;
	size_t at = 2;
	int code = 0;
	int r;

	if (!is_call_for_local(call))
		return 0;
	for (; at < call->args->count && !process && !str_eq(trigger_arg(call, at), "--"); at++) {
		const char *attached = str_after(trigger_arg(call, at), "--container-id=");

		if (attached)
			container = attached;
		else if (container)
			break;
		else if (str_eq(trigger_arg(call, at), "--container-id"))
			container = trigger_arg(call, ++at);
		else
			process = trigger_arg(call, at);
	}
	at += str_eq(trigger_arg(call, at), "--");
	for (; at < call->args->count; at++)
		strvec_push(&argv, call->args->items[at]);
	out_flush();
	r = local_enter(call->ctx, trigger_arg(call, 1), process, container, &argv, &code, err);
	return run_exit(r, code, err);
}
