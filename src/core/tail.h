/* SPDX-License-Identifier: MIT */
#pragma once

/* The end of a log file, and what comes. */

#include <stdbool.h>

#include "base/err.h"

/*
 * Prints the last LINES lines of the file. KEEP_ON: goes on printing what is written to it, also
 * after it was cut off or replaced by another one, until the reader of our output goes away.
 */
MUST_CHECK int tail_print(const char *path, int lines, bool keep_on, struct err *err);
