/* SPDX-License-Identifier: MIT */
/*
 * Drives the docker-local scheduler without the rest of the program: operations of its own steps
 * around a stand-in for the route switch. Used by docker-local-kill.sh, which kills it everywhere.
 *
 *   deploy-docker-local INSTANCE.conf APP deploy IMAGE [PROCESS] | remove | stop | recover | retire
 *   ... run CMD... | detach CMD... | enter CMD... | logs | failed | list | inspect | expire |
 *       halt [CONTAINER] | check [PROCESS]
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/strvec.h"
#include "core/builder.h"
#include "core/applock.h"
#include "core/operation.h"
#include "core/output.h"
#include "core/plugin.h"
#include "core/proxy.h"
#include "core/scheduler.h"

static void describe_switch(const struct step *step, struct strbuf *out)
{
	strbuf_addstr(out, "switch");
}

/* Where requests go: the listeners, as a proxy would read them. */
static int run_switch(struct operation *op, struct step *step, struct err *err)
{
	const struct scheduler *s;
	AUTO_LISTENERS l = LISTENERS_INIT;
	AUTO_STRBUF text = STRBUF_INIT;
	char *path = inst_lib(&op->ctx->inst, "switched");
	char *wish = inst_lib(&op->ctx->inst, "fail-switch");
	int r = scheduler_of(op->ctx, op->apps.items[0], &s, err);

	if (r >= 0)
		r = s->listeners(op->ctx, op->apps.items[0], "web", &l, err);
	for (size_t i = 0; r >= 0 && i < l.count; i++)
		strbuf_addf(&text, "%s:%u\n", l.items[i].address, l.items[i].port);
	if (r >= 0 && fs_exists(wish))
		r = err_set(err, ERR_FAILED, "the switch fails, as wished");
	if (r >= 0)
		r = fs_write_str(path, text.buf, 0644, err);
	free(path);
	free(wish);
	return r;
}

static const struct step_kind switch_steps[] = {
	{ "test:switch", STEP_COMMIT, describe_switch, run_switch, NULL },
	{},
};

static const struct plugin test_plugin = { .name = "test", .steps = switch_steps };
extern const struct plugin plugin_scheduler_docker_local;
static const struct plugin *const plugins[] = { &plugin_scheduler_docker_local, &test_plugin,
	NULL };
extern const struct proxy *const proxies[];
const struct proxy *const proxies[] = { NULL };
const struct builder *const builders[] = { NULL };

static int plan_deploy(struct operation *op, const struct scheduler *s, const struct deploy *d,
	struct err *err)
{
	int r = s->plan_start(op, d, err);

	if (r >= 0)
		r = operation_add(op, &switch_steps[0], NULL, err);
	return r < 0 ? r : s->plan_settle(op, d, err);
}

static int operate(struct ctx *ctx, const char *app, const char *verb, const char *image,
	const char *process, struct err *err)
{
	const struct deploy d = { .app = app, .image = image, .process = process };
	const struct scheduler *s;
	struct operation *op;
	int r = scheduler_of(ctx, app, &s, err);

	if (r >= 0 && strcmp(verb, "retire") == 0)
		return s->retire(ctx, NULL, err);
	if (r >= 0)
		r = operation_begin(ctx, verb, app, NULL, NULL, &op, err);
	if (r < 0)
		return r;
	if (strcmp(verb, "deploy") == 0)
		r = plan_deploy(op, s, &d, err);
	else if (strcmp(verb, "stop") == 0)
		r = s->plan_stop(op, app, err);
	else
		r = s->plan_remove(op, app, err);
	if (r < 0) {
		operation_abandon(op);
		return r;
	}
	return operation_run(op, err);
}

/* Verbs that are no operation: run, detach, enter, logs, failed, list, retire, check, inspect. */
static int call(struct ctx *ctx, const char *app, const char *verb, char **words, int *ret_code,
	struct err *err)
{
	AUTO_STRVEC argv = STRVEC_INIT;
	AUTO_STRVEC env = STRVEC_INIT;
	const struct scheduler *s;
	struct run_request rq = { .app = app, .env = &env, .argv = &argv };
	const struct log_request lines = { .app = app, .lines = -1 };
	json_t *list = NULL;
	int r = scheduler_of(ctx, app, &s, err);

	strvec_pushv(&argv, words);
	strvec_push(&env, "EXTRA=of the run");
	rq.detached = strcmp(verb, "detach") == 0;
	rq.ttl_seconds = 1;
	if (r < 0)
		return r;
	if (strcmp(verb, "run") == 0 || rq.detached)
		return s->run(ctx, &rq, ret_code, err);
	if (strcmp(verb, "enter") == 0)
		return s->enter(ctx, app, "web.1", NULL, &argv, ret_code, err);
	if (strcmp(verb, "logs") == 0)
		return s->logs(ctx, &lines, err);
	if (strcmp(verb, "failed") == 0)
		return s->logs_failed(ctx, app, err);
	if (strcmp(verb, "expire") == 0)
		return s->run_retire(ctx, app, err);
	if (strcmp(verb, "halt") == 0)
		return s->run_stop(ctx, app, words[0], err);
	if (strcmp(verb, "check") == 0)
		return s->check(ctx, app, words[0], err);
	r = strcmp(verb, "list") == 0 ? s->run_list(ctx, app, &list, err)
				      : s->inspect(ctx, app, &list, err);
	if (r >= 0)
		json_dumpf(list, stdout, JSON_INDENT(2));
	json_decref(list);
	return r;
}

static bool is_operation(const char *verb)
{
	return strcmp(verb, "deploy") == 0 || strcmp(verb, "stop") == 0 ||
	       strcmp(verb, "remove") == 0 || strcmp(verb, "retire") == 0;
}

int main(int argc, char **argv)
{
	AUTO_ERR err = ERR_INIT;
	struct ctx ctx;
	int code = 0;
	int r;

	if (argc < 4)
		return 2;
	r = ctx_init(&ctx, argv[1], false, &err);
	ctx.plugins = plugins;
	if (r >= 0)
		r = app_lock(&ctx, argv[2], APP_LOCK_WAIT, &err);
	if (r >= 0 && !is_operation(argv[3]) && strcmp(argv[3], "recover") != 0)
		r = call(&ctx, argv[2], argv[3], argv + 4, &code, &err);
	else if (r >= 0 && strcmp(argv[3], "recover") != 0)
		r = operate(&ctx, argv[2], argv[3], argc > 4 ? argv[4] : "",
			argc > 5 ? argv[5] : NULL, &err);
	if (r < 0)
		out_error(&err);
	out_flush();
	ctx_done(&ctx);
	return r < 0 ? err_exit_code(&err) : code;
}
