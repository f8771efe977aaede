/* SPDX-License-Identifier: MIT */
#include "plugins/all.h"

extern const struct plugin plugin_standard;
extern const struct plugin plugin_events;
extern const struct plugin plugin_app_json;
extern const struct plugin plugin_apps;
extern const struct plugin plugin_backup;
extern const struct plugin plugin_builder;
extern const struct plugin plugin_builder_dockerfile;
extern const struct plugin plugin_builder_herokuish;
extern const struct plugin plugin_builder_lambda;
extern const struct plugin plugin_builder_nixpacks;
extern const struct plugin plugin_builder_null;
extern const struct plugin plugin_builder_pack;
extern const struct plugin plugin_builder_railpack;
extern const struct plugin plugin_buildpacks;
extern const struct plugin plugin_builds;
extern const struct plugin plugin_caddy_vhosts;
extern const struct plugin plugin_certs;
extern const struct plugin plugin_checks;
extern const struct plugin plugin_common;
extern const struct plugin plugin_config;
extern const struct plugin plugin_cron;
extern const struct plugin plugin_docker_options;
extern const struct plugin plugin_domains;
extern const struct plugin plugin_enter;
extern const struct plugin plugin_git;
extern const struct plugin plugin_haproxy_vhosts;
extern const struct plugin plugin_logs;
extern const struct plugin plugin_network;
extern const struct plugin plugin_nginx_vhosts;
extern const struct plugin plugin_openresty_vhosts;
extern const struct plugin plugin_ports;
extern const struct plugin plugin_proxy;
extern const struct plugin plugin_ps;
extern const struct plugin plugin_registry;
extern const struct plugin plugin_repo;
extern const struct plugin plugin_resource;
extern const struct plugin plugin_run;
extern const struct plugin plugin_scheduler;
extern const struct plugin plugin_scheduler_docker_local;
extern const struct plugin plugin_scheduler_null;
extern const struct plugin plugin_shell;
extern const struct plugin plugin_ssh_keys;
extern const struct plugin plugin_stack;
extern const struct plugin plugin_storage;
extern const struct plugin plugin_takeover;
extern const struct plugin plugin_trace;
extern const struct plugin plugin_traefik_vhosts;

const struct plugin *const builtin_plugins[] = {
	&plugin_standard,
	&plugin_events,
	&plugin_app_json,
	&plugin_apps,
	&plugin_backup,
	&plugin_builder,
	&plugin_builder_dockerfile,
	&plugin_builder_herokuish,
	&plugin_builder_lambda,
	&plugin_builder_nixpacks,
	&plugin_builder_null,
	&plugin_builder_pack,
	&plugin_builder_railpack,
	&plugin_buildpacks,
	&plugin_builds,
	&plugin_caddy_vhosts,
	&plugin_certs,
	&plugin_checks,
	&plugin_common,
	&plugin_config,
	&plugin_cron,
	&plugin_docker_options,
	&plugin_domains,
	&plugin_enter,
	&plugin_git,
	&plugin_haproxy_vhosts,
	&plugin_logs,
	&plugin_network,
	&plugin_nginx_vhosts,
	&plugin_openresty_vhosts,
	&plugin_ports,
	&plugin_proxy,
	&plugin_ps,
	&plugin_registry,
	&plugin_repo,
	&plugin_resource,
	&plugin_run,
	&plugin_scheduler,
	&plugin_scheduler_docker_local,
	&plugin_scheduler_null,
	&plugin_shell,
	&plugin_ssh_keys,
	&plugin_stack,
	&plugin_storage,
	&plugin_takeover,
	&plugin_trace,
	&plugin_traefik_vhosts,
	NULL,
};
