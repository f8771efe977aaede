/* SPDX-License-Identifier: MIT */
/* The ports plugin: which host ports lead to which ports of an app. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/parse.h"
#include "core/output.h"
#include "core/ports_step.h"
#include "core/proxy.h"
#include "core/report.h"
#include "core/state.h"
#include "core/state_step.h"
#include "core/trigger.h"

/* --- one change: the map, the proxy, then those who listen --- */

/* MAPS: the custom map to be; DETECTED_TOO: what builders have found is forgotten. */
static int plan_change(struct operation *op, const char *app, const struct port_maps *maps,
	bool detected_too, struct err *err)
{
	AUTO_STRVEC none = STRVEC_INIT;
	json_t *changes = json_array();
	int r = ports_change(op->ctx, changes, app, maps, err);

	if (r >= 0 && detected_too)
		r = state_change_list(op->ctx, changes, "ports", app, "map-detected", &none, err);
	if (r < 0) {
		json_decref(changes);
		return err_wrap(err, "Error validating port mappings");
	}
	r = proxy_plan_settle(op, app, err);
	if (r < 0) {
		json_decref(changes);
		return r;
	}
	r = state_plan(op, changes, err);
	return r < 0 ? r : proxy_plan_rebuild(op, app, err);
}

static int change(struct ctx *ctx, const char *app, const char *action,
	const struct port_maps *maps, bool detected_too, struct err *err)
{
	AUTO_FREE char *name = xasprintf("ports-%s", action);
	struct operation *op;
	int r = operation_begin(ctx, name, app, NULL, NULL, &op, err);

	if (r < 0)
		return r;
	r = plan_change(op, app, maps, detected_too, err);
	r = operation_run_planned(op, r, err);
	return r < 0 || ctx->dry_run
		       ? r
		       : trigger_fire(ctx, err, "post-proxy-ports-update", app, action, NULL);
}

/* --- arguments --- */

/* The positionals from the second on; one may hold several mappings. */
static int take_words(const struct args *args, struct strvec *ret, struct err *err)
{
	for (size_t i = 1; i < args->pos.count; i++)
		strvec_split(ret, args->pos.items[i], " \t");
	return ret->count ? 0 : err_set(err, ERR_USAGE, "No port mapping specified");
}

static int add_word(const char *word, struct port_maps *ret, struct err *err)
{
	struct port_map map;
	int r = port_map_parse(word, &map, err);

	if (r < 0)
		return r;
	port_maps_add(ret, map.scheme, map.host, map.container);
	free(map.scheme);
	return 0;
}

static int take_maps(const struct args *args, struct port_maps *ret, struct err *err)
{
	AUTO_STRVEC words = STRVEC_INIT;
	int r = take_words(args, &words, err);

	for (size_t i = 0; r >= 0 && i < words.count; i++)
		r = add_word(words.items[i], ret, err);
	return r;
}

/* --- commands --- */

static int run_add(struct ctx *ctx, const struct args *args, struct err *err)
{
	const char *app = args_pos(args, 0);
	AUTO_PORT_MAPS given = PORT_MAPS_INIT;
	AUTO_PORT_MAPS all = PORT_MAPS_INIT;
	int r = take_maps(args, &given, err);

	if (r >= 0 && ports_check_unique(&given, err) < 0)
		r = err_wrap(err, "Error validating new port mappings");
	if (r >= 0)
		r = ports_custom(ctx, app, &all, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < given.count; i++)
		port_maps_add(&all, given.items[i].scheme, given.items[i].host,
			given.items[i].container);
	if (ports_check_unique(&all, err) < 0)
		return err_wrap(err, "Error validating all port mappings");
	return change(ctx, app, "add", &all, false, err);
}

static int run_set(struct ctx *ctx, const struct args *args, struct err *err)
{
	AUTO_PORT_MAPS given = PORT_MAPS_INIT;
	int r = take_maps(args, &given, err);

	return r < 0 ? r : change(ctx, args_pos(args, 0), "set", &given, false, err);
}

static int run_clear(struct ctx *ctx, const struct args *args, struct err *err)
{
	AUTO_PORT_MAPS none = PORT_MAPS_INIT;

	return change(ctx, args_pos(args, 0), "clear", &none, true, err);
}

/* WORD is a whole mapping or a host port alone. */
static bool names(const char *word, const struct port_map *map)
{
	AUTO_STRBUF whole = STRBUF_INIT;
	AUTO_FREE char *port = xasprintf("%u", map->host);

	port_map_print(map, &whole);
	return str_eq(word, whole.buf) || str_eq(word, port);
}

static int check_word(const char *word, struct err *err)
{
	AUTO_PORT_MAPS ignored = PORT_MAPS_INIT;
	uint64_t port;

	if (strchr(word, ':'))
		return add_word(word, &ignored, err);
	if (parse_uint(word, 1, 65535, &port, err) < 0)
		return err_wrap(err, "Invalid port map %.100s", word);
	return 0;
}

static int run_remove(struct ctx *ctx, const struct args *args, struct err *err)
{
	const char *app = args_pos(args, 0);
	AUTO_STRVEC words = STRVEC_INIT;
	AUTO_PORT_MAPS all = PORT_MAPS_INIT;
	AUTO_PORT_MAPS rest = PORT_MAPS_INIT;
	int r = take_words(args, &words, err);

	for (size_t i = 0; r >= 0 && i < words.count; i++)
		r = check_word(words.items[i], err);
	if (r >= 0)
		r = ports_custom(ctx, app, &all, err);
	for (size_t i = 0; r >= 0 && i < all.count; i++) {
		const struct port_map *m = &all.items[i];
		bool named = false;

		for (size_t j = 0; j < words.count; j++)
			named |= names(words.items[j], m);
		if (!named)
			port_maps_add(&rest, m->scheme, m->host, m->container);
	}
	return r < 0 ? r : change(ctx, app, "remove", &rest, false, err);
}

/* --- ports:list --- */

struct table {
	struct strvec cells; /* three per row */
	int width[2];
};

static void add_row(struct table *t, const char *a, const char *b, const char *c)
{
	int width[2] = { (int)strlen(a), (int)strlen(b) };

	strvec_pushl(&t->cells, a, b, c, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(width); i++)
		t->width[i] = width[i] > t->width[i] ? width[i] : t->width[i];
}

static int run_list(struct ctx *ctx, const struct args *args, struct err *err)
{
	AUTO_PORT_MAPS maps = PORT_MAPS_INIT;
	struct table t = { .cells = STRVEC_INIT };
	int r = ports_custom(ctx, args_pos(args, 0), &maps, err);

	if (r < 0)
		return r;
	if (!maps.count)
		return err_set(err, ERR_NOT_FOUND, "No port mappings configured for app");
	if (!output_is_quiet())
		add_row(&t, "-----> scheme", "host port", "container port");
	for (size_t i = 0; i < maps.count; i++) {
		AUTO_FREE char *host = xasprintf("%u", maps.items[i].host);
		AUTO_FREE char *container = xasprintf("%u", maps.items[i].container);

		add_row(&t, maps.items[i].scheme, host, container);
	}
	out_info1_quiet("Port mappings for %s", args_pos(args, 0));
	for (size_t i = 0; i + 2 < t.cells.count; i += 3)
		out_line("    %-*s  %-*s  %s", t.width[0], t.cells.items[i], t.width[1],
			t.cells.items[i + 1], t.cells.items[i + 2]);
	strvec_done(&t.cells);
	return 0;
}

/* --- report --- */

static void print_maps(const struct port_maps *maps, const char *between, struct strbuf *out)
{
	for (size_t i = 0; i < maps->count; i++) {
		if (i)
			strbuf_addstr(out, between);
		port_map_print(&maps->items[i], out);
	}
}

static void print_json(const struct port_maps *maps, struct strbuf *out)
{
	json_t *list = json_array();
	char *text;

	for (size_t i = 0; i < maps->count; i++) {
		const struct port_map *m = &maps->items[i];

		json_array_append_new(list,
			json_pack("{s:i, s:i, s:s}", "container_port", (int)m->container,
				"host_port", (int)m->host, "scheme", m->scheme));
	}
	text = json_dumps(list, JSON_COMPACT | JSON_SORT_KEYS);
	strbuf_addstr(out, text ? text : "[]");
	free(text);
	json_decref(list);
}

typedef int (*maps_of)(struct ctx *ctx, const char *app, struct port_maps *ret, struct err *err);

static int print_row(struct ctx *ctx, const char *app, maps_of get, bool json, struct strbuf *out,
	struct err *err)
{
	AUTO_PORT_MAPS maps = PORT_MAPS_INIT;
	int r = get(ctx, app, &maps, err);

	if (r >= 0 && json && !maps.count)
		strbuf_addstr(out, "null"); /* Go's empty slice, which scripts have learned */
	else if (r >= 0 && json)
		print_json(&maps, out);
	else if (r >= 0)
		print_maps(&maps, " ", out);
	return r;
}

static int row_map(struct ctx *ctx, const char *app, struct strbuf *out, struct err *err)
{
	return print_row(ctx, app, ports_custom, false, out, err);
}

static int row_map_json(struct ctx *ctx, const char *app, struct strbuf *out, struct err *err)
{
	return print_row(ctx, app, ports_custom, true, out, err);
}

static int row_detected(struct ctx *ctx, const char *app, struct strbuf *out, struct err *err)
{
	return print_row(ctx, app, ports_without_custom, false, out, err);
}

static int row_detected_json(struct ctx *ctx, const char *app, struct strbuf *out, struct err *err)
{
	return print_row(ctx, app, ports_without_custom, true, out, err);
}

static const struct report_row rows[] = {
	{ "--ports-map", false, row_map },
	{ "--ports-map-detected", false, row_detected },
	{ "--ports-map-detected-json", false, row_detected_json },
	{ "--ports-map-json", false, row_map_json },
	{},
};

/* --- triggers that scripts call --- */

static int handle_clear(struct trigger_call *call, struct err *err)
{
	int r = state_unset(call->ctx, "ports", trigger_arg(call, 0), "map", err);

	return r < 0 ? r
		     : state_unset(call->ctx, "ports", trigger_arg(call, 0), "map-detected", err);
}

static int handle_configure(struct trigger_call *call, struct err *err)
{
	return ports_configure(call->ctx, trigger_arg(call, 0), err);
}

static int handle_get(struct trigger_call *call, struct err *err)
{
	const char *format = trigger_arg(call, 1);
	AUTO_PORT_MAPS maps = PORT_MAPS_INIT;
	int r;

	if (*format && !str_eq(format, "stdout") && !str_eq(format, "json"))
		return err_set(err, ERR_USAGE, "Invalid format specified: %s", format);
	r = ports_effective(call->ctx, trigger_arg(call, 0), &maps, err);
	if (r < 0)
		return r;
	if (str_eq(format, "json"))
		print_json(&maps, call->out);
	else
		print_maps(&maps, "\n", call->out);
	strbuf_addch(call->out, '\n');
	return 0;
}

static int handle_get_available(struct trigger_call *call, struct err *err)
{
	unsigned port;
	int r = ports_free(&port, err);

	if (r >= 0)
		strbuf_addf(call->out, "%u\n", port);
	return r;
}

static int handle_get_property(struct trigger_call *call, struct err *err)
{
	const char *app = trigger_arg(call, 0);
	const char *name = trigger_arg(call, 1);
	bool port = str_eq(name, "proxy-port") || str_eq(name, "proxy-ssl-port");
	AUTO_FREE char *value = NULL;

	if (!*name || strchr(name, '/') || *name == '.')
		return err_set(err, ERR_USAGE, "'%s' is not a property of ports", name);
	value = port ? state_computed(call->ctx, "proxy", app, name, "0")
		     : state_get_or(call->ctx, "ports", app, name, NULL);
	strbuf_addf(call->out, "%s\n", value);
	return 0;
}

static int handle_set_detected(struct trigger_call *call, struct err *err)
{
	AUTO_STRVEC words = STRVEC_INIT;
	AUTO_PORT_MAPS maps = PORT_MAPS_INIT;
	int r = 0;

	for (size_t i = 1; i < call->args->count; i++)
		strvec_split(&words, call->args->items[i], " \t\n");
	for (size_t i = 0; r >= 0 && i < words.count; i++)
		r = add_word(words.items[i], &maps, err);
	return r < 0 ? r : ports_set_detected(call->ctx, trigger_arg(call, 0), &maps, err);
}

static int for_cert(struct ctx *ctx, const char *app, bool came, struct err *err)
{
	json_t *changes = json_array();
	int r = ports_change_for_cert(ctx, changes, app, came, err);

	if (r >= 0)
		r = state_apply(ctx, changes, err);
	json_decref(changes);
	return r;
}

static int handle_cert_came(struct trigger_call *call, struct err *err)
{
	return for_cert(call->ctx, trigger_arg(call, 0), true, err);
}

static int handle_cert_went(struct trigger_call *call, struct err *err)
{
	return for_cert(call->ctx, trigger_arg(call, 0), false, err);
}

static const struct trigger_handler triggers[] = {
	{ "ports-clear", handle_clear },
	{ "ports-configure", handle_configure },
	{ "ports-get", handle_get },
	{ "ports-get-available", handle_get_available },
	{ "ports-get-property", handle_get_property },
	{ "ports-set-detected", handle_set_detected },
	{ "post-certs-remove", handle_cert_went },
	{ "post-certs-update", handle_cert_came },
	{},
};

/* --- the life of an app --- */

/* A clone has no certificate, so its ports are those of an app that lost it. */
static int on_clone(struct ctx *ctx, const char *old, const char *new, struct err *err)
{
	int r = state_copy(ctx, "ports", old, new, err);

	return r < 0 ? r : for_cert(ctx, new, false, err);
}

static int on_rename(struct ctx *ctx, const char *old, const char *new, struct err *err)
{
	return state_copy(ctx, "ports", old, new, err);
}

static int on_destroy(struct ctx *ctx, const char *app, struct err *err)
{
	return state_drop(ctx, "ports", app, err);
}

/* --- tables --- */

#define CHANGES  (CMD_APP | CMD_LOCK | CMD_DRY_RUN)
#define MAPS_ARG "<app> <scheme>:<host-port>:<container-port>..."

static const struct command commands[] = {
	{ "ports:add", MAPS_ARG, "Lead more host ports to an app", CHANGES, 1, -1, NULL, run_add,
		NULL },
	{ "ports:clear", "<app>", "Go back to the ports that were found in the source", CHANGES, 1,
		1, NULL, run_clear, NULL },
	{ "ports:list", "<app>", "List the ports that were set for an app", CMD_APP | CMD_READ, 1,
		1, NULL, run_list, NULL },
	{ "ports:remove", "<app> <host-port>|<scheme>:<host-port>:<container-port>...",
		"Lead a host port to an app no more", CHANGES, 1, -1, NULL, run_remove, NULL },
	{ "ports:set", MAPS_ARG, "Replace the ports of an app", CHANGES, 1, -1, NULL, run_set,
		NULL },
	{},
};

extern const struct plugin plugin_ports;
const struct plugin plugin_ports = {
	.name = "ports",
	.summary = "Manage the ports of apps",
	.report_flags = REPORT_LEGACY_KEYS | REPORT_NO_GLOBAL,
	.commands = commands,
	.rows = rows,
	.triggers = triggers,
	.steps = state_steps,
	.on_clone = on_clone,
	.on_rename = on_rename,
	.on_destroy = on_destroy,
};
