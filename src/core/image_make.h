/* SPDX-License-Identifier: MIT */
#pragma once

/* Images made from images. */

#include <jansson.h>

#include "core/ctx.h"

/*
 * Makes the image TO (repo:tag) from the image FROM: its files and settings, LABELS (an object of
 * strings, borrowed) and the Dockerfile lines MORE ("" for none), which may not change files.
 */
MUST_CHECK int image_derive(struct ctx *ctx, const char *from, json_t *labels, const char *more,
	const char *to, struct err *err);

/* The image's label, "" when it has none; INSPECTED is what the engine tells about it. */
const char *image_label(json_t *inspected, const char *name);

/*
 * What a release adds to an image is made anew at each of them, from what was built: the image
 * remembers what that was. image_note_origin() puts it into the LABELS of an image that OPERATION
 * makes of INSPECTED; image_origin() reads it back, for free(): the id, INSPECTED's own when it was
 * not made so or its origin is not on this machine any more.
 */
void image_note_origin(json_t *labels, json_t *inspected, const char *operation);
MUST_CHECK int image_origin(struct ctx *ctx, json_t *inspected, char **ret, struct err *err);

/* Gives the name IMAGE to what had it before (an id; "": nobody), and removes what has it now. */
MUST_CHECK int image_put_back(struct ctx *ctx, const char *image, const char *old, struct err *err);
/* Removes images without a name that an operation's build or script has left. */
MUST_CHECK int image_sweep(struct ctx *ctx, const char *operation, struct err *err);
/* Id of an image, "" when there is none; for free(). */
MUST_CHECK int image_id(struct ctx *ctx, const char *image, char **ret, struct err *err);
