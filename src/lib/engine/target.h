/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Builder of request targets ("/containers/x/json?all=1"). The only place that percent-encodes.
 * A name that could leave its path segment makes the target bad; that is remembered and reported
 * once, by target_check(), so that builders need no error handling of their own.
 */

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "base/err.h"
#include "base/strbuf.h"

enum { TARGET_MAX = 512 * 1024 };

struct http_target {
	struct strbuf text;
	struct strbuf bad; /* the first name that was refused */
	bool is_bad;
	bool has_query;
};

#define HTTP_TARGET_INIT                                                                           \
	{                                                                                          \
		.text = STRBUF_CAPPED(TARGET_MAX), .bad = STRBUF_CAPPED(200)                       \
	}
#define AUTO_TARGET CLEANUP(target_done) struct http_target

void target_done(struct http_target *t);
/* Text of ours, taken as it is. */
void target_path(struct http_target *t, const char *literal);
/* One path segment: not empty, not "." or "..", no slash, no control character. */
void target_name(struct http_target *t, const char *name);
/* An image name: several such segments, slashes between them. */
void target_image(struct http_target *t, const char *image);
/* "NOUN NAME REST" in one go: target_path, target_name, target_path. REST may be "". */
void target_noun(struct http_target *t, const char *noun, const char *name, const char *rest);

/* Query parameters; a NULL value adds nothing. Any bytes may be in VALUE. */
void target_query(struct http_target *t, const char *key, const char *value);
void target_query_int(struct http_target *t, const char *key, int64_t value);
/* Adds "KEY=1" if VALUE holds, else nothing. */
void target_query_flag(struct http_target *t, const char *key, bool value);
/* The JSON text of VALUE (borrowed). */
void target_query_json(struct http_target *t, const char *key, const json_t *value);

/* ERR_INVALID if a name was refused, the target is too long or is not fit for a request line. */
MUST_CHECK int target_check(const struct http_target *t, struct err *err);
