/* SPDX-License-Identifier: MIT */
#include "plugins/all.h"

extern const struct plugin plugin_standard;
extern const struct plugin plugin_apps;
extern const struct plugin plugin_config;
extern const struct plugin plugin_nginx_vhosts;
extern const struct plugin plugin_proxy;
extern const struct plugin plugin_scheduler;
extern const struct plugin plugin_scheduler_docker_local;
extern const struct plugin plugin_scheduler_null;
extern const struct plugin plugin_ssh_keys;
extern const struct plugin plugin_trace;

const struct plugin *const builtin_plugins[] = {
	&plugin_standard,
	&plugin_apps,
	&plugin_config,
	&plugin_nginx_vhosts,
	&plugin_proxy,
	&plugin_scheduler,
	&plugin_scheduler_docker_local,
	&plugin_scheduler_null,
	&plugin_ssh_keys,
	&plugin_trace,
	NULL,
};
