/* SPDX-License-Identifier: MIT */
/* Changing variables: the file, then what listens, then the app. */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/parse.h"
#include "core/app.h"
#include "core/app_env.h"
#include "core/applock.h"
#include "core/deploy.h"
#include "core/output.h"
#include "core/state.h"
#include "core/trigger.h"
#include "plugins/config/config.h"

enum { KEY_SHOWN_MAX = 100 };

int config_lock(struct ctx *ctx, const char *scope, struct err *err)
{
	int r;

	if (str_eq(scope, SCOPE_GLOBAL))
		return app_lock_plain(ctx, scope, err);
	r = app_lock(ctx, scope, APP_LOCK_WAIT, err);
	/* Whom we waited for may have removed the app. */
	return r < 0 ? r : app_verify(ctx, scope, err);
}

int config_check_key(const char *key, struct err *err)
{
	AUTO_STRBUF shown = STRBUF_CAPPED(KEY_SHOWN_MAX);

	if (env_key_valid(key))
		return 0;
	strbuf_addstr(&shown, key);
	for (size_t i = 0; i < shown.len; i++) {
		unsigned char c = (unsigned char)shown.buf[i];

		if (c < 0x20 || c == 0x7f || (c >= 0x80 && !utf8_valid(key, strlen(key))))
			shown.buf[i] = '?';
	}
	return err_set(err, ERR_INVALID, "Invalid key name: '%s'", shown.buf);
}

/* Dokku gives the handlers an empty app for the global environment. */
static void tell(struct ctx *ctx, const char *scope, const char *what, const struct strvec *keys)
{
	AUTO_STRVEC args = STRVEC_INIT;
	AUTO_ERR err = ERR_INIT;

	strvec_pushl(&args, str_eq(scope, SCOPE_GLOBAL) ? "" : scope, what, NULL);
	strvec_pushv(&args, keys->items);
	if (trigger_fire_args(ctx, "post-config-update", &args, &err) < 0)
		out_warn("Failure while triggering post-config-update: %s", err_text(&err));
}

static void restart(struct ctx *ctx, const struct config_change *change)
{
	AUTO_FREE char *restore = NULL;
	AUTO_ERR err = ERR_INIT;

	if (!change->restart || str_eq(change->scope, SCOPE_GLOBAL))
		return;
	restore = state_get_or(ctx, "ps", change->scope, "restore", NULL);
	if (str_eq(restore, "false") || !app_is_deployed(ctx, change->scope))
		return;
	if (operation_pending(ctx, change->scope)) {
		/* A plugin's handler inside a deploy or the like of this very app. */
		out_warn("%s is being worked on: the change takes effect when it starts next",
			change->scope);
		return;
	}
	out_info1("Restarting app %s", change->scope);
	if (trigger_fire(ctx, &err, "release-and-deploy", change->scope, "", "config-redeploy",
		    NULL) < 0 ||
		deploy_release(ctx, change->scope, &err) < 0)
		out_warn("Failure while restarting app: %s", err_text(&err));
}

static void print_values(const struct env *values)
{
	AUTO_STRBUF text = STRBUF_INIT;

	out_info1_quiet("Setting config vars");
	env_pretty(values, "       ", &text);
	out_line_quiet("%s", text.buf);
}

static int check_keys(const struct env *values, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < values->count; i++)
		r = config_check_key(values->vars[i].key, err);
	return r;
}

int config_set(struct ctx *ctx, const struct config_change *change, const struct env *values,
	bool replace, struct err *err)
{
	AUTO_ENV env = ENV_INIT;
	AUTO_STRVEC keys = STRVEC_INIT;
	int r = check_keys(values, err);

	if (r >= 0 && !replace)
		r = app_env_load(ctx, change->scope, &env, err);
	if (r < 0)
		return r;
	env_merge(&env, values);
	r = app_env_save(ctx, change->scope, &env, err);
	if (r < 0)
		return r;
	print_values(values);
	for (size_t i = 0; i < values->count; i++)
		strvec_push(&keys, values->vars[i].key);
	tell(ctx, change->scope, "set", &keys);
	restart(ctx, change);
	return 0;
}

int config_unset(struct ctx *ctx, const struct config_change *change, const struct strvec *keys,
	struct err *err)
{
	AUTO_ENV env = ENV_INIT;
	bool changed = false;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < keys->count; i++)
		r = config_check_key(keys->items[i], err);
	if (r >= 0)
		r = app_env_load(ctx, change->scope, &env, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < keys->count; i++) {
		bool was_set = env_get(&env, keys->items[i]);

		if (was_set)
			out_info1_quiet("Unsetting %s", keys->items[i]);
		else
			out_info1_quiet("Skipping %s, it is not set in the environment",
				keys->items[i]);
		changed |= env_unset(&env, keys->items[i]);
	}
	if (changed) {
		r = app_env_save(ctx, change->scope, &env, err);
		if (r < 0)
			return r;
		tell(ctx, change->scope, "unset", keys);
	}
	restart(ctx, change);
	return 0;
}

int config_clear(struct ctx *ctx, const struct config_change *change, struct err *err)
{
	AUTO_ENV env = ENV_INIT;
	AUTO_ENV none = ENV_INIT;
	AUTO_STRVEC no_keys = STRVEC_INIT;
	int r = app_env_load(ctx, change->scope, &env, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < env.count; i++)
		out_info1_quiet("Unsetting %s", env.vars[i].key);
	if (env.count) {
		r = app_env_save(ctx, change->scope, &none, err);
		if (r < 0)
			return r;
		tell(ctx, change->scope, "clear", &no_keys);
	}
	restart(ctx, change);
	return 0;
}
