/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Fault points for the tests: builds with MOORAGE_FAULT_POINTS kill the process with SIGKILL at the
 * place that LIB_ROOT/data/moorage/fault names, "<operation> <step number> <when>", where WHEN is
 * before, effect, after, undo-before or undo-effect. Nothing in other builds.
 */

#include "core/operation.h"

#ifdef MOORAGE_FAULT_POINTS
void fault_point(const struct operation *op, const struct step *step, const char *when);
#else
static inline void fault_point(const struct operation *op, const struct step *step,
	const char *when)
{
	(void)op;
	(void)step;
	(void)when;
}
#endif
