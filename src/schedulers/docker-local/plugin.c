/* SPDX-License-Identifier: MIT */
/*
 * The plugin of the docker-local scheduler: its properties, its step kinds, and the scheduler-*
 * triggers that scripts of other plugins call. A call for another scheduler is not for us.
 */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/parse.h"
#include "core/trigger.h"
#include "core/output.h"
#include "core/property.h"
#include "schedulers/all.h"
#include "schedulers/docker-local/driver.h"

static const char *arg_or_null(const struct trigger_call *call, size_t i)
{
	return *trigger_arg(call, i) ? trigger_arg(call, i) : NULL;
}

/* "<deployed> <running>": how many containers, and whether all, some or none of them run. */
static int app_status(struct trigger_call *call, struct err *err)
{
	AUTO_PROC_STATUSES list = PROC_STATUSES_INIT;
	size_t running = 0;
	int r = is_call_for_local(call) ? local_status(call->ctx, trigger_arg(call, 1), &list, err)
					: 1;

	if (r != 0)
		return r < 0 ? r : 0;
	for (size_t i = 0; i < list.count; i++)
		running += str_eq(list.items[i].state, "running");
	strbuf_addf(call->out, "%zu %s\n", list.count,
		!running                ? "false"
		: running == list.count ? "true"
					: "mixed");
	return 0;
}

static int is_deployed(struct trigger_call *call, struct err *err)
{
	if (is_call_for_local(call) && !local_is_deployed(call->ctx, trigger_arg(call, 1)))
		return err_exit(err, 1);
	return 0;
}

static int uses_host_cron(struct trigger_call *call, struct err *err)
{
	if (is_call_for_local(call))
		strbuf_addstr(call->out, "true\n");
	return 0;
}

static int register_retired(struct trigger_call *call, struct err *err)
{
	AUTO_ERR ignored = ERR_INIT;
	uint64_t wait = 60;

	if (!*trigger_arg(call, 1))
		return 0;
	if (*trigger_arg(call, 2) &&
		parse_uint(trigger_arg(call, 2), 0, STOP_TIMEOUT_MAX, &wait, &ignored) < 0)
		wait = 60;
	return dead_register(call->ctx, trigger_arg(call, 0), trigger_arg(call, 1), wait, err);
}

static int retire(struct trigger_call *call, struct err *err)
{
	return local_retire(call->ctx, arg_or_null(call, 1), err);
}

static int run_retire(struct trigger_call *call, struct err *err)
{
	if (*trigger_arg(call, 0) && !is_call_for_local(call))
		return 0;
	return local_run_retire(call->ctx, arg_or_null(call, 1), err);
}

static int run_stop(struct trigger_call *call, struct err *err)
{
	if (!is_call_for_local(call))
		return 0;
	return local_run_stop(call->ctx, trigger_arg(call, 1), trigger_arg(call, 2), err);
}

/* APP PROCESS TAIL QUIET NUM, behind the scheduler's name. */
static struct log_request log_request_of(const struct trigger_call *call)
{
	AUTO_ERR ignored = ERR_INIT;
	int64_t lines = -1;

	if (parse_int(trigger_arg(call, 5), -1, INT32_MAX, &lines, &ignored) < 0)
		lines = -1; /* "all" */
	return (struct log_request){
		.app = trigger_arg(call, 1),
		.process = arg_or_null(call, 2),
		.follow = str_eq(trigger_arg(call, 3), "true"),
		.quiet = str_eq(trigger_arg(call, 4), "true"),
		.lines = (long)lines,
	};
}

static int logs(struct trigger_call *call, struct err *err)
{
	struct log_request rq = log_request_of(call);

	return is_call_for_local(call) ? local_logs(call->ctx, &rq, err) : 0;
}

static int run_logs(struct trigger_call *call, struct err *err)
{
	struct log_request rq = log_request_of(call);

	if (!is_call_for_local(call))
		return 0;
	rq.process = NULL;
	return local_run_logs(call->ctx, &rq, arg_or_null(call, 2), err);
}

static int logs_failed(struct trigger_call *call, struct err *err)
{
	return is_call_for_local(call) ? local_logs_failed(call->ctx, trigger_arg(call, 1), err)
				       : 0;
}

static int inspect(struct trigger_call *call, struct err *err)
{
	json_t *list = NULL;
	AUTO_FREE char *text = NULL;
	int r = is_call_for_local(call) ? local_inspect(call->ctx, trigger_arg(call, 1), &list, err)
					: 0;

	if (r < 0 || !list)
		return r;
	text = json_dumps(list, JSON_INDENT(4) | JSON_SORT_KEYS);
	json_decref(list);
	strbuf_addf(call->out, "%s\n", text ? text : "[]");
	return 0;
}

/* Containers of before whose names carry a time: nothing refers to them when apps are restored. */
static bool has_old_name(const char *name)
{
	const char *last = strrchr(name, '.');
	const char *index = last ? memrchr(name, '.', (size_t)(last - name)) : NULL;

	return index && last[1] && !last[1 + strspn(last + 1, "0123456789")] && last > index + 1 &&
	       strspn(index + 1, "0123456789") == (size_t)(last - index - 1);
}

static int pre_restore(struct trigger_call *call, struct err *err)
{
	json_t *list = NULL;
	int r = is_call_for_local(call) ? list_ours(call->ctx, NULL, "deploy", true, &list, err)
					: 0;

	for (size_t i = 0; r >= 0 && i < json_array_size(list); i++) {
		const json_t *item = json_array_get(list, i);
		const char *id = json_string_value(json_object_get(item, "Id"));
		const char *state = json_string_value(json_object_get(item, "State"));
		AUTO_ERR why = ERR_INIT;

		if (!id || !state || str_eq(state, "running") || !has_old_name(listed_name(item)))
			continue;
		if (container_remove(call->ctx, id, false, &why) < 0)
			out_error(&why); /* restoring matters more */
	}
	json_decref(list);
	return r;
}

/* APP ID PROCESS PORT IP [INDEX] */
static int check_deploy(struct trigger_call *call, struct err *err)
{
	AUTO_FREE char *id = xstrdup(trigger_arg(call, 1));
	AUTO_FREE char *address = xstrdup(trigger_arg(call, 4));
	AUTO_ERR ignored = ERR_INIT;
	uint64_t index = 1;
	uint64_t port = 0;
	struct checked_unit unit;
	int r;

	if (parse_uint(trigger_arg(call, 5), 1, UNITS_MAX, &index, &ignored) < 0)
		index = 1;
	if (parse_uint(trigger_arg(call, 3), 1, UINT16_MAX, &port, &ignored) < 0)
		port = 0;
	unit = (struct checked_unit){
		.process = trigger_arg(call, 2),
		.index = (unsigned)index,
		.id = id,
		.address = address,
		.port = (unsigned)port,
	};
	r = checks_run_builtin(call->ctx, trigger_arg(call, 0), &unit, err);
	return r < 0 || !unit.failures ? r : err_exit(err, 1);
}

static const struct property properties[] = {
	{ "init-process", PROP_BOTH, "true",
		"Whether containers get an init process; false for images that bring one",
		check_bool, NULL },
	{ "parallel-schedule-count", PROP_BOTH, "1",
		"How many process types are deployed at once after web", check_positive, NULL },
	{},
};

static const struct trigger_handler triggers[] = {
	{ "check-deploy", check_deploy },
	{ "scheduler-app-status", app_status },
	{ "scheduler-deploy", call_deploy },
	{ "scheduler-enter", call_enter },
	{ "scheduler-inspect", inspect },
	{ "scheduler-is-deployed", is_deployed },
	{ "scheduler-logs", logs },
	{ "scheduler-logs-failed", logs_failed },
	{ "scheduler-pre-restore", pre_restore },
	{ "scheduler-register-retired", register_retired },
	{ "scheduler-retire", retire },
	{ "scheduler-run", call_run },
	{ "scheduler-run-list", call_run_list },
	{ "scheduler-run-logs", run_logs },
	{ "scheduler-run-retire", run_retire },
	{ "scheduler-run-stop", run_stop },
	{ "scheduler-stop", call_stop },
	{ "scheduler-storage-exec", call_storage_exec },
	{ "scheduler-uses-host-cron", uses_host_cron },
	{},
};

extern const struct plugin plugin_scheduler_docker_local;
const struct plugin plugin_scheduler_docker_local = {
	.name = "scheduler-docker-local",
	.alias = "docker-local",
	.summary = "Manage how apps run on this machine",
	.properties = properties,
	.property_word = "key",
	.triggers = triggers,
	.steps = docker_local_steps,
};
