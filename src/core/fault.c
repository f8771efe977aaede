/* SPDX-License-Identifier: MIT */
#include "core/fault.h"

#ifdef MOORAGE_FAULT_POINTS

#include <signal.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"

void fault_point(const struct operation *op, const struct step *step, const char *when)
{
	AUTO_FREE char *path = inst_lib(&op->ctx->inst, "data/moorage/fault");
	AUTO_FREE char *here = xasprintf("%s %zu %s", op->name, step->number, when);
	AUTO_STRBUF wanted = STRBUF_INIT;
	AUTO_ERR err = ERR_INIT;

	if (fs_read_optional(path, 256, &wanted, &err) <= 0)
		return;
	strbuf_rtrim(&wanted);
	if (!str_eq(wanted.buf, here))
		return;
	unlink(path); /* once: the recovering command must get through */
	kill(getpid(), SIGKILL);
}

#endif
