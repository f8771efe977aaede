/* SPDX-License-Identifier: MIT */
#pragma once

/* What a builder image says of itself. */

#include <jansson.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/strbuf.h"

/* Platform interface versions 0.<this> that are spoken here. */
enum { PACK_API_MIN = 7, PACK_API_MAX = 13 };

struct pack_builder {
	char *image;
	char *lifecycle; /* version, "" */
	char *stack;     /* "" */
	unsigned api;    /* 0.<api>: the highest that both sides know */
	uid_t uid;
	gid_t gid;
	json_t *run_images; /* [{"image": ..., "mirrors": [...]}] */
	json_t *buildpacks; /* [{"id": ..., "version": ...}] */
	json_t *order;      /* [[{"id": ..., "version": ..., "optional": bool}]] */
};

#define PACK_BUILDER_INIT                                                                          \
	{                                                                                          \
		0                                                                                  \
	}
void pack_builder_done(struct pack_builder *b);
#define AUTO_PACK_BUILDER CLEANUP(pack_builder_done) struct pack_builder

/* INSPECTED: what the engine tells of IMAGE. ERR_INVALID: it is no builder, or none for us. */
MUST_CHECK int pack_builder_read(json_t *inspected, const char *image, struct pack_builder *ret,
	struct err *err);
