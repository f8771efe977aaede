/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Services that Dokku runs with `docker compose`, without that program: the file is read here and the
 * containers are made through the engine, under compose's names and labels, so that either side
 * finds what the other one started. A project is "caddy" ("<label>-caddy" in an instance with a
 * label), a service's one container "<project>-<service>-1".
 */

#include <jansson.h>
#include <stdbool.h>

#include "core/ctx.h"

struct compose_service {
	char *name;
	char *container; /* its name */
	char *image;
	struct strvec flags; /* of `docker container create` */
	struct strvec command;
};

struct compose {
	char *project;
	struct compose_service *items;
	size_t count;
};
#define COMPOSE_INIT                                                                               \
	{                                                                                          \
		.project = NULL                                                                    \
	}
void compose_done(struct compose *c);
#define AUTO_COMPOSE CLEANUP(compose_done) struct compose

/* For free(). */
char *compose_project(struct ctx *ctx, const char *name) MUST_CHECK;
char *compose_container(struct ctx *ctx, const char *project, const char *service) MUST_CHECK;

/*
 * Reads a compose file for the project NAME. ERR_INVALID, with the place, for a file that is not
 * right and for what is not offered (a list of that is in docs/proxies.md): nothing is passed over.
 * "$$" stands for a dollar sign; variables are not replaced.
 */
MUST_CHECK int compose_parse(struct ctx *ctx, const char *name, const char *text, size_t len,
	struct compose *ret, struct err *err);

/*
 * Makes the services run as described. Those that do are left alone, whoever started them; changed
 * ones are replaced, and are put back if the new container does not start. A missing image is
 * pulled.
 */
MUST_CHECK int compose_up(struct ctx *ctx, const struct compose *c, struct err *err);
/* Stops and removes all containers of the project NAME. None is fine. */
MUST_CHECK int compose_down(struct ctx *ctx, const char *name, struct err *err);

/* The body of the request that creates the service's container: a new object. */
MUST_CHECK int compose_body(struct ctx *ctx, const struct compose *c,
	const struct compose_service *s, json_t **ret, struct err *err);
/* Is a container of that body what INSPECTED (of the engine) shows? IMAGE is the image, inspected. */
bool compose_matches(const json_t *body, const json_t *inspected, const json_t *image);
