/* SPDX-License-Identifier: MIT */
/* The drivers there are; a new one is a folder and a row here. */
#include "core/builder.h"
#include "core/proxy.h"

extern const struct proxy caddy_proxy;
extern const struct proxy haproxy_proxy;
extern const struct proxy nginx_proxy;
extern const struct proxy openresty_proxy;
extern const struct proxy traefik_proxy;

const struct proxy *const proxies[] = {
	&nginx_proxy,
	&caddy_proxy,
	&haproxy_proxy,
	&openresty_proxy,
	&traefik_proxy,
	NULL,
};

extern const struct builder builder_dockerfile;
extern const struct builder builder_herokuish;
extern const struct builder builder_lambda;
extern const struct builder builder_nixpacks;
extern const struct builder builder_null;
extern const struct builder builder_pack;
extern const struct builder builder_railpack;

/* By name: that is the order in which they look at a source. */
const struct builder *const builders[] = {
	&builder_dockerfile,
	&builder_herokuish,
	&builder_lambda,
	&builder_nixpacks,
	&builder_null,
	&builder_pack,
	&builder_railpack,
	NULL,
};
