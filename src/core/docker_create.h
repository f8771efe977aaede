/* SPDX-License-Identifier: MIT */
#pragma once

/* Containers whose flags only the docker program knows. */

#include "core/ctx.h"
#include "lib/envfile/envfile.h"

struct docker_create {
	const char *image;
	const struct strvec *flags;   /* of `docker container create` */
	const struct strvec *command; /* may be empty */
	const struct env *env;        /* values of --env=KEY flags; they are on no command line */
};

/* *RET_ID for free(). ERR_REMOTE: the program refused, its text quoted. */
MUST_CHECK int docker_create(struct ctx *ctx, const struct docker_create *d, char **ret_id,
	struct err *err);
