/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The release phase: what happens to a built image before its processes start. Steps of a deploy
 * (see core/deploy.h); args are `app`, `image` and `old_image`, the id that the image's name had
 * before the deploy ("" when there was none).
 */

#include "core/operation.h"

/* Variables that app.json defines; the image to run, of what was built. */
MUST_CHECK int release_env(struct operation *op, struct step *step, struct err *err);
/* Gives the image its name back, and removes what making one has left. */
MUST_CHECK int release_unenv(struct operation *op, struct step *step, struct err *err);
/* app.json's predeploy script; its result becomes the image. */
MUST_CHECK int release_predeploy(struct operation *op, struct step *step, struct err *err);
/* Labels the image as released. */
MUST_CHECK int release_label(struct operation *op, struct step *step, struct err *err);
/* The Procfile's release command, and app.json's first-deploy script. */
MUST_CHECK int release_command(struct operation *op, struct step *step, struct err *err);
/* Removes containers that such scripts of an interrupted operation left. */
MUST_CHECK int release_sweep(struct operation *op, struct step *step, struct err *err);
/* The same, and gives the image its name back. */
MUST_CHECK int release_unpredeploy(struct operation *op, struct step *step, struct err *err);
/* Plans the step below, with the scale of now in its args. */
MUST_CHECK int release_plan_scale(struct operation *op, const char *app, struct err *err);
/* Scale: app.json's formation, process types that came and went. */
MUST_CHECK int release_scale(struct operation *op, struct step *step, struct err *err);
/* Puts the scale of before (args: `scale`, `can_scale`) back. */
MUST_CHECK int release_unscale(struct operation *op, struct step *step, struct err *err);

/* Gives the image's name back to `old_image`: the undo of every step that moves it. Images without
 * a name that this operation has left are removed. */
MUST_CHECK int image_restore(struct operation *op, struct step *step, struct err *err);
