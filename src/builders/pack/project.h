/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * project.toml, the project descriptor of Cloud Native Buildpacks: schema 0.1 ([build]) and 0.2
 * ([io.buildpacks]). Only what concerns a build is kept.
 */

#include <jansson.h>

#include "base/strvec.h"
#include "lib/envfile/envfile.h"

enum { PROJECT_TEXT_MAX = 256 << 10, PROJECT_MODULES_MAX = 256 };

struct pack_project {
	char *builder; /* "" */
	/* Patterns of gitignore; at most one of them has any. */
	struct strvec include;
	struct strvec exclude;
	struct env env;
	/* Names of buildpacks as for pack_order_build(), in order. */
	struct strvec group;
	struct strvec pre;
	struct strvec post;
	struct strvec warnings; /* what is not understood and left out */
};

#define PACK_PROJECT_INIT                                                                          \
	{                                                                                          \
		.include = STRVEC_INIT, .exclude = STRVEC_INIT, .env = ENV_INIT,                   \
		.group = STRVEC_INIT, .pre = STRVEC_INIT, .post = STRVEC_INIT,                     \
		.warnings = STRVEC_INIT                                                            \
	}
void pack_project_done(struct pack_project *p);
#define AUTO_PACK_PROJECT CLEANUP(pack_project_done) struct pack_project

/* ERR_INVALID names what is wrong, and for what is not offered here what to do instead. */
MUST_CHECK int pack_project_read(const char *text, size_t len, struct pack_project *ret,
	struct err *err);
