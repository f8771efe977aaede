/* SPDX-License-Identifier: MIT */
#include "plugins/all.h"

extern const struct plugin plugin_standard;
extern const struct plugin plugin_apps;
extern const struct plugin plugin_checks;
extern const struct plugin plugin_docker_options;
extern const struct plugin plugin_enter;
extern const struct plugin plugin_logs;
extern const struct plugin plugin_network;
extern const struct plugin plugin_ps;
extern const struct plugin plugin_run;
extern const struct plugin plugin_ssh_keys;
extern const struct plugin plugin_trace;

const struct plugin *const builtin_plugins[] = {
	&plugin_standard,
	&plugin_apps,
	&plugin_checks,
	&plugin_docker_options,
	&plugin_enter,
	&plugin_logs,
	&plugin_network,
	&plugin_ps,
	&plugin_run,
	&plugin_ssh_keys,
	&plugin_trace,
	NULL,
};
