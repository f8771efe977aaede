/* SPDX-License-Identifier: MIT */
/* The drivers there are; a new one is a folder and a row here. */
#include "core/proxy.h"
#include "core/scheduler.h"

const struct scheduler *const schedulers[] = { NULL };
extern const struct proxy nginx_proxy;

const struct proxy *const proxies[] = { &nginx_proxy, NULL };
