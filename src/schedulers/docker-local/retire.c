/* SPDX-License-Identifier: MIT */
/*
 * Old containers end gracefully: SIGTERM once no worker of the proxy knows them any more, a stop
 * when wait-to-retire is over. A background process does that; what it does not live to do is in
 * dead-containers, for ps:retire.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/timing.h"
#include "core/output.h"
#include "core/proxy.h"
#include "core/trigger.h"
#include "schedulers/docker-local/driver.h"

enum { POLL_MS = 500 };

struct leaving {
	const char *app;
	const char *generation;
	const json_t *ids;
	uint64_t wait_ms;
	int stop_timeout_s;
};

static const char *id_at(const struct leaving *l, size_t i)
{
	const char *id = json_string_value(json_array_get(l->ids, i));

	return id ? id : "";
}

/* --- in the background --- */

static void wait_for_proxy(struct ctx *ctx, const struct leaving *l, uint64_t deadline)
{
	const struct proxy *proxy = NULL;
	AUTO_ERR unknown = ERR_INIT;

	if (!*l->generation || proxy_of(ctx, l->app, &proxy, &unknown) < 0 || !proxy)
		return;
	while (ms_left(deadline) && !proxy->is_gone(ctx, l->generation))
		sleep_ms(POLL_MS);
}

static void terminate(struct ctx *ctx, const char *id)
{
	json_t *policy = json_pack("{s:{s:s}}", "RestartPolicy", "Name", "no");
	AUTO_ERR err = ERR_INIT;

	/* Nobody is there to hear of a failure; ps:retire comes by and says it. */
	if (engine_container_update(ctx_engine(ctx), id, policy, &err) < 0)
		err_clear(&err);
	(void)!engine_container_kill(ctx_engine(ctx), id, "SIGTERM", &err);
	json_decref(policy);
}

static void leave(struct ctx *ctx, const struct leaving *l)
{
	uint64_t deadline = now_ms() + l->wait_ms;

	wait_for_proxy(ctx, l, deadline);
	for (size_t i = 0; i < json_array_size(l->ids); i++)
		terminate(ctx, id_at(l, i));
	while (ms_left(deadline))
		sleep_ms(ms_left(deadline));
	for (size_t i = 0; i < json_array_size(l->ids); i++) {
		AUTO_ERR err = ERR_INIT;

		if (container_stop(ctx, id_at(l, i), l->stop_timeout_s, &err) >= 0)
			continue;
		err_clear(&err);
		(void)!trigger_fire(ctx, &err, "retire-container-failed", l->app, id_at(l, i),
			NULL);
	}
}

/* Nothing of the command must stay with the process: no stream, no lock, no signal of its group. */
static void detach(struct ctx *ctx)
{
	static const int signals[] = { SIGINT, SIGHUP, SIGTERM, SIGQUIT };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	setsid();
	for (int fd = 0; fd <= 2 && null >= 0; fd++)
		dup2(null, fd);
	close_range(3, ~0U, 0);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		signal(signals[i], signals[i] == SIGTERM ? SIG_DFL : SIG_IGN);
	if (chdir("/") < 0)
		_exit(1);
	ctx->engine = NULL;
	/* Their descriptors are closed; a plugin that is told of something must not be handed them. */
	for (size_t i = 0; i < ARRAY_SIZE(ctx->locks); i++)
		ctx->locks[i] = (struct app_lock_held){ .fd = -1 };
}

/* Twice, so that nobody has to wait for it. */
static int start_background(struct ctx *ctx, const struct leaving *l, struct err *err)
{
	pid_t pid;

	out_flush();
	pid = fork();
	if (pid < 0)
		return err_sys(err, "fork");
	if (pid == 0) {
		detach(ctx);
		if (fork() == 0)
			leave(ctx, l);
		_exit(0);
	}
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return 0;
}

/* --- the step --- */

/*
 * Whom to wait for. The workers are the same as before the switch: the configuration did not change,
 * so it names none of the containers that end.
 */
static char *old_generation(struct ctx *ctx, const char *app, const struct step *state)
{
	const char *before = state ? step_result(state, "generation") : "";
	const struct proxy *proxy = NULL;
	AUTO_FREE char *now = NULL;
	AUTO_ERR unknown = ERR_INIT;

	if (*before && proxy_of(ctx, app, &proxy, &unknown) >= 0 && proxy)
		now = proxy->generation(ctx);
	return xstrdup(now && !str_eq(now, before) ? before : "");
}

void step_retire_describe(const struct step *step, struct strbuf *out)
{
	strbuf_addf(out, "shut down %zu old container(s) of %s in %lld seconds",
		json_array_size(json_object_get(step->args, "ids")), step_arg(step, "app"),
		(long long)json_integer_value(json_object_get(step->args, "wait")));
}

int step_retire_run(struct operation *op, struct step *step, struct err *err)
{
	const struct step *state = operation_find(op, docker_local_steps[LOCAL_STATE].name);
	uint64_t wait = (uint64_t)json_integer_value(json_object_get(step->args, "wait"));
	AUTO_FREE char *generation = old_generation(op->ctx, step_arg(step, "app"), state);
	struct leaving l = {
		.app = step_arg(step, "app"),
		.generation = generation,
		.ids = json_object_get(step->args, "ids"),
		.wait_ms = wait * 1000,
		.stop_timeout_s =
			(int)json_integer_value(json_object_get(step->args, "stop-timeout")),
	};
	int r = 0;

	for (size_t i = 0; r >= 0 && i < json_array_size(l.ids); i++)
		r = dead_register(op->ctx, l.app, id_at(&l, i), wait, err);
	if (r < 0)
		return r;
	out_info1("Shutting down old containers in %llu seconds", (unsigned long long)wait);
	return start_background(op->ctx, &l, err);
}

int local_retire(struct ctx *ctx, const char *app, struct err *err)
{
	return dead_retire(ctx, app, err);
}
