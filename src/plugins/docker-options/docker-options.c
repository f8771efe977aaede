/* SPDX-License-Identifier: MIT */
/* The docker-options plugin: flags for the containers of an app. */
#include <jansson.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/docker_options.h"
#include "core/output.h"
#include "core/plugin.h"
#include "core/procs.h"
#include "core/report.h"
#include "core/state.h"

static const char reserved[] = "_default_";

/* What one command line is about. */
struct request {
	const char *app;
	enum docker_phase phases[DOCKER_PHASES];
	int phase_count;
	struct strvec processes; /* none: every container */
	struct strvec options;
};

static void request_done(struct request *rq)
{
	strvec_done(&rq->processes);
	strvec_done(&rq->options);
}

#define REQUEST_INIT                                                                               \
	{                                                                                          \
		.processes = STRVEC_INIT, .options = STRVEC_INIT                                   \
	}
#define AUTO_REQUEST CLEANUP(request_done) struct request

/* --- reading the command line --- */

static int check_process(const char *process, struct err *err)
{
	if (!*process)
		return err_set(err, ERR_USAGE, "--process value must not be empty");
	if (str_eq(process, reserved))
		return err_set(err, ERR_USAGE,
			"\"%s\" is reserved and cannot be used as a --process value", process);
	if (!proc_name_valid(process))
		return err_set(err, ERR_USAGE, "\"%s\" is not a process type", process);
	return 0;
}

static int check_scope(const struct request *rq, struct err *err)
{
	int r = 0;

	if (!rq->processes.count)
		return 0;
	for (size_t i = 0; r >= 0 && i < rq->processes.count; i++)
		r = check_process(rq->processes.items[i], err);
	for (int i = 0; r >= 0 && i < rq->phase_count; i++) {
		if (rq->phases[i] != DOCKER_PHASE_DEPLOY)
			r = err_set(err, ERR_USAGE,
				"--process is only supported for the deploy phase, got \"%s\"",
				docker_phase_name(rq->phases[i]));
	}
	return r;
}

static void push_unique(struct strvec *ret, const char *s)
{
	if (!strvec_has(ret, s))
		strvec_push(ret, s);
}

/* Each --process may hold several types, separated by commas. */
static void take_processes(const struct args *args, const struct strvec *more, struct strvec *ret)
{
	AUTO_STRVEC given = STRVEC_INIT;

	args_list(args, "process", &given);
	strvec_pushv(&given, more->items);
	for (size_t i = 0; i < given.count; i++) {
		AUTO_STRVEC parts = STRVEC_INIT;

		strvec_split(&parts, given.items[i], ",");
		if (!parts.count)
			push_unique(ret, "");
		for (size_t j = 0; j < parts.count; j++)
			push_unique(ret, parts.items[j]);
	}
}

/* APP PHASES OPTION... of :add and :remove; VERB is for the message. */
static int read_change(const struct args *args, const char *verb, struct request *ret,
	struct err *err)
{
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_STRVEC lifted = STRVEC_INIT;
	int r = docker_phases_parse(args_pos(args, 1), ret->phases, err);

	if (r < 0)
		return r;
	ret->app = args_pos(args, 0);
	ret->phase_count = r;
	for (size_t i = 2; i < args->pos.count; i++)
		strbuf_addf(&text, "%s%s", i > 2 ? " " : "", args->pos.items[i]);
	r = docker_options_split(text.buf, &ret->options, &lifted, err);
	if (r < 0)
		return r;
	if (!ret->options.count)
		return err_set(err, ERR_USAGE, "Please specify docker options to %s the phase",
			verb);
	if (!ret->phase_count)
		return err_set(err, ERR_USAGE, "Phase(s) must be one of [build deploy run]");
	take_processes(args, &lifted, &ret->processes);
	return check_scope(ret, err);
}

static void warn_if_unknown(struct ctx *ctx, const struct request *rq)
{
	AUTO_STRVEC types = STRVEC_INIT;
	AUTO_ERR ignored = ERR_INIT;

	if (procs_types(ctx, rq->app, &types, &ignored) <= 0)
		return;
	for (size_t i = 0; i < rq->processes.count; i++) {
		if (!strvec_has(&types, rq->processes.items[i]))
			out_warn("Process type \"%s\" is not declared in the Procfile for %s",
				rq->processes.items[i], rq->app);
	}
}

/* --- commands --- */

typedef int (*change_fn)(struct ctx *ctx, const char *app, const char *process,
	enum docker_phase phase, const char *option, struct err *err);

static int change(struct ctx *ctx, const struct request *rq, const char *option, change_fn fn,
	struct err *err)
{
	size_t scopes = rq->processes.count ? rq->processes.count : 1;
	int r = 0;

	for (size_t i = 0; i < scopes; i++) {
		const char *process = rq->processes.count ? rq->processes.items[i] : NULL;

		for (int j = 0; r >= 0 && j < rq->phase_count; j++)
			r = fn(ctx, rq->app, process, rq->phases[j], option, err);
	}
	return r;
}

static int run_add(struct ctx *ctx, const struct args *args, struct err *err)
{
	AUTO_REQUEST rq = REQUEST_INIT;
	int r = read_change(args, "add to", &rq, err);

	if (r < 0)
		return r;
	warn_if_unknown(ctx, &rq);
	for (size_t i = 0; r >= 0 && i < rq.options.count; i++)
		r = change(ctx, &rq, rq.options.items[i], docker_options_add, err);
	return r;
}

static int run_remove(struct ctx *ctx, const struct args *args, struct err *err)
{
	AUTO_REQUEST rq = REQUEST_INIT;
	int r = read_change(args, "remove from", &rq, err);

	for (size_t i = 0; r >= 0 && i < rq.options.count; i++)
		r = change(ctx, &rq, rq.options.items[i], docker_options_remove, err);
	return r;
}

static int clear_one(struct ctx *ctx, const char *app, const char *process, enum docker_phase phase,
	const char *all, struct err *err)
{
	if (!*all)
		out_info1("Clearing docker-options for %s on phase %s%s%s", app,
			docker_phase_name(phase), process ? " for process " : "",
			process ? process : "");
	return docker_options_clear(ctx, app, process, phase, err);
}

static int run_clear(struct ctx *ctx, const struct args *args, struct err *err)
{
	AUTO_REQUEST rq = REQUEST_INIT;
	AUTO_STRVEC none = STRVEC_INIT;
	bool all;
	int r = docker_phases_parse(args_pos(args, 1), rq.phases, err);

	if (r < 0)
		return r;
	rq.app = args_pos(args, 0);
	take_processes(args, &none, &rq.processes);
	all = !r && !rq.processes.count;
	rq.phase_count = r ? r : all ? DOCKER_PHASES : 1;
	for (int i = r; i < rq.phase_count; i++)
		rq.phases[i] = all ? (enum docker_phase)i : DOCKER_PHASE_DEPLOY;
	r = check_scope(&rq, err);
	if (r < 0)
		return r;
	if (all)
		out_info1("Clearing docker-options for %s on all phases", rq.app);
	return change(ctx, &rq, all ? "all" : "", clear_one, err);
}

static int run_list(struct ctx *ctx, const struct args *args, struct err *err)
{
	AUTO_REQUEST rq = REQUEST_INIT;
	const char *phase = args_value(args, "phase", "");
	const char *process = args_value(args, "process", "");
	int r;

	if (!*phase)
		return err_set(err, ERR_USAGE, "--phase is required");
	if (strchr(phase, ',') || docker_phases_parse(phase, rq.phases, err) < 0) {
		err_clear(err);
		return err_set(err, ERR_USAGE, "Phase must be one of [build deploy run]");
	}
	rq.phase_count = 1;
	if (*process)
		strvec_push(&rq.processes, process);
	r = check_scope(&rq, err);
	if (r >= 0)
		r = docker_options_get(ctx, args_pos(args, 0), process, rq.phases[0], &rq.options,
			err);
	for (size_t i = 0; r >= 0 && i < rq.options.count; i++)
		out_line("%s", rq.options.items[i]);
	return r;
}

/* --- report --- */

/* PROCESS NULL: of every container. The key ends in ".<process>" otherwise. */
static int add_scope(struct ctx *ctx, const char *app, const char *process, enum docker_phase phase,
	struct report *report, struct err *err)
{
	AUTO_STRVEC options = STRVEC_INIT;
	AUTO_FREE char *key = xasprintf("%s%s%s", docker_phase_name(phase), process ? "." : "",
		process ? process : "");
	AUTO_FREE char *flag = xasprintf("--docker-options-%s", key);
	AUTO_FREE char *list_flag = xasprintf("--%s-list", key);
	AUTO_FREE char *joined = NULL;
	json_t *list;
	int r = docker_options_get(ctx, app, process, phase, &options, err);

	if (r < 0)
		return r;
	joined = strvec_joined(&options, " ");
	report_add(report, flag, joined);
	list = json_array();
	for (size_t i = 0; i < options.count; i++)
		json_array_append_new(list, json_string(options.items[i]));
	report_add_json(report, list_flag, list);
	return 0;
}

static int more_rows(struct ctx *ctx, const char *app, struct report *report, struct err *err)
{
	AUTO_STRVEC processes = STRVEC_INIT;
	int r = 0;

	for (int phase = 0; r >= 0 && phase < DOCKER_PHASES; phase++)
		r = add_scope(ctx, app, NULL, (enum docker_phase)phase, report, err);
	if (r >= 0)
		r = docker_options_processes(ctx, app, &processes, err);
	for (size_t i = 0; r >= 0 && i < processes.count; i++)
		r = add_scope(ctx, app, processes.items[i], DOCKER_PHASE_DEPLOY, report, err);
	return r;
}

/* --- triggers --- */

static int print_options(struct trigger_call *call, const char *process, enum docker_phase phase,
	struct err *err)
{
	AUTO_STRVEC options = STRVEC_INIT;
	const struct strvec *args = call->args;
	int r;

	if (call->in)
		strbuf_add(call->out, call->in->buf, call->in->len);
	if (!args->count)
		return err_set(err, ERR_USAGE, "%s needs an app", call->name);
	r = docker_options_for(call->ctx, args->items[0], process, phase,
		args->count > 1 ? args->items[1] : "", &options, err);
	for (size_t i = 0; r >= 0 && i < options.count; i++)
		strbuf_addf(call->out, " %s", options.items[i]);
	return r;
}

static int on_args_build(struct trigger_call *call, struct err *err)
{
	return print_options(call, NULL, DOCKER_PHASE_BUILD, err);
}

static int on_args_deploy(struct trigger_call *call, struct err *err)
{
	return print_options(call, NULL, DOCKER_PHASE_DEPLOY, err);
}

static int on_args_run(struct trigger_call *call, struct err *err)
{
	return print_options(call, NULL, DOCKER_PHASE_RUN, err);
}

/* APP BUILDER IMAGE_TAG PROCESS: what that type has besides docker-args-deploy. */
static int on_args_process_deploy(struct trigger_call *call, struct err *err)
{
	const char *process = call->args->count > 3 ? call->args->items[3] : "";

	if (*process && !str_eq(process, reserved))
		return print_options(call, process, DOCKER_PHASE_DEPLOY, err);
	if (call->in)
		strbuf_add(call->out, call->in->buf, call->in->len);
	return 0;
}

/* --- settings of an app that comes or goes --- */

static int on_clone(struct ctx *ctx, const char *old, const char *new, struct err *err)
{
	int r = state_copy(ctx, "docker-options", old, new, err);

	for (int phase = 0; r >= 0 && phase < DOCKER_PHASES; phase++) {
		AUTO_STRVEC options = STRVEC_INIT;

		/* Where the old app still has a legacy file, the new one gets a list. */
		r = docker_options_get(ctx, old, NULL, (enum docker_phase)phase, &options, err);
		for (size_t i = 0; r >= 0 && i < options.count; i++)
			r = docker_options_add(ctx, new, NULL, (enum docker_phase)phase,
				options.items[i], err);
	}
	return r;
}

/* --- tables --- */

static const struct flag scope_flags[] = {
	{ "process", 0, FLAG_LIST, "<process-type>", "Only containers of that type (deploy)" },
	{},
};

static const struct flag list_flags[] = {
	{ "process", 0, FLAG_VALUE, "<process-type>", "Those of that type" },
	{ "phase", 0, FLAG_VALUE, "build|deploy|run", "The phase" },
	{},
};

static const struct command commands[] = {
	{ "docker-options:add", "[--process <process-type>...] <app> <phase(s)> <option>...",
		"Add Docker flags to an app for phases", CMD_APP | CMD_LOCK | CMD_FLAGS_FIRST, 1,
		-1, scope_flags, run_add, NULL },
	{ "docker-options:clear", "[--process <process-type>...] <app> [<phase(s)>]",
		"Remove all Docker flags of an app, or those of phases",
		CMD_APP | CMD_LOCK | CMD_FLAGS_FIRST, 1, 2, scope_flags, run_clear, NULL },
	{ "docker-options:list", "<app> --phase <phase> [--process <process-type>]",
		"Print Docker flags one per line", CMD_APP | CMD_READ, 1, 1, list_flags, run_list,
		NULL },
	{ "docker-options:remove", "[--process <process-type>...] <app> <phase(s)> <option>...",
		"Remove Docker flags from phases", CMD_APP | CMD_LOCK | CMD_FLAGS_FIRST, 1, -1,
		scope_flags, run_remove, NULL },
	{},
};

/* Lists per process type and phase are properties whose names are not known beforehand. */
static const struct property properties[] = {
	{ "_default_.build", PROP_INTERNAL, NULL, NULL, NULL, NULL },
	{ "_default_.deploy", PROP_INTERNAL, NULL, NULL, NULL, NULL },
	{ "_default_.run", PROP_INTERNAL, NULL, NULL, NULL, NULL },
	{},
};

static const struct trigger_handler triggers[] = {
	{ "docker-args-build", on_args_build },
	{ "docker-args-deploy", on_args_deploy },
	{ "docker-args-process-deploy", on_args_process_deploy },
	{ "docker-args-run", on_args_run },
	{},
};

extern const struct plugin plugin_docker_options;
const struct plugin plugin_docker_options = {
	.name = "docker-options",
	.summary = "Manage the Docker options of apps",
	.report_flags = REPORT_LEGACY_KEYS | REPORT_NO_GLOBAL,
	.commands = commands,
	.properties = properties,
	.more_rows = more_rows,
	.triggers = triggers,
	.on_clone = on_clone,
	.on_rename = on_clone,
};
