/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Files taken out of an app's source: app.json, Procfile, CHECKS, nginx.conf.sigil. Dokku's staging
 * rule: a deploy writes them as <file>.<DOKKU_PID> (or an empty <file>.<DOKKU_PID>.missing); readers
 * of the same DOKKU_PID prefer the staged one; after the switch staged becomes live. A failed
 * deploy keeps the previous live file. Of folders Dokku never makes the staged one live: where
 * there is no live one, what its last deploy staged is read.
 */

#include "core/ctx.h"

enum staged_kind {
	STAGED_APP_JSON,   /* data/app-json/<app>/app.json */
	STAGED_PROCFILE,   /* data/ps/<app>/Procfile */
	STAGED_CHECKS,     /* data/scheduler-docker-local/<app>/CHECKS */
	STAGED_NGINX_CONF, /* data/nginx-vhosts/app-<app>/nginx.conf.sigil */
	/* Folders of snippets: data/openresty-vhosts/app-<app>/openresty-{http,location}-includes */
	STAGED_HTTP_INCLUDES,
	STAGED_LOCATION_INCLUDES,
	STAGED_KINDS,
};

/* Path to read, for free(); NULL when the app has no such file. */
char *staged_path(struct ctx *ctx, const char *app, enum staged_kind kind) MUST_CHECK;
/* Appends the content; 1 when there is such a file. */
MUST_CHECK int staged_read(struct ctx *ctx, const char *app, enum staged_kind kind,
	struct strbuf *out, struct err *err);
/* Stages a copy of FROM, or "missing" when FROM is NULL. */
MUST_CHECK int staged_put(struct ctx *ctx, const char *app, enum staged_kind kind, const char *from,
	struct err *err);
/* The same for a folder: an empty one is made, and RET is its path, for free(). */
MUST_CHECK int staged_put_dir(struct ctx *ctx, const char *app, enum staged_kind kind, char **ret,
	struct err *err);
/* PID: the staging deploy's DOKKU_PID. All kinds at once. */
MUST_CHECK int staged_promote(struct ctx *ctx, const char *app, const char *pid, struct err *err);
MUST_CHECK int staged_discard(struct ctx *ctx, const char *app, const char *pid, struct err *err);
/* This process's DOKKU_PID (inherited from the outermost process), for free(). */
char *staged_pid(void) MUST_CHECK;
