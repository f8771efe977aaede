/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Limits and reservations of an app's process types: properties
 * config/resource/<app>/<process|_default_>.<limit|reserve>.<resource>, values as the scheduler
 * understands them.
 */

#include <stdbool.h>

#include "base/strvec.h"
#include "core/ctx.h"

#define RESOURCE_DEFAULT "_default_"
#define RESOURCE_BUILD   "build" /* the process type of builds */

enum resource_kind { RESOURCE_LIMIT, RESOURCE_RESERVE };

/* "cpu", "memory" ...; ends with NULL. */
extern const char *const resource_names[];
/* "limit" or "reserve" */
const char *resource_kind_name(enum resource_kind kind);
/* Name of the property, for free(). */
char *resource_property(const char *process, enum resource_kind kind, const char *name) MUST_CHECK;

/* ERR_USAGE unless docker can read it: a number of CPUs, an amount of memory ... */
MUST_CHECK int resource_check(const char *name, const char *value, struct err *err);
/* That of the process type, else that of all of them, else ""; for free(). */
char *resource_get(struct ctx *ctx, const char *app, const char *process, enum resource_kind kind,
	const char *name) MUST_CHECK;

/*
 * Appends the flags of `docker container create` that keep a container of PROCESS in its limits.
 * None when DOKKU_OMIT_RESOURCE_ARGS=1 is in the environment.
 */
void resource_args(struct ctx *ctx, const char *app, const char *process, struct strvec *ret);
/* Those that docker-args-process-build gives for a builder: only what is set for builds. */
void resource_build_args(struct ctx *ctx, const char *app, const char *builder, struct strvec *ret);
/*
 * CPUs that a build may use, as a quota of microseconds in RESOURCE_PERIOD_US; 0: no limit. For
 * builders that take no number of CPUs.
 */
enum { RESOURCE_PERIOD_US = 100000 };
long resource_build_quota(struct ctx *ctx, const char *app);
/* The limit of a build's memory, "512m", else ""; for free(). */
char *resource_build_memory(struct ctx *ctx, const char *app) MUST_CHECK;
/* Is anything set for builds that a Dockerfile's build could be held to? */
bool resource_limits_build(struct ctx *ctx, const char *app);
