/* SPDX-License-Identifier: MIT */
#pragma once

/* Ports that a Dockerfile or an image exposes, as port mappings (Dokku's rules). */

#include <jansson.h>

#include "core/ports.h"

/*
 * The first word behind each "EXPOSE " that begins a line, in order; further ones on the line do
 * not count. Words that are no port (variables, ranges) are passed over.
 */
void expose_of_dockerfile(const char *text, struct port_maps *ret);
/* The keys of an image's Config.ExposedPorts (may be NULL), in byte order. */
void expose_of_image(json_t *ports, struct port_maps *ret);
