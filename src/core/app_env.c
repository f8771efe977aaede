/* SPDX-License-Identifier: MIT */
#include "core/app_env.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/output.h"
#include "core/state.h"
#include "core/trigger.h"

static char *env_path(struct ctx *ctx, const char *scope)
{
	return inst_lib(&ctx->inst, "config/%s/ENV", scope);
}

static char *legacy_path(struct ctx *ctx, const char *scope)
{
	if (str_eq(scope, SCOPE_GLOBAL))
		return inst_home(&ctx->inst, "ENV");
	return inst_home(&ctx->inst, "%s/ENV", scope);
}

static int read_file(const char *path, struct env *ret, struct err *err)
{
	CLEANUP(strbuf_erase) struct strbuf text = STRBUF_INIT;
	int r = fs_read_optional(path, ENV_TEXT_MAX, &text, err);

	if (r > 0 && env_parse(text.buf, text.len, ret, NULL, err) < 0)
		r = err_wrap(err, "read '%s'", path);
	return r;
}

/* What would not be read again is not written. */
static int check_size(const struct env *env, struct err *err)
{
	if (env->count > ENV_VARS_MAX)
		return err_set(err, ERR_INVALID, "More than %d variables; nothing was changed",
			ENV_VARS_MAX);
	for (size_t i = 0; i < env->count; i++) {
		if (strlen(env->vars[i].value) > ENV_VALUE_MAX)
			return err_set(err, ERR_INVALID,
				"The value of %.200s is larger than %d MiB; nothing was changed",
				env->vars[i].key, ENV_VALUE_MAX >> 20);
	}
	return 0;
}

static int write_file(const char *path, const struct env *env, struct err *err)
{
	CLEANUP(strbuf_erase) struct strbuf text = STRBUF_INIT;
	int r = check_size(env, err);

	if (r < 0)
		return r;
	env_write(env, &text);
	if (text.len > ENV_TEXT_MAX)
		return err_set(err, ERR_INVALID,
			"All variables together are larger than %d MiB; nothing was changed",
			ENV_TEXT_MAX >> 20);
	return fs_write_str(path, text.buf, 0600, err);
}

static bool same_env(const struct env *a, const struct env *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (!str_eq(a->vars[i].key, b->vars[i].key) ||
			!str_eq(a->vars[i].value, b->vars[i].value))
			return false;
	}
	return true;
}

/* A file from before 0.38 becomes ours; a later one that disagrees is set aside. */
static int drain_legacy(struct ctx *ctx, const char *scope, const char *legacy, struct err *err)
{
	AUTO_FREE char *path = env_path(ctx, scope);
	AUTO_FREE char *aside = xasprintf("%s.migrated", legacy);
	AUTO_ENV old = ENV_INIT;
	AUTO_ENV now = ENV_INIT;
	int r = read_file(legacy, &old, err);

	if (r >= 0)
		r = read_file(path, &now, err);
	if (r < 0)
		return r;
	if (r == 0 && !state_is_true(ctx, "config", scope, "env-migrated")) {
		r = write_file(path, &old, err);
		if (r >= 0)
			r = state_set(ctx, "config", scope, "env-migrated", "true", err);
		return r < 0 ? r : fs_unlink(legacy, err);
	}
	return same_env(&old, &now) ? fs_unlink(legacy, err) : fs_rename(legacy, aside, err);
}

int app_env_load(struct ctx *ctx, const char *scope, struct env *ret, struct err *err)
{
	AUTO_FREE char *path = env_path(ctx, scope);
	AUTO_FREE char *legacy = legacy_path(ctx, scope);
	int r = 0;

	if (fs_is_file(legacy))
		r = drain_legacy(ctx, scope, legacy, err);
	if (r >= 0)
		r = read_file(path, ret, err);
	return r < 0 ? r : 0;
}

int app_env_merged(struct ctx *ctx, const char *app, struct env *ret, struct err *err)
{
	AUTO_ENV own = ENV_INIT;
	int r = app_env_load(ctx, SCOPE_GLOBAL, ret, err);

	if (r < 0 || str_eq(app, SCOPE_GLOBAL))
		return r;
	r = app_env_load(ctx, app, &own, err);
	if (r >= 0)
		env_merge(ret, &own);
	return r;
}

int app_env_save(struct ctx *ctx, const char *scope, const struct env *env, struct err *err)
{
	AUTO_FREE char *path = env_path(ctx, scope);

	return write_file(path, env, err);
}

int app_env_get(struct ctx *ctx, const char *scope, const char *key, struct strbuf *out,
	struct err *err)
{
	AUTO_ENV env = ENV_INIT;
	const char *value;
	int r = app_env_load(ctx, scope, &env, err);

	if (r < 0)
		return r;
	value = env_get(&env, key);
	if (!value)
		return 0;
	strbuf_addstr(out, value);
	return 1;
}

int app_env_set(struct ctx *ctx, const char *scope, const char *key, const char *value,
	struct err *err)
{
	AUTO_ENV env = ENV_INIT;
	int r;

	if (!env_key_valid(key))
		return err_set(err, ERR_INVALID, "Invalid key name: '%s'", key);
	r = app_env_load(ctx, scope, &env, err);
	if (r < 0)
		return r;
	if (value)
		env_set(&env, key, value);
	else
		env_unset(&env, key);
	r = app_env_save(ctx, scope, &env, err);
	if (r < 0 || str_eq(scope, SCOPE_GLOBAL))
		return r;
	return trigger_fire(ctx, err, "post-config-update", scope, value ? "set" : "unset", key,
		NULL);
}
