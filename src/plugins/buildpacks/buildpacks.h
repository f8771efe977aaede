/* SPDX-License-Identifier: MIT */
#pragma once

#include "core/plugin.h"

extern const struct plugin plugin_buildpacks;

/* The commands that change and show the list. */
extern const struct flag buildpacks_index_flags[];
extern const struct flag buildpacks_set_flags[];
MUST_CHECK int buildpacks_run_add(struct ctx *ctx, const struct args *args, struct err *err);
MUST_CHECK int buildpacks_run_set(struct ctx *ctx, const struct args *args, struct err *err);
MUST_CHECK int buildpacks_run_remove(struct ctx *ctx, const struct args *args, struct err *err);
MUST_CHECK int buildpacks_run_clear(struct ctx *ctx, const struct args *args, struct err *err);
MUST_CHECK int buildpacks_run_list(struct ctx *ctx, const struct args *args, struct err *err);

/* buildpacks:detect */
MUST_CHECK int buildpacks_run_detect(struct ctx *ctx, const struct args *args, struct err *err);
