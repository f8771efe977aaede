/* SPDX-License-Identifier: MIT */
#pragma once

/* What the builder puts into containers and images besides the source. */

#include "core/build_job.h"

extern const struct builder builder_herokuish;

/* A user of the job's container as an owner of files. ERR_INVALID says what to do about none. */
MUST_CHECK int image_owner(struct build_job *job, const char *user, struct tar_owner *ret,
	struct err *err);

/* Does an app of this stack get its variables with the container, and so nothing into its image? */
MUST_CHECK int image_keeps_clean(struct ctx *ctx, const char *image, bool *ret, struct err *err);

/* The builder's release. */
MUST_CHECK int image_release(const struct release *r, struct err *err);
