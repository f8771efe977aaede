/* SPDX-License-Identifier: MIT */
/* Builds nothing: for apps whose image plugins provide. */
#include "core/builder.h"

/* Only when it is selected. */
static int detect(struct ctx *ctx, const char *app, const char *dir, struct strbuf *reason,
	struct err *err)
{
	return 0;
}

extern const struct builder builder_null;
const struct builder builder_null = {
	.name = "null",
	.detect = detect,
};
