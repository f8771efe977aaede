/* SPDX-License-Identifier: MIT */
#include "plugins/standard/urls.h"

#include <stdio.h>

#include "core/domains.h"

static int print(struct ctx *ctx, const struct args *args, bool first, struct err *err)
{
	AUTO_STRBUF out = STRBUF_INIT;
	int r = domains_print_urls(ctx, args_pos(args, 0), first, &out, err);

	if (r >= 0)
		fwrite(out.buf, 1, out.len, stdout);
	return r;
}

int urls_run(struct ctx *ctx, const struct args *args, struct err *err)
{
	return print(ctx, args, false, err);
}

int urls_run_first(struct ctx *ctx, const struct args *args, struct err *err)
{
	return print(ctx, args, true, err);
}
