/* SPDX-License-Identifier: MIT */
/* One-off containers that run: listed, stopped, ended when their time is over. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/parse.h"
#include "base/timing.h"
#include "core/app.h"
#include "core/output.h"
#include "schedulers/docker-local/driver.h"

int local_run_list(struct ctx *ctx, const char *app, json_t **ret, struct err *err)
{
	json_t *list = NULL;
	json_t *out;
	int r = list_ours(ctx, app, "run", true, &list, err);

	if (r < 0)
		return r;
	out = json_array();
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *item = json_array_get(list, i);

		json_array_append_new(out,
			json_pack("{s:s, s:O?, s:O?, s:O?}", "name", listed_name(item), "state",
				json_object_get(item, "State"), "command",
				json_object_get(item, "Command"), "created_at",
				json_object_get(item, "Created")));
	}
	json_decref(list);
	*ret = out;
	return 0;
}

/* --- run:stop --- */

/* 1 when it was there and was stopped. */
static int stop_listed(struct ctx *ctx, const char *app, const json_t *list, const char *name,
	struct err *err)
{
	int stopped = 0;

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *item = json_array_get(list, i);
		const char *id = json_string_value(json_object_get(item, "Id"));
		int r;

		if (!id || (name && !str_eq(listed_name(item), name) && !str_starts(id, name)))
			continue;
		r = container_stop(ctx, id, setting_stop_timeout(ctx, app), err);
		if (r < 0)
			return r;
		out_line("%s", listed_name(item));
		stopped = 1;
	}
	return stopped;
}

/* "<app>.run.<number>", with the instance's label before it. */
static int app_of_container(struct ctx *ctx, const char *name, struct strbuf *ret_app,
	struct err *err)
{
	AUTO_FREE char *label = xasprintf("%s%s", ctx->inst.label, *ctx->inst.label ? "." : "");
	const char *rest = str_after(name, label);
	const char *last = rest ? strrchr(rest, '.') : NULL;
	const char *kind = last ? memrchr(rest, '.', (size_t)(last - rest)) : NULL;

	if (!kind || kind == rest)
		return err_user(err, ERR_INVALID, 1, "Invalid container name specified: %s", name);
	if (!str_starts(kind, ".run."))
		return err_user(err, ERR_INVALID, 1, "Specified container must be a run container");
	strbuf_add(ret_app, rest, (size_t)(kind - rest));
	return 0;
}

int local_run_stop(struct ctx *ctx, const char *app, const char *container, struct err *err)
{
	AUTO_STRBUF name = STRBUF_INIT;
	bool has_name = container && *container;
	json_t *list = NULL;
	int r = 0;

	if (app && *app)
		strbuf_addstr(&name, app);
	else if (!has_name)
		return err_user(err, ERR_USAGE, 1, "No container or app specified");
	else
		r = app_of_container(ctx, container, &name, err);
	if (r >= 0)
		r = app_verify(ctx, name.buf, err);
	if (r >= 0)
		r = list_ours(ctx, name.buf, "run", false, &list, err);
	if (r < 0)
		return r;
	r = stop_listed(ctx, name.buf, list, has_name ? container : NULL, err);
	json_decref(list);
	if (r == 0 && has_name)
		out_warn("Specified container does not exist");
	else if (r == 0)
		out_line_quiet("No run containers exist");
	return r < 0 ? r : 0;
}

/* --- the end of their time --- */

static bool is_expired(const json_t *item)
{
	const json_t *labels = json_object_get(item, "Labels");
	const char *ttl =
		json_string_value(json_object_get(labels, "com.dokku.active-deadline-seconds"));
	int64_t created = json_integer_value(json_object_get(item, "Created"));
	AUTO_ERR ignored = ERR_INIT;
	int64_t seconds;

	return ttl && parse_int(ttl, 0, INT32_MAX, &seconds, &ignored) >= 0 &&
	       created + seconds < wall_seconds();
}

static int retire_one(struct ctx *ctx, const json_t *item, struct err *err)
{
	const json_t *labels = json_object_get(item, "Labels");
	const char *app = json_string_value(json_object_get(labels, "com.dokku.app-name"));
	const char *id = json_string_value(json_object_get(item, "Id"));
	int r;

	if (!id || !app)
		return 0;
	out_verbose_quiet("Retiring container %.12s", id);
	r = container_stop(ctx, id, setting_stop_timeout(ctx, app), err);
	return r < 0 ? r : container_remove(ctx, id, false, err);
}

int local_run_retire(struct ctx *ctx, const char *app, struct err *err)
{
	static const char *const types[] = { "run", "cron" };
	bool failed = false;

	if (app)
		out_info1_quiet("Retiring run and cron containers for app %s", app);
	else
		out_info1_quiet("Retiring all run and cron containers");
	for (size_t t = 0; t < ARRAY_SIZE(types); t++) {
		json_t *list = NULL;
		int r = list_ours(ctx, app, types[t], false, &list, err);

		for (size_t i = 0; r >= 0 && i < json_array_size(list); i++) {
			const json_t *item = json_array_get(list, i);
			AUTO_ERR why = ERR_INIT;

			if (!is_expired(item) || retire_one(ctx, item, &why) >= 0)
				continue;
			out_warn("Unable to retire container %s: %s", listed_name(item),
				err_text(&why));
			failed = true;
		}
		json_decref(list);
		if (r < 0)
			return r;
	}
	return failed ? err_exit(err, 1) : 0;
}
