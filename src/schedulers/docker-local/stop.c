/* SPDX-License-Identifier: MIT */
/* The step that stops containers, and starts them again when it is undone. */
#include <stdlib.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/output.h"
#include "core/proxy.h"
#include "schedulers/docker-local/driver.h"

struct ending {
	const char *id;
	int timeout_s;
	bool remove;
};

void step_stop_describe(const struct step *step, struct strbuf *out)
{
	const char *process = step_arg(step, "process");

	strbuf_addf(out, "stop %zu running container(s) of %s",
		json_array_size(json_object_get(step->args, "units")), step_arg(step, "app"));
	if (*process)
		strbuf_addf(out, " (%s: its zero downtime checks are disabled)", process);
}

static const char *unit_id(const struct step *step, size_t i)
{
	const json_t *unit = json_array_get(json_object_get(step->args, "units"), i);
	const char *id = json_string_value(json_object_get(unit, "id"));

	return id ? id : "";
}

static int end_one(struct ctx *ctx, void *arg, struct strbuf *out, struct err *err)
{
	const struct ending *e = arg;
	int r = container_stop(ctx, e->id, e->timeout_s, err);

	(void)out;
	return r < 0 || !e->remove ? r : container_remove(ctx, e->id, true, err);
}

int containers_end(struct ctx *ctx, const char *app, const struct strvec *ids, bool remove,
	struct err *err)
{
	struct ending *all = xcalloc(ids->count + 1, sizeof(*all));
	struct job *jobs = xcalloc(ids->count + 1, sizeof(*jobs));
	int timeout = setting_stop_timeout(ctx, app);
	int r;

	for (size_t i = 0; i < ids->count; i++) {
		all[i] = (struct ending){ ids->items[i], timeout, remove };
		jobs[i] = (struct job){ .run = end_one, .arg = &all[i] };
	}
	r = jobs_run(ctx, jobs, ids->count, err);
	for (size_t i = 0; r >= 0 && i < ids->count; i++) {
		if (jobs[i].result < 0)
			r = err_set(err, jobs[i].err.kind, "%s", jobs[i].err.msg.buf);
	}
	jobs_done(jobs, ids->count);
	free(jobs);
	free(all);
	return r;
}

int step_stop_run(struct operation *op, struct step *step, struct err *err)
{
	const char *process = step_arg(step, "process");
	size_t count = json_array_size(json_object_get(step->args, "units"));
	AUTO_STRVEC ids = STRVEC_INIT;

	if (*process)
		out_verbose("Zero downtime is disabled, stopping currently running containers  "
			    "(%s)",
			process);
	for (size_t i = 0; i < count; i++) {
		strvec_push(&ids, unit_id(step, i));
		if (*process)
			out_verbose("Stopping %s (%s)", ids.items[i], process);
	}
	return containers_end(op->ctx, step_arg(step, "app"), &ids, false, err);
}

static int start_again(struct operation *op, const json_t *unit, struct err *err)
{
	struct engine *e = ctx_engine(op->ctx);
	const char *id = json_string_value(json_object_get(unit, "id"));
	const json_t *restart = json_object_get(unit, "restart");
	json_t *body;
	int r = engine_container_start(e, id ? id : "", err);

	if (r == -ERR_NOT_FOUND) {
		err_clear(err);
		return 0; /* removed by somebody meanwhile: nothing to bring back */
	}
	if (r < 0)
		return err_wrap(err, "start container %s again", id);
	if (!json_is_object(restart))
		return 0;
	body = json_pack("{s:O}", "RestartPolicy", restart);
	r = engine_container_update(e, id, body, err);
	json_decref(body);
	return r < 0 ? err_wrap(err, "restore the restart policy of container %s", id) : 0;
}

/* A container that is started again may have got another address. */
static int refresh_addresses(struct ctx *ctx, const char *app, struct err *err)
{
	AUTO_UNITS units = UNITS_INIT;
	int r = units_load(ctx, app, NULL, &units, err);

	for (size_t i = 0; r >= 0 && i < units.count; i++) {
		struct unit *u = &units.items[i];
		AUTO_FREE char *address = NULL;
		json_t *inspected = NULL;

		r = container_look(ctx, u->id, &inspected, err);
		if (r > 0 && container_is_running(inspected))
			address = container_address(ctx, app, inspected);
		json_decref(inspected);
		if (r < 0 || !address || str_eq(address, u->address))
			continue;
		free(u->address);
		u->address = TAKE_PTR(address);
		r = unit_write(ctx, app, u, err);
	}
	return r < 0 ? r : 0;
}

/* Asked for every time, since an earlier run may have come only as far as the addresses. */
static int refresh_proxy(struct ctx *ctx, const char *app, struct err *err)
{
	const struct proxy *proxy = NULL;
	AUTO_ERR unknown = ERR_INIT;

	/* Where there is no such proxy nobody sends requests to the old addresses. */
	if (proxy_of(ctx, app, &proxy, &unknown) < 0 || !proxy)
		return 0;
	return proxy->apply(ctx, app, err);
}

int step_stop_undo(struct operation *op, struct step *step, struct err *err)
{
	const json_t *units = json_object_get(step->args, "units");
	const char *app = step_arg(step, "app");
	int r = 0;

	for (size_t i = 0; r >= 0 && i < json_array_size(units); i++)
		r = start_again(op, json_array_get(units, i), err);
	if (r >= 0)
		r = refresh_addresses(op->ctx, app, err);
	return r < 0 ? r : refresh_proxy(op->ctx, app, err);
}
