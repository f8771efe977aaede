/* SPDX-License-Identifier: MIT */
/* CONTAINER.web.1, IP.web.1, PORT.web.1: which container is which unit. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/parse.h"
#include "core/procs.h"
#include "core/state.h"
#include "schedulers/docker-local/driver.h"

enum { STATE_MODE = 0644 };

static const char *const kinds[] = { "CONTAINER", "IP", "PORT" };

void units_done(struct units *u)
{
	for (size_t i = 0; i < u->count; i++) {
		free(u->items[i].process);
		free(u->items[i].id);
		free(u->items[i].address);
	}
	free(u->items);
	*u = (struct units)UNITS_INIT;
}

bool unit_name_split(const char *name, struct strbuf *ret_process, unsigned *ret_index)
{
	const char *dot = strchr(name, '.');
	AUTO_ERR ignored = ERR_INIT;
	uint64_t index = 0;

	if (dot && parse_uint(dot + 1, 1, UNITS_MAX, &index, &ignored) < 0)
		return false;
	strbuf_clear(ret_process);
	strbuf_add(ret_process, name, dot ? (size_t)(dot - name) : strlen(name));
	*ret_index = (unsigned)index;
	return proc_name_valid(ret_process->buf);
}

/* "CONTAINER.web.1" and the like, also the unnumbered files of old; nothing else is ours. */
static bool is_state_file(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		const char *rest = str_after(name, kinds[i]);
		AUTO_STRBUF process = STRBUF_INIT;
		unsigned index;

		if (rest &&
			(!*rest || (*rest == '.' && unit_name_split(rest + 1, &process, &index) &&
					   index)))
			return true;
	}
	return false;
}

int units_snapshot(struct ctx *ctx, const char *app, json_t **ret, struct err *err)
{
	AUTO_FREE char *dir = inst_home(&ctx->inst, "%s", app);
	AUTO_STRVEC names = STRVEC_INIT;
	json_t *all = json_object();
	int r = fs_list(dir, &names, err);

	for (size_t i = 0; r >= 0 && i < names.count; i++) {
		AUTO_STRVEC lines = STRVEC_INIT;

		if (!is_state_file(names.items[i]))
			continue;
		r = state_app_lines(ctx, app, names.items[i], &lines, err);
		if (r >= 0)
			json_object_set_new(all, names.items[i],
				json_string(lines.count ? lines.items[0] : ""));
	}
	if (r < 0) {
		json_decref(all);
		return err_wrap(err, "read the container files of '%s'", app);
	}
	*ret = all;
	return 0;
}

static int write_file(struct ctx *ctx, const char *app, const char *file, const char *text,
	struct err *err)
{
	AUTO_STRVEC lines = STRVEC_INIT;

	if (*text)
		strvec_push(&lines, text);
	return state_set_app_lines(ctx, app, file, &lines, STATE_MODE, err);
}

static int remove_others(struct ctx *ctx, const char *app, const json_t *snapshot, struct err *err)
{
	json_t *now = NULL;
	const char *file;
	json_t *value;
	int r = units_snapshot(ctx, app, &now, err);

	if (r < 0)
		return r;
	json_object_foreach (now, file, value) {
		if (r >= 0 && !json_object_get(snapshot, file))
			r = write_file(ctx, app, file, "", err);
	}
	json_decref(now);
	return r;
}

int units_restore(struct ctx *ctx, const char *app, const json_t *snapshot, struct err *err)
{
	json_t *copy = json_deep_copy(snapshot); /* the iterator wants one that may change */
	const char *file;
	json_t *value;
	int r = remove_others(ctx, app, snapshot, err);

	json_object_foreach (copy, file, value) {
		if (r >= 0)
			r = write_file(ctx, app, file, json_string_value(value), err);
	}
	json_decref(copy);
	return r < 0 ? err_wrap(err, "restore the container files of '%s'", app) : 0;
}

static int compare(const void *a, const void *b)
{
	const struct unit *x = a;
	const struct unit *y = b;
	int r = strcmp(x->process, y->process);

	return r ? r : (x->index > y->index) - (x->index < y->index);
}

static const char *lookup(const json_t *snapshot, const char *kind, const char *unit)
{
	AUTO_FREE char *file = xasprintf("%s.%s", kind, unit);
	const char *text = json_string_value(json_object_get(snapshot, file));

	return text ? text : "";
}

static void add_unit(struct units *u, const json_t *snapshot, const char *unit, const char *id)
{
	AUTO_STRBUF process = STRBUF_INIT;
	AUTO_ERR ignored = ERR_INIT;
	unsigned index = 0;
	uint64_t port = 0;

	if (!unit_name_split(unit, &process, &index) || !*id)
		return;
	if (parse_uint(lookup(snapshot, "PORT", unit), 0, 65535, &port, &ignored) < 0)
		port = 0; /* written by hand or half: unknown */
	u->items = xreallocarray(u->items, u->count + 1, sizeof(*u->items));
	u->items[u->count++] = (struct unit){
		.process = strbuf_detach(&process),
		.index = index,
		.id = xstrdup(id),
		.address = xstrdup(lookup(snapshot, "IP", unit)),
		.port = (unsigned)port,
	};
}

int units_of_snapshot(const json_t *snapshot, struct units *ret, struct err *err)
{
	json_t *copy = json_incref((json_t *)(uintptr_t)snapshot);
	const char *file;
	json_t *value;

	(void)err;
	json_object_foreach (copy, file, value) {
		const char *unit = str_after(file, "CONTAINER.");

		if (unit)
			add_unit(ret, snapshot, unit, json_string_value(value));
	}
	json_decref(copy);
	if (ret->count)
		qsort(ret->items, ret->count, sizeof(*ret->items), compare);
	return 0;
}

static bool is_wanted(const struct unit *u, const char *process, unsigned index)
{
	return str_eq(u->process, process) && (!index || u->index == index);
}

static void keep_only(struct units *u, const char *process, unsigned index)
{
	size_t kept = 0;

	for (size_t i = 0; i < u->count; i++) {
		struct unit one = u->items[i];

		if (is_wanted(&one, process, index)) {
			u->items[kept++] = one;
			continue;
		}
		free(one.process);
		free(one.id);
		free(one.address);
	}
	u->count = kept;
}

int units_load(struct ctx *ctx, const char *app, const char *process, struct units *ret,
	struct err *err)
{
	AUTO_STRBUF name = STRBUF_INIT;
	unsigned index = 0;
	json_t *snapshot = NULL;
	int r = units_snapshot(ctx, app, &snapshot, err);

	if (r < 0)
		return r;
	r = units_of_snapshot(snapshot, ret, err);
	json_decref(snapshot);
	if (r < 0 || !process)
		return r;
	if (!unit_name_split(process, &name, &index))
		keep_only(ret, "", 0);
	else
		keep_only(ret, name.buf, index);
	return 0;
}

int unit_write(struct ctx *ctx, const char *app, const struct unit *u, struct err *err)
{
	AUTO_FREE char *port = u->port ? xasprintf("%u", u->port) : xstrdup("");
	const char *const texts[] = { u->id, u->address, port };
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(kinds); i++) {
		AUTO_FREE char *file = xasprintf("%s.%s.%u", kinds[i], u->process, u->index);

		r = write_file(ctx, app, file, texts[i], err);
		if (r >= 0) /* the unnumbered files of old versions */
			r = write_file(ctx, app, kinds[i], "", err);
	}
	return r < 0 ? err_wrap(err, "write the state of %s.%s.%u", app, u->process, u->index) : 0;
}

int unit_forget(struct ctx *ctx, const char *app, const char *process, unsigned index,
	struct err *err)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(kinds); i++) {
		AUTO_FREE char *file = xasprintf("%s.%s.%u", kinds[i], process, index);

		r = write_file(ctx, app, file, "", err);
	}
	return r;
}
