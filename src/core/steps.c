/* SPDX-License-Identifier: MIT */
#include "core/steps.h"

#include "base/fs.h"
#include "core/plugin.h"

static const struct step_kind *find_in(const struct step_kind *table, const char *name)
{
	for (const struct step_kind *k = table; k && k->name; k++) {
		if (str_eq(k->name, name))
			return k;
	}
	return NULL;
}

const struct step_kind *steps_find(struct ctx *ctx, const char *name)
{
	for (const struct plugin *const *p = ctx->plugins; *p; p++) {
		const struct step_kind *kind = find_in((*p)->steps, name);

		if (kind)
			return kind;
	}
	return NULL;
}
