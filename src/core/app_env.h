/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Environment variables of apps: LIB_ROOT/config/<app|--global>/ENV (0600), Dokku's file. A legacy
 * ENV file in the app's folder (or the root) is drained into it on first touch. Values are secrets:
 * they never appear in argv, journals, logs or error texts.
 */

#include "core/ctx.h"
#include "lib/envfile/envfile.h"

/* Reads one scope (an app or "--global") into RET (initialised by the caller). */
MUST_CHECK int app_env_load(struct ctx *ctx, const char *scope, struct env *ret, struct err *err);
/* Global values with the app's on top. */
MUST_CHECK int app_env_merged(struct ctx *ctx, const char *app, struct env *ret, struct err *err);
/* Replaces the whole scope. */
MUST_CHECK int app_env_save(struct ctx *ctx, const char *scope, const struct env *env,
	struct err *err);
/* Appends the value of one key of one scope; 1 when it is set. */
MUST_CHECK int app_env_get(struct ctx *ctx, const char *scope, const char *key, struct strbuf *out,
	struct err *err);
/* Sets one key (VALUE NULL: unsets it) without deploy or output; fires post-config-update. */
MUST_CHECK int app_env_set(struct ctx *ctx, const char *scope, const char *key, const char *value,
	struct err *err);
