/* SPDX-License-Identifier: MIT */
#include "base/alloc.h"
#include "base/fs.h"
#include "core/app_env.h"
#include "core/builder.h"
#include "core/plugin.h"
#include "core/state.h"
#include "core/trigger.h"

static int compute_allowed(struct ctx *ctx, const char *app, struct strbuf *out, struct err *err)
{
	AUTO_FREE char *value = state_computed(ctx, "builder-herokuish", app, "allowed",
		builder_herokuish_allowed(ctx, app) ? "true" : "false");

	strbuf_addstr(out, value);
	return 0;
}

static const struct property properties[] = {
	{ "allowed", PROP_BOTH, NULL,
		"true: herokuish may build on this machine; the default on amd64 only", NULL,
		compute_allowed },
	{},
};

/* APP: the answer is the exit code. */
static int on_allowed(struct trigger_call *call, struct err *err)
{
	return builder_herokuish_allowed(call->ctx, trigger_arg(call, 0)) ? 0 : err_exit(err, 1);
}

/* APP BUILDER: herokuish builds as the user of that name. */
static int on_args_build(struct trigger_call *call, struct err *err)
{
	AUTO_FREE char *builder =
		state_get_or(call->ctx, "builder", trigger_arg(call, 0), "detected", "");
	AUTO_STRBUF user = STRBUF_INIT;
	int r = 0;

	if (call->in)
		strbuf_add(call->out, call->in->buf, call->in->len);
	if (!str_eq(builder, "herokuish"))
		return 0;
	r = app_env_get(call->ctx, trigger_arg(call, 0), "DOKKU_APP_USER", &user, err);
	if (r >= 0)
		strbuf_addf(call->out, " --env=USER=%s", user.len ? user.buf : "herokuishuser");
	return r < 0 ? r : 0;
}

static const struct trigger_handler triggers[] = {
	{ "builder-detect", builder_on_detect },
	{ "builder-herokuish-allowed", on_allowed },
	{ "docker-args-build", on_args_build },
	{},
};

extern const struct plugin plugin_builder_herokuish;
const struct plugin plugin_builder_herokuish = {
	.name = "builder-herokuish",
	.summary = "Manage builds with buildpacks in an image of herokuish's kind",
	.properties = properties,
	.property_word = "key",
	.triggers = triggers,
};
