/* SPDX-License-Identifier: MIT */
/* What scripts of third-party plugins ask and tell through `plugn trigger`. */
#include <stdlib.h>

#include "base/fs.h"
#include "base/parse.h"
#include "core/app.h"
#include "core/app_env.h"
#include "core/state.h"
#include "plugins/config/config.h"

/* Takes FLAG off the arguments; true if it was there. */
static bool take_flag(struct strvec *args, const char *flag)
{
	return strvec_remove_str(args, flag) > 0;
}

static const char *arg(const struct strvec *args, size_t i)
{
	return i < args->count ? args->items[i] : "";
}

static int check_scope(struct ctx *ctx, const char *scope, struct err *err)
{
	return str_eq(scope, SCOPE_GLOBAL) ? 0 : app_verify(ctx, scope, err);
}

/* As in Dokku an app that is not there just has no variables. */
static int print_value(struct trigger_call *call, const char *scope, const char *key,
	struct err *err)
{
	int r = 0;

	if (env_key_valid(key) && (str_eq(scope, SCOPE_GLOBAL) || app_exists(call->ctx, scope)))
		r = app_env_get(call->ctx, scope, key, call->out, err);
	return r < 0 ? r : 0;
}

static int on_get(struct trigger_call *call, struct err *err)
{
	AUTO_STRVEC args = STRVEC_INIT;
	bool global;

	strvec_pushv(&args, call->args->items);
	global = take_flag(&args, SCOPE_GLOBAL);
	return print_value(call, global ? SCOPE_GLOBAL : arg(&args, 0), arg(&args, !global), err);
}

static int on_get_global(struct trigger_call *call, struct err *err)
{
	return print_value(call, SCOPE_GLOBAL, arg(call->args, 0), err);
}

static int on_export(struct trigger_call *call, struct err *err)
{
	const char *app = arg(call->args, 0);
	bool global;
	bool merged;
	int r = parse_bool(arg(call->args, 1), &global, err);

	if (r >= 0)
		r = parse_bool(arg(call->args, 2), &merged, err);
	if (r >= 0 && !global)
		r = app_verify(call->ctx, app, err);
	if (r < 0)
		return r;
	return config_export(call->ctx, global ? SCOPE_GLOBAL : app, merged, arg(call->args, 3),
		call->out, err);
}

static int on_set(struct trigger_call *call, struct err *err)
{
	AUTO_STRVEC args = STRVEC_INIT;
	AUTO_ENV values = ENV_INIT;
	struct config_change change;
	int r;

	strvec_pushv(&args, call->args->items);
	change.restart = !take_flag(&args, "--no-restart");
	change.scope = arg(&args, 0);
	r = check_scope(call->ctx, change.scope, err);
	if (r >= 0) {
		AUTO_STRVEC pairs = STRVEC_INIT;

		strvec_pushv(&pairs, args.items + 1);
		r = config_parse_pairs(&pairs, false, &values, err);
	}
	if (r >= 0)
		r = config_lock(call->ctx, change.scope, err);
	return r < 0 ? r : config_set(call->ctx, &change, &values, false, err);
}

/* APP KEY [RESTART], or --global KEY. */
static int on_unset(struct trigger_call *call, struct err *err)
{
	AUTO_STRVEC args = STRVEC_INIT;
	AUTO_STRVEC keys = STRVEC_INIT;
	struct config_change change = { .scope = SCOPE_GLOBAL };
	int r;

	strvec_pushv(&args, call->args->items);
	(void)take_flag(&args, "--no-restart");
	if (!take_flag(&args, SCOPE_GLOBAL)) {
		change.scope = arg(&args, 0);
		strvec_push(&keys, arg(&args, 1));
		change.restart = str_eq(arg(&args, 2), "true");
	} else {
		strvec_push(&keys, arg(&args, 0));
	}
	r = check_scope(call->ctx, change.scope, err);
	if (r >= 0)
		r = config_lock(call->ctx, change.scope, err);
	return r < 0 ? r : config_unset(call->ctx, &change, &keys, err);
}

/* Reading an environment moves an old file; so this reads all of them. */
static int on_migrate(struct trigger_call *call, struct err *err)
{
	AUTO_STRVEC scopes = STRVEC_INIT;
	int r = app_list_all(call->ctx, &scopes, err);

	strvec_push(&scopes, SCOPE_GLOBAL);
	for (size_t i = 0; r >= 0 && i < scopes.count; i++) {
		AUTO_ENV env = ENV_INIT;

		r = app_env_load(call->ctx, scopes.items[i], &env, err);
	}
	return r;
}

static int on_docker_args(struct trigger_call *call, struct err *err)
{
	AUTO_ENV env = ENV_INIT;
	int r = app_verify(call->ctx, arg(call->args, 0), err);

	if (r >= 0)
		r = app_env_merged(call->ctx, arg(call->args, 0), &env, err);
	if (r < 0)
		return r;
	if (call->in)
		strbuf_add(call->out, call->in->buf, call->in->len);
	strbuf_addch(call->out, ' ');
	env_export(&env, ENV_DOCKER_ARGS_KEYS, call->out);
	return 0;
}

const struct trigger_handler config_triggers[] = {
	{ "config-export", on_export },
	{ "config-get", on_get },
	{ "config-get-global", on_get_global },
	{ "config-migrate-env", on_migrate },
	{ "config-set", on_set },
	{ "config-unset", on_unset },
	{ "docker-args-deploy", on_docker_args },
	{ "docker-args-run", on_docker_args },
	{},
};
