/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The source tree of a deploy: a temporary work tree of one revision, and the files in it that
 * settings are read from. The functions are steps of a deploy (see core/deploy.h): `app`, `dir`
 * and `rev` are in the step's args.
 */

#include "core/operation.h"

/* Where the work tree of an operation goes; for free(). */
char *source_dir(const struct operation *op) MUST_CHECK;

/* Removes everything named .git in DIR and below. */
MUST_CHECK int source_strip_git(const char *dir, struct err *err);

/* Checks the revision out, submodules included, without .git unless keep-git-dir is set. */
MUST_CHECK int source_checkout(struct operation *op, struct step *step, struct err *err);
/* Removes it; also the undo of source_checkout. */
MUST_CHECK int source_remove(struct operation *op, struct step *step, struct err *err);

/*
 * Makes build-dir the root, takes app.json, Procfile, CHECKS and nginx.conf.sigil out and stages
 * them, checks each, and lets third-party plugins change the tree. ERR_INVALID names file and line.
 */
MUST_CHECK int source_extract(struct operation *op, struct step *step, struct err *err);
/* Part of it: stages the snippets that the source has for a proxy (openresty/). */
MUST_CHECK int source_stage_includes(struct ctx *ctx, const char *app, const char *dir,
	struct err *err);
/* The folders in which it looks, with a slash behind each. */
void source_include_paths(struct strvec *ret);
/* Drops what was staged; args: `pid`. */
MUST_CHECK int source_unextract(struct operation *op, struct step *step, struct err *err);
