/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Names, tags and labels of what Moorage makes in the engine. With an instance label every name
 * carries it and every object has the label com.moorage.instance=<label>, so that instances on one
 * engine never collect each other's things; without one they are Dokku's to the byte.
 */

#include <jansson.h>

#include "core/ctx.h"

/* "dokku/<app>" ("dokku-<label>/<app>"), for free(). */
char *image_repo(struct ctx *ctx, const char *app) MUST_CHECK;
/* repo:tag, TAG NULL for "latest". */
char *image_name(struct ctx *ctx, const char *app, const char *tag) MUST_CHECK;
/* "<app>.<rest>" ("<label>.<app>.<rest>"). */
char *container_name(struct ctx *ctx, const char *app, const char *rest) MUST_CHECK;

/* The volume in which builds of APP keep things for later ones: "cache-<app>"
 * ("<label>.cache-<app>"), for free(). */
char *cache_volume(struct ctx *ctx, const char *app) MUST_CHECK;
/* One that a builder has besides, for ROLE ("launch"): "cache-<app>_<role>"; no app has a _ in its
 * name. */
char *cache_volume_for(struct ctx *ctx, const char *app, const char *role) MUST_CHECK;
/* The roles there are; ends with NULL. */
extern const char *const cache_roles[];

/* dokku, schema, vendor, instance, app name: for every image, container and network. New object. */
json_t *labels_for(struct ctx *ctx, const char *app) MUST_CHECK;
/* The same as "--label=k=v" words. */
void labels_args(struct ctx *ctx, const char *app, struct strvec *ret);
/* {"label": [...]} filter that matches what belongs to this instance (and APP, unless NULL). */
json_t *labels_filter(struct ctx *ctx, const char *app) MUST_CHECK;
