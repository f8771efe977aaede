/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The one door to state files: nobody else opens them.
 *
 * Property store, Dokku's layout: LIB_ROOT/config/<plugin>/<app|--global>/<name>, mode 0600, raw
 * bytes without trailing newline; a list is one item per line. SCOPE is an app name, "--global",
 * or any other folder name a plugin uses. Names are valid before they get here.
 */

#include <stdbool.h>

#include "base/err.h"
#include "base/strvec.h"
#include "core/ctx.h"

#define SCOPE_GLOBAL "--global"

enum { STATE_FILE_MAX = 4 * 1024 * 1024 };

/* Appends the value; 1 when it is set, 0 when not. Unreadable state is an error. */
MUST_CHECK int state_get(struct ctx *ctx, const char *plugin, const char *scope, const char *name,
	struct strbuf *out, struct err *err);
/* The value or FALLBACK (may be NULL for ""), for free(). Errors count as unset. */
char *state_get_or(struct ctx *ctx, const char *plugin, const char *scope, const char *name,
	const char *fallback) MUST_CHECK;
/* App value, else global value, else FALLBACK: Dokku's "computed"; for free(). */
char *state_computed(struct ctx *ctx, const char *plugin, const char *app, const char *name,
	const char *fallback) MUST_CHECK;
/* True if the value is exactly "true". */
bool state_is_true(struct ctx *ctx, const char *plugin, const char *scope, const char *name);
MUST_CHECK int state_set(struct ctx *ctx, const char *plugin, const char *scope, const char *name,
	const char *value, struct err *err);
MUST_CHECK int state_unset(struct ctx *ctx, const char *plugin, const char *scope, const char *name,
	struct err *err);
bool state_exists(struct ctx *ctx, const char *plugin, const char *scope, const char *name);

MUST_CHECK int state_get_list(struct ctx *ctx, const char *plugin, const char *scope,
	const char *name, struct strvec *ret, struct err *err);
/* An empty list removes the file. */
MUST_CHECK int state_set_list(struct ctx *ctx, const char *plugin, const char *scope,
	const char *name, const struct strvec *items, struct err *err);
/* Names of the properties stored for a scope, sorted. */
MUST_CHECK int state_names(struct ctx *ctx, const char *plugin, const char *scope,
	struct strvec *ret, struct err *err);

/* All of a plugin's properties of one scope: remove, copy (replacing), move. Missing is fine. */
MUST_CHECK int state_drop(struct ctx *ctx, const char *plugin, const char *scope, struct err *err);
MUST_CHECK int state_copy(struct ctx *ctx, const char *plugin, const char *from, const char *to,
	struct err *err);

/* Lines of a file below the app's folder (VHOST, CONTAINER.web.1 ...) without empty ones. */
MUST_CHECK int state_app_lines(struct ctx *ctx, const char *app, const char *file,
	struct strvec *ret, struct err *err);
/* Replaces such a file; no lines removes it. */
MUST_CHECK int state_set_app_lines(struct ctx *ctx, const char *app, const char *file,
	const struct strvec *lines, mode_t mode, struct err *err);

/* LIB_ROOT/data/<plugin>/<app>, created on demand when MAKE; for free(). */
char *state_data_dir(struct ctx *ctx, const char *plugin, const char *app) MUST_CHECK;
MUST_CHECK int state_make_data_dir(struct ctx *ctx, const char *plugin, const char *app, char **ret,
	struct err *err);
