/* SPDX-License-Identifier: MIT */
#include "plugins/takeover/vars.h"

#include "base/alloc.h"
#include "base/fs.h"
#include "core/app_env.h"
#include "core/output.h"
#include "core/state.h"

/* What a variable says as a value of the property; false: nothing. */
typedef bool translate(const char *value, struct strbuf *out);

enum { FOR_GLOBAL = 1 << 0, FOR_APPS = 1 << 1, AS_LIST = 1 << 2, GLOBAL_IS_FOR_ALL = 1 << 3 };

struct move {
	const char *var;
	const char *plugin;
	const char *property;
	unsigned flags;
	translate *value; /* NULL: as it is */
};

static bool any_is_true(const char *value, struct strbuf *out)
{
	strbuf_addstr(out, "true");
	return true;
}

static bool zero_is_false(const char *value, struct strbuf *out)
{
	strbuf_addstr(out, str_eq(value, "0") ? "false" : "true");
	return true;
}

static bool true_is_all(const char *value, struct strbuf *out)
{
	strbuf_addstr(out, "_all_");
	return str_eq(value, "true");
}

static bool zero_is_all(const char *value, struct strbuf *out)
{
	strbuf_addstr(out, "_all_");
	return str_eq(value, "0");
}

/* Where two variables of an app fill one property the first that is set counts. */
static const struct move moves[] = {
	{ "DOKKU_DISABLE_APP_AUTOCREATION", "apps", "disable-autocreation", FOR_GLOBAL, NULL },
	{ "DOKKU_APP_TYPE", "builder", "detected", FOR_APPS, NULL },
	{ "DOKKU_SKIP_CLEANUP", "builder", "skip-cleanup", FOR_GLOBAL | FOR_APPS, NULL },
	{ "DOKKU_SKIP_ALL_CHECKS", "checks", "disabled", FOR_APPS | GLOBAL_IS_FOR_ALL,
		true_is_all },
	{ "DOKKU_SKIP_DEFAULT_CHECKS", "checks", "skipped", FOR_APPS | GLOBAL_IS_FOR_ALL,
		true_is_all },
	{ "DOKKU_CHECKS_ENABLED", "checks", "skipped", FOR_APPS, zero_is_all },
	{ "DOKKU_CHECKS_DISABLED", "checks", "disabled", FOR_APPS, NULL },
	{ "DOKKU_CHECKS_SKIPPED", "checks", "skipped", FOR_APPS, NULL },
	{ "DOKKU_WAIT_TO_RETIRE", "checks", "wait-to-retire", FOR_GLOBAL | FOR_APPS, NULL },
	{ "DOKKU_CHECKS_WAIT", "checks", "wait", FOR_GLOBAL | FOR_APPS, NULL },
	{ "DOKKU_CHECKS_TIMEOUT", "checks", "timeout", FOR_GLOBAL | FOR_APPS, NULL },
	{ "DOKKU_CHECKS_ATTEMPTS", "checks", "attempts", FOR_GLOBAL | FOR_APPS, NULL },
	{ "DOKKU_DEFAULT_CHECKS_WAIT", "checks", "default-wait", FOR_GLOBAL | FOR_APPS, NULL },
	{ "DOKKU_DEPLOY_BRANCH", "git", "deploy-branch", FOR_GLOBAL | FOR_APPS, NULL },
	{ "DOKKU_PROXY_PORT_MAP", "ports", "map", FOR_APPS | AS_LIST, NULL },
	{ "DOKKU_APP_PROXY_TYPE", "proxy", "type", FOR_APPS, NULL },
	{ "DOKKU_PROXY_TYPE", "proxy", "type", FOR_GLOBAL, NULL },
	{ "DOKKU_DISABLE_PROXY", "proxy", "disabled", FOR_APPS, any_is_true },
	{ "DOKKU_PROXY_PORT", "proxy", "proxy-port", FOR_GLOBAL | FOR_APPS, NULL },
	{ "DOKKU_PROXY_SSL_PORT", "proxy", "proxy-ssl-port", FOR_GLOBAL | FOR_APPS, NULL },
	{ "DOKKU_NGINX_PORT", "proxy", "proxy-port", FOR_APPS, NULL },
	{ "DOKKU_NGINX_SSL_PORT", "proxy", "proxy-ssl-port", FOR_APPS, NULL },
	{ "DOKKU_DOCKER_STOP_TIMEOUT", "ps", "stop-timeout-seconds", FOR_APPS, NULL },
	{ "DOKKU_APP_RESTORE", "ps", "restore", FOR_APPS, zero_is_false },
	{ "DOKKU_SKIP_DEPLOY", "ps", "skip-deploy", FOR_GLOBAL | FOR_APPS, NULL },
	{ "DOKKU_START_CMD", "ps", "start-cmd", FOR_APPS, NULL },
	{ "DOKKU_DOCKERFILE_START_CMD", "ps", "dockerfile-start-cmd", FOR_APPS, NULL },
	{ "DOKKU_SCHEDULER", "scheduler", "selected", FOR_GLOBAL | FOR_APPS, NULL },
	{ "DOKKU_APP_SHELL", "scheduler", "shell", FOR_GLOBAL | FOR_APPS, NULL },
};

static int set_property(struct ctx *ctx, const char *scope, const struct move *m, const char *value,
	struct err *err)
{
	AUTO_STRVEC items = STRVEC_INIT;

	out_info1("%s of %s becomes %s:set %s %s %s", m->var, scope, m->plugin, scope, m->property,
		value);
	if (ctx->dry_run)
		return 0;
	if (!(m->flags & AS_LIST))
		return state_set(ctx, m->plugin, scope, m->property, value, err);
	strvec_split(&items, value, " ");
	return state_set_list(ctx, m->plugin, scope, m->property, &items, err);
}

/* The property first: what breaks off in between is settled the next time. */
static int move_value(struct ctx *ctx, const char *scope, const struct move *m, const char *value,
	bool own, struct err *err)
{
	AUTO_STRBUF text = STRBUF_INIT;
	bool says = true;
	int r = 0;

	if (m->value)
		says = m->value(value, &text);
	else
		strbuf_addstr(&text, value);
	if (says && *value && !state_exists(ctx, m->plugin, scope, m->property))
		r = set_property(ctx, scope, m, text.buf, err);
	return r < 0 || !own || ctx->dry_run ? r : app_env_set(ctx, scope, m->var, NULL, err);
}

static int move_one(struct ctx *ctx, const char *scope, const struct move *m, struct err *err)
{
	AUTO_STRBUF own = STRBUF_INIT;
	AUTO_STRBUF global = STRBUF_INIT;
	int r = app_env_get(ctx, scope, m->var, &own, err);

	if (r == 0 && m->flags & GLOBAL_IS_FOR_ALL) {
		r = app_env_get(ctx, SCOPE_GLOBAL, m->var, &global, err);
		return r > 0 ? move_value(ctx, scope, m, global.buf, false, err) : r;
	}
	return r > 0 ? move_value(ctx, scope, m, own.buf, true, err) : r;
}

int takeover_vars(struct ctx *ctx, const char *scope, struct err *err)
{
	unsigned wanted = str_eq(scope, SCOPE_GLOBAL) ? FOR_GLOBAL : FOR_APPS;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(moves); i++) {
		if (moves[i].flags & wanted)
			r = move_one(ctx, scope, &moves[i], err);
	}
	return r < 0 ? r : 0;
}

int takeover_drop_global_vars(struct ctx *ctx, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && !ctx->dry_run && i < ARRAY_SIZE(moves); i++) {
		AUTO_STRBUF value = STRBUF_INIT;

		if (!(moves[i].flags & GLOBAL_IS_FOR_ALL))
			continue;
		r = app_env_get(ctx, SCOPE_GLOBAL, moves[i].var, &value, err);
		if (r > 0)
			r = app_env_set(ctx, SCOPE_GLOBAL, moves[i].var, NULL, err);
	}
	return r < 0 ? r : 0;
}
