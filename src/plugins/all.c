/* SPDX-License-Identifier: MIT */
#include "plugins/all.h"

extern const struct plugin plugin_standard;
extern const struct plugin plugin_apps;

const struct plugin *const builtin_plugins[] = {
	&plugin_standard,
	&plugin_apps,
	NULL,
};
