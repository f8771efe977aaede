/* SPDX-License-Identifier: MIT */
#pragma once

/* What builders change about a source tree before they build it. */

#include "core/ctx.h"

/* A file that a builder is told by where it is kept. */
struct build_file {
	const char *name;     /* where the builder looks: "nixpacks.toml" */
	const char *plugin;   /* whose property ... */
	const char *property; /* ... names another path */
};

/*
 * Puts the file that the property names in its usual place. Where there is none, what is in the
 * usual place is removed: the builder is not to go by it. For struct builder's prepare().
 */
MUST_CHECK int build_tree_place(struct ctx *ctx, const char *app, const char *dir,
	const struct build_file *file, struct err *err);

/* Takes the release command out of the Procfile: it is no process of the image. */
MUST_CHECK int build_tree_drop_release(const char *dir, struct err *err);
