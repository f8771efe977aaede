/* SPDX-License-Identifier: MIT */
/* The drivers there are; a new one is a folder and a row here. */
#include "core/builder.h"
#include "core/proxy.h"

extern const struct proxy nginx_proxy;

const struct proxy *const proxies[] = { &nginx_proxy, NULL };

extern const struct builder builder_dockerfile;
extern const struct builder builder_null;

/* In the order in which they look at a source. */
const struct builder *const builders[] = { &builder_dockerfile, &builder_null, NULL };
