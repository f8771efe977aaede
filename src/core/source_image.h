/* SPDX-License-Identifier: MIT */
#pragma once

/* Files for settings out of an image that an app was made from (git:from-image). */

#include "core/operation.h"

/*
 * Copies the files PATHS (relative to the image's working folder, and to BUILD_DIR in it unless that
 * is "") out of IMAGE into the new folder TO; a path that ends in a slash is a folder. One that is not
 * there is left out; one that is of another kind, or larger than 4 MiB, is ERR_INVALID.
 */
MUST_CHECK int source_from_image(struct operation *op, const char *app, const char *image,
	const char *build_dir, const struct strvec *paths, const char *to, struct err *err);
/* Removes the container that a killed source_from_image() has left. */
MUST_CHECK int source_forget_image(struct operation *op, const char *app, struct err *err);
