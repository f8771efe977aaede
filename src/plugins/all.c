/* SPDX-License-Identifier: MIT */
#include "plugins/all.h"

extern const struct plugin plugin_standard;
extern const struct plugin plugin_apps;
extern const struct plugin plugin_config;
extern const struct plugin plugin_ssh_keys;
extern const struct plugin plugin_trace;

const struct plugin *const builtin_plugins[] = {
	&plugin_standard,
	&plugin_apps,
	&plugin_config,
	&plugin_ssh_keys,
	&plugin_trace,
	NULL,
};
