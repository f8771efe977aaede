/* SPDX-License-Identifier: MIT */
#pragma once

/* Images that Cloud Native Buildpacks made: their commands are run by a launcher inside. */

#include <jansson.h>
#include <stdbool.h>

#include "base/strvec.h"

#define CNB_LAUNCHER "/cnb/lifecycle/launcher"

/* INSPECTED: what the engine tells of an image. By the stack's label, as in Dokku, or, as newer
 * lifecycles give none, by their own. */
bool cnb_is_image(json_t *inspected);
/* Appends the process types that the buildpacks gave it, in their order, as far as they are valid names
 * of ours. Each has an entry point /cnb/process/<type>. */
void cnb_process_types(json_t *inspected, struct strvec *ret);
