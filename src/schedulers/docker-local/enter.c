/* SPDX-License-Identifier: MIT */
/* enter: a shell or a command in a running container. And: what a container is (inspect). */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/output.h"
#include "lib/engine/exec.h"
#include "schedulers/docker-local/driver.h"

static void process_types(const struct units *units, struct strvec *ret)
{
	for (size_t i = 0; i < units->count; i++) {
		if (!strvec_has(ret, units->items[i].process))
			strvec_push(ret, units->items[i].process);
	}
}

static int no_such_type(const char *app, const char *process, const struct units *units,
	struct err *err)
{
	AUTO_STRVEC types = STRVEC_INIT;
	AUTO_FREE char *list = NULL;

	process_types(units, &types);
	list = strvec_joined(&types, " ");
	if (!types.count && !process)
		return err_user(err, ERR_NOT_FOUND, 1, "No containers found for app");
	if (process)
		out_warn("No containers found for type '%s'", process);
	else
		out_warn("No container type specified.");
	return err_user(err, ERR_NOT_FOUND, 1, "Available types for app (%s): %s", app, list);
}

static const char *find_by_id(const struct units *units, const char *id)
{
	for (size_t i = 0; *id && i < units->count; i++) {
		if (str_starts(units->items[i].id, id))
			return units->items[i].id;
	}
	return NULL;
}

static int choose_by_id(const char *app, const struct units *units, const char *id,
	const char **ret, struct err *err)
{
	AUTO_STRBUF ids = STRBUF_INIT;

	*ret = find_by_id(units, id);
	if (*ret)
		return 0;
	for (size_t i = 0; i < units->count; i++)
		strbuf_addf(&ids, "%s%s", i ? " " : "", units->items[i].id);
	out_warn("Invalid container id for app: %s", id);
	return err_user(err, ERR_NOT_FOUND, 1, "Available ids for app (%s): %s", app, ids.buf);
}

static int choose_by_type(const char *app, const struct units *units, const char *process,
	const char **ret, struct err *err)
{
	AUTO_STRVEC types = STRVEC_INIT;
	AUTO_STRBUF name = STRBUF_INIT;
	unsigned index = 0;

	process_types(units, &types);
	if (!process && types.count != 1)
		return no_such_type(app, NULL, units, err);
	if (!unit_name_split(process ? process : types.items[0], &name, &index))
		return no_such_type(app, process, units, err);
	for (size_t i = 0; i < units->count; i++) {
		const struct unit *u = &units->items[i];

		if (str_eq(u->process, name.buf) && (!index || u->index == index)) {
			*ret = u->id;
			return 0;
		}
	}
	return no_such_type(app, process, units, err);
}

static int run_in(struct ctx *ctx, const char *app, const json_t *inspected,
	const struct strvec *argv, int *ret_code, struct err *err)
{
	const struct engine_io io = {
		.in = STDIN_FILENO,
		.out = STDOUT_FILENO,
		.err = STDERR_FILENO,
		.tty = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO),
	};
	const json_t *config = json_object_get(inspected, "Config");
	const char *image = json_string_value(json_object_get(config, "Image"));
	AUTO_IMAGE_FACTS facts = IMAGE_FACTS_INIT;
	AUTO_STRVEC words = STRVEC_INIT;
	AUTO_ERR unknown = ERR_INIT;
	struct engine_exec x = { 0 };

	/* An image that is gone by now says nothing: then the container is taken as it is. */
	if (image && image_facts_load(ctx, app, image, &facts, &unknown) < 0)
		err_clear(&unknown);
	if (facts.source == SOURCE_HEROKUISH)
		strvec_push(&words, "/exec");
	if (facts.source == SOURCE_PACK)
		x.workdir = "/workspace";
	if (argv && argv->count)
		strvec_pushv(&words, argv->items);
	else
		strvec_push_take(&words, setting_shell(ctx, app));
	x.argv = words.items;
	out_flush();
	return engine_exec_run(ctx_engine(ctx), container_id(inspected), &x, &io, ret_code, err);
}

int local_enter(struct ctx *ctx, const char *app, const char *process, const char *container,
	const struct strvec *argv, int *ret_code, struct err *err)
{
	AUTO_UNITS units = UNITS_INIT;
	const char *id = NULL;
	json_t *inspected = NULL;
	int r = units_load(ctx, app, NULL, &units, err);

	if (r < 0)
		return r;
	if (!units.count)
		return err_user(err, ERR_NOT_FOUND, 1, "App %s has not been deployed", app);
	if (container && *container)
		r = choose_by_id(app, &units, container, &id, err);
	else
		r = choose_by_type(app, &units, process && *process ? process : NULL, &id, err);
	if (r >= 0)
		r = container_look(ctx, id, &inspected, err);
	if (r >= 0 && !container_is_running(inspected))
		r = err_user(err, ERR_FAILED, 1, "Container is not running");
	if (r >= 0)
		r = run_in(ctx, app, inspected, argv, ret_code, err);
	json_decref(inspected);
	return r;
}

/* --- inspect --- */

/* Values of variables may be secrets; those that Dokku and Docker set themselves are not. */
static bool may_be_shown(const char *pair)
{
	static const char *const prefixes[] = { "CACHE_PATH=", "DOCKER_", "DOKKU_",
		"DYNO=", "PATH=", "PORT=", "USER=" };

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		if (str_starts(pair, prefixes[i]))
			return true;
	}
	return false;
}

static void mask_env(json_t *inspected)
{
	json_t *env = json_object_get(json_object_get(inspected, "Config"), "Env");

	for (size_t i = 0; i < json_array_size(env); i++) {
		const char *pair = json_string_value(json_array_get(env, i));
		size_t len = pair ? strcspn(pair, "=") : 0;

		if (pair && !may_be_shown(pair))
			json_array_set_new(env, i, json_sprintf("%.*s=XXXXXX", (int)len, pair));
	}
}

int local_inspect(struct ctx *ctx, const char *app, json_t **ret, struct err *err)
{
	AUTO_UNITS units = UNITS_INIT;
	json_t *all = json_array();
	int r = units_load(ctx, app, NULL, &units, err);

	for (size_t i = 0; r >= 0 && i < units.count; i++) {
		json_t *inspected = NULL;

		r = container_look(ctx, units.items[i].id, &inspected, err);
		if (r <= 0)
			continue;
		mask_env(inspected);
		json_array_append_new(all, inspected);
	}
	if (r < 0) {
		json_decref(all);
		return r;
	}
	*ret = all;
	return 0;
}
