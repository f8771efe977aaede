/* SPDX-License-Identifier: MIT */
#pragma once

/* Changes of an app's ports as steps that can be undone. */

#include "core/operation.h"
#include "core/ports.h"

/* Adds what makes MAPS the custom map to CHANGES (core/state_step.h), sorted. ERR_INVALID when a
 * scheme and host port is used twice. */
MUST_CHECK int ports_change(struct ctx *ctx, json_t *changes, const char *app,
	const struct port_maps *maps, struct err *err);
/* ERR_INVALID when a scheme and host port is used twice. */
MUST_CHECK int ports_check_unique(const struct port_maps *maps, struct err *err);
/* Adds what a certificate that came (a https:443 beside each http:80 of the custom map) or went (the
 * reverse) does to the ports. */
MUST_CHECK int ports_change_for_cert(struct ctx *ctx, json_t *changes, const char *app, bool came,
	struct err *err);
