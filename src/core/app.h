/* SPDX-License-Identifier: MIT */
#pragma once

/* Apps: names, existence, the list. An app is a folder in the instance's dokku_root. */

#include <stdbool.h>

#include "core/ctx.h"

enum { APP_NAME_MAX = 200 };

/* A name that may be given to a new app. The message is Dokku's. */
MUST_CHECK int app_name_check(const char *name, struct err *err);
/* The older, wider rule (underscores), for apps that exist. */
bool app_name_valid_old(const char *name);

bool app_exists(struct ctx *ctx, const char *name);
/* Valid, there, and visible to who asks (user-auth-app); else "App x does not exist", code 20. */
MUST_CHECK int app_verify(struct ctx *ctx, const char *name, struct err *err);

/* All apps / those that who asks may see, sorted. None is not an error. */
MUST_CHECK int app_list_all(struct ctx *ctx, struct strvec *ret, struct err *err);
MUST_CHECK int app_list(struct ctx *ctx, struct strvec *ret, struct err *err);

/* True once a deploy has succeeded (common/deployed). */
bool app_is_deployed(struct ctx *ctx, const char *app);

extern const char app_none_text[]; /* "You haven't deployed any applications yet" */
