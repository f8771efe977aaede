/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Where the images of apps are kept: names in a registry, tags of releases, logins.
 *
 * A build makes image_name(app, NULL). What is deployed is registry_image(): the same image under
 * the server and repository that are set, with the number of the release as tag where releases are
 * pushed, else "latest". Without any setting the two are the same.
 */

#include <jansson.h>
#include <stdbool.h>

#include "core/operation.h"

/* --- names --- */

/* "registry.example/" as it stands in front of a repository, "" for the engine's default. SCOPE may
 * be "--global". For free(). */
char *registry_server(struct ctx *ctx, const char *scope) MUST_CHECK;
/* The repository without server: image-repo, else the template's, else image_repo(). ERR_INVALID: the
 * template cannot be rendered. */
MUST_CHECK int registry_repo(struct ctx *ctx, const char *app, char **ret, struct err *err);
/* Renders a template for APP; for checks. */
MUST_CHECK int registry_render(const char *template, const char *app, char **ret, struct err *err);
/* "a, b" -> "a", "b". */
void registry_split_tags(const char *text, struct strvec *ret);
/* Is every release of the app pushed? */
bool registry_pushes(struct ctx *ctx, const char *app);
/* The tag of what is deployed: a number; "" where releases are not pushed or none was. For free(). */
char *registry_own_tag(struct ctx *ctx, const char *app) MUST_CHECK;
/* The same; third-party plugins are asked first. */
char *registry_tag(struct ctx *ctx, const char *app) MUST_CHECK;
/* The same, "latest" where none is stored: what triggers are told. For free(). */
char *registry_tag_in_use(struct ctx *ctx, const char *app) MUST_CHECK;
/* The image that is deployed. TAG (may be NULL: "latest") counts where releases are not pushed.
 * Third-party plugins are asked about all of its parts. */
MUST_CHECK int registry_image(struct ctx *ctx, const char *app, const char *tag, char **ret,
	struct err *err);
/* Is NAME ("repo:tag") one of the names that builds and releases of the app give, or once gave? */
MUST_CHECK int registry_owns(struct ctx *ctx, const char *app, const char *name, struct err *err);
/* Remembers the repository of NAME for registry_owns(), whatever is set later. */
MUST_CHECK int registry_note_repo(struct ctx *ctx, const char *app, const char *name,
	struct err *err);

/* Pulls IMAGE with the login that APP (NULL: all apps) has for it. SHOW: with progress on standard
 * output. A signal to the operation that runs ends it. */
MUST_CHECK int registry_pull(struct ctx *ctx, const char *app, const char *image, bool show,
	struct err *err);
/*
 * IMAGE, which registry_image() has named, is not there: gets it from the build's image, or from the
 * registry where releases are pushed. 1 when it is there now, 0 when there is nowhere to get it from.
 */
MUST_CHECK int registry_fetch(struct ctx *ctx, const char *app, const char *image, struct err *err);

/* --- releases --- */

/*
 * Plans what makes IMAGE, a build's, the image to deploy: its names, the push, the count. *RET, for
 * free(), is what to deploy. 1 when anything was planned, 0 when it is IMAGE itself.
 */
MUST_CHECK int registry_plan_release(struct operation *op, const char *app, const char *image,
	char **ret, struct err *err);
/* Plans, for after the point of no return, that the names of older releases go, if there are any. */
MUST_CHECK int registry_plan_tidy(struct operation *op, const char *app, struct err *err);
/* Takes the names of former releases from the image ID, so that it can be removed. Returns how many. */
MUST_CHECK int registry_untag_old(struct ctx *ctx, const char *app, const char *id,
	struct err *err);
extern const struct step_kind registry_steps[];
