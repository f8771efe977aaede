/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The docker program, for what the engine's API alone cannot do: BuildKit builds. A machine may
 * have several of them, of which some cannot use BuildKit.
 */

#include <stdbool.h>

#include "base/child.h"
#include "core/ctx.h"

struct docker_client {
	char *path;
	bool buildkit; /* DOCKER_BUILDKIT=1 works with it and this engine */
};
#define DOCKER_CLIENT_INIT                                                                         \
	{                                                                                          \
		0                                                                                  \
	}
void docker_client_done(struct docker_client *c);
#define AUTO_DOCKER_CLIENT CLEANUP(docker_client_done) struct docker_client

/*
 * Finds the best one: with buildx, then one whose own BuildKit works, then any. The answer is
 * remembered in LIB_ROOT/data/moorage until one of the programs changes. ERR_NOT_FOUND: none.
 */
MUST_CHECK int docker_client_find(struct ctx *ctx, struct docker_client *ret, struct err *err);

/* Sets up C to run it on this instance's engine; the caller appends the command. */
void docker_client_child(struct ctx *ctx, const struct docker_client *client, struct child *c);
/* The same with the registry logins made for this app alone, where there are some. */
void docker_client_app_child(struct ctx *ctx, const struct docker_client *client, const char *app,
	struct child *c);
