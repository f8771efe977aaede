/* SPDX-License-Identifier: MIT */
#pragma once

/* What kind of image it is, told by what the engine says of it (INSPECTED; may be NULL). */

#include <jansson.h>
#include <stdbool.h>

#include "base/strvec.h"
#include "core/ctx.h"

/* Made by Cloud Native Buildpacks: its processes go through its launcher. By the label of its stack,
 * as in Dokku, or by its lifecycle's, as newer ones know no stacks. */
bool image_is_cnb(json_t *inspected);
/*
 * Keeps the contract of herokuish: /start and /exec. Dokku's rule, the variable USER is the app's
 * user of now, or what our own label says.
 */
bool image_is_herokuish(struct ctx *ctx, const char *app, json_t *inspected);
/* Appends the process types that buildpacks gave it, in their order, as far as they are valid names of
 * ours. Each has an entry point /cnb/process/<type>. */
void image_process_types(json_t *inspected, struct strvec *ret);
/* Who built it, for those who release it and for triggers: "dockerfile" when it does not say. */
const char *image_builder(json_t *inspected);
/* The value of a variable in its settings, "" when it has none. */
const char *image_env(json_t *inspected, const char *name);
