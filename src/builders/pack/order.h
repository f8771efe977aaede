/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Which buildpacks look at a source, in which order. Buildpacks are named as a project or a user
 * does: "<id>", "<id>@<version>", "urn:cnb:builder:<id>[@<version>]"; "urn:cnb:builder" and
 * "from=builder" stand for the builder's own order. Only what is in the builder can be had: others
 * are ERR_INVALID with the way out.
 */

#include "base/strvec.h"
#include "builders/pack/builder.h"

/* True if NAME says a buildpack that is in the builder. */
bool pack_order_has(const struct pack_builder *b, const char *name);

/*
 * The order of GROUP, or if that is empty the builder's, with PRE in front of each of its groups and
 * POST behind. *RET is new, of the form of pack_builder.order; NULL when it is the builder's own.
 */
MUST_CHECK int pack_order_build(const struct pack_builder *b, const struct strvec *group,
	const struct strvec *pre, const struct strvec *post, json_t **ret, struct err *err);

/* The text of order.toml. */
void pack_order_print(json_t *order, struct strbuf *out);
