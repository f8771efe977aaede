/* SPDX-License-Identifier: MIT */
#include "core/builder.h"
#include "core/plugin.h"
#include "core/property.h"

static const struct property properties[] = {
	{ "nixpackstoml-path", PROP_BOTH, "nixpacks.toml",
		"Path of nixpacks.toml below the build folder", check_inside_path, NULL },
	{},
};

static const struct trigger_handler triggers[] = {
	{ "builder-detect", builder_on_detect },
	{},
};

extern const struct plugin plugin_builder_nixpacks;
const struct plugin plugin_builder_nixpacks = {
	.name = "builder-nixpacks",
	.alias = "nixpacks",
	.summary = "Manage builds with Nixpacks",
	.properties = properties,
	.property_word = "key",
	.triggers = triggers,
};
