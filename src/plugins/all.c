/* SPDX-License-Identifier: MIT */
#include "plugins/all.h"

extern const struct plugin plugin_standard;
extern const struct plugin plugin_apps;
extern const struct plugin plugin_nginx_vhosts;
extern const struct plugin plugin_proxy;

const struct plugin *const builtin_plugins[] = {
	&plugin_standard,
	&plugin_apps,
	&plugin_nginx_vhosts,
	&plugin_proxy,
	NULL,
};
