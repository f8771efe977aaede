/* SPDX-License-Identifier: MIT */
/* network:rebuild: the addresses of running containers, in the files where Dokku keeps them. */
#include <jansson.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/parse.h"
#include "core/app.h"
#include "core/applock.h"
#include "core/output.h"
#include "core/state.h"
#include "lib/engine/containers.h"
#include "plugins/network/network.h"

int network_container_address(struct ctx *ctx, const char *app, const char *id, char **ret,
	struct err *err)
{
	AUTO_FREE char *network = state_computed(ctx, "network", app, "initial-network", "");
	json_t *inspected = NULL;
	const char *mode;
	const char *address;
	int r = engine_container_inspect(ctx_engine(ctx), id, &inspected, err);

	if (r < 0)
		return r;
	mode = json_string_value(
		json_object_get(json_object_get(inspected, "HostConfig"), "NetworkMode"));
	address = mode && str_eq(mode, "host")
			  ? "127.0.0.1"
			  : engine_container_address(inspected, *network ? network : "bridge");
	if (!address)
		address = engine_container_address(inspected, NULL);
	*ret = xstrdup(address ? address : "");
	json_decref(inspected);
	return 0;
}

int network_write_state(struct ctx *ctx, const char *app, const char *file, const char *value,
	struct err *err)
{
	AUTO_STRVEC lines = STRVEC_INIT;

	if (!*value || has_control(value))
		return err_set(err, ERR_INVALID, "there is nothing to write into '%s'", file);
	strvec_push(&lines, value);
	return state_set_app_lines(ctx, app, file, &lines, 0644, err);
}

static int rebuild_unit(struct ctx *ctx, const char *app, const struct proc_status *unit,
	struct err *err)
{
	AUTO_FREE char *file = xasprintf("IP.%s.%u", unit->process, unit->index);
	AUTO_FREE char *address = NULL;
	int r = network_container_address(ctx, app, unit->id, &address, err);

	if (r < 0)
		return r;
	return *address ? network_write_state(ctx, app, file, address, err) : 0;
}

int network_rebuild(struct ctx *ctx, const char *app, struct err *err)
{
	AUTO_FREE char *fixed = state_get_or(ctx, "network", app, "static-web-listener", "");
	AUTO_PROC_STATUSES units = PROC_STATUSES_INIT;
	const struct scheduler *s;
	int r;

	if (!app_is_deployed(ctx, app) || *fixed)
		return 0;
	r = scheduler_of(ctx, app, &s, err);
	/* Only this one keeps addresses in files. */
	if (r < 0 || !str_eq(s->name, "docker-local"))
		return r;
	out_info1("Ensuring network configuration is in sync for %s", app);
	r = s->status(ctx, app, &units, err);
	for (size_t i = 0; r >= 0 && i < units.count; i++) {
		AUTO_ERR one = ERR_INIT;

		if (!str_eq(units.items[i].state, "running"))
			continue;
		if (rebuild_unit(ctx, app, &units.items[i], &one) < 0)
			out_error(&one);
	}
	return r;
}

int network_run_rebuild(struct ctx *ctx, const struct args *args, struct err *err)
{
	return network_rebuild(ctx, args_pos(args, 0), err);
}

int network_run_rebuildall(struct ctx *ctx, const struct args *args, struct err *err)
{
	AUTO_STRVEC apps = STRVEC_INIT;
	int r = app_list(ctx, &apps, err);

	if (r >= 0 && !apps.count)
		out_warn("%s", app_none_text);
	for (size_t i = 0; r >= 0 && i < apps.count; i++) {
		r = app_lock(ctx, apps.items[i], APP_LOCK_WAIT, err);
		if (r >= 0)
			r = network_rebuild(ctx, apps.items[i], err);
		app_unlock(ctx, apps.items[i]);
	}
	return r;
}
