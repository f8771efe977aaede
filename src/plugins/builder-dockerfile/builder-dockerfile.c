/* SPDX-License-Identifier: MIT */
#include "core/builder.h"
#include "core/plugin.h"
#include "core/property.h"

static const struct property properties[] = {
	{ "dockerfile-path", PROP_BOTH, "Dockerfile", "Dockerfile to build, below the build folder",
		check_inside_path, NULL },
	{},
};

static const struct trigger_handler triggers[] = {
	{ "builder-detect", builder_on_detect },
	{},
};

extern const struct plugin plugin_builder_dockerfile;
const struct plugin plugin_builder_dockerfile = {
	.name = "builder-dockerfile",
	.alias = "dockerfile",
	.summary = "Manage builds from a Dockerfile",
	.properties = properties,
	.property_word = "key",
	.triggers = triggers,
};
