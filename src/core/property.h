/* SPDX-License-Identifier: MIT */
#pragma once

/* Setting properties through their rows. */

#include "core/plugin.h"

/* The row of that name, or NULL. */
const struct property *property_find(const struct plugin *p, const char *name);

/* True if NAME is one of those that FAMILY (a row with PROP_FAMILY) stands for. */
bool property_is_member(const struct property *family, const char *name);

/* Appends the value that counts for SCOPE: of P's row PROP as a report shows it. */
MUST_CHECK int property_computed(struct ctx *ctx, const struct plugin *p,
	const struct property *prop, const char *scope, struct strbuf *out, struct err *err);

/* What may be shown of a value that is secret ("https://redacted"); for free(). */
char *property_redacted(const char *value) MUST_CHECK;
/* What may be shown of a value with these property_flags; for free(). */
char *property_shown(unsigned flags, const char *value) MUST_CHECK;

/*
 * Sets, or with an empty VALUE removes, a property of SCOPE (an app or "--global") after checking
 * that the row allows it. Says what it does, as Dokku. Runs the plugin's after_set.
 */
MUST_CHECK int property_set(struct ctx *ctx, const struct plugin *p, const char *scope,
	const char *name, const char *value, struct err *err);

/* The `<verb>:set` command of any plugin. */
MUST_CHECK int property_set_command(struct ctx *ctx, const struct plugin *p,
	const struct args *args, struct err *err);

/* Checks for property rows. */
MUST_CHECK int check_bool(struct ctx *ctx, const char *scope, const char *value, struct err *err);
MUST_CHECK int check_seconds(struct ctx *ctx, const char *scope, const char *value,
	struct err *err);
MUST_CHECK int check_port(struct ctx *ctx, const char *scope, const char *value, struct err *err);
MUST_CHECK int check_positive(struct ctx *ctx, const char *scope, const char *value,
	struct err *err);
/* A path below the build folder. */
MUST_CHECK int check_inside_path(struct ctx *ctx, const char *scope, const char *value,
	struct err *err);
