/* SPDX-License-Identifier: MIT */
#include "base/fs.h"
#include "core/builder.h"
#include "core/plugin.h"
#include "core/procs.h"
#include "core/property.h"
#include "core/trigger.h"

/*
 * APP SOURCE-TYPE TAG PROC: a command goes through the launcher, or it would be taken as arguments of
 * the image's own process. One without a command is the image's own.
 */
static int on_args(struct trigger_call *call, struct err *err)
{
	const char *process = trigger_arg(call, 3);
	AUTO_STRBUF command = STRBUF_INIT;
	int r = 0;

	if (call->in)
		strbuf_add(call->out, call->in->buf, call->in->len);
	if (!str_eq(trigger_arg(call, 1), "pack"))
		return 0;
	if (*trigger_arg(call, 2) && *process) {
		r = procs_command(call->ctx, trigger_arg(call, 0), process, "5000", &command, err);
		if (r < 0 || !command.len)
			return r < 0 ? r : 0;
	}
	strbuf_addstr(call->out, " --entrypoint launcher");
	return 0;
}

static const struct property properties[] = {
	{ "projecttoml-path", PROP_BOTH, "project.toml",
		"Path of the project descriptor, below the build folder", check_inside_path, NULL },
	{},
};

static const struct trigger_handler triggers[] = {
	{ "builder-detect", builder_on_detect },
	{ "docker-args-process-deploy", on_args },
	{ "docker-args-process-run", on_args },
	{},
};

extern const struct plugin plugin_builder_pack;
const struct plugin plugin_builder_pack = {
	.name = "builder-pack",
	.alias = "pack",
	.summary = "Manage builds with Cloud Native Buildpacks",
	.properties = properties,
	.property_word = "key",
	.triggers = triggers,
};
