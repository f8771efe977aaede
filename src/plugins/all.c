/* SPDX-License-Identifier: MIT */
#include "plugins/all.h"

extern const struct plugin plugin_standard;
extern const struct plugin plugin_apps;
extern const struct plugin plugin_certs;
extern const struct plugin plugin_domains;
extern const struct plugin plugin_nginx_vhosts;
extern const struct plugin plugin_ports;
extern const struct plugin plugin_proxy;
extern const struct plugin plugin_ssh_keys;
extern const struct plugin plugin_trace;

const struct plugin *const builtin_plugins[] = {
	&plugin_standard,
	&plugin_apps,
	&plugin_certs,
	&plugin_domains,
	&plugin_nginx_vhosts,
	&plugin_ports,
	&plugin_proxy,
	&plugin_ssh_keys,
	&plugin_trace,
	NULL,
};
