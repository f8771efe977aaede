/* SPDX-License-Identifier: MIT */
#include "core/domains_step.h"

#include "base/alloc.h"
#include "base/fs.h"
#include "core/app_env.h"
#include "core/ports.h"
#include "core/proxy.h"
#include "core/state.h"
#include "core/state_step.h"

static json_t *names_json(const struct strvec *names)
{
	json_t *list = json_array();

	for (size_t i = 0; i < names->count; i++)
		json_array_append_new(list, json_string(names->items[i]));
	return list;
}

/* "old" or "new": {"names": [...] or null, "no_vhost": "0", "1" or null}; no key: not touched. */
static int write_state(struct operation *op, const struct step *step, const char *which,
	struct err *err)
{
	json_t *state = json_object_get(step->args, which);
	json_t *names = json_object_get(state, "names");
	json_t *no_vhost = json_object_get(state, "no_vhost");
	const char *app = step_arg(step, "app");
	AUTO_STRVEC list = STRVEC_INIT;
	json_t *one;
	size_t i;
	int r;

	json_array_foreach (names, i, one) {
		if (json_is_string(one))
			strvec_push(&list, json_string_value(one));
	}
	r = domains_save(op->ctx, app, &list, err);
	if (r >= 0 && no_vhost)
		r = app_env_set(op->ctx, app, "NO_VHOST", json_string_value(no_vhost), err);
	return r;
}

static void describe_write(const struct step *step, struct strbuf *out)
{
	json_t *state = json_object_get(step->args, "new");
	json_t *names = json_object_get(state, "names");
	const char *no_vhost = json_string_value(json_object_get(state, "no_vhost"));
	json_t *one;
	size_t i;

	if (!json_array_size(names))
		strbuf_addf(out, "remove all host names of %s", step_arg(step, "app"));
	else
		strbuf_addf(out, "set the host names of %s to", step_arg(step, "app"));
	json_array_foreach (names, i, one)
		strbuf_addf(out, "%s %s", i ? "," : "", json_string_value(one));
	if (no_vhost)
		strbuf_addf(out, "; turn virtual hosts %s", str_eq(no_vhost, "1") ? "off" : "on");
}

static int run_write(struct operation *op, struct step *step, struct err *err)
{
	return write_state(op, step, "new", err);
}

static int undo_write(struct operation *op, struct step *step, struct err *err)
{
	return write_state(op, step, "old", err);
}

const struct step_kind domains_steps[] = {
	{ "domains:write", 0, describe_write, run_write, undo_write },
	{},
};

/* --- the ports that go with virtual hosts --- */

static int change_maps(struct ctx *ctx, const char *app, bool detected_anyway, json_t *changes,
	struct err *err)
{
	AUTO_PORT_MAPS maps = PORT_MAPS_INIT;
	AUTO_STRVEC none = STRVEC_INIT;
	bool standard = false;
	int r = ports_effective(ctx, app, &maps, err);

	for (size_t i = 0; r >= 0 && i < maps.count; i++)
		standard |= port_is_standard(ctx, maps.items[i].scheme, maps.items[i].host);
	if (r >= 0 && standard)
		r = state_change_list(ctx, changes, "ports", app, "map", &none, err);
	if (r >= 0 && (standard || detected_anyway))
		r = state_change_list(ctx, changes, "ports", app, "map-detected", &none, err);
	return r;
}

/* Turned off, an app cannot share the standard ports with others; turned on, it need not have ports
 * of its own any more. */
static int change_port(struct ctx *ctx, const char *app, const char *name, const char *standard,
	const char *usual, bool off, json_t *changes, struct err *err)
{
	AUTO_FREE char *port = state_computed(ctx, "proxy", app, name, NULL);

	if (off && !str_eq(port, standard) && !str_eq(port, usual))
		return 0;
	return state_change(ctx, changes, "proxy", app, name, NULL, err);
}

static int plan_ports(struct operation *op, const char *app, bool off, struct err *err)
{
	struct ctx *ctx = op->ctx;
	AUTO_FREE char *type = proxy_type(ctx, app);
	json_t *changes;
	int r;

	if (!str_eq(type, "nginx"))
		return 0;
	changes = json_array();
	r = change_port(ctx, app, "proxy-port", "80", ctx->inst.http_port, off, changes, err);
	if (r >= 0)
		r = change_port(ctx, app, "proxy-ssl-port", "443", ctx->inst.https_port, off,
			changes, err);
	if (r >= 0)
		r = change_maps(ctx, app, !off, changes, err);
	if (r >= 0)
		return state_plan(op, changes, err);
	json_decref(changes);
	return r;
}

/* --- planning --- */

static int old_state(struct ctx *ctx, const char *app, bool with_vhost, json_t **ret,
	struct err *err)
{
	AUTO_STRVEC names = STRVEC_INIT;
	AUTO_STRBUF value = STRBUF_INIT;
	int r = domains_of(ctx, app, &names, err);
	int set = r < 0 ? r : app_env_get(ctx, app, "NO_VHOST", &value, err);

	if (set < 0)
		return set;
	*ret = json_pack("{s:o}", "names", names_json(&names));
	if (with_vhost)
		json_object_set_new(*ret, "no_vhost",
			set > 0 ? json_string(value.buf) : json_null());
	return 0;
}

int domains_plan_write(struct operation *op, const char *app, const struct strvec *names,
	enum domains_switch vhosts, struct err *err)
{
	json_t *old = NULL;
	json_t *new;
	int r = old_state(op->ctx, app, vhosts != DOMAINS_LEAVE, &old, err);

	if (r < 0)
		return r;
	new = json_pack("{s:o}", "names", names ? names_json(names) : json_null());
	if (vhosts != DOMAINS_LEAVE)
		json_object_set_new(new, "no_vhost",
			json_string(vhosts == DOMAINS_OFF ? "1" : "0"));
	r = operation_add(op, &domains_steps[0],
		json_pack("{s:s, s:o, s:o}", "app", app, "old", old, "new", new), err);
	if (r >= 0 && vhosts != DOMAINS_LEAVE)
		r = plan_ports(op, app, vhosts == DOMAINS_OFF, err);
	return r;
}
