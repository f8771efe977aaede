/* SPDX-License-Identifier: MIT */
#include "schedulers/docker-local/driver.h"

#include <stdlib.h>

#include "schedulers/all.h"

#define STEP(id, kind, more...)                                                                    \
	[id] = { "docker-local:" #kind, .describe = step_##kind##_describe,                        \
		.run = step_##kind##_run, ##more }

const struct step_kind docker_local_steps[] = {
	STEP(LOCAL_BEGIN, begin, .flags = STEP_QUIET, .undo = step_begin_undo),
	STEP(LOCAL_STOP, stop, .undo = step_stop_undo),
	STEP(LOCAL_CREATE, create, .undo = step_create_undo),
	STEP(LOCAL_CHECK, check),
	STEP(LOCAL_STATE, state, .flags = STEP_QUIET, .undo = step_state_undo),
	STEP(LOCAL_RENAME, rename, .flags = STEP_QUIET),
	STEP(LOCAL_NETWORKS, networks, .flags = STEP_MAY_FAIL),
	STEP(LOCAL_RETIRE, retire),
	STEP(LOCAL_REMOVE, remove),
	{},
};

const struct scheduler scheduler_docker_local = {
	.name = "docker-local",
	.plan_start = local_plan_start,
	.plan_settle = local_plan_settle,
	.plan_remove = local_plan_remove,
	.plan_stop = local_plan_stop,
	.listeners = local_listeners,
	.status = local_status,
	.is_deployed = local_is_deployed,
	.run = local_run,
	.run_list = local_run_list,
	.run_stop = local_run_stop,
	.run_logs = local_run_logs,
	.enter = local_enter,
	.logs = local_logs,
	.logs_failed = local_logs_failed,
	.inspect = local_inspect,
	.check = local_check,
	.retire = local_retire,
	.run_retire = local_run_retire,
};
