/* SPDX-License-Identifier: MIT */
#include "core/builder.h"
#include "core/plugin.h"
#include "core/property.h"

static const struct property properties[] = {
	{ "railpackjson-path", PROP_BOTH, "railpack.json",
		"Path of railpack.json below the build folder", check_inside_path, NULL },
	{},
};

static const struct trigger_handler triggers[] = {
	{ "builder-detect", builder_on_detect },
	{},
};

extern const struct plugin plugin_builder_railpack;
const struct plugin plugin_builder_railpack = {
	.name = "builder-railpack",
	.alias = "rails",
	.summary = "Manage builds with Railpack",
	.properties = properties,
	.property_word = "key",
	.triggers = triggers,
};
