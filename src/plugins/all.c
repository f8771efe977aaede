/* SPDX-License-Identifier: MIT */
#include "plugins/all.h"

extern const struct plugin plugin_standard;
extern const struct plugin plugin_app_json;
extern const struct plugin plugin_apps;
extern const struct plugin plugin_backup;
extern const struct plugin plugin_builder;
extern const struct plugin plugin_builder_dockerfile;
extern const struct plugin plugin_builder_null;
extern const struct plugin plugin_builds;
extern const struct plugin plugin_certs;
extern const struct plugin plugin_checks;
extern const struct plugin plugin_common;
extern const struct plugin plugin_config;
extern const struct plugin plugin_docker_options;
extern const struct plugin plugin_domains;
extern const struct plugin plugin_enter;
extern const struct plugin plugin_git;
extern const struct plugin plugin_logs;
extern const struct plugin plugin_network;
extern const struct plugin plugin_nginx_vhosts;
extern const struct plugin plugin_ports;
extern const struct plugin plugin_proxy;
extern const struct plugin plugin_ps;
extern const struct plugin plugin_run;
extern const struct plugin plugin_scheduler;
extern const struct plugin plugin_scheduler_docker_local;
extern const struct plugin plugin_scheduler_null;
extern const struct plugin plugin_ssh_keys;
extern const struct plugin plugin_trace;

const struct plugin *const builtin_plugins[] = {
	&plugin_standard,
	&plugin_app_json,
	&plugin_apps,
	&plugin_backup,
	&plugin_builder,
	&plugin_builder_dockerfile,
	&plugin_builder_null,
	&plugin_builds,
	&plugin_certs,
	&plugin_checks,
	&plugin_common,
	&plugin_config,
	&plugin_docker_options,
	&plugin_domains,
	&plugin_enter,
	&plugin_git,
	&plugin_logs,
	&plugin_network,
	&plugin_nginx_vhosts,
	&plugin_ports,
	&plugin_proxy,
	&plugin_ps,
	&plugin_run,
	&plugin_scheduler,
	&plugin_scheduler_docker_local,
	&plugin_scheduler_null,
	&plugin_ssh_keys,
	&plugin_trace,
	NULL,
};
