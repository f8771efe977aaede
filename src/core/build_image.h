/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The images of builds, and that of one whose program does not make it as it has to be: the program's own result has
 * a name beside the app's ("dokku/<app>:latest-build", Dokku's), from which the app's is made. So
 * nothing that a cancelled program still does in the engine changes what the app has.
 */

#include <jansson.h>

#include "core/builder.h"

/* The labels of an image that B makes: the app's, its STAGE, who built it, and the operation's. New
 * object. */
json_t *build_labels(const struct build *b, const char *builder, const char *stage) MUST_CHECK;
/* The same as "--label=k=v" words. */
void build_labels_args(const struct build *b, const char *builder, const char *stage,
	struct strvec *ret);
/* Gives the image FROM these labels, with the stage that counts now, as B's image; MORE as of
 * image_derive(). */
MUST_CHECK int build_image_label(const struct build *b, const char *builder, const char *from,
	const char *more, struct err *err);

/* Name of the program's result for IMAGE, for free(). */
char *build_half_name(const char *image) MUST_CHECK;
/* Removes it; none is fine. */
MUST_CHECK int build_half_remove(struct ctx *ctx, const char *image, struct err *err);

/* How processes start in the image. */
enum build_start {
	BUILD_START_KEEP,  /* as the program has arranged it */
	BUILD_START_LOGIN, /* the words of the command are a line for a login shell of bash */
	BUILD_START_PLAIN, /* no ENTRYPOINT; what it did with the image's own command stays */
};

/* Makes the app's image of the program's, with all labels, and removes the latter in any case. */
MUST_CHECK int build_half_finish(const struct build *b, const char *builder, enum build_start start,
	struct err *err);
