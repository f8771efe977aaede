/* SPDX-License-Identifier: MIT */
#pragma once

/* Vector, which ships logs: its configuration from the sinks that are set, and its container. */

#include <jansson.h>

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

struct vector_container {
	const char *instance; /* as above */
	const char *image;
	const char *image_id;
	const char *data_dir; /* on the host */
	const char *logs_dir;
	const char *socket;
	const struct strvec *networks;
};

/* Its name, for free(). */
char *vector_name(const char *instance) MUST_CHECK;
/* The body of the request that creates it; a new object. */
json_t *vector_body(const struct vector_container *c) MUST_CHECK;

int vector_run_start(struct ctx *ctx, const struct args *args, struct err *err);
int vector_run_stop(struct ctx *ctx, const struct args *args, struct err *err);
int vector_run_logs(struct ctx *ctx, const struct args *args, struct err *err);

extern const char vector_default_image[];

/* Where a third-party plugin has a compose template of its own, the docker program starts it.
 * 1 when it did, 0 when there is none. IMAGE is what the template is told. */
MUST_CHECK int vector_compose(struct ctx *ctx, const char *image, bool up, struct err *err);
/* What vector-networks says. */
void vector_networks(struct ctx *ctx, struct strvec *ret);
/* Its folders as the engine's host knows them, for free(). */
char *vector_data_dir(struct ctx *ctx) MUST_CHECK;
char *vector_logs_dir(struct ctx *ctx) MUST_CHECK;
