/* SPDX-License-Identifier: MIT */
#pragma once

/* Dropping leading folders of a freshly unpacked tree, which is the working folder. */

#include <stddef.h>

#include "base/err.h"

/* How many folders at the top are alone in theirs, at most MAX. */
size_t hoist_levels(size_t max);
/* Moves what is LEVELS folders down (as told by hoist_levels()) to the top; 0: does nothing. */
MUST_CHECK int hoist(size_t levels, struct err *err);
