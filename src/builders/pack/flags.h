/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What docker-options and plugins say about a build, as far as the `pack` program would have taken
 * it. Other flags are left out without a word, as in Dokku; those of pack that make no sense here
 * with a warning.
 */

#include <stdbool.h>

#include "base/err.h"
#include "base/strvec.h"

enum pack_pull { PACK_PULL_MISSING, PACK_PULL_ALWAYS, PACK_PULL_NEVER };

struct pack_flags {
	struct strvec docker;  /* for every container: --network */
	struct strvec volumes; /* for those that run buildpacks: --volume=... */
	struct strvec tags;
	struct strvec group; /* buildpacks, named as in order.h */
	struct strvec pre;
	struct strvec post;
	struct strvec warnings;
	char *run_image;     /* "" */
	char *previous;      /* "" */
	char *workspace;     /* absolute */
	char *creation_time; /* seconds since the epoch; "" */
	enum pack_pull pull;
	bool clear_cache;
	long uid; /* -1 */
	long gid;
};

#define PACK_FLAGS_INIT                                                                            \
	{                                                                                          \
		.docker = STRVEC_INIT, .volumes = STRVEC_INIT, .tags = STRVEC_INIT,                \
		.group = STRVEC_INIT, .pre = STRVEC_INIT, .post = STRVEC_INIT,                     \
		.warnings = STRVEC_INIT, .uid = -1, .gid = -1                                      \
	}
void pack_flags_done(struct pack_flags *f);
#define AUTO_PACK_FLAGS CLEANUP(pack_flags_done) struct pack_flags

/* WORDS are without those for variables. ERR_INVALID names a flag with a wrong value. */
MUST_CHECK int pack_flags_read(const struct strvec *words, struct pack_flags *ret, struct err *err);
