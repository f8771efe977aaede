/* SPDX-License-Identifier: MIT */
#pragma once

/* Volumes of builds: those of one build, found by its labels, and those that later ones use again. */

#include "core/builder.h"

/* Makes a volume for ROLE that goes with the build; *RET is its name, for free(). */
MUST_CHECK int build_volume_make(const struct build *b, const char *role, char **ret,
	struct err *err);
/* Removes all that a build of OPERATION has; its containers must be gone. */
MUST_CHECK int build_volumes_remove(struct ctx *ctx, const char *operation, struct err *err);

/* The app's cache volume for ROLE (core/image.h), made if it is missing, or, to CLEAR it, anew. */
MUST_CHECK int build_cache_make(const struct build *b, const char *role, bool clear, char **ret,
	struct err *err);
