/* SPDX-License-Identifier: MIT */
#include "core/plugin.h"

extern const struct plugin plugin_builder_null;
const struct plugin plugin_builder_null = {
	.name = "builder-null",
	.summary = "Builder that builds nothing",
	.report_flags = REPORT_NONE,
};
