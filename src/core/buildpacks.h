/* SPDX-License-Identifier: MIT */
#pragma once

/* The buildpacks that somebody has chosen for an app; the stack they run in: core/stack.h. */

#include "core/ctx.h"

/*
 * Checks how a person names a buildpack; *RET, for free(), is its URL: "heroku/nodejs" stands for
 * https://github.com/heroku/heroku-buildpack-nodejs.git. Otherwise what Dokku takes, by its form,
 * and file:///folder.
 */
MUST_CHECK int buildpack_url(const char *text, char **ret, struct err *err);

/* Appends TEXT, a .buildpacks of somebody else's, with its URLs written out; comments stay, empty lines
 * do not. ERR_USAGE names the line. */
MUST_CHECK int buildpacks_spell_out(const char *text, struct strbuf *out, struct err *err);

/* The stored list, in order; none is fine. */
MUST_CHECK int buildpacks_list(struct ctx *ctx, const char *app, struct strvec *ret,
	struct err *err);
MUST_CHECK int buildpacks_store(struct ctx *ctx, const char *app, const struct strvec *urls,
	struct err *err);

/*
 * Writes the buildpacks of the app into DIR's .buildpacks, which builders read: the stored ones, else
 * those of app.json (unless the app was made from an image). Otherwise the URLs of a file that is
 * there are written out in full.
 */
MUST_CHECK int buildpacks_write(struct ctx *ctx, const char *app, const char *dir, struct err *err);
