/* SPDX-License-Identifier: MIT */
#pragma once

/* Docker flags that users, limits and plugins have set for builds. */

#include "core/builder.h"
#include "lib/envfile/envfile.h"

/*
 * Appends the words of docker-args-build and docker-args-process-build, built-in and third-party,
 * for the builder NAME. They are flags of `docker container create`, as far as their authors knew.
 */
MUST_CHECK int build_flags(const struct build *b, const char *name, struct strvec *ret,
	struct err *err);

/*
 * Takes --env, -e and --env-file out of FLAGS and sets the variables in RET, for builders that do
 * not want them in a container's settings, where an image made of it would inherit them. Values of
 * flags that only name a variable come from KNOWN, then from our own environment.
 */
MUST_CHECK int build_flags_take_env(struct strvec *flags, const struct env *known, struct env *ret,
	struct err *err);
