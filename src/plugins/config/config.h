/* SPDX-License-Identifier: MIT */
#pragma once

/* What the files of the config plugin share. */

#include "core/plugin.h"
#include "lib/envfile/envfile.h"

struct config_change {
	const char *scope; /* an app or "--global" */
	bool restart;      /* deploy a deployed app with its new variables */
};

/*
 * The caller holds the scope's lock. Bad names are refused before anything is changed; what goes
 * wrong after the change (a plugin's handler, the deploy) is only warned about, as in Dokku.
 */
MUST_CHECK int config_lock(struct ctx *ctx, const char *scope, struct err *err);
MUST_CHECK int config_set(struct ctx *ctx, const struct config_change *change,
	const struct env *values, bool replace, struct err *err);
MUST_CHECK int config_unset(struct ctx *ctx, const struct config_change *change,
	const struct strvec *keys, struct err *err);
MUST_CHECK int config_clear(struct ctx *ctx, const struct config_change *change, struct err *err);

/* Takes "KEY=VALUE" words apart. ENCODED: values are base64. */
MUST_CHECK int config_parse_pairs(const struct strvec *words, bool encoded, struct env *ret,
	struct err *err);
/* Reads a file or "-" in a format, "envfile" or "json". */
MUST_CHECK int config_read(const char *scope, const char *path, const char *format, struct env *ret,
	struct err *err);
/* Prints a tar stream with a file per variable. */
MUST_CHECK int config_bundle(struct ctx *ctx, const struct env *env, struct err *err);

/* ERR_INVALID "Invalid key name: 'x'", with what a terminal must not see replaced. */
MUST_CHECK int config_check_key(const char *key, struct err *err);

/* Appends an export and what Dokku prints behind it. */
MUST_CHECK int config_export(struct ctx *ctx, const char *scope, bool merged, const char *format,
	struct strbuf *out, struct err *err);

extern const struct trigger_handler config_triggers[];
