/* SPDX-License-Identifier: MIT */
#pragma once

/* Vector, which ships logs: its configuration from the sinks that are set, and its container. */

#include <jansson.h>

#include "core/compose.h"
#include "core/plugin.h"

/* --- the configuration, LIB_ROOT/data/logs/vector.json --- */

/* What is shipped of one app, or of all. */
struct vector_scope {
	const char *app;   /* NULL: all apps */
	const char *label; /* what the app's name is shipped under */
	const char *sink;  /* DSN, or "" */
	const char *cron_sink;
};

/*
 * The configuration for SCOPES, of which the last is that of all apps, as a new object. INSTANCE is
 * the label of this instance, "" for none. ERR_INVALID: a sink is no DSN.
 */
MUST_CHECK int vector_config(const struct vector_scope *scopes, size_t count, const char *instance,
	json_t **ret, struct err *err);
char *vector_config_path(struct ctx *ctx) MUST_CHECK;
/* Writes it from what is set. */
MUST_CHECK int vector_write(struct ctx *ctx, struct err *err);
/* The same after an app came, went or changed its name; warns when it fails, and does nothing where
 * there was no configuration yet. */
void vector_rewrite(struct ctx *ctx);

/* --- the container --- */

/* The compose project of Vector's container, from the template of a third-party plugin or ours. */
MUST_CHECK int vector_compose(struct ctx *ctx, const char *image, struct compose *ret,
	struct err *err);
MUST_CHECK int vector_check_image(struct ctx *ctx, const char *scope, const char *value,
	struct err *err);
extern const char vector_default_image[];

int vector_run_start(struct ctx *ctx, const struct args *args, struct err *err);
int vector_run_stop(struct ctx *ctx, const struct args *args, struct err *err);
int vector_run_logs(struct ctx *ctx, const struct args *args, struct err *err);
