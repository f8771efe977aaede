/* SPDX-License-Identifier: MIT */
/* The network plugin: tables, properties, report, triggers. */
#include "plugins/network/network.h"

#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/parse.h"
#include "core/trigger.h"
#include "core/app.h"
#include "core/output.h"
#include "core/plugin.h"
#include "core/property.h"
#include "core/route.h"
#include "core/state.h"
#include "lib/engine/containers.h"

extern const struct plugin plugin_network;

/* --- network:set --- */

static bool is_attach(const char *property)
{
	return str_eq(property, "attach-post-create") || str_eq(property, "attach-post-deploy");
}

/* A network may be joined once: at creation or after the deploy. */
static int check_attach(struct ctx *ctx, const char *scope, const char *property,
	const struct strvec *names, struct err *err)
{
	const char *other = str_eq(property, "attach-post-create") ? "attach-post-deploy"
								   : "attach-post-create";
	AUTO_FREE char *text = state_computed(ctx, "network", scope, other, "");
	AUTO_STRVEC taken = STRVEC_INIT;

	strvec_split(&taken, text, ",");
	for (size_t i = 0; i < names->count; i++) {
		const char *name = names->items[i];

		if (str_eq(name, "host") || str_eq(name, "bridge"))
			return err_set(err, ERR_USAGE,
				"Invalid network name specified for attach: %s", name);
		if (strvec_has(&taken, name))
			return err_set(err, ERR_USAGE,
				"Network name already associated with this app: %s", name);
	}
	return 0;
}

static int run_set(struct ctx *ctx, const struct args *args, struct err *err)
{
	const char *scope = args_pos(args, 0);
	const char *property = args_pos(args, 1);
	AUTO_STRVEC names = STRVEC_INIT;
	AUTO_FREE char *joined = NULL;
	int r;

	if (!is_attach(property))
		return property_set_command(ctx, &plugin_network, args, err);
	for (size_t i = 2; i < args->pos.count; i++)
		strvec_split(&names, args->pos.items[i], ", ");
	r = check_attach(ctx, scope, property, &names, err);
	if (r < 0)
		return r;
	joined = strvec_joined(&names, ",");
	return property_set(ctx, &plugin_network, scope, property, joined, err);
}

static int check_listener(struct ctx *ctx, const char *scope, const char *value, struct err *err)
{
	AUTO_FREE char *address = NULL;
	unsigned port;

	return listener_parse(value, &address, &port, err);
}

/* --- listeners --- */

int network_listeners(struct ctx *ctx, const char *app, const char *process, struct listeners *ret,
	struct err *err)
{
	const struct scheduler *s;
	int r = str_eq(process, "web") ? route_static_listener(ctx, app, ret, err) : 0;

	if (r != 0)
		return r;
	r = scheduler_of(ctx, app, &s, err);
	return r < 0 ? r : s->listeners(ctx, app, process, ret, err);
}

static void add_listeners(const struct listeners *all, struct strbuf *out)
{
	for (size_t i = 0; i < all->count; i++) {
		const struct listener *l = &all->items[i];
		bool brackets = strchr(l->address, ':') != NULL;

		strbuf_addf(out, "%s%s%s%s:%u", i ? " " : "", brackets ? "[" : "", l->address,
			brackets ? "]" : "", l->port ? l->port : 5000);
	}
}

/* A report is not the place to fail because nothing runs. */
static int row_web_listeners(struct ctx *ctx, const char *app, struct strbuf *out, struct err *err)
{
	AUTO_LISTENERS all = LISTENERS_INIT;
	AUTO_ERR ignored = ERR_INIT;

	if (network_listeners(ctx, app, "web", &all, &ignored) >= 0)
		add_listeners(&all, out);
	return 0;
}

/* --- triggers --- */

/* APP KEY */
static int on_get_property(struct trigger_call *call, struct err *err)
{
	const char *key = trigger_arg(call, 1);
	const struct property *p = property_find(&plugin_network, key);
	AUTO_FREE char *value = NULL;

	if (!p || !(p->flags & PROP_COMPUTED))
		return err_set(err, ERR_USAGE, "Invalid network property specified: %s", key);
	value = state_computed(call->ctx, "network", trigger_arg(call, 0), key, p->fallback);
	strbuf_addf(call->out, "%s\n", value);
	return 0;
}

/* APP [PROCESS] */
static int on_get_listeners(struct trigger_call *call, struct err *err)
{
	AUTO_LISTENERS all = LISTENERS_INIT;
	int r = trigger_need_app(call, err);

	if (r >= 0)
		r = network_listeners(call->ctx, trigger_arg(call, 0),
			*trigger_arg(call, 1) ? trigger_arg(call, 1) : "web", &all, err);
	if (r < 0)
		return r;
	add_listeners(&all, call->out);
	strbuf_addch(call->out, '\n');
	return 0;
}

/* APP */
static int on_get_static(struct trigger_call *call, struct err *err)
{
	AUTO_FREE char *text =
		state_get_or(call->ctx, "network", trigger_arg(call, 0), "static-web-listener", "");

	strbuf_addf(call->out, "%s\n", text);
	return 0;
}

/* APP */
static int on_config_exists(struct trigger_call *call, struct err *err)
{
	AUTO_LISTENERS all = LISTENERS_INIT;
	AUTO_ERR ignored = ERR_INIT;
	bool any = network_listeners(call->ctx, trigger_arg(call, 0), "web", &all, &ignored) >= 0 &&
		   all.count;

	strbuf_addstr(call->out, any ? "true\n" : "false\n");
	return 0;
}

/* APP PROCESS CONTAINER */
static int on_get_ipaddr(struct trigger_call *call, struct err *err)
{
	AUTO_LISTENERS fixed = LISTENERS_INIT;
	AUTO_FREE char *address = NULL;
	int r = trigger_need_app(call, err);

	if (r >= 0 && str_eq(trigger_arg(call, 1), "web"))
		r = route_static_listener(call->ctx, trigger_arg(call, 0), &fixed, err);
	if (r == 0)
		r = network_container_address(call->ctx, trigger_arg(call, 0), trigger_arg(call, 2),
			&address, err);
	if (r < 0)
		return r;
	strbuf_addf(call->out, "%s\n", fixed.count ? fixed.items[0].address : address);
	return 0;
}

/* APP PROCESS INDEX VALUE into <KIND>.<PROCESS>.<INDEX> of the app's folder. */
static int write_state(struct trigger_call *call, const char *kind, struct err *err)
{
	AUTO_ERR ignored = ERR_INIT;
	AUTO_FREE char *file = NULL;
	uint64_t index;
	int r = trigger_need_app(call, err);

	if (r < 0)
		return r;
	if (!proc_name_valid(trigger_arg(call, 1)) ||
		parse_uint(trigger_arg(call, 2), 1, 100000, &index, &ignored) < 0)
		return err_set(err, ERR_USAGE, "%s needs a process type and a number", call->name);
	file = xasprintf("%s.%s.%s", kind, trigger_arg(call, 1), trigger_arg(call, 2));
	return network_write_state(call->ctx, trigger_arg(call, 0), file, trigger_arg(call, 3),
		err);
}

static int on_write_ipaddr(struct trigger_call *call, struct err *err)
{
	return write_state(call, "IP", err);
}

static int on_write_port(struct trigger_call *call, struct err *err)
{
	return write_state(call, "PORT", err);
}

/* APP */
static int on_build_config(struct trigger_call *call, struct err *err)
{
	int r = trigger_need_app(call, err);

	return r < 0 ? r : network_rebuild(call->ctx, trigger_arg(call, 0), err);
}

/* APP BUILDER ... : the network a container begins in. */
static int print_initial(struct trigger_call *call)
{
	AUTO_FREE char *name =
		state_computed(call->ctx, "network", trigger_arg(call, 0), "initial-network", "");

	if (*name)
		strbuf_addf(call->out, " --network=%s ", name);
	if (call->in)
		strbuf_add(call->out, call->in->buf, call->in->len);
	return 0;
}

static int on_args(struct trigger_call *call, struct err *err)
{
	return print_initial(call);
}

/* A build by Dockerfile takes no network of containers. */
static int on_args_build(struct trigger_call *call, struct err *err)
{
	if (!str_eq(trigger_arg(call, 1), "dockerfile"))
		return print_initial(call);
	if (call->in)
		strbuf_add(call->out, call->in->buf, call->in->len);
	return 0;
}

/* --- tables --- */

static const struct flag format_flags[] = {
	{ "format", 0, FLAG_VALUE, "text|json", "Output format" },
	{},
};

static const struct flag list_flags[] = {
	{ "format", 0, FLAG_VALUE, "text|json", "Output format" },
	{ "dokku-managed", 0, FLAG_BOOL, NULL, "Only those that network:create has made" },
	{},
};

static const struct flag destroy_flags[] = {
	{ "force", 0, FLAG_BOOL, NULL, "Do not ask" },
	{},
};

static const char no_name[] = "No network name specified";

static const struct command commands[] = {
	{ "network:create", "<network>", "Create a network that containers can join", 0, 1, 1, NULL,
		network_run_create, no_name },
	{ "network:destroy", "[--force] <network>", "Remove a network", 0, 1, 1, destroy_flags,
		network_run_destroy, no_name },
	{ "network:exists", "<network>", "Tell by the exit code whether a network exists", CMD_READ,
		1, 1, NULL, network_run_exists, no_name },
	{ "network:info", "[--format text|json] <network>", "Print details of a network",
		CMD_READ | CMD_JSON, 1, 1, format_flags, network_run_info, no_name },
	{ "network:list", "[--format text|json] [--dokku-managed]", "List networks",
		CMD_READ | CMD_JSON, 0, 0, list_flags, network_run_list, NULL },
	{ "network:rebuild", "<app>", "Write down the addresses of an app's containers again",
		CMD_APP | CMD_LOCK, 1, 1, NULL, network_run_rebuild, NULL },
	{ "network:rebuildall", "", "The same for every app", 0, 0, 0, NULL, network_run_rebuildall,
		NULL },
	{ "network:set", "<app>|--global <property> [<value>...]",
		"Set or clear a network property", CMD_APP_OR_GLOBAL | CMD_LOCK, 1, -1, NULL,
		run_set, NULL },
	{},
};

static const struct property properties[] = {
	{ "attach-post-create", PROP_BOTH, NULL,
		"Networks that new containers join before they start", NULL, NULL },
	{ "attach-post-deploy", PROP_BOTH, NULL,
		"Networks that new containers join after the deploy", NULL, NULL },
	{ "bind-all-interfaces", PROP_BOTH, "false",
		"true: ports of web containers are published on all of the host's interfaces", NULL,
		NULL },
	{ "initial-network", PROP_BOTH, NULL,
		"Network that containers are created in, and reached in by the proxy", NULL, NULL },
	{ "static-web-listener", PROP_APP, NULL,
		"Address that the proxy leads to instead of containers, on the container port of "
		"ports:",
		check_listener, NULL },
	{ "tld", PROP_BOTH, NULL, "Ending of the name <app>.<process> in networks", NULL, NULL },
	{},
};

static const struct report_row rows[] = {
	{ "--network-web-listeners", false, row_web_listeners },
	{},
};

static const struct trigger_handler triggers[] = {
	{ "docker-args-process-build", on_args_build },
	{ "docker-args-process-deploy", on_args },
	{ "docker-args-process-run", on_args },
	{ "network-build-config", on_build_config },
	{ "network-config-exists", on_config_exists },
	{ "network-get-ipaddr", on_get_ipaddr },
	{ "network-get-listeners", on_get_listeners },
	{ "network-get-property", on_get_property },
	{ "network-get-static-listeners", on_get_static },
	{ "network-write-ipaddr", on_write_ipaddr },
	{ "network-write-port", on_write_port },
	{},
};

const struct plugin plugin_network = {
	.name = "network",
	.summary = "Manage networks and how apps join them",
	.report_flags = REPORT_LEGACY_KEYS,
	.commands = commands,
	.properties = properties,
	.rows = rows,
	.triggers = triggers,
};
