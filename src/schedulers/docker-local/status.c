/* SPDX-License-Identifier: MIT */
/* What runs, and where it listens. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/route.h"
#include "schedulers/docker-local/driver.h"

int local_listeners(struct ctx *ctx, const char *app, const char *process, struct listeners *ret,
	struct err *err)
{
	AUTO_UNITS units = UNITS_INIT;
	bool wants_web = !process || str_eq(process, "web");
	int is_static = wants_web ? route_static_listener(ctx, app, ret, err) : 0;
	int r = is_static < 0 ? is_static : units_load(ctx, app, process, &units, err);

	if (is_static > 0 && !ret->items[ret->count - 1].port)
		ret->items[ret->count - 1].port = DEFAULT_WEB_PORT;
	for (size_t i = 0; r >= 0 && i < units.count; i++) {
		const struct unit *u = &units.items[i];
		bool is_web = str_eq(u->process, "web");

		if (!*u->address || (is_web && is_static > 0))
			continue;
		listeners_add(ret, u->process, u->address,
			u->port || !is_web ? u->port : DEFAULT_WEB_PORT);
	}
	return r;
}

static const char *state_of(const json_t *list, const char *id)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *item = json_array_get(list, i);
		const char *one = json_string_value(json_object_get(item, "Id"));
		const char *state = json_string_value(json_object_get(item, "State"));

		if (one && state && str_eq(one, id))
			return state;
	}
	return "missing";
}

int local_status(struct ctx *ctx, const char *app, struct proc_statuses *ret, struct err *err)
{
	AUTO_UNITS units = UNITS_INIT;
	json_t *list = NULL;
	int r = units_load(ctx, app, NULL, &units, err);

	if (r < 0 || !units.count)
		return r;
	r = list_ours(ctx, app, NULL, true, &list, err);
	if (r < 0)
		return r;
	ret->items = xreallocarray(ret->items, ret->count + units.count, sizeof(*ret->items));
	for (size_t i = 0; i < units.count; i++)
		ret->items[ret->count++] = (struct proc_status){
			.process = xstrdup(units.items[i].process),
			.index = units.items[i].index,
			.id = xstrdup(units.items[i].id),
			.state = xstrdup(state_of(list, units.items[i].id)),
		};
	json_decref(list);
	return 0;
}

int local_is_deployed(struct ctx *ctx, const char *app)
{
	AUTO_UNITS units = UNITS_INIT;
	AUTO_ERR ignored = ERR_INIT;

	return units_load(ctx, app, NULL, &units, &ignored) >= 0 && units.count > 0;
}
