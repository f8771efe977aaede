/* SPDX-License-Identifier: MIT */
#include "core/builder.h"
#include "core/plugin.h"
#include "core/property.h"

static const struct property properties[] = {
	{ "lambdayml-path", PROP_BOTH, "lambda.yml", "Path of lambda.yml below the build folder",
		check_inside_path, NULL },
	{},
};

static const struct trigger_handler triggers[] = {
	{ "builder-detect", builder_on_detect },
	{},
};

extern const struct plugin plugin_builder_lambda;
const struct plugin plugin_builder_lambda = {
	.name = "builder-lambda",
	.alias = "lambda",
	.summary = "Manage builds with lambda-builder",
	.properties = properties,
	.property_word = "key",
	.triggers = triggers,
};
