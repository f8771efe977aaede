/* SPDX-License-Identifier: MIT */
#pragma once

/* What kind of image it is, told by what the engine says of it (INSPECTED; may be NULL). */

#include <jansson.h>
#include <stdbool.h>

#include "core/ctx.h"

/* Made by Cloud Native Buildpacks: its processes go through its launcher. */
bool image_is_cnb(json_t *inspected);
/*
 * Keeps the contract of herokuish: /start and /exec. Dokku's rule, the variable USER is the app's
 * user of now, or what our own label says.
 */
bool image_is_herokuish(struct ctx *ctx, const char *app, json_t *inspected);
/* Who built it, for those who release it and for triggers: "dockerfile" when it does not say. */
const char *image_builder(json_t *inspected);
/* The value of a variable in its settings, "" when it has none. */
const char *image_env(json_t *inspected, const char *name);
