/* SPDX-License-Identifier: MIT */
/* Traefik: a router and a service for each of http and https, as labels. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/appjson.h"
#include "core/label_proxy.h"
#include "core/property.h"
#include "core/state.h"
#include "lib/apr1/apr1.h"
#include "lib/jsonc/jsonc.h"

extern const char traefik_template[];
extern const struct proxy traefik_proxy;
extern const struct plugin plugin_traefik_vhosts;

static const struct label_proxy row;

static char *global(struct ctx *ctx, const char *name)
{
	return label_proxy_value(ctx, &row, NULL, name);
}

/* --- labels of an app --- */

/* "Host(`a`) || Host(`b`)" */
static char *rule_of(const struct strvec *hosts)
{
	AUTO_STRBUF out = STRBUF_INIT;

	for (size_t i = 0; i < hosts->count; i++)
		strbuf_addf(&out, "%sHost(`%s`)", i ? " || " : "", hosts->items[i]);
	return strbuf_detach(&out);
}

static void add_router(const struct label_call *c, const char *scheme, unsigned port,
	struct strvec *ret)
{
	AUTO_FREE char *property = xasprintf("%s-entry-point", scheme);
	AUTO_FREE char *entry = global(c->ctx, property);
	AUTO_FREE char *name = xasprintf("%s-%s-%s", c->app, c->process, scheme);
	AUTO_FREE char *rule = rule_of(&c->hosts);

	strvec_pushf(ret, "traefik.http.services.%s.loadbalancer.server.port=%u", name, port);
	strvec_pushf(ret, "traefik.http.routers.%s.entrypoints=%s", name, entry);
	strvec_pushf(ret, "traefik.http.routers.%s.service=%s", name, name);
	if (str_eq(scheme, "https"))
		strvec_pushf(ret, "traefik.http.routers.%s.tls.certresolver=leresolver", name);
	if (*rule)
		strvec_pushf(ret, "traefik.http.routers.%s.rule=%s", name, rule);
}

/* The first readiness check by path that app.json has for web; borrowed, or NULL. */
static json_t *find_check(json_t *app_json)
{
	json_t *checks = json_object_get(json_object_get(app_json, "healthchecks"), "web");

	for (size_t i = 0; i < json_array_size(checks); i++) {
		json_t *check = json_array_get(checks, i);
		const char *type = json_string_value(json_object_get(check, "type"));
		const char *path = json_string_value(json_object_get(check, "path"));

		if (type && path && str_eq(type, "readiness") && *path)
			return check;
	}
	return NULL;
}

/* "" for what is not there; for free(). */
static char *member_text(json_t *check, const char *key)
{
	json_t *value = json_object_get(check, key);

	if (json_is_string(value))
		return xstrdup(json_string_value(value));
	if (json_is_integer(value))
		return xasprintf("%lld", (long long)json_integer_value(value));
	return json_is_real(value) ? xasprintf("%g", json_real_value(value)) : xstrdup("");
}

/* Traefik looks after the containers by the same check as the deploy. */
static void add_check(const struct label_call *c, const char *scheme, json_t *check,
	struct strvec *ret)
{
	static const struct {
		const char *key;
		const char *label;
		const char *unit;
	} members[] = {
		{ "path", "path", "" },
		{ "scheme", "scheme", "" },
		{ "port", "port", "" },
		{ "timeout", "timeout", "s" },
		{ "wait", "interval", "s" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		AUTO_FREE char *value = member_text(check, members[i].key);

		if (*value)
			strvec_pushf(ret,
				"traefik.http.services.%s-%s-%s.loadbalancer.healthcheck.%s=%s%s",
				c->app, c->process, scheme, members[i].label, value,
				members[i].unit);
	}
}

static int labels(const struct label_call *c, struct strvec *ret, struct err *err)
{
	const struct label_ports *p = &c->ports;
	unsigned http = p->http ? p->http : p->http_other;
	unsigned https = p->https ? p->https : p->https_other;
	AUTO_ERR unreadable = ERR_INIT; /* a deploy has refused it; then there is no check */
	json_t *app_json = NULL;
	json_t *check = NULL;

	if (appjson_load(c->ctx, c->app, &app_json, &unreadable) >= 0)
		check = find_check(app_json);
	strvec_push(ret, "traefik.enable=true");
	if (http) {
		label_ports_warn("http:80", "http", p->http, p->http_other_host, p->http_other);
		add_router(c, "http", http, ret);
		add_check(c, "http", check, ret);
	}
	if (https) {
		label_ports_warn("https:443", "https", p->https, p->https_other_host,
			p->https_other);
		add_router(c, "https", https, ret);
		add_check(c, "https", check, ret);
	}
	json_decref(app_json);
	return 0;
}

/* --- the compose file --- */

static void set(struct ctx *ctx, struct gotmpl_vars *ret, const char *var, const char *name)
{
	AUTO_FREE char *value = global(ctx, name);

	gotmpl_vars_set(ret, var, value);
}

/* For a text in double quotes of a compose file. */
static void add_quoted(struct strbuf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			strbuf_addch(out, '\\');
		if (*text == '$')
			strbuf_addch(out, '$');
		strbuf_addch(out, *text);
	}
}

/* "user:hash". The salt is kept, so that the same password gives the same container. */
static void set_basic_auth(struct ctx *ctx, struct gotmpl_vars *ret)
{
	AUTO_FREE char *user = global(ctx, "basic-auth-username");
	AUTO_FREE char *password = global(ctx, "basic-auth-password");
	AUTO_FREE char *kept = state_get_or(ctx, "traefik", SCOPE_GLOBAL, "basic-auth-salt", NULL);
	AUTO_STRBUF salt = STRBUF_INIT;
	AUTO_STRBUF pair = STRBUF_INIT;
	AUTO_STRBUF quoted = STRBUF_INIT;

	if (!*user || !*password)
		return gotmpl_vars_set(ret, "TRAEFIK_BASIC_AUTH", "");
	strbuf_addstr(&salt, kept);
	if (!salt.len)
		apr1_salt(&salt);
	strbuf_addf(&pair, "%s:", user);
	apr1_hash(password, salt.buf, &pair);
	add_quoted(&quoted, pair.buf);
	gotmpl_vars_set(ret, "TRAEFIK_BASIC_AUTH", quoted.buf);
}

/* Both as Dokku's templates know them ("name value" lines) and as lines of a compose file. */
static int set_dns(struct ctx *ctx, struct gotmpl_vars *ret, struct err *err)
{
	static const char prefix[] = "dns-provider-";
	AUTO_FREE char *provider = global(ctx, "dns-provider");
	AUTO_STRVEC names = STRVEC_INIT;
	AUTO_STRBUF plain = STRBUF_INIT;
	AUTO_STRBUF lines = STRBUF_INIT;
	int r = *provider ? state_names(ctx, "traefik", SCOPE_GLOBAL, &names, err) : 0;

	for (size_t i = 0; r >= 0 && i < names.count; i++) {
		const char *variable = str_after(names.items[i], prefix);
		AUTO_FREE char *value = NULL;
		AUTO_FREE char *upper = NULL;

		if (!variable)
			continue;
		value = state_get_or(ctx, "traefik", SCOPE_GLOBAL, names.items[i], NULL);
		upper = label_upper(variable);
		strbuf_addf(&plain, "%s%s %s", plain.len ? "\n" : "", names.items[i], value);
		strbuf_addf(&lines, "%s      - \"%s=", lines.len ? "\n" : "", upper);
		add_quoted(&lines, value);
		strbuf_addch(&lines, '"');
	}
	gotmpl_vars_set(ret, "TRAEFIK_DNS_PROVIDER", provider);
	gotmpl_vars_set(ret, "TRAEFIK_DNS_PROVIDER_ENV_VARS", plain.buf);
	gotmpl_vars_set(ret, "TRAEFIK_DNS_ENVIRONMENT", lines.buf);
	strbuf_erase(&plain);
	strbuf_erase(&lines);
	return r < 0 ? r : 0;
}

static int vars(struct ctx *ctx, struct gotmpl_vars *ret, struct err *err)
{
	AUTO_FREE char *address = global(ctx, "api-entry-point-address");
	const char *colon = strrchr(address, ':');

	set(ctx, ret, "TRAEFIK_API_ENABLED", "api-enabled");
	set(ctx, ret, "TRAEFIK_API_ENTRY_POINT", "api-entry-point");
	set(ctx, ret, "TRAEFIK_API_ENTRY_POINT_ADDRESS", "api-entry-point-address");
	gotmpl_vars_set(ret, "TRAEFIK_API_ENTRY_POINT_PORT", colon ? colon + 1 : address);
	set(ctx, ret, "TRAEFIK_API_VHOST", "api-vhost");
	set(ctx, ret, "TRAEFIK_CHALLENGE_MODE", "challenge-mode");
	set(ctx, ret, "TRAEFIK_DASHBOARD_ENABLED", "dashboard-enabled");
	set_basic_auth(ctx, ret);
	return set_dns(ctx, ret, err);
}

static int prepare(struct ctx *ctx, struct err *err)
{
	AUTO_FREE char *acme = inst_lib(&ctx->inst, "data/traefik/traefik-acme.json");
	AUTO_FREE char *password = global(ctx, "basic-auth-password");
	AUTO_STRBUF salt = STRBUF_INIT;
	int r = fs_exists(acme) ? 0 : fs_write_str(acme, "", 0600, err);

	if (r < 0 || !*password || state_exists(ctx, "traefik", SCOPE_GLOBAL, "basic-auth-salt"))
		return r;
	apr1_salt(&salt);
	return state_set(ctx, "traefik", SCOPE_GLOBAL, "basic-auth-salt", salt.buf, err);
}

static const struct label_proxy row = {
	.name = "traefik",
	.template = traefik_template,
	.data = "traefik",
	.labels = labels,
	.vars = vars,
	.prepare = prepare,
};

const struct proxy traefik_proxy = LABEL_PROXY("traefik", row);

/* --- the plugin --- */

static int computed_log_level(struct ctx *ctx, const char *app, struct strbuf *out, struct err *err)
{
	return label_level_upper(ctx, "traefik", out);
}

static int check_challenge(struct ctx *ctx, const char *scope, const char *value, struct err *err)
{
	if (str_eq(value, "tls") || str_eq(value, "http") || str_eq(value, "dns"))
		return 0;
	return err_set(err, ERR_INVALID, "'%.100s' is none of tls, http and dns", value);
}

static int check_user(struct ctx *ctx, const char *scope, const char *value, struct err *err)
{
	if (strchr(value, ':'))
		return err_set(err, ERR_INVALID, "a user name cannot hold a colon");
	return 0;
}

/* A new password gets a new salt, with the next start. */
static int after_set(struct ctx *ctx, const char *scope, const char *name, const char *value,
	struct err *err)
{
	if (!str_eq(name, "basic-auth-password"))
		return 0;
	return state_unset(ctx, "traefik", SCOPE_GLOBAL, "basic-auth-salt", err);
}

static const struct property properties[] = {
	LABEL_PROPERTIES("traefik:v3.7.10", computed_log_level),
	{ "api-enabled", PROP_GLOBAL_ONLY, "false", "true: the API can be reached", check_bool,
		NULL },
	{ "api-entry-point", PROP_GLOBAL_ONLY, NULL,
		"Entry point of the API; http or https when not set", label_check_text, NULL },
	{ "api-entry-point-address", PROP_GLOBAL_ONLY, NULL,
		"Where that entry point listens, such as :8080", label_check_text, NULL },
	{ "api-vhost", PROP_GLOBAL_ONLY, "traefik.dokku.me", "Host name of the API",
		label_check_text, NULL },
	{ "basic-auth-password", PROP_GLOBAL_ONLY | PROP_MASKED, NULL,
		"Password for the API and the dashboard", NULL, NULL },
	{ "basic-auth-username", PROP_GLOBAL_ONLY, NULL, "The user it belongs to", check_user,
		NULL },
	{ "basic-auth-salt", PROP_INTERNAL, NULL, NULL, NULL, NULL },
	{ "challenge-mode", PROP_GLOBAL_ONLY, "tls", "How certificates are got: tls, http or dns",
		check_challenge, NULL },
	{ "dashboard-enabled", PROP_GLOBAL_ONLY, "false", "true: the API has a dashboard",
		check_bool, NULL },
	{ "dns-provider", PROP_GLOBAL_ONLY, NULL,
		"Who serves the domain, for the challenge mode dns", label_check_text, NULL },
	{ "dns-provider-<ENV_VAR>", PROP_GLOBAL | PROP_FAMILY | PROP_MASKED, NULL,
		"A variable that this provider needs", NULL, NULL },
	{ "http-entry-point", PROP_GLOBAL_ONLY, "http", "Entry point for plain requests",
		label_check_text, NULL },
	{ "https-entry-point", PROP_GLOBAL_ONLY, "https", "Entry point for TLS", label_check_text,
		NULL },
	{},
};

static const struct command commands[] = { LABEL_COMMANDS("traefik") };

const struct plugin plugin_traefik_vhosts = {
	.name = "traefik-vhosts",
	.verb = "traefik",
	.summary = "Manage the traefik proxy",
	.commands = commands,
	.properties = properties,
	.property_word = "key",
	.after_set = after_set,
	.triggers = label_triggers,
};
