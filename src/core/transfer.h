/* SPDX-License-Identifier: MIT */
#pragma once

/* Long waits of steps for programs and streams from outside; a signal breaks them off. */

#include <stdint.h>

#include "base/child.h"

/*
 * Runs C in a process group of its own and collects what it prints on stderr (and stdout, unless
 * its `out` is set) in SAID (capped by the caller). ERR_FAILED when it was broken off, or did not
 * end within C's timeout_ms.
 */
MUST_CHECK int transfer_run(struct child *c, struct strbuf *said, struct child_status *ret,
	struct err *err);

/*
 * Copies IN to its end into the new file PATH (0600). *RET is its size. More than MAX bytes are
 * ERR_INVALID, an interruption is ERR_FAILED.
 */
MUST_CHECK int transfer_save(int in, const char *path, uint64_t max, uint64_t *ret,
	struct err *err);
