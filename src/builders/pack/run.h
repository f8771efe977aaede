/* SPDX-License-Identifier: MIT */
#pragma once

/* The lifecycle's phases, run one after another, each in a container of its own. */

#include "builders/pack/flags.h"
#include "builders/pack/phase.h"
#include "core/builder.h"
#include "lib/envfile/envfile.h"

struct pack_run {
	const struct build *build;
	const struct pack_builder *builder;
	const struct pack_flags *flags;
	const struct env *env; /* for buildpacks */
	json_t *order;         /* NULL: the builder's */
	const char *run_image;
};

/* Makes the image; all that it needed on the way is gone then, but for the caches. */
MUST_CHECK int pack_run(const struct pack_run *run, struct err *err);
