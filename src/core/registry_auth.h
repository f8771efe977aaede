/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Logins at registries, in the docker program's own files: DOKKU_ROOT/.docker/config.json for all
 * apps, LIB_ROOT/config/registry/<app>/config.json for one. An app that has any login of its own
 * uses only these. Where such a file names a credential helper, the helper is asked, over pipes; a
 * password is in no argument, and members of the file that are not ours stay.
 *
 * APP is NULL for the logins of all apps.
 */

#include <jansson.h>
#include <stdbool.h>

#include "core/ctx.h"

struct registry_login {
	const char *server; /* as somebody types it */
	const char *username;
	const char *password;
};

/* What a file calls the server: a host, or the address of the default registry; for free(). */
char *registry_key(const char *server) MUST_CHECK;

/* Tries the login at the registry, through the engine, and stores it. ERR_REMOTE: refused. */
MUST_CHECK int registry_login(struct ctx *ctx, const char *app, const struct registry_login *login,
	struct err *err);
/* Forgets it; 1 when there was one, 0 when not. ERR_NOT_FOUND: the app has no logins at all. */
MUST_CHECK int registry_logout(struct ctx *ctx, const char *app, const char *server,
	struct err *err);

/*
 * What the engine has to be told to pull or push IMAGE for the app; *RET is new, or NULL where there
 * is no login for its registry.
 */
MUST_CHECK int registry_auth(struct ctx *ctx, const char *app, const char *image, json_t **ret,
	struct err *err);

/* The folder that docker programs are to take as DOCKER_CONFIG for the app, for free(); NULL: that
 * of the user. */
char *registry_config_dir(struct ctx *ctx, const char *app) MUST_CHECK;
