/* SPDX-License-Identifier: MIT */
#include "core/ctx.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "core/applock.h"
#include "core/trigger.h"
#include "lib/engine/engine.h"

static char *unix_user(void)
{
	const char *user = getenv("SSH_USER");
	const struct passwd *pw;

	if (user && *user)
		return xstrdup(user);
	user = getenv("USER");
	if (user && *user)
		return xstrdup(user);
	pw = getpwuid(getuid());
	return pw ? xstrdup(pw->pw_name) : xasprintf("%u", getuid());
}

int ctx_init(struct ctx *ctx, const char *conf, bool trust_env, struct err *err)
{
	const char *name = getenv("NAME");

	*ctx = (struct ctx){ .global_flags = STRVEC_INIT, .argv = STRVEC_INIT };
	ctx->ssh_user = unix_user();
	ctx->ssh_name = xstrdup(name && *name ? name : "default");
	return instance_load(&ctx->inst, conf, trust_env, err);
}

void ctx_done(struct ctx *ctx)
{
	if (ctx->engine) {
		engine_done(ctx->engine);
		free(ctx->engine);
	}
	json_decref(ctx->engine_info);
	instance_done(&ctx->inst);
	strvec_done(&ctx->global_flags);
	strvec_done(&ctx->argv);
	free(ctx->ssh_user);
	free(ctx->ssh_name);
	free(ctx->app_flag);
	app_unlock_all(ctx);
	trigger_externals_free(ctx->externals);
}

struct engine *ctx_engine(struct ctx *ctx)
{
	if (!ctx->engine) {
		ctx->engine = xcalloc(1, sizeof(*ctx->engine));
		engine_open(ctx->engine, ctx->inst.engine_socket);
	}
	return ctx->engine;
}

int ctx_engine_info(struct ctx *ctx, const json_t **ret, struct err *err)
{
	int r = ctx->engine_info ? 0 : engine_info(ctx_engine(ctx), &ctx->engine_info, err);

	if (r >= 0)
		*ret = ctx->engine_info;
	return r;
}

static void publish(const char *name, const char *value)
{
	setenv(name, value, 1);
}

static void publish_below(const char *name, const char *root, const char *rest)
{
	AUTO_FREE char *path = path_join(root, rest);

	publish(name, path);
}

static void publish_default(const char *name, const char *value)
{
	setenv(name, value, 0);
}

static void publish_distro(void)
{
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_STRVEC lines = STRVEC_INIT;
	AUTO_ERR err = ERR_INIT;

	if (fs_read_optional("/etc/os-release", 65536, &text, &err) <= 0)
		return;
	strvec_split_lines(&lines, text.buf);
	for (size_t i = 0; i < lines.count; i++) {
		const char *id = str_after(lines.items[i], "ID=");

		if (id)
			publish("DOKKU_DISTRO", id);
	}
}

/* Where the instance's own `dokku` is comes first: it is what scripts of plugins mean by that name. */
static void publish_command_path(const struct instance *inst)
{
	const char *command = inst->dokku_command;
	const char *base = path_base(command);
	const char *path = getenv("PATH");
	AUTO_FREE char *dir = NULL;
	AUTO_FREE char *whole = NULL;
	AUTO_STRVEC dirs = STRVEC_INIT;

	if (*command != '/' || base - command < 2)
		return;
	dir = xstrndup(command, (size_t)(base - command) - 1);
	strvec_split(&dirs, path ? path : "", ":");
	if (strvec_has(&dirs, dir))
		return;
	whole = xasprintf("%s%s%s", dir, dirs.count ? ":" : "", path ? path : "");
	publish("PATH", whole);
}

static void publish_paths(const struct instance *inst)
{
	publish_command_path(inst);
	publish("DOKKU_ROOT", inst->dokku_root);
	publish("DOKKU_LIB_ROOT", inst->lib_root);
	publish("DOKKU_LOGS_DIR", inst->logs_dir);
	publish_default("DOKKU_HOST_ROOT", *inst->host_root ? inst->host_root : inst->dokku_root);
	if (*inst->lib_host_root)
		publish_default("DOKKU_LIB_HOST_ROOT", inst->lib_host_root);
	publish_default("DOKKU_LOGS_HOST_DIR", inst->logs_dir);
	publish_below("DOKKU_EVENTS_LOGFILE", inst->logs_dir, "events.log");
	publish_below("PLUGIN_PATH", inst->lib_root, "plugins");
	publish_below("PLUGIN_AVAILABLE_PATH", inst->lib_root, "plugins/available");
	publish_below("PLUGIN_ENABLED_PATH", inst->lib_root, "plugins/enabled");
	publish_below("PLUGIN_CORE_PATH", inst->lib_root, "core-plugins");
	publish_below("PLUGIN_CORE_AVAILABLE_PATH", inst->lib_root, "core-plugins/available");
	publish_below("PLUGIN_CORE_ENABLED_PATH", inst->lib_root, "core-plugins/enabled");
	publish("DOKKU_SYSTEM_USER", inst->user);
	publish("DOKKU_SYSTEM_GROUP", inst->group);
	publish("DOCKER_BIN", inst->docker_bin);
	if (inst->conf_path)
		publish("MOORAGE_INSTANCE", inst->conf_path);
}

void ctx_publish_env(struct ctx *ctx)
{
	static const char labels[] = "--label=org.label-schema.schema-version=1.0 "
				     "--label=org.label-schema.vendor=dokku --label=dokku";
	AUTO_FREE char *pid = xasprintf("%d", getpid());
	AUTO_FREE char *flags = strvec_joined(&ctx->global_flags, " ");

	if (ctx->env_published)
		return;
	ctx->env_published = true;
	publish_paths(&ctx->inst);
	publish("DOKKU_API_VERSION", "1");
	publish("DOKKU_NOT_IMPLEMENTED_EXIT", "10");
	publish("DOKKU_VALID_EXIT", "0");
	publish_default("DOKKU_PID", pid);
	publish("DOKKU_CONTAINER_LABEL", "dokku");
	publish("DOKKU_GLOBAL_BUILD_ARGS", labels);
	publish("DOKKU_GLOBAL_RUN_ARGS", labels);
	publish_default("DOKKU_IMAGE", "gliderlabs/herokuish:latest-24");
	publish_default("DOKKU_CNB_BUILDER", "heroku/builder:24");
	publish_distro();
	publish("SSH_USER", ctx->ssh_user);
	publish("SSH_NAME", ctx->ssh_name);
	if (!getenv("DOKKU_GLOBAL_FLAGS") || !*getenv("DOKKU_GLOBAL_FLAGS"))
		publish("DOKKU_GLOBAL_FLAGS", flags);
	/* A trigger that a plugin fires belongs to the command that the plugin serves. */
	if (ctx->argv.count && !(ctx->program && str_eq(ctx->program, "plugn")))
		publish("DOKKU_COMMAND", ctx->argv.items[0]);
	if (ctx->app_flag)
		publish("DOKKU_APP_NAME", ctx->app_flag);
	if (ctx->force)
		publish("DOKKU_APPS_FORCE_DELETE", "1");
	if (ctx->trace)
		publish("DOKKU_TRACE", "1");
}
