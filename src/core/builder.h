/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Builders make an image of a source tree. One ops struct per driver; adding one: a folder in
 * src/builders and a row in src/plugins/drivers.c.
 */

#include <stdbool.h>

#include "core/ctx.h"

struct build {
	struct ctx *ctx;
	const char *app;
	const char *dir;       /* the work tree's build root (build-dir applied) */
	const char *rev;       /* "" when unknown */
	const char *image;     /* repo:tag to produce */
	const char *operation; /* id, for the label com.moorage.operation */
};

struct build_file;

struct release {
	struct ctx *ctx;
	const char *app;
	const char *from;      /* id of what was built */
	const char *image;     /* repo:tag to produce; may be FROM's name */
	const char *operation; /* as above */
};

struct builder {
	const char *name;
	/* In the names of triggers of old, "pre-build-<old_name>"; NULL: NAME; "": there were none. */
	const char *old_name;
	bool old_app_only;  /* these get the app alone, not the source's folder */
	bool in_containers; /* builds in containers of its own: core/build_job.h */
	/* The file by which a tree asks for it, where that and its usual place are all there is to
	 * know (core/build_tree.h); NULL: see the next two. */
	const struct build_file *marker;
	/* Required without a marker. 1 and what tells so ("Dockerfile") when this tree is for it,
	 * else 0. */
	int (*detect)(struct ctx *ctx, const char *app, const char *dir, struct strbuf *reason,
		struct err *err);
	/* Optional: arranges the tree before detection, as the builder's settings say. */
	int (*prepare)(struct ctx *ctx, const char *app, const char *dir, struct err *err);
	/* Optional: is what a build needs there? Asked before anything of it is done. */
	int (*check)(const struct build *b, struct err *err);
	/* Optional (NULL: builds nothing): makes the image with stage label "build" (or
	 * "release" where nobody looks at it in between), streaming progress to stdout. Also stores the detected port map. */
	int (*build)(const struct build *b, struct err *err);
	/* build() calls builder_fire_before() itself, once plugins find what they look for. */
	bool fires_before;
	/* Optional: makes the image to run of a built one, with the variables of now. 1 when it did,
	 * 0 when this image needs nothing. */
	int (*release)(const struct release *r, struct err *err);
};

extern const struct builder *const builders[]; /* in detection order, NULL-terminated */
const struct builder *builder_find(const char *name);
/* Is the tree for it? As struct builder's detect(). */
MUST_CHECK int builder_detect(const struct builder *builder, struct ctx *ctx, const char *app,
	const char *dir, struct strbuf *reason, struct err *err);
/* Arranges the tree before anybody is asked. */
MUST_CHECK int builder_prepare(const struct builder *builder, struct ctx *ctx, const char *app,
	const char *dir, struct err *err);
/* Builds with the builder NAME, or a third-party plugin's builder-build trigger. */
MUST_CHECK int builder_build(const struct build *b, const char *name, struct err *err);
/* Does a plugin want to see or change the source, or its image, before it is built? */
bool builder_is_heard_before(const struct build *b, const struct builder *builder);
/* Fires "pre-build", and its name of old. */
MUST_CHECK int builder_fire_before(const struct build *b, const struct builder *builder,
	struct err *err);
/* What an image says of its state once it is built: "build", or at once "release" where nobody
 * looks at it in between, which saves the making of another one. */
const char *builder_stage(struct ctx *ctx, const struct builder *builder);
/* Dokku's rule: may herokuish build APP on this machine? */
bool builder_herokuish_allowed(struct ctx *ctx, const char *app);
/* Is this an arm64 machine, on which Dokku wants to be told so? */
bool builder_on_arm64(void);
/*
 * Which builder: the first that says so, in the order of the names of their plugins, third-party
 * ones (builder-detect) among them. What is `builder selected` (app, then global) has its place as
 * "builder", the drivers have theirs as "builder-<name>". Dokku's fallback where nobody does. NAME for free();
 * REASON is what follows "because".
 */
MUST_CHECK int builder_choose(struct ctx *ctx, const char *app, const char *dir, char **ret_name,
	struct strbuf *reason, struct err *err);

struct trigger_call;
/* The built-in answer of a plugin named "builder-<name>" to builder-detect. */
MUST_CHECK int builder_on_detect(struct trigger_call *call, struct err *err);
