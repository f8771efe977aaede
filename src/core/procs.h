/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Process types of an app: what the Procfile says to run, and how many of each (config/ps/<app>/
 * scale, lines "proc=count"). Types that vanished from the Procfile and had a count of 0 are
 * remembered in scale.old, so that a deploy still stops what runs of them.
 */

#include <jansson.h>
#include <stdbool.h>

#include "core/ctx.h"

struct proc_count {
	char *name;
	unsigned count;
};

struct scale {
	struct proc_count *items; /* in file order; web first where Dokku puts it first */
	size_t count;
};
#define SCALE_INIT                                                                                 \
	{                                                                                          \
		0                                                                                  \
	}
void scale_done(struct scale *s);
#define AUTO_SCALE CLEANUP(scale_done) struct scale

/* Sets or adds one entry. */
void scale_put(struct scale *s, const char *name, unsigned count);
/* The entry, or NULL. */
const struct proc_count *scale_find(const struct scale *s, const char *name);
/* WORDS "proc=count"; of equal names the first counts. Messages are Dokku's. */
MUST_CHECK int scale_parse(const struct strvec *words, struct scale *ret, struct err *err);

/*
 * The stored scale. An app without one has what its legacy DOKKU_SCALE file says, or web=1. A type
 * that is not in it runs 0 times.
 */
MUST_CHECK int procs_scale(struct ctx *ctx, const char *app, struct scale *ret, struct err *err);
/* The same with the types of scale.old, sorted by name: what ps:scale and scripts see. */
MUST_CHECK int procs_formation(struct ctx *ctx, const char *app, struct scale *ret,
	struct err *err);
/* Writes exactly this scale; drains the legacy file. */
MUST_CHECK int procs_set_scale(struct ctx *ctx, const char *app, const struct scale *scale,
	struct err *err);
/*
 * Applies CHANGES (NULL: none) to the stored scale, or with CLEAR to an empty one; types of the
 * Procfile that are new get 0, those that vanished and are at 0 go to scale.old. A change above 0 of
 * a type that the Procfile lacks is ERR_INVALID and nothing is written.
 */
MUST_CHECK int procs_update_scale(struct ctx *ctx, const char *app, const struct scale *changes,
	bool clear, struct err *err);
/* The same checks without writing. */
MUST_CHECK int procs_check_scale(struct ctx *ctx, const char *app, const struct scale *changes,
	struct err *err);
/* After a build: procs_update_scale() without changes. */
MUST_CHECK int procs_sync_scale(struct ctx *ctx, const char *app, struct err *err);
/* After a deploy: drops scale.old. */
MUST_CHECK int procs_forget_old(struct ctx *ctx, const char *app, struct err *err);
/* For a new app: its data folder and web=1. */
MUST_CHECK int procs_setup(struct ctx *ctx, const char *app, struct err *err);

/* Both lists as JSON (a new object), for the args of a step, and back: the undo of any change. */
MUST_CHECK int procs_scale_save(struct ctx *ctx, const char *app, json_t **ret, struct err *err);
MUST_CHECK int procs_scale_restore(struct ctx *ctx, const char *app, const json_t *saved,
	struct err *err);

/* False when app.json's formation owns the scale. */
bool procs_can_scale(struct ctx *ctx, const char *app);

/*
 * 1 when the app has a Procfile (staged or live), or an image that brings process types of its own. They
 * are appended in order.
 */
MUST_CHECK int procs_types(struct ctx *ctx, const char *app, struct strvec *ret, struct err *err);
/*
 * Appends the command line of a process type, expanded against the merged environment with PORT;
 * 0 and nothing when the Procfile has no such entry or there is none.
 */
MUST_CHECK int procs_command(struct ctx *ctx, const char *app, const char *proc, const char *port,
	struct strbuf *out, struct err *err);
/*
 * What the image of the coming release says of process types (core/image_kind.h); none forgets them. They
 * count where there is no Procfile.
 */
MUST_CHECK int procs_set_image_types(struct ctx *ctx, const char *app, const struct strvec *types,
	struct err *err);
/* A valid process type name. */
bool proc_name_valid(const char *name);
