/* SPDX-License-Identifier: MIT */
#pragma once

/* Owners of whole trees whose content is somebody else's. */

#include <sys/types.h>

#include "base/err.h"

/*
 * Makes UID owner and group of the folder FD (which stays the caller's) and of all that is in it.
 * Anything in it may turn into a link at any moment: each step is taken from an open folder, by one
 * name, without following links. Other file systems mounted below are left alone. ERR_DENIED for a
 * file with a second name where the kernel lets anybody make one (fs.protected_hardlinks is off):
 * it may be a file from elsewhere.
 */
MUST_CHECK int owner_set_tree(int fd, uid_t uid, struct err *err);
