/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Paths as the engine's machine sees them. Where this program runs in a container beside the
 * engine, its folders lie elsewhere there: host_root and lib_host_root of the instance say where.
 */

#include "base/strvec.h"
#include "core/instance.h"

/*
 * The engine's path of PATH, for free(). A path outside of the roots, and one that is the engine's
 * already, stay as they are.
 */
char *engine_path(const struct instance *inst, const char *path) MUST_CHECK;

/* The same for the sources of bind mounts in docker flags (-v, --volume, --mount). */
void engine_path_flags(const struct instance *inst, struct strvec *flags);
