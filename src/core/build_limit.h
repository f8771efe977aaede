/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * How long a build may take: the property builds/timeout of the app, else the instance's, else any
 * time. And what is said of a build that has come to one of its limits.
 */

#include <stdint.h>

#include "core/ctx.h"

enum { BUILD_LIMIT_MAX = 7 * 24 * 60 * 60 };

/* "90" (seconds), "90s", "30m", "1h30m"; 0: no limit. ERR_INVALID for anything else. */
MUST_CHECK int build_limit_parse(const char *text, uint64_t *ret, struct err *err);
/* "1 hour 30 minutes", for free(). */
char *build_limit_text(uint64_t seconds) MUST_CHECK;

/* In seconds; 0: none. A stored value that cannot be read counts as none, with a warning. */
uint64_t build_limit(struct ctx *ctx, const char *app);
/* Appends what to say of a build of APP that was stopped after SECONDS. */
void build_limit_explain(const char *app, uint64_t seconds, struct strbuf *out);
/* ERR_FAILED: a build of APP was killed since it needed more memory than LIMIT. */
MUST_CHECK int build_limit_memory_used(const char *app, const char *limit, struct err *err);
